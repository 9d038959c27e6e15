package main

import "strings"

// awsPaper are the types that no stand-in has: they live in the state alone. Ids are made as the
// provider makes them; {x} is an argument, {hex} a random number. What a live type gets where the
// stand-in lacks its API is here too, marked so.
var awsPaper = map[string]paper{
	"aws_acm_certificate":                      {id: "{arn}", arn: "acm:certificate/{hex}"},
	"aws_ami":                                  {id: "ami-{hex}"},
	"aws_autoscaling_group":                    {id: "{name}", arn: "autoscaling:autoScalingGroup:{hex}:autoScalingGroupName/{name}"},
	"aws_budgets_budget_action":                {id: "{account_id}:{hex}:{budget_name}", arn: "budgets:budget/{budget_name}/action/{hex}"},
	"aws_ce_anomaly_monitor":                   {id: "{arn}", arn: "ce:anomalymonitor/{hex}"},
	"aws_ce_anomaly_subscription":              {id: "{arn}", arn: "ce:anomalysubscription/{hex}"},
	"aws_ce_cost_allocation_tag":               {id: "{tag_key}"},
	"aws_ce_cost_category":                     {id: "{arn}", arn: "ce:costcategory/{hex}"},
	"aws_cloudwatch_event_rule":                {id: "{name}", arn: "events:rule/{name}"},
	"aws_cloudwatch_event_target":              {id: "{rule}-{hex}"},
	"aws_cloudwatch_metric_alarm":              {id: "{alarm_name}", arn: "cloudwatch:alarm:{alarm_name}"},
	"aws_cur_report_definition":                {id: "{report_name}", arn: "cur:definition/{report_name}"},
	"aws_dynamodb_table":                       {id: "{name}", arn: "dynamodb:table/{name}"},
	"aws_ebs_snapshot":                         {id: "snap-{hex}", arn: "ec2:snapshot/{id}"},
	"aws_ec2_tag":                              {id: "{resource_id},{key}"},
	"aws_ecr_pull_through_cache_rule":          {id: "{ecr_repository_prefix}"},
	"aws_efs_backup_policy":                    {id: "{file_system_id}"},
	"aws_efs_replication_configuration":        {id: "{source_file_system_id}"},
	"aws_eks_fargate_profile":                  {id: "{cluster_name}:{fargate_profile_name}", arn: "eks:fargateprofile/{cluster_name}/{fargate_profile_name}/{hex}"},
	"aws_eks_identity_provider_config":         {id: "{cluster_name}:{hex}", arn: "eks:identityproviderconfig/{cluster_name}/{hex}"},
	"aws_elb":                                  {id: "{name}", arn: "elasticloadbalancing:loadbalancer/{name}"},
	"aws_iam_account_alias":                    {id: "{account_alias}"},
	"aws_iam_user":                             {id: "{name}", arn: "iam:user/{name}"},
	"aws_lb":                                   {id: "{arn}", arn: "elasticloadbalancing:loadbalancer/app/{name}/{hex}"},
	"aws_lb_target_group":                      {id: "{arn}", arn: "elasticloadbalancing:targetgroup/{name}/{hex}"},
	"aws_network_acl":                          {id: "acl-{hex}", arn: "ec2:network-acl/{id}"},
	"aws_placement_group":                      {id: "{name}", arn: "ec2:placement-group/{name}"},
	"aws_route53_zone":                         {id: "Z{hex}"},
	"aws_s3_bucket_logging":                    {id: "{bucket}"},
	"aws_s3_bucket_metric":                     {id: "{bucket}:{name}"},
	"aws_s3_bucket_notification":               {id: "{bucket}"},
	"aws_s3_object":                            {id: "{key}"},
	"aws_secretsmanager_secret":                {id: "{arn}", arn: "secretsmanager:secret:{name}-{hex}"},
	"aws_secretsmanager_secret_version":        {id: "{secret_id}|{hex}"},
	"aws_security_group_rule":                  {id: "sgrule-{hex}"},
	"aws_servicequotas_service_quota":          {id: "{service_code}/{quota_code}"},
	"aws_sns_topic":                            {id: "{arn}", arn: "sns:{name}"},
	"aws_sns_topic_policy":                     {id: "{arn}"},
	"aws_sns_topic_subscription":               {id: "{arn}", arn: "sns:{hex}"},
	"aws_sqs_queue":                            {id: "{name}", arn: "sqs:{name}"},
	"aws_sqs_queue_policy":                     {id: "{queue_url}"},
	"aws_ssm_parameter":                        {id: "{name}", arn: "ssm:parameter/{name}"},
	"aws_vpc_endpoint_route_table_association": {id: "a-{vpc_endpoint_id}{hex}"},
}

