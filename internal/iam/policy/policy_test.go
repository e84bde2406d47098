package policy_test

import (
	"fmt"
	"net/netip"
	"strings"
	"testing"
	"time"

	"pgregory.net/rapid"

	"carrel/internal/iam/policy"
	"carrel/internal/workspace"
)

// What documents and requests are drawn from: few texts, so that they meet.
var (
	someActions     = []string{"workspace:desktops:get", "workspace:desktops:delete", "workspace:scripts:getRecordDetail", "iam:users:list", "sts::decodeAuthorizationMessage"}
	actionPatterns  = []string{"*", "workspace:*:get*", "Workspace:Desktops:*", "workspace:desktops:get", "workspace:*:*", "iam:*:*", "*:*:*t", "sts::*", "workspace:desktops:???", "w*:d*s:*e*"}
	somePatterns    = []string{"*", "workspace:*:*:*:*", "workspace:*:p1:desktop:*", "workspace:*:*:desktop:d1", "workspace:local-1:p*:desk*:d*", "iam:*:*:user:*", "*:*:*:*:d2"}
	someIDs         = []string{"d1", "d2", "x"}
	someProjects    = []string{"p1", "p2"}
	someEnterprises = []string{"0", "e1", "e2"}
	someValues      = []string{"a", "ab", "b"}
	someTimes       = []string{"2026-01-01T00:00:00Z", "2026-06-01T00:00:00+02:00", "2027-01-01T00:00:00Z"}
	someAddresses   = []string{"192.0.2.1", "192.0.2.200", "198.51.100.7"}
)

func drawDocument(t *rapid.T) document {
	d := document{Version: "5.0"}
	for range rapid.IntRange(1, 3).Draw(t, "statements") {
		c := clause{
			Effect: rapid.SampledFrom([]string{"Allow", "Allow", "Deny"}).Draw(t, "effect"),
			Action: rapid.SliceOfN(rapid.SampledFrom(actionPatterns), 1, 2).Draw(t, "action"),
		}
		if rapid.Bool().Draw(t, "with resource") {
			c.Resource = rapid.SliceOfN(rapid.SampledFrom(somePatterns), 1, 2).Draw(t, "resource")
		}
		for range rapid.IntRange(0, 2).Draw(t, "conditions") {
			drawCondition(t, &c)
		}
		d.Statement = append(d.Statement, c)
	}
	return d
}

func drawCondition(t *rapid.T, c *clause) {
	var operator, key string
	var values []string
	switch rapid.IntRange(0, 4).Draw(t, "kind") {
	case 0:
		operator, key = rapid.SampledFrom([]string{"StringEquals", "StringNotEquals", "ForAnyValue:StringEquals"}).Draw(t, "operator"), "g:EnterpriseProjectId"
		values = rapid.SliceOfN(rapid.SampledFrom(someEnterprises), 1, 2).Draw(t, "values")
	case 1:
		operator = rapid.SampledFrom([]string{"StringEquals", "StringNotEquals", "StringLike", "StringNotLike", "ForAnyValue:StringLike"}).Draw(t, "operator")
		key = "g:ResourceTag/" + rapid.SampledFrom([]string{"team", "floor"}).Draw(t, "tag")
		from := someValues
		if strings.HasSuffix(operator, "Like") {
			from = []string{"a", "a*", "*", "b*"}
		}
		values = rapid.SliceOfN(rapid.SampledFrom(from), 1, 2).Draw(t, "values")
	case 2:
		operator, key = rapid.SampledFrom([]string{"IpAddress", "NotIpAddress"}).Draw(t, "operator"), "g:SourceIp"
		values = rapid.SliceOfN(rapid.SampledFrom([]string{"192.0.2.0/25", "192.0.2.200", "0.0.0.0/0"}), 1, 2).Draw(t, "values")
	case 3:
		operator, key = rapid.SampledFrom([]string{"DateGreaterThan", "DateLessThan"}).Draw(t, "operator"), "g:CurrentTime"
		values = []string{rapid.SampledFrom(someTimes).Draw(t, "time")}
	default:
		operator, key = "Bool", "g:MFAPresent"
		values = []string{rapid.SampledFrom([]string{"true", "false"}).Draw(t, "value")}
	}
	if c.Condition == nil {
		c.Condition = map[string]map[string][]string{}
	}
	if c.Condition[operator] == nil {
		c.Condition[operator] = map[string][]string{}
	}
	c.Condition[operator][key] = values
}

