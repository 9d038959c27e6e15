// A Terraform provider for tests. It serves provider `aws` or `google` by the name of its own file,
// with the schemas of the real ones, and creates what the live APIs of a stand-in then read.
//
// Environment:
//
//	FRAZIL_WORLD_SCHEMAS         folder with aws.json and google.json, of `terraform providers schema -json`
//	FRAZIL_WORLD_FAULTS          file with what shall go wrong (faults.go); counts are kept in FILE.used
//	AWS_ENDPOINT_URL             the stand-in for AWS; unset: resources live in the state alone
//	AWS_ACCESS_KEY_ID            by which moto tells accounts apart; any value will do
//	FRAZIL_GOOGLE_ENDPOINT       the stand-in for Google Cloud; unset: as above
//	GOOGLE_OAUTH_ACCESS_TOKEN    its bearer token
package main

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"

	"github.com/hashicorp/terraform-plugin-go/tfprotov5"
	"github.com/hashicorp/terraform-plugin-go/tfprotov5/tf5server"
)

func main() {
	if err := run(); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

func run() error {
	name, err := providerName(os.Args[0])
	if err != nil {
		return err
	}
	p, err := newProvider(name)
	if err != nil {
		return err
	}
	return tf5server.Serve("registry.terraform.io/hashicorp/"+name, func() tfprotov5.ProviderServer { return p })
}

// providerName reads `aws` from terraform-provider-aws_v6.0.0.
func providerName(program string) (string, error) {
	file := filepath.Base(program)
	rest, found := strings.CutPrefix(file, "terraform-provider-")
	name, _, _ := strings.Cut(rest, "_")
	if !found || (name != "aws" && name != "google") {
		return "", fmt.Errorf("%s: the file name says which provider this is: terraform-provider-aws_vX.Y.Z or terraform-provider-google_vX.Y.Z", file)
	}
	return name, nil
}

func newProvider(name string) (*provider, error) {
	schemas, err := loadSchemas(os.Getenv("FRAZIL_WORLD_SCHEMAS"), name)
	if err != nil {
		return nil, err
	}
	var c cloud
	if name == "aws" {
		c = newAWS()
	} else {
		c = newGoogle()
	}
	faults, err := loadFaults(os.Getenv("FRAZIL_WORLD_FAULTS"))
	if err != nil {
		return nil, err
	}
	return &provider{name: name, schemas: schemas, cloud: c, faults: faults, stop: make(chan struct{})}, nil
}
