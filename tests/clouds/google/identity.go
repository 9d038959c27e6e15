package main

import (
	"regexp"
	"strings"
)

const iamAPI = "iam.googleapis.com"

func (w *world) registerIdentity() {
	accounts := "/v1/projects/{project}/serviceAccounts"
	w.add(collection{
		api: iamAPI, path: accounts, list: "accounts", wire: plainWire, id: accountEmail, wrap: "serviceAccount",
		changes: "PATCH PUT", policy: "POST", fill: fillAccount,
	})
	// The body of a creation tells the id beside the account, not in it.
	w.routes = append([]*route{{method: "POST", parts: strings.Split(accounts, "/"), api: iamAPI, handle: insertAccount}}, w.routes...)
	w.on(iamAPI, "POST", accounts+"/{id}:disable", setDisabled(true))
	w.on(iamAPI, "POST", accounts+"/{id}:enable", setDisabled(false))
	w.add(collection{
		api: iamAPI, path: "/v1/projects/{project}/roles", list: "roles", wire: plainWire, wrap: "role", changes: "PATCH",
		id: fromBody("roleId"), fill: func(c *call, role object) error {
			fallback(role, object{"etag": c.stamp(), "stage": "ALPHA"})
			return nil
		},
	})
	for _, version := range []string{"v1", "v3"} {
		w.addProjectRoutes(version)
	}
}

func (w *world) addProjectRoutes(version string) {
	api := "cloudresourcemanager.googleapis.com"
	path := "/" + version + "/projects/{project}"
	w.on(api, "GET", path, func(c *call) (any, error) { return c.projectAs(version), nil })
	onProject := func(do func(*call, string) (any, error)) func(*call) (any, error) {
		return func(c *call) (any, error) { return do(c, "/v3/projects/"+c.params["project"]) }
	}
	w.on(api, "POST", path+":getIamPolicy", onProject(func(c *call, key string) (any, error) { return c.policyAt(key), nil }))
	w.on(api, "POST", path+":setIamPolicy", onProject(func(c *call, key string) (any, error) {
		return c.setPolicyAt(key, objectAt(c.body, "policy"))
	}))
	w.on(api, "POST", path+":testIamPermissions", testPermissions)
}

// Version 1 calls things otherwise.
func (c *call) projectAs(version string) object {
	project := c.store.at("/v3/projects/" + c.params["project"])
	if version == "v3" {
		return project
	}
	return object{
		"projectNumber": lastPart(text(project, "name")), "projectId": project["projectId"], "lifecycleState": project["state"],
		"name": project["displayName"], "createTime": project["createTime"], "labels": project["labels"],
		"parent": object{"type": "organization", "id": "123456789012"},
	}
}

func accountEmail(c *call) (string, error) {
	if email := text(c.body, "email"); email != "" {
		return email, nil
	}
	return "", invalid("The account has no email.")
}

var accountForm = regexp.MustCompile(`^[a-z]([-a-z0-9]{4,28}[a-z0-9])$`)

func insertAccount(c *call) (any, error) {
	name := text(c.body, "accountId")
	if !accountForm.MatchString(name) {
		return nil, invalid("The account ID \"%s\" does not have a length between 6 and 30 or is of another form.", name)
	}
	account := objectAt(c.body, "serviceAccount")
	if account == nil {
		account = object{}
	}
	email := name + "@" + c.params["project"] + ".iam.gserviceaccount.com"
	c.key += "/" + email
	if c.store.at(c.key) != nil {
		return nil, alreadyExists("alreadyExists", "Service account %s already exists within project projects/%s.", name, c.params["project"])
	}
	c.body = account
	return c.byPath["/v1/projects/{project}/serviceAccounts"].place(c)
}

func fillAccount(c *call, account object) error {
	unique := c.number()
	fallback(account, object{
		"projectId": c.params["project"], "uniqueId": unique, "email": lastPart(c.key), "oauth2ClientId": unique, "etag": "MDEwMjE5MjA=",
	})
	return nil
}

func setDisabled(disabled bool) func(*call) (any, error) {
	return func(c *call) (any, error) {
		account := c.store.at(c.key)
		if account == nil {
			return nil, notFound("Unknown service account")
		}
		account["disabled"] = disabled
		return object{}, nil
	}
}

// Adds getIamPolicy, setIamPolicy and testIamPermissions to the members of a collection.
func (w *world) addPolicy(api, item, method string) {
	existing := func(do func(*call) (any, error)) func(*call) (any, error) {
		return func(c *call) (any, error) {
			if c.store.at(c.key) == nil {
				return nil, notFound("Resource '%s' was not found", relative(c.key))
			}
			return do(c)
		}
	}
	w.on(api, method, item+":getIamPolicy", existing(func(c *call) (any, error) { return c.policyAt(c.key), nil }))
	w.on(api, "POST", item+":setIamPolicy", existing(func(c *call) (any, error) {
		return c.setPolicyAt(c.key, objectAt(c.body, "policy"))
	}))
	w.on(api, "POST", item+":testIamPermissions", testPermissions)
}

func (w *world) policyAt(key string) object {
	if found := w.policies[key]; found != nil {
		return found
	}
	return object{"version": 1, "etag": "ACAB"}
}

// Sets a policy that was made from the last one read; its members must be there.
func (c *call) setPolicyAt(key string, policy object) (any, error) {
	if policy == nil {
		return nil, invalid("The request has no policy.")
	}
	if given := text(policy, "etag"); given != "" && given != text(c.policyAt(key), "etag") {
		return nil, concurrentChange("There were concurrent policy changes. Please retry the whole read-modify-write with exponential backoff.")
	}
	for _, one := range listAt(policy, "bindings") {
		binding, _ := one.(object)
		for _, member := range listAt(binding, "members") {
			if err := c.knownMember(member); err != nil {
				return nil, err
			}
		}
	}
	kept := deepCopy(policy).(object)
	kept["etag"] = c.stamp()
	fallback(kept, object{"version": 1})
	c.policies[key] = kept
	return kept, nil
}

var poolForm = regexp.MustCompile(`([a-z][-a-z0-9]+)\.svc\.id\.goog`)

// A workload identity pool comes with the first cluster that names it; before, no policy may.
func (c *call) knownMember(member any) error {
	told, _ := member.(string)
	if pool := poolForm.FindString(told); pool != "" {
		if !c.pools[pool] {
			return invalid("Identity Pool does not exist (%s). Please check that you specified a valid resource name as returned in the `name` attribute in the configuration API.", pool)
		}
		return nil
	}
	email, isAccount := strings.CutPrefix(told, "serviceAccount:")
	_, domain, _ := strings.Cut(email, "@")
	project, own := strings.CutSuffix(domain, ".iam.gserviceaccount.com")
	if !isAccount || !own || c.store.at("/v3/projects/"+project) == nil || email == c.keys.email {
		return nil
	}
	if c.store.at("/v1/projects/"+project+"/serviceAccounts/"+email) == nil {
		return invalid("Service account %s does not exist.", email)
	}
	return nil
}

// Everything is allowed but what a test denied.
func testPermissions(c *call) (any, error) {
	asked := []string{}
	for _, one := range listAt(c.body, "permissions") {
		asked = append(asked, one.(string))
	}
	granted := c.granted(asked)
	if len(granted) == 0 {
		return object{}, nil
	}
	return object{"permissions": granted}, nil
}

func (w *world) granted(asked []string) []string {
	granted := []string{}
	for _, one := range asked {
		if !w.denied[one] {
			granted = append(granted, one)
		}
	}
	return granted
}
