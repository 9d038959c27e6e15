package main

import (
	"slices"
	"strings"
	"testing"
)

var group = object{
	"cluster_name": "hub", "node_group_name": "user", "node_role_arn": "arn:aws:iam::123456789012:role/nodes",
	"subnet_ids": []any{"subnet-1", "subnet-2"}, "instance_types": []any{"m7i.large"},
	"scaling_config": []any{object{"min_size": 0.0, "max_size": 3.0, "desired_size": 0.0}},
}

func with(base object, name string, value any) object {
	out := copyObject(base)
	out[name] = value
	return out
}

// made is the state after a first apply.
func made(t *testing.T, p *provider, typ string, config object) object {
	t.Helper()
	planned, replaced := p.plan(t, typ, nil, config)
	if len(replaced) > 0 {
		t.Fatalf("a new %s is replaced by %v", typ, replaced)
	}
	state, diagnostics := p.carryOut(t, typ, nil, planned)
	if len(diagnostics) > 0 {
		t.Fatal(diagnostics[0].Summary, diagnostics[0].Detail)
	}
	return state
}

func TestNewResourceKnowsOnlyWhatIsConfigured(t *testing.T) {
	p := awsHere(t)
	planned, _ := p.plan(t, "aws_eks_node_group", nil, p.configured("aws_eks_node_group", group))
	for _, name := range []string{"id", "arn", "status", "resources", "ami_type", "version"} {
		if !isUnknown(planned[name]) {
			t.Errorf("%s is planned as %v", name, planned[name])
		}
	}
	if planned["region"] != "us-west-2" || !same(planned["tags_all"], object{"hub": "small"}) || planned["labels"] != nil {
		t.Errorf("planned: region %v, tags_all %v, labels %v", planned["region"], planned["tags_all"], planned["labels"])
	}
}

// After an apply the same configuration plans nothing, for every type that a hub's modules have.
func TestSecondPlanIsEmpty(t *testing.T) {
	aws, google := awsHere(t), googleHere(t)
	for _, one := range []struct {
		p     *provider
		typ   string
		given object
	}{
		{aws, "aws_eks_node_group", group},
		{aws, "aws_eks_node_group", with(with(group, "node_group_name", nil), "node_group_name_prefix", "user-")},
		{aws, "aws_eks_cluster", object{"name": "hub", "role_arn": "arn:aws:iam::1:role/x", "vpc_config": []any{object{"subnet_ids": []any{"subnet-1"}}}}},
		{aws, "aws_s3_bucket", object{"bucket": "b", "tags": object{"a": "b"}}},
		{aws, "aws_launch_template", object{"name": "t", "metadata_options": []any{object{"http_tokens": "required"}}}},
		{aws, "aws_ebs_volume", object{"availability_zone": "us-west-2a", "size": 10.0}},
		{google, "google_container_cluster", object{"name": "hub", "location": "us-central1"}},
		{google, "google_container_node_pool", object{"name": "user", "cluster": "projects/ice/locations/us-central1/clusters/hub", "node_config": []any{object{"machine_type": "e2-small"}}}},
		{google, "google_compute_disk", object{"name": "homes", "zone": "us-central1-a", "size": 100.0, "labels": object{"x": "y"}}},
		{google, "google_secret_manager_secret_version", object{"secret": "projects/ice/secrets/s", "secret_data_wo": "hidden"}},
	} {
		config := one.p.configured(one.typ, one.given)
		state := made(t, one.p, one.typ, config)
		if state["id"] == nil || hasUnknown(state) {
			t.Errorf("%s has no id, or something unknown: %v", one.typ, state)
		}
		again, replaced := one.p.plan(t, one.typ, state, config)
		if len(replaced) > 0 || !same(again, state) {
			t.Errorf("%s plans again, replaced by %v:\n%v\n%v", one.typ, replaced, state, again)
		}
	}
}

