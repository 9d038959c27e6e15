package main

import "net/url"

// Tags of the Auto Scaling groups that EKS makes for node groups. Plain moto makes none: then a tag
// lives in the state.
func (a *awsCloud) groupTagKinds() map[string]kind {
	put := func(c *call) error {
		if err := a.groupExists(c); err != nil {
			return err
		}
		tag, _ := c.view().block("tag")
		_, err := a.query("autoscaling", "CreateOrUpdateTags", groupTag(c, url.Values{
			"Tags.member.1.Value": {tag.str("value")}, "Tags.member.1.PropagateAtLaunch": {text(truth(tag.values["propagate_at_launch"]))},
		}))
		if err == nil {
			a.paperID(c)
		}
		return err
	}
	return map[string]kind{"aws_autoscaling_group_tag": {
		create: put, update: put, read: a.groupTagRead,
		delete: func(c *call) error {
			if err := a.groupExists(c); err != nil {
				return err
			}
			_, err := a.query("autoscaling", "DeleteTags", groupTag(c, url.Values{}))
			return err
		},
	}}
}

func groupTag(c *call, form url.Values) url.Values {
	tag, _ := c.view().block("tag")
	form.Set("Tags.member.1.ResourceId", c.str("autoscaling_group_name"))
	form.Set("Tags.member.1.ResourceType", "auto-scaling-group")
	form.Set("Tags.member.1.Key", tag.str("key"))
	return form
}

func (a *awsCloud) groupExists(c *call) error {
	answer, err := a.query("autoscaling", "DescribeAutoScalingGroups", url.Values{"AutoScalingGroupNames.member.1": {c.str("autoscaling_group_name")}})
	if err == nil && len(answer.all("DescribeAutoScalingGroupsResult.AutoScalingGroups.member")) == 0 {
		return errNoAPI
	}
	return err
}

func (a *awsCloud) groupTagRead(c *call) error {
	answer, err := a.query("autoscaling", "DescribeAutoScalingGroups", url.Values{"AutoScalingGroupNames.member.1": {c.str("autoscaling_group_name")}})
	if err != nil {
		return err
	}
	groups := answer.all("DescribeAutoScalingGroupsResult.AutoScalingGroups.member")
	if len(groups) == 0 {
		return errNoAPI
	}
	tag, _ := c.view().block("tag")
	for _, live := range groups[0].all("Tags.member") {
		if live.at("Key") == tag.str("key") {
			tag.seen("value", live.at("Value"))
			tag.seen("propagate_at_launch", live.at("PropagateAtLaunch"))
			return nil
		}
	}
	return errGone
}
