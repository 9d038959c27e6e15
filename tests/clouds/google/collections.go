package main

import (
	"strconv"
	"strings"
)

// collection is one row of the table: members of one type, with create, get, list, change, delete.
type collection struct {
	api  string
	path string
	// Key of the members in a list.
	list string
	// What a member says of its type; "" where the API has no such field.
	kind string
	// What a list says of its type, where that is not the member's with "List".
	listKind string
	// Name of a new member; nil where members are not made by POST.
	id func(*call) (string, error)
	// The request has the member under this key.
	wrap string
	wire *wire
	// Names of its operations: "insert", "delete", "patch".
	verbs [3]string
	// Field that tells the state, and what it says while made, when made, while deleted.
	state  string
	states [3]string
	// Methods that change a member: "PATCH", "PUT", both, or none.
	changes string
	// Members are made by something else: only get and list.
	readOnly bool
	// HTTP method of getIamPolicy; "" for members without a policy.
	policy string
	// Sets what the service sets in a new member.
	fill func(*call, object) error
	// Refuses a change, an insertion, a deletion.
	mayChange func(*call, object) error
	mayInsert func(*call) error
	mayDelete func(*call) error
	// Follows a deletion, or a change.
	deleted func(*call)
	changed func(*call, object)
}

var (
	longVerbs    = [3]string{"create", "delete", "update"}
	computeVerbs = [3]string{"insert", "delete", "patch"}
)

// fromBody takes the name that the body gives in a field.
func fromBody(field string) func(*call) (string, error) {
	return func(c *call) (string, error) {
		for _, body := range []object{c.body, c.outer} {
			if name := text(body, field); name != "" {
				return name, nil
			}
		}
		told := invalid("Invalid value for field 'resource.%s': ''. Required field 'resource.%s' not specified", field, field)
		told.reason = "required"
		return "", told
	}
}

// fromQuery takes the name that a query parameter gives.
func fromQuery(parameter string) func(*call) (string, error) {
	return func(c *call) (string, error) {
		if name := c.query.Get(parameter); name != "" {
			return name, nil
		}
		return "", invalid("The request was missing the required parameter %s.", parameter)
	}
}

// numbered makes the name up, as services that name their members themselves do.
func numbered(c *call) (string, error) {
	return c.number(), nil
}

func (w *world) add(made collection) {
	c := &made
	w.byPath[c.path] = c
	item := c.path + "/{id}"
	w.on(c.api, "GET", c.path, c.all)
	w.on(c.api, "GET", item, c.get)
	if c.policy != "" {
		w.addPolicy(c.api, item, c.policy)
	}
	if c.readOnly {
		return
	}
	if c.id != nil {
		w.on(c.api, "POST", c.path, c.insert)
	}
	w.on(c.api, "DELETE", item, c.remove)
	for _, method := range strings.Fields(c.changes) {
		w.on(c.api, method, item, c.change)
	}
}

func (c *collection) get(call *call) (any, error) {
	call.progress(call.key)
	found := call.store.at(call.key)
	if found == nil {
		return nil, call.missing(c)
	}
	return found, nil
}

func (call *call) missing(c *collection) *problem {
	switch {
	case c.wire == computeWire:
		return notFound("The resource '%s' was not found", relative(call.key))
	case c.api == containerAPI:
		return notFound("Not found: %s.", relative(call.key))
	case c.wire == olderWire:
		return notFound("The '%s' resource named '%s' does not exist.", c.list, lastPart(call.key))
	}
	return notFound("Resource '%s' was not found", relative(call.key))
}

func (c *collection) insert(call *call) (any, error) {
	if c.wrap != "" {
		call.outer = call.body
		call.body = objectAt(call.outer, c.wrap)
		if call.body == nil {
			return nil, invalid("The request has no %s.", c.wrap)
		}
	}
	if c.mayInsert != nil {
		if err := c.mayInsert(call); err != nil {
			return nil, err
		}
	}
	name, err := c.id(call)
	if err != nil {
		return nil, err
	}
	call.key += "/" + name
	if call.store.at(call.key) != nil {
		return nil, call.taken(c)
	}
	member, err := c.place(call)
	if err != nil {
		return nil, err
	}
	return c.begun(call, member, 0, func() { c.settled(member) }, func() { c.broken(call, member) }), nil
}

func (call *call) taken(c *collection) *problem {
	if c.wire == computeWire {
		return alreadyExists("alreadyExists", "The resource '%s' already exists", relative(call.key))
	}
	if c.api == containerAPI {
		return alreadyExists("alreadyExists", "Already exists: %s.", relative(call.key))
	}
	return alreadyExists("alreadyExists", "Resource '%s' already exists", relative(call.key))
}

// Puts a new member where the call's key says, with all that the service sets.
func (c *collection) place(call *call) (object, error) {
	member := call.body
	if c.wire.short {
		fallback(member, object{"name": lastPart(call.key), "selfLink": call.link(call.key)})
	} else {
		member["name"] = relative(call.key)
	}
	if c.kind != "" {
		fallback(member, object{"kind": c.kind})
	}
	if c.fill != nil {
		if err := c.fill(call, member); err != nil {
			return nil, err
		}
	}
	if c.state != "" {
		fallback(member, object{c.state: c.states[0]})
	}
	call.store.put(call.key, member)
	return member, nil
}

