package main

import (
	"os"
	"strings"
	"testing"
	"time"
)

// Each start of the provider reads the counts of those before it.
func TestFaultsAreCountedOverStarts(t *testing.T) {
	file := writeJSON(t, []fault{{Resource: "aws_iam_role:hub", Step: "create", Kind: "quota", Times: 2}})
	t.Setenv("FRAZIL_WORLD_FAULTS", file)
	config := object{"name": "hub", "assume_role_policy": "{}"}
	for i, fails := range []bool{true, true, false} {
		p := awsHere(t)
		planned, _ := p.plan(t, "aws_iam_role", nil, p.configured("aws_iam_role", config))
		state, diagnostics := p.carryOut(t, "aws_iam_role", nil, planned)
		if fails != (len(diagnostics) > 0) || fails != (state == nil) {
			t.Fatalf("start %d: %v, %v", i+1, state, diagnostics)
		}
		if fails && !strings.Contains(diagnostics[0].Detail, "ResourceLimitExceeded") {
			t.Errorf("it says %s", diagnostics[0].Detail)
		}
	}
	p := awsHere(t)
	other, _ := p.plan(t, "aws_iam_role", nil, p.configured("aws_iam_role", with(config, "name", "other")))
	if _, diagnostics := p.carryOut(t, "aws_iam_role", nil, other); len(diagnostics) > 0 {
		t.Errorf("a fault of hub strikes other: %v", diagnostics[0])
	}
}

// What was made when the call failed is in the state, so that the next apply finds it.
func TestErrorAfterCreateKeepsTheState(t *testing.T) {
	t.Setenv("FRAZIL_WORLD_FAULTS", writeJSON(t, []fault{{Resource: "aws_iam_role", Step: "create", When: "after", Kind: "error", Message: "broken"}}))
	p := awsHere(t)
	planned, _ := p.plan(t, "aws_iam_role", nil, p.configured("aws_iam_role", object{"name": "hub", "assume_role_policy": "{}"}))
	state, diagnostics := p.carryOut(t, "aws_iam_role", nil, planned)
	if len(diagnostics) != 1 || diagnostics[0].Detail != "broken" || state["id"] != "hub" {
		t.Errorf("%v, %v", state["id"], diagnostics)
	}
}

func TestFailedDeleteAndUpdateKeepTheState(t *testing.T) {
	t.Setenv("FRAZIL_WORLD_FAULTS", writeJSON(t, []fault{
		{Resource: "aws_iam_role", Step: "update", Kind: "error"}, {Resource: "aws_iam_role", Step: "delete", Kind: "error"},
	}))
	p := awsHere(t)
	config := object{"name": "hub", "assume_role_policy": "{}"}
	state := made(t, p, "aws_iam_role", p.configured("aws_iam_role", config))
	planned, _ := p.plan(t, "aws_iam_role", state, p.configured("aws_iam_role", with(config, "description", "new")))
	if kept, diagnostics := p.carryOut(t, "aws_iam_role", state, planned); len(diagnostics) != 1 || !same(kept, state) {
		t.Errorf("after a failed update: %v, %v", kept, diagnostics)
	}
	if kept, diagnostics := p.carryOut(t, "aws_iam_role", state, nil); len(diagnostics) != 1 || !same(kept, state) {
		t.Errorf("after a failed delete: %v, %v", kept, diagnostics)
	}
	if gone, diagnostics := p.carryOut(t, "aws_iam_role", state, nil); len(diagnostics) != 0 || gone != nil {
		t.Errorf("after the second delete: %v, %v", gone, diagnostics)
	}
}

func TestHangEndsWhenTerraformStopsTheProvider(t *testing.T) {
	t.Setenv("FRAZIL_WORLD_FAULTS", writeJSON(t, []fault{{Resource: "aws_iam_role", Step: "create", Kind: "hang"}}))
	p := awsHere(t)
	planned, _ := p.plan(t, "aws_iam_role", nil, p.configured("aws_iam_role", object{"name": "hub", "assume_role_policy": "{}"}))
	start := time.Now()
	time.AfterFunc(100*time.Millisecond, func() { p.StopProvider(t.Context(), nil) })
	state, diagnostics := p.carryOut(t, "aws_iam_role", nil, planned)
	if len(diagnostics) != 1 || state != nil || time.Since(start) < 100*time.Millisecond {
		t.Errorf("%v, %v after %s", state, diagnostics, time.Since(start))
	}
}

func TestFaultsThatSayNothingAreRefused(t *testing.T) {
	for _, one := range []fault{
		{Resource: "x", Step: "plan", Kind: "error"}, {Resource: "x", Step: "create", Kind: "fire"}, {Resource: "x", Step: "create", Kind: "error", When: "during"},
	} {
		if _, err := loadFaults(writeJSON(t, []fault{one})); err == nil {
			t.Errorf("%+v is taken", one)
		}
	}
	if _, err := loadFaults(os.DevNull + "/none"); err == nil {
		t.Error("a file that is not there is taken")
	}
}
