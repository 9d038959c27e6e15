package main

import (
	"fmt"
	"net"
	"net/http"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

// root is a folder with a configuration that a real tool works on.
type root struct {
	t      *testing.T
	tool   string
	folder string
	env    []string
}

// run calls the tool and gives its output and exit status.
func (r root) run(arguments ...string) (string, int) {
	r.t.Helper()
	command := exec.Command(r.tool, append(arguments, "-no-color")...)
	command.Dir = r.folder
	command.Env = append(os.Environ(), r.env...)
	output, err := command.CombinedOutput()
	if exit, failed := err.(*exec.ExitError); failed {
		return string(output), exit.ExitCode()
	}
	if err != nil {
		r.t.Fatal(err)
	}
	return string(output), 0
}

func (r root) must(want int, arguments ...string) string {
	r.t.Helper()
	output, status := r.run(arguments...)
	if status != want {
		r.t.Fatalf("%s %s ends with %d, not %d:\n%s", filepath.Base(r.tool), strings.Join(arguments, " "), status, want, output)
	}
	return output
}

// realTools are terraform and OpenTofu, as far as they are there.
func realTools(t *testing.T) []string {
	var tools []string
	for _, name := range []string{"terraform", "tofu"} {
		if path, err := exec.LookPath(name); err == nil {
			tools = append(tools, path)
		}
	}
	if len(tools) == 0 {
		t.Skip("skipped: neither terraform nor tofu is on the PATH")
	}
	return tools
}

// moto starts the server that FRAZIL_WORLD_MOTO names, or the one on the PATH.
func moto(t *testing.T) string {
	name := os.Getenv("FRAZIL_WORLD_MOTO")
	if name == "" {
		name = "moto_server"
	}
	program, err := exec.LookPath(name)
	if err != nil {
		t.Skip("skipped: no moto_server (FRAZIL_WORLD_MOTO or the PATH)")
	}
	free, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	_, port, _ := net.SplitHostPort(free.Addr().String())
	free.Close()
	server := exec.Command(program, "-H", "127.0.0.1", "-p", port)
	if err := server.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { server.Process.Kill(); server.Wait() })
	address := "http://127.0.0.1:" + port
	for range 300 {
		if answer, err := http.Get(address + "/moto-api/data.json"); err == nil {
			answer.Body.Close()
			return address
		}
		time.Sleep(100 * time.Millisecond)
	}
	t.Fatal("moto does not answer within 30 s")
	return ""
}

// inRoot lays out a root for a tool, with the mirror that mirror.sh makes.
func inRoot(t *testing.T, tool, address, config string) root {
	t.Helper()
	schemas := schemaFolder(t)
	mirror := t.TempDir()
	if output, err := exec.Command("../mirror.sh", mirror).CombinedOutput(); err != nil {
		t.Fatalf("mirror.sh: %v\n%s", err, output)
	}
	r := root{t: t, tool: tool, folder: t.TempDir()}
	if err := os.WriteFile(filepath.Join(r.folder, "main.tf"), []byte(config), 0o600); err != nil {
		t.Fatal(err)
	}
	r.env = []string{
		"TF_CLI_CONFIG_FILE=" + filepath.Join(mirror, "tools.tfrc"), "TF_IN_AUTOMATION=1", "TF_INPUT=0", "FRAZIL_WORLD_SCHEMAS=" + schemas,
		"AWS_ENDPOINT_URL=" + address, "AWS_ACCESS_KEY_ID=testing", "AWS_SECRET_ACCESS_KEY=testing",
	}
	r.must(0, "init")
	return r
}

func small(t *testing.T) string {
	t.Helper()
	content, err := os.ReadFile("testdata/small.tf")
	if err != nil {
		t.Fatal(err)
	}
	return string(content)
}

// byHand is the client of someone who changes things outside Terraform.
func byHand(t *testing.T, address string) *awsClient {
	t.Setenv("AWS_ENDPOINT_URL", address)
	return newAWSClient("us-west-2")
}

const otherTrust = `{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":"sts:AssumeRole","Principal":{"Service":"ec2.amazonaws.com"}}]}`

const scratchBucket = "/small-123456789012-scratch"

