package main

import (
	"context"
	"errors"
	"fmt"
	"sync"

	"github.com/hashicorp/terraform-plugin-go/tfprotov5"
	"github.com/hashicorp/terraform-plugin-go/tftypes"
)

var (
	// errGone is a resource that no longer exists.
	errGone = errors.New("it does not exist")
	// errNoAPI is a stand-in without this API, or no stand-in at all.
	errNoAPI = errors.New("the stand-in has no such API")
)

// kind is how resources of a type are made, read, changed and deleted in the live API.
type kind struct {
	create, read, update, delete func(c *call) error
	// imported fills what reading needs from an id.
	imported func(c *call, id string)
}

// cloud is what differs between the two providers.
type cloud interface {
	configure(config object) error
	// complete sets what a plan already knows of computed attributes: region, labels of default.
	complete(typ string, b *block, planned, config object)
	kind(typ string) (kind, bool)
	// paper gives a resource that lives only in the state its id and the like.
	paper(c *call)
	data(c *call) error
}

type provider struct {
	name    string
	schemas *schemas
	cloud   cloud
	faults  *faults
	stop    chan struct{}
	once    sync.Once
}

var _ tfprotov5.ProviderServer = &provider{}

func failed(summary string, err error) []*tfprotov5.Diagnostic {
	return []*tfprotov5.Diagnostic{{Severity: tfprotov5.DiagnosticSeverityError, Summary: summary, Detail: err.Error()}}
}

func (p *provider) resource(typ string) (*schema, error) {
	if found := p.schemas.Resources[typ]; found != nil {
		return found, nil
	}
	return nil, fmt.Errorf("provider %s has no resource %s", p.name, typ)
}

func (p *provider) ReadResource(_ context.Context, r *tfprotov5.ReadResourceRequest) (*tfprotov5.ReadResourceResponse, error) {
	s, err := p.resource(r.TypeName)
	if err != nil {
		return nil, err
	}
	state, err := decode(r.CurrentState, s.typ)
	if err != nil {
		return nil, err
	}
	c := &call{typ: r.TypeName, schema: s.Block, prior: state, state: copyObject(state), importing: string(r.Private) == "import"}
	out := &tfprotov5.ReadResourceResponse{NewState: r.CurrentState}
	if err := p.read(c); errors.Is(err, errGone) {
		c.state = nil
	} else if err != nil {
		out.Diagnostics = failed("reading "+c.name(), err)
		return out, nil
	}
	if c.state != nil {
		settle(s.Block, c.state)
	}
	if c.importing {
		// For the plan that follows, and no longer.
		out.Private = []byte(imported)
	}
	out.NewState, err = encode(c.state, s.typ)
	return out, err
}

// imported marks a state that was imported a moment ago.
const imported = "imported"

func (p *provider) read(c *call) error {
	return p.faults.around(c, "read", p.stop, func() error {
		k, live := p.cloud.kind(c.typ)
		if !live {
			return nil
		}
		if err := k.read(c); err != nil && !errors.Is(err, errNoAPI) {
			return err
		}
		return nil
	})
}

func (p *provider) PlanResourceChange(_ context.Context, r *tfprotov5.PlanResourceChangeRequest) (*tfprotov5.PlanResourceChangeResponse, error) {
	s, err := p.resource(r.TypeName)
	if err != nil {
		return nil, err
	}
	prior, err1 := decode(r.PriorState, s.typ)
	proposed, err2 := decode(r.ProposedNewState, s.typ)
	config, err3 := decode(r.Config, s.typ)
	if err := errors.Join(err1, err2, err3); err != nil {
		return nil, err
	}
	out := &tfprotov5.PlanResourceChangeResponse{PlannedState: r.ProposedNewState}
	out.UnsafeToUseLegacyTypeSystem = computedBlocks[r.TypeName] != nil
	if proposed == nil {
		return out, nil
	}
	planned := p.planned(r.TypeName, s.Block, prior, proposed, config)
	if prior != nil {
		if string(r.PriorPrivate) == imported {
			prior, out.PlannedPrivate = agreed(prior, planned).(object), r.PriorPrivate
		}
		out.RequiresReplace = replaces(replaceRules(r.TypeName), s.Block, prior, planned)
	}
	out.PlannedState, err = encode(planned, s.typ)
	return out, err
}