func drawAttached(t *rapid.T) (all []attached, grants []policy.Grant) {
	for i := range rapid.IntRange(0, 3).Draw(t, "policies") {
		a := attached{document: drawDocument(t), id: fmt.Sprint("policy-", i)}
		switch rapid.IntRange(0, 2).Draw(t, "scope") {
		case 0:
			a.project = rapid.SampledFrom(someProjects).Draw(t, "project")
		case 1:
			a.enterprise = rapid.SampledFrom(someEnterprises).Draw(t, "enterprise")
		}
		p, err := policy.Parse(a.id, a.text())
		if err != nil {
			t.Fatalf("%s: %v", a.text(), err)
		}
		all = append(all, a)
		grants = append(grants, policy.Grant{Policy: p, Project: a.project, EnterpriseProject: a.enterprise})
	}
	return all, grants
}

func drawRequest(t *rapid.T) *policy.Request {
	moment, err := time.Parse(time.RFC3339, rapid.SampledFrom(someTimes).Draw(t, "now"))
	if err != nil {
		t.Fatal(err)
	}
	r := &policy.Request{
		Action: rapid.SampledFrom(someActions).Draw(t, "asked"), Region: "local-1", Project: rapid.SampledFrom(someProjects).Draw(t, "of"),
		Address: netip.MustParseAddr(rapid.SampledFrom(someAddresses).Draw(t, "from")), Time: moment.Add(time.Second), MFA: rapid.Bool().Draw(t, "mfa"),
	}
	r.Kind = policy.KindOf(r.Action)
	return r
}

func drawLabels(t *rapid.T) *workspace.ResourceLabels {
	l := labels(rapid.SampledFrom(someIDs).Draw(t, "id"), rapid.SampledFrom(someEnterprises).Draw(t, "in"))
	for _, key := range []string{"team", "floor"} {
		if rapid.Bool().Draw(t, "tagged") {
			l.Tags = append(l.Tags, workspace.Tag{Key: key, Value: rapid.SampledFrom(someValues).Draw(t, "tag value")})
		}
	}
	return l
}

func TestADecisionIsThatOfTheSlowEvaluator(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		all, grants := drawAttached(t)
		r := drawRequest(t)
		r.Labels = drawLabels(t)
		r.ID = r.Labels.ID
		d := policy.Evaluate(grants, r)
		if want := allowed(all, r); d.Allowed != want || d.Unsure {
			t.Fatalf("%+v, want %v", d, want)
		}
		if d.Policy == "" {
			return
		}
		for _, a := range all { // the statement that is named decides alone
			if a.id != d.Policy {
				continue
			}
			if c := a.Statement[d.Statement]; c.Effect != string(d.Effect) || !c.isAbout(r) || (d.Effect == policy.Allow) != d.Allowed {
				t.Fatalf("%+v is not for this request: %+v", d, c)
			}
		}
	})
}

// What is allowed without knowing the resource is allowed for every resource.
func TestADecisionAboutAnUnknownResourceIsTheOneForTheWorstCase(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		all, grants := drawAttached(t)
		r := drawRequest(t)
		d := policy.Evaluate(grants, r)
		r.Labels = drawLabels(t)
		r.ID = r.Labels.ID
		want := allowed(all, r)
		if d.Allowed && !want {
			t.Fatalf("allowed without knowing the resource, and not with it: %+v", d)
		}
		if !d.Unsure && d.Allowed != want {
			t.Fatalf("sure, and wrong: %+v", d)
		}
	})
}