func TestRealTools(t *testing.T) {
	for _, tool := range realTools(t) {
		t.Run(filepath.Base(tool), func(t *testing.T) {
			address := moto(t)
			r := inRoot(t, tool, address, small(t))
			r.must(2, "plan", "-detailed-exitcode")
			r.must(0, "apply", "-auto-approve")
			r.must(0, "plan", "-detailed-exitcode")
			hand := byHand(t, address)
			changedByHand(t, r, hand)
			r.must(0, "apply", "-auto-approve")
			r.must(0, "plan", "-detailed-exitcode")
			deletedByHand(t, r, hand)
			notEmpty(t, r, hand)
			leftBehind(t, r, hand)
			r.must(0, "destroy", "-auto-approve")
			if answer, err := hand.rest("eks", http.MethodGet, "/clusters", nil); err != nil || len(asList(answer["clusters"])) != 0 {
				t.Errorf("left: %v, %v", answer, err)
			}
			vpcs, err := hand.query("ec2", "DescribeVpcs", url.Values{"Filter.1.Name": {"is-default"}, "Filter.1.Value.1": {"false"}})
			if err != nil || len(vpcs.all("vpcSet.item")) != 0 {
				t.Errorf("left: networks %v", err)
			}
		})
	}
}

func changedByHand(t *testing.T, r root, hand *awsClient) {
	t.Helper()
	_, err1 := hand.rest("eks", http.MethodPost, "/clusters/small/node-groups/user/update-config", object{"scalingConfig": object{"minSize": 0, "maxSize": 9, "desiredSize": 0}})
	_, err2 := hand.send("s3", http.MethodPut, scratchBucket+"?versioning", nil, []byte(`<VersioningConfiguration xmlns="http://s3.amazonaws.com/doc/2006-03-01/"><Status>Suspended</Status></VersioningConfiguration>`))
	_, err3 := hand.send("s3", http.MethodPut, scratchBucket+"?tagging", nil, []byte(`<Tagging><TagSet><Tag><Key>Name</Key><Value>other</Value></Tag></TagSet></Tagging>`))
	_, err4 := hand.query("iam", "UpdateAssumeRolePolicy", url.Values{"RoleName": {"small"}, "PolicyDocument": {otherTrust}})
	vpcs, err5 := hand.query("ec2", "DescribeVpcs", url.Values{"Filter.1.Name": {"tag:Name"}, "Filter.1.Value.1": {"small"}})
	if err5 == nil {
		_, err5 = hand.query("ec2", "CreateTags", url.Values{"ResourceId.1": {vpcs.at("vpcSet.item.vpcId")}, "Tag.1.Key": {"frazil:hub"}, "Tag.1.Value": {"someone's"}})
	}
	for _, err := range []error{err1, err2, err3, err4, err5} {
		if err != nil {
			t.Fatal(err)
		}
	}
	output := r.must(2, "plan", "-detailed-exitcode")
	for _, want := range []string{
		"aws_eks_node_group.user will be updated in-place", "9 -> 3", "aws_s3_bucket_versioning.scratch will be updated in-place",
		`"Suspended" -> "Enabled"`, "aws_s3_bucket.scratch will be updated in-place", `"other" -> "scratch"`, "aws_iam_role.cluster will be updated in-place",
		"aws_vpc.hub will be updated in-place", `"someone's" -> "small"`, "0 to add, 5 to change, 0 to destroy",
	} {
		if !strings.Contains(output, want) {
			t.Errorf("the plan does not say %s:\n%s", want, output)
		}
	}
}

func deletedByHand(t *testing.T, r root, hand *awsClient) {
	t.Helper()
	if _, err := hand.rest("eks", http.MethodDelete, "/clusters/small/node-groups/user", nil); err != nil {
		t.Fatal(err)
	}
	if output := r.must(2, "plan", "-detailed-exitcode"); !strings.Contains(output, "aws_eks_node_group.user will be created") {
		t.Errorf("what is gone is not made again:\n%s", output)
	}
}