func (p *provider) ApplyResourceChange(_ context.Context, r *tfprotov5.ApplyResourceChangeRequest) (*tfprotov5.ApplyResourceChangeResponse, error) {
	s, err := p.resource(r.TypeName)
	if err != nil {
		return nil, err
	}
	prior, err1 := decode(r.PriorState, s.typ)
	planned, err2 := decode(r.PlannedState, s.typ)
	if err := errors.Join(err1, err2); err != nil {
		return nil, err
	}
	c := &call{typ: r.TypeName, schema: s.Block, prior: prior, state: copyObject(planned)}
	if prior != nil && planned != nil && string(r.PlannedPrivate) == imported {
		c.prior = agreed(prior, planned).(object)
	}
	out := &tfprotov5.ApplyResourceChangeResponse{UnsafeToUseLegacyTypeSystem: computedBlocks[r.TypeName] != nil}
	name := c.name()
	p.faults.enter()
	defer p.faults.leave()
	step, err := p.apply(c)
	if err != nil {
		out.Diagnostics = failed(step+" "+name, err)
	}
	if c.state != nil {
		settle(s.Block, c.state)
		if err == nil {
			c.state = merged(planned, c.state).(object)
		}
	}
	out.NewState, err = encode(c.state, s.typ)
	return out, err
}

// apply leaves in c.state what Terraform is to remember, also when it fails.
func (p *provider) apply(c *call) (string, error) {
	k, live := p.cloud.kind(c.typ)
	switch {
	case c.state == nil:
		return "deleting", p.delete(c, k, live)
	case c.prior == nil:
		return "creating", p.create(c, k, live)
	}
	wanted := copyObject(c.state)
	err := p.faults.around(c, "update", p.stop, func() error {
		if !live {
			return nil
		}
		return withoutAPI(k.update(c), nil)
	})
	if err != nil {
		c.state = copyObject(c.prior)
		return "updating", err
	}
	p.cloud.complete(c.typ, c.schema, c.state, wanted)
	return "updating", p.after(c, k, live)
}

func withoutAPI(err error, instead error) error {
	if errors.Is(err, errNoAPI) {
		return instead
	}
	return err
}

func (p *provider) create(c *call, k kind, live bool) error {
	p.cloud.complete(c.typ, c.schema, c.state, c.state)
	made := false
	err := p.faults.around(c, "create", p.stop, func() error {
		if live {
			err := k.create(c)
			live = !errors.Is(err, errNoAPI)
			if err := withoutAPI(err, nil); err != nil {
				made = c.str("id") != ""
				return err
			}
		}
		if !live {
			p.cloud.paper(c)
		}
		made = true
		return nil
	})
	if err != nil && !made {
		c.state = nil
		return err
	}
	return errors.Join(err, p.after(c, k, live))
}

// after reads what was made or changed, for its computed attributes.
func (p *provider) after(c *call, k kind, live bool) error {
	if !live {
		return nil
	}
	if err := k.read(c); err != nil && !errors.Is(err, errNoAPI) {
		return err
	}
	return nil
}

func (p *provider) delete(c *call, k kind, live bool) error {
	c.state = copyObject(c.prior)
	err := p.faults.around(c, "delete", p.stop, func() error {
		if live {
			err := k.delete(c)
			if errors.Is(err, errGone) || errors.Is(err, errNoAPI) {
				err = nil
			}
			return err
		}
		return nil
	})
	if err == nil {
		c.state = nil
	}
	return err
}

