package main

import "testing"

func TestPolicyDocument(t *testing.T) {
	p := awsHere(t)
	s := p.schemas.Data["aws_iam_policy_document"]
	read := func(given object) string {
		t.Helper()
		state := emptyBlock(s.Block)
		fillGiven(s.Block, state, given)
		if err := p.cloud.data(&call{typ: "aws_iam_policy_document", schema: s.Block, state: state}); err != nil {
			t.Fatal(err)
		}
		return state["json"].(string)
	}
	pods := object{
		"sid": "Pods", "actions": []any{"sts:AssumeRole", "sts:TagSession"},
		"principals": []any{object{"type": "Service", "identifiers": []any{"pods.eks.amazonaws.com"}}},
		"condition": []any{
			object{"test": "StringEquals", "variable": "aws:SourceAccount", "values": []any{"1"}},
			object{"test": "StringEquals", "variable": "aws:SourceArn", "values": []any{"a", "b"}},
		},
	}
	got := read(object{"statement": []any{pods, object{"effect": "Deny", "actions": []any{"s3:*"}, "resources": []any{"*"}, "principals": []any{object{"type": "*", "identifiers": []any{"*"}}}}}})
	want := `{"Version":"2012-10-17","Statement":[
		{"Sid":"Pods","Effect":"Allow","Action":["sts:TagSession","sts:AssumeRole"],"Principal":{"Service":"pods.eks.amazonaws.com"},
		 "Condition":{"StringEquals":{"aws:SourceAccount":"1","aws:SourceArn":["a","b"]}}},
		{"Effect":"Deny","Action":"s3:*","Resource":"*","Principal":"*"}]}`
	if !sameJSON(got, want) {
		t.Errorf("the document is\n%s", got)
	}
	joined := read(object{
		"source_policy_documents":   []any{got},
		"override_policy_documents": []any{`{"Statement":{"Sid":"Pods","Effect":"Deny","Action":"sts:AssumeRole"}}`},
		"statement":                 []any{object{"sid": "Read", "actions": []any{"s3:GetObject"}, "resources": []any{"&{x}"}}},
	})
	want = `{"Version":"2012-10-17","Statement":[{"Sid":"Pods","Effect":"Deny","Action":"sts:AssumeRole"},
		{"Effect":"Deny","Action":"s3:*","Resource":"*","Principal":"*"},
		{"Sid":"Read","Effect":"Allow","Action":"s3:GetObject","Resource":"${x}"}]}`
	if !sameJSON(joined, want) {
		t.Errorf("the joined document is\n%s", joined)
	}
}
