package main

import (
	"fmt"
	"sort"
	"strings"
)

// operation is a change under way. It ends after some reads of it, of its target, or of a list that
// its target is in: a client that lost its answer sees it end too.
type operation struct {
	path    string
	wire    *wire
	kind    string
	target  string
	user    string
	started string
	ended   string
	left    int
	order   int
	done    bool
	failure string
	finish  func()
	abort   func()
}

// wire is how a family of APIs speaks of members and operations.
type wire struct {
	// Query parameter of a page's size; "" where lists have one page.
	pageSize string
	// Members are named by one word and have a selfLink, instead of by their whole relative path.
	short bool
	// The answer of a deletion that is over at once.
	deleted any
	// Body of an operation; nil: changes are over at once.
	operation func(*world, *operation) object
	// Path under which the operations of a member are.
	operations func(collection string) string
	identifier func(order int) string
}

var (
	computeWire = &wire{
		pageSize: "maxResults", short: true,
		operation:  computeOperation,
		operations: func(collection string) string { return parentOf(collection) + "/operations" },
		identifier: func(order int) string { return fmt.Sprintf("operation-%013d-6417a8-%06x", order, order) },
	}
	containerWire = &wire{
		short: true, operation: containerOperation,
		operations: locationOperations,
		identifier: func(order int) string { return fmt.Sprintf("operation-%013d-5b53cb-%06x", order, order) },
	}
	longRunningWire = &wire{
		pageSize: "pageSize", operation: longRunningOperation,
		operations: locationOperations,
		identifier: func(order int) string { return fmt.Sprintf("operation-%013d-60e0-%06x", order, order) },
	}
	serviceWire = &wire{
		pageSize: "pageSize", operation: longRunningOperation,
		operations: func(string) string { return "/v1/operations" },
		identifier: func(order int) string { return fmt.Sprintf("acat.p2-%06d", order) },
	}
	plainWire = &wire{pageSize: "pageSize", deleted: object{}}
	olderWire = &wire{pageSize: "maxResults", short: true, deleted: nothing{}}
)

// ".../locations/L/clusters/C/nodePools" -> ".../locations/L/operations"
func locationOperations(collection string) string {
	parts := strings.Split(collection, "/")
	for index, part := range parts {
		if part == "locations" {
			return strings.Join(parts[:index+2], "/") + "/operations"
		}
	}
	return parentOf(collection) + "/operations"
}

// Begins an operation on a target, which `finish` completes and `abort` gives up. Without polls it is
// over before the answer.
func (c *call) begin(using *wire, kind, target string, finish, abort func()) any {
	c.sequence++
	made := &operation{
		wire: using, kind: kind, target: target, user: c.who, started: c.time(),
		left: c.options.Polls, order: c.sequence, failure: c.failure, finish: finish, abort: abort,
	}
	made.path = using.operations(parentOf(target)) + "/" + using.identifier(made.order)
	c.operations[made.path] = made
	if made.left == 0 {
		c.settle(made)
	}
	return using.operation(c.world, made)
}

func (w *world) settle(ended *operation) {
	if ended.done {
		return
	}
	ended.done, ended.ended = true, w.time()
	if ended.failure != "" {
		if ended.abort != nil {
			ended.abort()
		}
	} else if ended.finish != nil {
		ended.finish()
	}
}

// A read of a path brings the operations that it tells of one step on.
func (w *world) progress(path string) {
	for _, running := range w.running() {
		if running.path == path || running.target == path || fitsAny(path, parentOf(running.target)) {
			running.left--
			if running.left <= 0 {
				w.settle(running)
			}
		}
	}
}

// Operations that have not ended, oldest first.
func (w *world) running() []*operation {
	var found []*operation
	for _, one := range w.operations {
		if !one.done {
			found = append(found, one)
		}
	}
	sort.Slice(found, func(left, right int) bool { return found[left].order < found[right].order })
	return found
}

func (w *world) registerOperations() {
	for _, scope := range []string{"global", "regions/{region}", "zones/{zone}"} {
		path := "/compute/v1/projects/{project}/" + scope + "/operations"
		w.on(computeAPI, "GET", path, listOperations("compute#operationList", "items"))
		w.on(computeAPI, "GET", path+"/{operation}", getOperation)
		w.on(computeAPI, "POST", path+"/{operation}/wait", waitForOperation)
		w.on(computeAPI, "DELETE", path+"/{operation}", forgetOperation)
	}
	path := "/v1/projects/{project}/locations/{location}/operations"
	// Container and Filestore both have this path, on hosts of their own; here the list is Container's.
	w.on(containerAPI, "GET", path, listOperations("", "operations"))
	w.on("serviceusage.googleapis.com", "GET", path+"/{operation}", getOperation)
	w.on("serviceusage.googleapis.com", "POST", path+"/{operation}:cancel", func(*call) (any, error) { return object{}, nil })
	w.on("serviceusage.googleapis.com", "GET", "/v1/operations/{operation}", getOperation)
}