// notEmpty shows that a bucket with something in it stays, and is imported with its settings.
func notEmpty(t *testing.T, r root, hand *awsClient) {
	t.Helper()
	if _, err := hand.send("s3", http.MethodPut, scratchBucket+"/result.nc", nil, []byte("data")); err != nil {
		t.Fatal(err)
	}
	output := r.must(1, "destroy", "-auto-approve", "-target=aws_s3_bucket.scratch")
	if !strings.Contains(output, "BucketNotEmpty") {
		t.Errorf("the bucket is not deleted for another reason:\n%s", output)
	}
	r.must(0, "state", "list")
	for _, name := range []string{"aws_s3_bucket.scratch", "aws_s3_bucket_versioning.scratch"} {
		r.run("state", "rm", name)
		r.must(0, "import", name, strings.TrimPrefix(scratchBucket, "/"))
	}
	r.must(0, "plan", "-detailed-exitcode", "-target=aws_s3_bucket.scratch")
	versions, err := hand.send("s3", http.MethodGet, scratchBucket+"?versions", nil, nil)
	if err != nil {
		t.Fatal(err)
	}
	listed, err := parseXML(versions)
	if err != nil {
		t.Fatal(err)
	}
	for _, v := range listed.all("Version") {
		if _, err := hand.send("s3", http.MethodDelete, scratchBucket+"/result.nc?versionId="+v.at("VersionId"), nil, nil); err != nil {
			t.Fatal(err)
		}
	}
}

// leftBehind shows that a network with something of others in it stays until that is gone.
func leftBehind(t *testing.T, r root, hand *awsClient) {
	t.Helper()
	vpcs, err := hand.query("ec2", "DescribeSubnets", url.Values{"Filter.1.Name": {"tag:frazil:hub"}, "Filter.1.Value.1": {"small"}})
	if err != nil {
		t.Fatal(err)
	}
	found := vpcs.all("subnetSet.item")
	made, err := hand.query("elasticloadbalancing", "CreateLoadBalancer", url.Values{
		"Name": {"proxy"}, "Type": {"network"}, "Subnets.member.1": {found[0].at("subnetId")}, "Subnets.member.2": {found[1].at("subnetId")},
	})
	if err != nil {
		t.Fatal(err)
	}
	if output := r.must(1, "destroy", "-auto-approve"); strings.Count(output, "DependencyViolation") != 2 {
		t.Errorf("not both subnets stay:\n%s", output)
	}
	if _, err := hand.query("elasticloadbalancing", "DeleteLoadBalancer", url.Values{"LoadBalancerArn": {made.find("LoadBalancerArn").text}}); err != nil {
		t.Fatal(err)
	}
}

func TestUnknownArgumentIsRefused(t *testing.T) {
	config := strings.Replace(small(t), "enable_dns_hostnames", "enable_dns_names", 1)
	for _, tool := range realTools(t) {
		r := inRoot(t, tool, "", config)
		if output := r.must(1, "validate"); !strings.Contains(output, `An argument named "enable_dns_names" is not expected here`) {
			t.Errorf("%s says:\n%s", tool, output)
		}
	}
}

// A crash after create leaves in the cloud what the state does not know, and nothing else.
func TestCrashLeavesAnOrphan(t *testing.T) {
	config := small(t)[:strings.Index(small(t), `resource "aws_vpc"`)] + `
resource "aws_ebs_volume" "homes" {
  availability_zone = "us-west-2a"
  size              = 10
}

resource "aws_eip" "others" {
  count = 20
}
`
	for _, tool := range realTools(t) {
		t.Run(filepath.Base(tool), func(t *testing.T) {
			address := moto(t)
			r := inRoot(t, tool, address, config)
			r.env = append(r.env, "FRAZIL_WORLD_FAULTS="+writeJSON(t, []fault{{Resource: "aws_ebs_volume", Step: "create", Kind: "crash"}}))
			r.must(1, "apply", "-auto-approve")
			known, _ := r.run("state", "list")
			if strings.Contains(known, "aws_ebs_volume") {
				t.Errorf("the state knows:\n%s", known)
			}
			addresses, err := byHand(t, address).query("ec2", "DescribeAddresses", nil)
			if made := len(addresses.all("addressesSet.item")); err != nil || made != strings.Count(known, "aws_eip") {
				t.Errorf("%d addresses are made, and the state knows (%v):\n%s", made, err, known)
			}
			r.must(0, "apply", "-auto-approve")
			volumes, err := byHand(t, address).query("ec2", "DescribeVolumes", nil)
			if err != nil || len(volumes.all("volumeSet.item")) != 2 {
				t.Error("not the orphan and the one of the second apply:", fmt.Sprint(volumes), err)
			}
			r.must(0, "destroy", "-auto-approve")
		})
	}
}