func TestReplacement(t *testing.T) {
	aws, google := awsHere(t), googleHere(t)
	disk := object{"name": "homes", "zone": "us-central1-a", "size": 100.0, "type": "pd-balanced"}
	volume := object{"availability_zone": "us-west-2a", "size": 100.0, "encrypted": true}
	pool := object{"name": "user", "cluster": "projects/ice/locations/us-central1/clusters/hub", "node_config": []any{object{"machine_type": "e2-small", "spot": false}}}
	template := with(group, "launch_template", []any{object{"id": "lt-1", "version": "1"}})
	filestore := object{
		"name": "homes", "tier": "BASIC_HDD", "location": "us-central1-a",
		"file_shares": []any{object{"name": "homes", "capacity_gb": 1024.0}}, "networks": []any{object{"network": "hub", "modes": []any{"MODE_IPV4"}}},
	}
	for _, one := range []struct {
		p             *provider
		typ           string
		before, after object
		// by is the argument that replaces; "" for a change in place.
		by string
	}{
		{aws, "aws_eks_node_group", group, with(group, "instance_types", []any{"m7i.large", "m6i.large"}), "instance_types"},
		{aws, "aws_eks_node_group", group, with(group, "subnet_ids", []any{"subnet-2", "subnet-1"}), ""},
		{aws, "aws_eks_node_group", group, with(group, "subnet_ids", []any{"subnet-1"}), "subnet_ids"},
		{aws, "aws_eks_node_group", group, with(group, "labels", object{"a": "b"}), ""},
		{aws, "aws_eks_node_group", template, with(group, "launch_template", []any{object{"id": "lt-1", "version": "2"}}), ""},
		{aws, "aws_eks_node_group", template, with(group, "launch_template", []any{object{"id": "lt-2", "version": "1"}}), "launch_template"},
		{aws, "aws_ebs_volume", volume, with(volume, "size", 200.0), ""},
		{aws, "aws_ebs_volume", volume, with(volume, "size", 50.0), "size"},
		{aws, "aws_ebs_volume", volume, with(volume, "region", "eu-west-1"), "region"},
		{google, "google_storage_bucket", object{"name": "b", "location": "US-CENTRAL1"}, object{"name": "b", "location": "us-central1"}, ""},
		{google, "google_storage_bucket", object{"name": "b", "location": "US-CENTRAL1"}, object{"name": "b", "location": "us-east1"}, "location"},
		{google, "google_compute_disk", disk, with(disk, "size", 200.0), ""},
		{google, "google_compute_disk", disk, with(disk, "size", 99.0), "size"},
		{google, "google_compute_disk", disk, with(disk, "type", "pd-ssd"), "type"},
		{google, "google_container_node_pool", pool, with(pool, "node_config", []any{object{"machine_type": "e2-medium", "spot": false}}), ""},
		{google, "google_container_node_pool", pool, with(pool, "node_config", []any{object{"machine_type": "e2-small", "spot": true}}), "spot"},
		{google, "google_filestore_instance", filestore, with(filestore, "tier", "BASIC_SSD"), "tier"},
		{google, "google_filestore_instance", filestore, with(filestore, "file_shares", []any{object{"name": "homes", "capacity_gb": 2048.0}}), ""},
		{google, "google_filestore_instance", filestore, with(filestore, "file_shares", []any{object{"name": "other", "capacity_gb": 1024.0}}), "file_shares"},
	} {
		state := made(t, one.p, one.typ, one.p.configured(one.typ, one.before))
		planned, replaced := one.p.plan(t, one.typ, state, one.p.configured(one.typ, one.after))
		if one.by == "" && len(replaced) > 0 || one.by != "" && !slices.ContainsFunc(replaced, func(path string) bool { return strings.Contains(path, `"`+one.by+`"`) }) {
			t.Errorf("%s from %v to %v is replaced by %v", one.typ, one.before, one.after, replaced)
		}
		if one.by == "" && planned["id"] != state["id"] {
			t.Errorf("%s changes in place and its id with it", one.typ)
		}
	}
}

func TestClusterKeepsItsAuthority(t *testing.T) {
	p := googleHere(t)
	config := p.configured("google_container_cluster", object{"name": "hub", "location": "us-central1"})
	planned, _ := p.plan(t, "google_container_cluster", nil, config)
	if !isUnknown(planned["master_auth"]) {
		t.Errorf("master_auth is planned as %v", planned["master_auth"])
	}
	state := made(t, p, "google_container_cluster", config)
	state["master_auth"] = []any{with(emptyBlock(p.schemas.Resources["google_container_cluster"].Block.Blocks["master_auth"].Block), "cluster_ca_certificate", "Q0E=")}
	if again, _ := p.plan(t, "google_container_cluster", state, config); !same(again, state) {
		t.Errorf("a second plan changes %v", again["master_auth"])
	}
}

func TestLabelsOfTheProviderBlock(t *testing.T) {
	p := googleHere(t)
	config := p.configured("google_compute_disk", object{"name": "homes", "zone": "us-central1-a", "labels": object{"mine": "1"}})
	state := made(t, p, "google_compute_disk", config)
	if want := (object{"hub": "small", "mine": "1", attributionLabel: "true"}); !same(state["terraform_labels"], want) || !same(state["effective_labels"], want) {
		t.Errorf("labels: %v, effective %v", state["terraform_labels"], state["effective_labels"])
	}
	// Someone's own label stays, and what is no longer configured goes.
	state["effective_labels"].(object)["other"] = "x"
	planned, _ := p.plan(t, "google_compute_disk", state, p.configured("google_compute_disk", object{"name": "homes", "zone": "us-central1-a"}))
	if want := (object{"hub": "small", attributionLabel: "true", "other": "x"}); !same(planned["effective_labels"], want) {
		t.Errorf("planned: %v", planned["effective_labels"])
	}
}

func TestPolicyInAnotherSpellingIsNoChange(t *testing.T) {
	p := awsHere(t)
	policy := `{"Version":"2012-10-17","Statement":[]}`
	state := made(t, p, "aws_iam_policy", p.configured("aws_iam_policy", object{"name": "x", "policy": policy}))
	planned, _ := p.plan(t, "aws_iam_policy", state, p.configured("aws_iam_policy", object{"name": "x", "policy": "{\n \"Statement\": [], \"Version\": \"2012-10-17\"}"}))
	if !same(planned, state) {
		t.Errorf("planned: %v", planned["policy"])
	}
	planned, _ = p.plan(t, "aws_iam_policy", state, p.configured("aws_iam_policy", object{"name": "x", "policy": `{"Version":"2008-10-17"}`}))
	if same(planned, state) {
		t.Error("another policy is no change")
	}
}