// awsWithout is for live types whose API a stand-in may lack, and for plans without any stand-in.
var awsWithout = map[string]paper{
	"aws_backup_plan":                   {id: "{hex}", arn: "backup:backup-plan:{id}"},
	"aws_backup_selection":              {id: "{hex}"},
	"aws_backup_vault":                  {id: "{name}", arn: "backup:backup-vault:{name}"},
	"aws_bcmdataexports_export":         {id: "{arn}", arn: "bcm-data-exports:export/{hex}"},
	"aws_dlm_lifecycle_policy":          {id: "policy-{hex}", arn: "dlm:policy/{id}"},
	"aws_route53_record":                {id: "{zone_id}_{name}_{type}"},
	"aws_autoscaling_group_tag":         {id: "{autoscaling_group_name},{tag.key}"},
	"aws_budgets_budget":                {id: "{account_id}:{name}", arn: "budgets:budget/{name}"},
	"aws_cloudwatch_log_group":          {id: "{name}", arn: "logs:log-group:{name}"},
	"aws_ecr_repository":                {id: "{name}", arn: "ecr:repository/{name}"},
	"aws_efs_file_system_policy":        {id: "{file_system_id}"},
	"aws_eks_access_entry":              {id: "{cluster_name}:{principal_arn}"},
	"aws_eks_access_policy_association": {id: "{cluster_name}#{principal_arn}#{policy_arn}"},
	"aws_eks_addon":                     {id: "{cluster_name}:{addon_name}", arn: "eks:addon/{cluster_name}/{addon_name}/{hex}"},
	"aws_eks_cluster":                   {id: "{name}", arn: "eks:cluster/{name}"},
	"aws_eks_node_group":                {id: "{cluster_name}:{node_group_name}", arn: "eks:nodegroup/{cluster_name}/{node_group_name}/{hex}"},
	"aws_eks_pod_identity_association":  {id: "a-{hex}"},
	"aws_iam_role":                      {id: "{name}", arn: "iam:role/{name}"},
	"aws_iam_policy":                    {id: "{arn}", arn: "iam:policy/{name}"},
	"aws_iam_openid_connect_provider":   {id: "{arn}", arn: "iam:oidc-provider/{url}"},
	"aws_s3_bucket":                     {id: "{bucket}", arn: "s3:{bucket}"},
}

// paper says how a resource in the state alone is called.
type paper struct{ id, arn string }

func (a *awsCloud) paper(c *call) {
	for _, name := range []string{"name", "bucket", "node_group_name"} {
		if attr := c.schema.Attributes[name]; attr != nil && isUnknown(c.state[name]) {
			c.nameOf(name)
		}
	}
	if c.schema.Attributes["account_id"] != nil && isUnknown(c.state["account_id"]) {
		c.state["account_id"] = a.account
	}
	a.paperID(c)
	if id := c.str("id"); c.schema.Attributes["association_id"] != nil && isUnknown(c.state["association_id"]) {
		c.state["association_id"] = id
	}
	switch c.typ {
	case "aws_ecr_repository":
		c.state["repository_url"] = a.account + ".dkr.ecr." + a.region + ".amazonaws.com/" + c.str("name")
	case "aws_eks_node_group":
		groups := []any{object{"name": "eks-" + c.str("node_group_name") + "-" + randomHex(8)}}
		c.state["resources"] = []any{object{"autoscaling_groups": groups, "remote_access_security_group_id": nil}}
	case "aws_eks_cluster":
		c.state["endpoint"] = "https://" + randomHex(16) + ".gr7." + a.region + ".eks.amazonaws.com"
		c.state["certificate_authority"] = []any{object{"data": "Q0E="}}
		issuer := "https://oidc.eks." + a.region + ".amazonaws.com/id/" + randomHex(16)
		c.state["identity"] = []any{object{"oidc": []any{object{"issuer": issuer}}}}
		if config, found := c.view().block("vpc_config"); found {
			config.values["cluster_security_group_id"] = "sg-" + randomHex(8)
		}
	}
}

func (a *awsCloud) paperID(c *call) {
	p, found := awsPaper[c.typ]
	if !found {
		p = awsWithout[c.typ]
	}
	if p.id == "" {
		p.id = strings.TrimPrefix(c.typ, "aws_") + "-{hex}"
	}
	arn := func() {
		if p.arn != "" && isUnknown(c.state["arn"]) {
			service, rest, _ := strings.Cut(p.arn, ":")
			c.state["arn"] = a.arn(service, c.filled(rest))
		}
	}
	if strings.Contains(p.id, "{arn}") {
		arn()
	}
	if attr := c.schema.Attributes["id"]; attr != nil && (c.state["id"] == nil || isUnknown(c.state["id"])) {
		c.state["id"] = c.filled(p.id)
	}
	arn()
}

// filled puts arguments where a template names them: {name}, or {tag.key} in a block.
func (c *call) filled(template string) string {
	for {
		start := strings.IndexByte(template, '{')
		end := strings.IndexByte(template, '}')
		if start < 0 || end < start {
			return template
		}
		template = template[:start] + c.argument(template[start+1:end]) + template[end+1:]
	}
}

func (c *call) argument(path string) string {
	if path == "hex" {
		return randomHex(8)
	}
	block, name, inBlock := strings.Cut(path, ".")
	if !inBlock {
		return c.str(path)
	}
	inner, found := c.view().block(block)
	if !found {
		return ""
	}
	return inner.str(name)
}
