package main

import "strings"

// importForms are the ids by which types of AWS are imported: a separator and the arguments around it.
var importForms = map[string]struct {
	separator string
	arguments []string
}{
	"aws_eks_cluster":                     {"", []string{"name"}},
	"aws_eks_node_group":                  {":", []string{"cluster_name", "node_group_name"}},
	"aws_eks_addon":                       {":", []string{"cluster_name", "addon_name"}},
	"aws_eks_pod_identity_association":    {",", []string{"cluster_name", "association_id"}},
	"aws_iam_role":                        {"", []string{"name"}},
	"aws_cloudwatch_log_group":            {"", []string{"name"}},
	"aws_ecr_repository":                  {"", []string{"name"}},
	"aws_kms_key":                         {"", []string{"key_id"}},
	"aws_kms_alias":                       {"", []string{"name"}},
	"aws_launch_template":                 {"", nil},
	"aws_efs_access_point":                {"", nil},
	"aws_backup_vault":                    {"", []string{"name"}},
	"aws_backup_plan":                     {"", nil},
	"aws_backup_selection":                {"|", []string{"plan_id", "id"}},
	"aws_dlm_lifecycle_policy":            {"", nil},
	"aws_bcmdataexports_export":           {"", nil},
	"aws_eks_access_entry":                {":", []string{"cluster_name", "principal_arn"}},
	"aws_route53_record":                  {"_", []string{"zone_id", "name", "type"}},
	"aws_efs_file_system":                 {"", nil},
	"aws_efs_mount_target":                {"", nil},
	"aws_vpc_security_group_ingress_rule": {"", nil},
	"aws_route":                           {"_", []string{"route_table_id", "destination_cidr_block"}},
	"aws_route_table_association":         {"/", []string{"subnet_id", "route_table_id"}},
	"aws_budgets_budget":                  {":", []string{"account_id", "name"}},
}

// importer is how a type is imported that says nothing of its own about it.
func importer(typ string) func(c *call, id string) {
	form, found := importForms[typ]
	if !found {
		return nil
	}
	return func(c *call, id string) {
		values := []string{id}
		if form.separator != "" {
			values = strings.SplitN(id, form.separator, len(form.arguments))
		}
		for i, argument := range form.arguments {
			if i < len(values) {
				c.state[argument] = values[i]
			}
		}
	}
}

// placed puts what a Google id says of project and place into the state: projects/P/regions/R/…
func (g *googleCloud) placed(c *call, id string) {
	said := map[string]string{"project": g.project, "region": g.region, "zone": g.zone}
	parts := strings.Split(id, "/")
	for i := 0; i+1 < len(parts); i += 2 {
		said[strings.TrimSuffix(parts[i], "s")] = parts[i+1]
	}
	for _, name := range []string{"project", "region", "zone", "location"} {
		if c.schema.Attributes[name] != nil && said[name] != "" {
			c.state[name] = said[name]
		}
	}
}

func (g *googleCloud) thingImported(c *call, id string) {
	g.placed(c, id)
	name := lastOf(id)
	for _, argument := range []string{"repository_id", "account_id", "role_id"} {
		if a := c.schema.Attributes[argument]; a != nil && a.Required {
			c.state[argument] = strings.SplitN(name, "@", 2)[0]
			return
		}
	}
	c.state["name"] = name
}

func (g *googleCloud) poolImported(c *call, id string) {
	parts := strings.Split(id, "/")
	if len(parts) != 4 {
		return
	}
	c.state["project"], c.state["location"], c.state["name"] = parts[0], parts[1], parts[3]
	c.state["cluster"] = "projects/" + parts[0] + "/locations/" + parts[1] + "/clusters/" + parts[2]
}

// memberImported is for what is in something else: projects/P/regions/R/routers/ROUTER/NAME.
func (g *googleCloud) memberImported(c *call, id string) {
	g.placed(c, id)
	parts := strings.Split(id, "/")
	c.state["name"] = lastOf(id)
	if len(parts) == 7 {
		c.state[strings.TrimSuffix(parts[4], "s")] = parts[5]
	}
}

// agreed is what was imported, without differences in what only one side knows: a real API tells more
// than a stand-in, and what it does not tell is no reason to replace anything.
func agreed(imported, planned any) any {
	if truth, known := imported.(bool); known && !truth && planned == true {
		return imported
	}
	if empty(imported) || empty(planned) || isUnknown(planned) {
		return planned
	}
	switch planned := planned.(type) {
	case string:
		if sameLink(text(imported), planned) {
			return planned
		}
	case object:
		live, isObject := imported.(object)
		if !isObject {
			return imported
		}
		out := copyObject(live)
		for key, value := range planned {
			out[key] = agreed(live[key], value)
		}
		for key := range live {
			if _, wanted := planned[key]; !wanted {
				delete(out, key)
			}
		}
		return out
	case []any:
		live, isList := imported.([]any)
		if !isList || len(live) != len(planned) {
			return imported
		}
		out := make([]any, len(live))
		for i := range live {
			out[i] = agreed(live[i], planned[i])
		}
		return out
	}
	return imported
}