func (c *collection) settled(member object) {
	if c.state != "" && text(member, c.state) == c.states[0] {
		member[c.state] = c.states[1]
	}
}

// What is left of a creation that failed: Container and Filestore keep the member, in error.
func (c *collection) broken(call *call, member object) {
	if c.wire == computeWire {
		call.store.remove(call.key)
	} else if c.state != "" {
		member[c.state] = "ERROR"
	}
}

// Answers a change with an operation, or with the member where the API has none.
func (c *collection) begun(call *call, member object, verb int, finish, abort func()) any {
	if c.wire.operation == nil {
		finish()
		return member
	}
	return call.begin(c.wire, c.verbs[verb], call.key, finish, abort)
}

func (c *collection) remove(call *call) (any, error) {
	member := call.store.at(call.key)
	if member == nil {
		return nil, call.missing(c)
	}
	if c.mayDelete != nil {
		if err := c.mayDelete(call); err != nil {
			return nil, err
		}
	}
	before := member[c.state]
	if c.state != "" {
		member[c.state] = c.states[2]
	}
	finish := func() {
		call.store.remove(call.key)
		delete(call.policies, call.key)
		if c.deleted != nil {
			c.deleted(call)
		}
	}
	if c.wire.operation == nil {
		finish()
		return c.wire.deleted, nil
	}
	return call.begin(c.wire, c.verbs[1], call.key, finish, func() { member[c.state] = before }), nil
}

// PATCH merges, under the mask if there is one; PUT replaces what a client may set.
func (c *collection) change(call *call) (any, error) {
	member := call.store.at(call.key)
	if member == nil {
		return nil, call.missing(c)
	}
	body := call.body
	mask := call.query.Get("updateMask")
	if inner := objectAt(body, c.wrap); c.wrap != "" && inner != nil {
		if mask == "" {
			mask = text(body, "updateMask")
		}
		body = inner
	}
	if err := c.admitChange(call, member, body); err != nil {
		return nil, err
	}
	if mask != "" && mask != "*" {
		mergeMasked(member, body, mask)
	} else {
		merge(member, body)
	}
	call.restamp(member)
	if c.changed != nil {
		c.changed(call, member)
	}
	return c.begun(call, member, 2, func() {}, nil), nil
}

func (c *collection) admitChange(call *call, member, body object) error {
	for _, field := range []string{"etag", "fingerprint", "labelFingerprint"} {
		given, there := text(body, field), text(member, field)
		if given == "" || there == "" || given == there {
			continue
		}
		if field == "etag" {
			return concurrentChange("The resource was changed by another request: its etag is not '%s' any more.", given)
		}
		return conditionNotMet("Invalid fingerprint.")
	}
	if given := call.request.Header.Get("If-Match"); given != "" && given != text(member, "etag") {
		return conditionNotMet("Precondition Failed")
	}
	if c.mayChange != nil {
		return c.mayChange(call, body)
	}
	return nil
}

// A changed member has new fingerprints.
func (w *world) restamp(member object) {
	for _, field := range []string{"etag", "fingerprint"} {
		if _, has := member[field]; has {
			member[field] = w.stamp()
		}
	}
}

func (c *collection) all(call *call) (any, error) {
	call.progress(call.key)
	kept, err := keep(call.store.members(call.key), call.query.Get("filter"))
	if err != nil {
		return nil, err
	}
	page, next, err := call.page(len(kept), c.wire.pageSize)
	if err != nil {
		return nil, err
	}
	members := []any{}
	for _, one := range kept[page[0]:page[1]] {
		members = append(members, one.body)
	}
	list := object{}
	if len(members) > 0 {
		list[c.list] = members
	}
	if next != "" {
		list["nextPageToken"] = next
	}
	if c.kind != "" {
		list["kind"] = c.kind + "List"
		if c.listKind != "" {
			list["kind"] = c.listKind
		}
		if c.wire == computeWire {
			list["id"], list["selfLink"] = relative(call.key), call.link(call.key)
		}
	}
	return list, nil
}

// The range of one page of a list, and the token of the next.
func (call *call) page(count int, parameter string) ([2]int, string, error) {
	if parameter == "" {
		return [2]int{0, count}, "", nil
	}
	size := call.options.MaxPage
	if asked, err := strconv.Atoi(call.query.Get(parameter)); err == nil && asked > 0 && asked < size {
		size = asked
	}
	from := 0
	if given := call.query.Get("pageToken"); given != "" {
		number, isToken := strings.CutPrefix(given, "from-")
		parsed, err := strconv.Atoi(number)
		if !isToken || err != nil || parsed > count {
			return [2]int{}, "", invalid("Invalid value for field 'pageToken': '%s'. Invalid page token.", given)
		}
		from = parsed
	}
	to := min(from+size, count)
	if to < count {
		return [2]int{from, to}, "from-" + strconv.Itoa(to), nil
	}
	return [2]int{from, to}, "", nil
}
