package main

import (
	"errors"
	"fmt"
	"net/url"
)

// ec2 describes a resource type of EC2, whose calls are all of one form.
type ec2 struct {
	create, describe, delete string
	// id is the parameter with the resource's id, made where the answer to create has it.
	id, made string
	// items is where describe lists the resources.
	items string
	// tagged is the type of resource in tag specifications.
	tagged string
	arn    string
	// params are arguments and the parameters of create; a list becomes NAME.1, NAME.2.
	params map[string]string
	// seen are attributes and where describe has them.
	seen map[string]string
	// also makes further calls after create and in updates.
	also func(c *call) error
	// read adds to what was seen; before comes before delete.
	read   func(c *call, item *node) error
	before func(c *call) error
	// byFilter asks describe by filter instead of by id, for calls that know no id.
	byFilter string
}

func (a *awsCloud) ec2Kind(e ec2) kind {
	return kind{
		create: func(c *call) error { return a.ec2Create(e, c) },
		read:   func(c *call) error { return a.ec2Read(e, c) },
		update: func(c *call) error {
			if err := a.ec2Tags(c); err != nil || e.also == nil {
				return err
			}
			return e.also(c)
		},
		delete: func(c *call) error {
			if e.before != nil {
				if err := e.before(c); err != nil {
					return err
				}
			}
			_, err := a.query("ec2", e.delete, url.Values{e.id: {c.str("id")}})
			return goneAs(err)
		},
		imported: func(*call, string) {},
	}
}

func (a *awsCloud) ec2Create(e ec2, c *call) error {
	form := url.Values{}
	for name, param := range e.params {
		switch value := c.state[name].(type) {
		case nil, unknownValue:
		case []any:
			putList(form, param, stringsOf(value))
		default:
			form.Set(param, text(value))
		}
	}
	if tags := c.tags(); e.tagged != "" && len(tags) > 0 {
		form.Set("TagSpecification.1.ResourceType", e.tagged)
		putTags(form, "TagSpecification.1.Tag", tags)
	}
	answer, err := a.query("ec2", e.create, form)
	if err != nil {
		return err
	}
	id := answer.at(e.made)
	if id == "" {
		return fmt.Errorf("%s answered without %s", e.create, e.made)
	}
	c.state["id"] = id
	if e.also == nil {
		return nil
	}
	return e.also(c)
}

func (a *awsCloud) ec2Item(e ec2, id string) (*node, error) {
	form := url.Values{e.id + ".1": {id}}
	if e.byFilter != "" {
		form = url.Values{"Filter.1.Name": {e.byFilter}, "Filter.1.Value.1": {id}}
	}
	answer, err := a.query("ec2", e.describe, form)
	if err != nil {
		return nil, goneAs(err)
	}
	items := answer.all(e.items)
	if len(items) == 0 {
		return nil, errGone
	}
	return items[0], nil
}

func (a *awsCloud) ec2Read(e ec2, c *call) error {
	item, err := a.ec2Item(e, c.str("id"))
	if err != nil {
		return err
	}
	if state := item.at("state"); state == "deleted" || state == "deleting" {
		return errGone
	}
	v := c.view()
	for name, path := range e.seen {
		if a := c.schema.Attributes[name]; a != nil && (isSet(c.schema, name) || string(a.Type)[0] == '[') {
			v.seen(name, item.texts(path))
		} else {
			v.seen(name, item.maybe(path))
		}
	}
	if e.arn != "" {
		c.compute("arn", a.arn("ec2", e.arn+"/"+c.str("id")))
	}
	c.compute("owner_id", a.account)
	if e.tagged != "" {
		a.seenTags(c, item.tags("tagSet.item", "key", "value"))
	}
	if e.read == nil {
		return nil
	}
	return e.read(c, item)
}

// ec2Tags brings the tags of a resource in line in an update.
func (a *awsCloud) ec2Tags(c *call) error {
	set, drop := c.tagChange()
	if len(set) > 0 {
		form := url.Values{"ResourceId.1": {c.str("id")}}
		putTags(form, "Tag", set)
		if _, err := a.query("ec2", "CreateTags", form); err != nil {
			return err
		}
	}
	if len(drop) == 0 {
		return nil
	}
	form := url.Values{"ResourceId.1": {c.str("id")}}
	for i, key := range drop {
		form.Set(fmt.Sprintf("Tag.%d.Key", i+1), key)
	}
	_, err := a.query("ec2", "DeleteTags", form)
	return err
}

// ec2Set makes one call that sets an argument, if it is given and changed.
func (a *awsCloud) ec2Set(c *call, action, id, name, param string) error {
	if c.state[name] == nil || isUnknown(c.state[name]) || !c.changed(name) {
		return nil
	}
	_, err := a.query("ec2", action, url.Values{id: {c.str("id")}, param: {text(c.state[name])}})
	return err
}

// inUse asks whether anything of a kind is still in a network or subnet.
func (a *awsCloud) inUse(describe, items, filter, id string, count func(*node) bool) (bool, error) {
	answer, err := a.query("ec2", describe, url.Values{"Filter.1.Name": {filter}, "Filter.1.Value.1": {id}})
	if errors.Is(err, errNoAPI) {
		return false, nil
	}
	if err != nil {
		return false, err
	}
	for _, item := range answer.all(items) {
		if count == nil || count(item) {
			return true, nil
		}
	}
	return false, nil
}

// dependency is EC2's refusal to delete what something else is in.
func dependency(what, id string) error {
	return fmt.Errorf("api error DependencyViolation: The %s '%s' has dependencies and cannot be deleted.", what, id)
}