func getOperation(c *call) (any, error) {
	c.progress(c.key)
	found := c.operations[c.key]
	if found == nil {
		if c.route.legacy() {
			return nil, notFound("The resource '%s' was not found", relative(c.key))
		}
		return nil, notFound("Operation not found: %s", relative(c.key))
	}
	return found.wire.operation(c.world, found), nil
}

func waitForOperation(c *call) (any, error) {
	c.key = strings.TrimSuffix(c.key, "/wait")
	if found := c.operations[c.key]; found != nil {
		c.settle(found)
	}
	return getOperation(c)
}

func forgetOperation(c *call) (any, error) {
	delete(c.operations, c.key)
	return nothing{}, nil
}

func listOperations(kind, key string) func(*call) (any, error) {
	return func(c *call) (any, error) {
		var found []*operation
		for path, one := range c.operations {
			if fitsAny(c.key, parentOf(path)) && (kind != "" || one.wire == containerWire) {
				found = append(found, one)
			}
		}
		sort.Slice(found, func(left, right int) bool { return found[left].order < found[right].order })
		told := []any{}
		for _, one := range found {
			told = append(told, one.wire.operation(c.world, one))
		}
		list := object{key: told}
		if kind != "" {
			list["kind"], list["id"] = kind, relative(c.key)
		}
		return list, nil
	}
}

func (o *operation) status() string {
	if o.done {
		return "DONE"
	}
	return "RUNNING"
}

func computeOperation(w *world, o *operation) object {
	told := object{
		"kind": "compute#operation", "id": fmt.Sprintf("%d", 7_000_000_000_000_000_000+o.order),
		"name": lastPart(o.path), "operationType": o.kind, "targetLink": w.link(o.target),
		"status": o.status(), "user": o.user, "progress": 0, "insertTime": o.started, "startTime": o.started,
		"selfLink": w.link(o.path),
	}
	for _, scope := range []string{"zones", "regions"} {
		if at := strings.Index(o.path, "/"+scope+"/"); at >= 0 {
			told[strings.TrimSuffix(scope, "s")] = w.link(parentOf(parentOf(o.path)))
		}
	}
	if target := w.store.at(o.target); target != nil {
		told["targetId"] = target["id"]
	}
	if o.done {
		told["progress"], told["endTime"] = 100, o.ended
	}
	if o.done && o.failure != "" {
		told["error"] = object{"errors": []any{object{"code": "ZONE_RESOURCE_POOL_EXHAUSTED", "message": o.failure}}}
		told["httpErrorStatusCode"], told["httpErrorMessage"] = 503, "SERVICE UNAVAILABLE"
	}
	return told
}

func containerOperation(w *world, o *operation) object {
	told := object{
		"name": lastPart(o.path), "operationType": o.kind, "status": o.status(), "startTime": o.started,
		"location": lastPart(parentOf(parentOf(o.path))), "zone": lastPart(parentOf(parentOf(o.path))),
		"selfLink": w.base + o.path, "targetLink": w.base + o.target,
	}
	if o.done {
		told["endTime"] = o.ended
	}
	if o.done && o.failure != "" {
		told["error"] = object{"code": 8, "message": o.failure}
		told["statusMessage"] = o.failure
	}
	return told
}

func longRunningOperation(w *world, o *operation) object {
	told := object{
		"name": relative(strings.TrimPrefix(o.path, "/v1")),
		"metadata": object{
			"@type": "type.googleapis.com/google.cloud.common.OperationMetadata", "createTime": o.started,
			"target": relative(o.target), "verb": o.kind, "apiVersion": "v1", "cancelRequested": false,
		},
		"done": o.done,
	}
	if !o.done {
		return told
	}
	objectAt(told, "metadata")["endTime"] = o.ended
	if o.failure != "" {
		told["error"] = object{"code": 8, "message": o.failure}
		return told
	}
	response := object{"@type": "type.googleapis.com/google.protobuf.Empty"}
	if target := w.store.at(o.target); target != nil && o.kind != "delete" {
		response = deepCopy(target).(object)
		response["@type"] = "type.googleapis.com/google.cloud.Resource"
	}
	told["response"] = response
	return told
}

// The address of a path: what a selfLink says.
func (w *world) link(path string) string {
	return w.base + path
}