func (p *provider) ImportResourceState(_ context.Context, r *tfprotov5.ImportResourceStateRequest) (*tfprotov5.ImportResourceStateResponse, error) {
	s, err := p.resource(r.TypeName)
	if err != nil {
		return nil, err
	}
	k, live := p.cloud.kind(r.TypeName)
	if k.imported == nil {
		k.imported = importer(r.TypeName)
	}
	if !live || k.imported == nil {
		return &tfprotov5.ImportResourceStateResponse{Diagnostics: failed("importing "+r.TypeName, errors.New("this test provider cannot import it"))}, nil
	}
	c := &call{typ: r.TypeName, schema: s.Block, state: emptyBlock(s.Block), importing: true}
	c.state["id"] = r.ID
	k.imported(c, r.ID)
	state, err := encode(c.state, s.typ)
	if err != nil {
		return nil, err
	}
	return &tfprotov5.ImportResourceStateResponse{ImportedResources: []*tfprotov5.ImportedResource{{
		TypeName: r.TypeName, State: state, Private: []byte("import"),
	}}}, nil
}

func (p *provider) ReadDataSource(_ context.Context, r *tfprotov5.ReadDataSourceRequest) (*tfprotov5.ReadDataSourceResponse, error) {
	s := p.schemas.Data[r.TypeName]
	if s == nil {
		return nil, fmt.Errorf("provider %s has no data source %s", p.name, r.TypeName)
	}
	state, err := decode(r.Config, s.typ)
	if err != nil {
		return nil, err
	}
	c := &call{typ: r.TypeName, schema: s.Block, state: state}
	out := &tfprotov5.ReadDataSourceResponse{}
	if err := p.cloud.data(c); err != nil {
		out.Diagnostics = failed("reading data "+r.TypeName, err)
		return out, nil
	}
	settle(s.Block, c.state)
	out.State, err = encode(c.state, s.typ)
	return out, err
}

func (p *provider) ConfigureProvider(_ context.Context, r *tfprotov5.ConfigureProviderRequest) (*tfprotov5.ConfigureProviderResponse, error) {
	config, err := decode(r.Config, p.schemas.Provider.typ)
	if err != nil {
		return nil, err
	}
	out := &tfprotov5.ConfigureProviderResponse{}
	if err := p.cloud.configure(config); err != nil {
		out.Diagnostics = failed("provider "+p.name, err)
	}
	return out, nil
}

func (p *provider) StopProvider(context.Context, *tfprotov5.StopProviderRequest) (*tfprotov5.StopProviderResponse, error) {
	p.once.Do(func() { close(p.stop) })
	return &tfprotov5.StopProviderResponse{}, nil
}

// UpgradeResourceState reads a state of this schema; there are no older ones.
func (p *provider) UpgradeResourceState(_ context.Context, r *tfprotov5.UpgradeResourceStateRequest) (*tfprotov5.UpgradeResourceStateResponse, error) {
	s, err := p.resource(r.TypeName)
	if err != nil {
		return nil, err
	}
	opts := tfprotov5.UnmarshalOpts{ValueFromJSONOpts: tftypes.ValueFromJSONOpts{IgnoreUndefinedAttributes: true}}
	value, err := r.RawState.UnmarshalWithOpts(s.typ, opts)
	if err != nil {
		return nil, err
	}
	state, err := tfprotov5.NewDynamicValue(s.typ, value)
	return &tfprotov5.UpgradeResourceStateResponse{UpgradedState: &state}, err
}

// name is the type with the argument that names the resource, for messages and faults.
func (c *call) name() string {
	for _, key := range namedBy {
		for _, o := range []object{c.state, c.prior} {
			if s, ok := o[key].(string); ok && s != "" {
				return c.typ + ":" + s
			}
		}
	}
	return c.typ
}

// named says whether a fault's resource, TYPE or TYPE:NAME, is this one.
func (c *call) named(resource string) bool {
	if resource == c.typ {
		return true
	}
	for _, key := range namedBy {
		for _, o := range []object{c.state, c.prior} {
			if s, ok := o[key].(string); ok && resource == c.typ+":"+s {
				return true
			}
		}
	}
	return false
}

var namedBy = []string{"node_group_name", "addon_name", "repository_id", "bucket", "account_id", "service", "name", "role", "principal_arn", "cluster_name", "id"}
