package main

import (
	"slices"
	"strings"
)

const serviceAPI = "serviceusage.googleapis.com"

// APIs that the stand-in knows, and whether a project made by hand has them from the start.
var services = map[string]bool{
	"artifactregistry.googleapis.com": false, "bigquery.googleapis.com": true, "billingbudgets.googleapis.com": false,
	"cloudbilling.googleapis.com": false, "cloudkms.googleapis.com": false, "cloudquotas.googleapis.com": false,
	"cloudresourcemanager.googleapis.com": false, "compute.googleapis.com": false, "container.googleapis.com": false,
	"containerfilesystem.googleapis.com": false, "dns.googleapis.com": false, "file.googleapis.com": false,
	"gkebackup.googleapis.com": false, "iam.googleapis.com": false, "iamcredentials.googleapis.com": false,
	"logging.googleapis.com": true, "monitoring.googleapis.com": true, "pubsub.googleapis.com": false,
	"secretmanager.googleapis.com": false, "servicemanagement.googleapis.com": true, "serviceusage.googleapis.com": true,
	"storage.googleapis.com": true, "storage-api.googleapis.com": true, "storage-component.googleapis.com": true,
	"sts.googleapis.com": false,
}

func (w *world) registerServices() {
	path := "/v1/projects/{project}/services"
	w.on(serviceAPI, "GET", path, listServices)
	w.on(serviceAPI, "GET", path+":batchGet", batchGetServices)
	w.on(serviceAPI, "POST", path+":batchEnable", batchEnable)
	w.on(serviceAPI, "GET", path+"/{service}", getService)
	w.on(serviceAPI, "POST", path+"/{service}:enable", switchService(true))
	w.on(serviceAPI, "POST", path+"/{service}:disable", switchService(false))
}

// Whether a project has an API. The three that switching and asking need are not held back.
func (w *world) enabled(project, api string) bool {
	switch api {
	case serviceAPI, "cloudresourcemanager.googleapis.com", "cloudbilling.googleapis.com":
		return true
	}
	if said := w.store.at("/_services/" + project + "/" + api); said != nil {
		return said["enabled"] == true
	}
	return !w.options.FewServices || services[api]
}

func (c *call) service(name string) (object, error) {
	if _, known := services[name]; !known {
		return nil, forbidden("Not found or permission denied for service(s): %s.", name)
	}
	project := c.params["project"]
	parent := "projects/" + c.projectNumber(project)
	state := "DISABLED"
	if c.enabledByUser(project, name) {
		state = "ENABLED"
	}
	return object{
		"name": parent + "/services/" + name, "parent": parent, "state": state,
		"config": object{"name": name, "title": name},
	}, nil
}

// What the list says: without the exceptions that keep the stand-in usable.
func (w *world) enabledByUser(project, name string) bool {
	if said := w.store.at("/_services/" + project + "/" + name); said != nil {
		return said["enabled"] == true
	}
	return !w.options.FewServices || services[name]
}

func getService(c *call) (any, error) {
	c.progress(c.key)
	return c.service(c.params["service"])
}

func listServices(c *call) (any, error) {
	var all []any
	for _, name := range sortedKeys(services) {
		told, err := c.service(name)
		if err != nil {
			return nil, err
		}
		if filter := c.query.Get("filter"); filter == "" || strings.HasSuffix(filter, ":"+text(told, "state")) {
			all = append(all, told)
		}
	}
	page, next, err := c.page(len(all), "pageSize")
	if err != nil {
		return nil, err
	}
	list := object{"services": all[page[0]:page[1]]}
	if next != "" {
		list["nextPageToken"] = next
	}
	return list, nil
}

func batchGetServices(c *call) (any, error) {
	told := []any{}
	for _, name := range c.query["names"] {
		one, err := c.service(lastPart(name))
		if err != nil {
			return nil, err
		}
		told = append(told, one)
	}
	return object{"services": told}, nil
}

func batchEnable(c *call) (any, error) {
	names := []string{}
	for _, one := range listAt(c.body, "serviceIds") {
		name, _ := one.(string)
		if _, err := c.service(name); err != nil {
			return nil, err
		}
		names = append(names, name)
	}
	if len(names) == 0 || len(names) > 20 {
		return nil, invalid("A batch enables 1 to 20 services, not %d.", len(names))
	}
	return c.switchServices(names, true), nil
}

func switchService(on bool) func(*call) (any, error) {
	return func(c *call) (any, error) {
		if _, err := c.service(c.params["service"]); err != nil {
			return nil, err
		}
		return c.switchServices([]string{c.params["service"]}, on), nil
	}
}

func (c *call) switchServices(names []string, on bool) any {
	project := c.params["project"]
	finish := func() {
		for _, name := range slices.Sorted(slices.Values(names)) {
			c.store.put("/_services/"+project+"/"+name, object{"enabled": on})
		}
	}
	return c.begin(serviceWire, "enable", "/v1/projects/"+project+"/services/"+names[0], finish, nil)
}