func TestASelectionHasTheResourcesThatTheCallerMayAskForOneByOne(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		all, grants := drawAttached(t)
		r := drawRequest(t)
		d, selection := policy.Select(grants, r)
		r.Labels = drawLabels(t)
		r.ID = r.Labels.ID
		if got, want := d.Allowed && selection.Has(*r.Labels), allowed(all, r); got != want {
			t.Fatalf("the list has it: %v, want %v (%+v, %+v)", got, want, d, selection)
		}
	})
}

func TestTheOrderOfPoliciesDoesNotMatter(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		_, grants := drawAttached(t)
		r := drawRequest(t)
		if rapid.Bool().Draw(t, "known") {
			r.Labels = drawLabels(t)
			r.ID = r.Labels.ID
		}
		want := policy.Evaluate(grants, r)
		got := policy.Evaluate(rapid.Permutation(grants).Draw(t, "order"), r)
		if got.Allowed != want.Allowed || got.Unsure != want.Unsure {
			t.Fatalf("%+v, and in another order %+v", want, got)
		}
	})
}

// A client whose address is not known gets only what every address gets.
func TestAnUnknownAddressIsTheWorstCase(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		_, grants := drawAttached(t)
		r := drawRequest(t)
		r.Labels = drawLabels(t)
		r.ID = r.Labels.ID
		known := policy.Evaluate(grants, r)
		r.Address = netip.Addr{}
		if d := policy.Evaluate(grants, r); d.Allowed && !known.Allowed {
			t.Fatalf("allowed without an address only: %+v, %+v", d, known)
		}
	})
}

func TestKindsAreTheSingularOfWhatActionsName(t *testing.T) {
	for action, want := range map[string]string{
		"workspace:desktops:create": "desktop", "workspace:desktopNamePolicies:list": "desktopNamePolicy", "workspace:ou:list": "ou",
		"workspace:desktopPools:get": "desktopPool", "sts::decodeAuthorizationMessage": "", "iam:users:listUsers": "user",
	} {
		if got := policy.KindOf(action); got != want {
			t.Errorf("%s is about a %q, want %q", action, got, want)
		}
	}
}

func TestBuiltInRolesAreDescribed(t *testing.T) {
	for _, r := range policy.Roles {
		p, is := policy.BuiltIn(r.ID)
		if !is || p.ID != r.ID || r.Document == "" || r.DisplayName == "" || r.Description == "" {
			t.Errorf("%+v", r)
		}
	}
	if _, is := policy.BuiltIn("owner"); is {
		t.Error("there is a role owner")
	}
}

// hundred are 100 statements of a usual kind; none but the last is about the request.
func hundred(b *testing.B) ([]policy.Grant, *policy.Request) {
	d := document{Version: "5.0"}
	for i := range 99 {
		d.Statement = append(d.Statement, clause{
			Effect: "Allow", Action: []string{"workspace:*:batch*", fmt.Sprintf("workspace:desktops:get%d", i)}, Resource: []string{"workspace:*:p2:desktop:*"},
			Condition: map[string]map[string][]string{"StringEquals": {"g:ResourceTag/team": {"a"}}},
		})
	}
	d.Statement = append(d.Statement, clause{Effect: "Allow", Action: []string{"workspace:desktops:*"}})
	half := len(d.Statement) / 2
	var grants []policy.Grant
	for i, part := range [][]clause{d.Statement[:half], d.Statement[half:]} {
		p, err := policy.Parse(fmt.Sprint(i), document{Version: "5.0", Statement: part}.text())
		if err != nil {
			b.Fatal(err)
		}
		grants = append(grants, policy.Grant{Policy: p})
	}
	r := &policy.Request{
		Action: "workspace:desktops:batchDelete", Region: "local-1", Project: "p1", Kind: "desktop", ID: "d1", Labels: labels("d1", "0", workspace.Tag{Key: "team", Value: "a"}),
		Address: netip.MustParseAddr("192.0.2.1"), Time: time.Date(2026, 11, 30, 0, 0, 0, 0, time.UTC),
	}
	return grants, r
}

func BenchmarkEvaluate100Statements(b *testing.B) {
	grants, r := hundred(b)
	b.ReportAllocs()
	for b.Loop() {
		if !policy.Evaluate(grants, r).Allowed {
			b.Fatal("denied")
		}
	}
}
