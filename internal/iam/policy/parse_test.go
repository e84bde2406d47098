package policy_test

import (
	"errors"
	"fmt"
	"strings"
	"testing"

	"carrel/internal/iam/policy"
	"carrel/internal/workspace"
)

const plain = `{"Version": "5.0", "Statement": [{"Effect": "Allow", "Action": ["workspace:desktops:get"]}]}`

// with is a policy of one statement that has these fields, too.
func with(fields string) string {
	return `{"Version": "1.1", "Statement": [{"Effect": "Allow", "Action": "workspace:desktops:get", ` + fields + `}]}`
}

func TestAPolicyIsRefusedByTheFieldThatIsNotHonoured(t *testing.T) {
	long := strings.Repeat("x", 257)
	for text, want := range map[string]string{
		``:                                     "policy: is not valid JSON",
		`[]`:                                   "policy: must be an object",
		`{} {}`:                                "policy: has more than one JSON value",
		`{"Statement": []}`:                    "Statement: must be a list of at least one",
		`{"Version": "5.0"}`:                   "Statement: must be given",
		`{"Version": 5.0}`:                     `Version: must be "1.1" or "5.0"`,
		`{"Version": "1.0"}`:                   `Version: must be "1.1" or "5.0"`,
		`{"version": "5.0"}`:                   "version: is not supported",
		`{"": "5.0"}`:                          `"": is not supported`,
		`{"Depends": []}`:                      "Depends: is not supported",
		`{"Version": "5.0", "Version": "5.0"}`: "Version: is there twice",
		`{"Statement": [{"Effect": "Allow", "Action": ["*"]}]}`:                          "Version: must be given",
		`{"Version": "5.0", "Statement": {}}`:                                            "Statement: must be a list",
		`{"Version": "5.0", "Statement": [[]]}`:                                          "Statement[0]: must be an object",
		`{"Version": "5.0", "Statement": [{"Action": ["*"]}]}`:                           "Statement[0].Effect: must be given",
		`{"Version": "5.0", "Statement": [{"Effect": "allow"}]}`:                         "Statement[0].Effect: must be Allow or Deny",
		`{"Version": "5.0", "Statement": [{"Effect": "Deny"}]}`:                          "Statement[0].Action: must be given",
		`{"Version": "5.0", "Statement": [{"Action": []}]}`:                              "Statement[0].Action: must not be empty",
		`{"Version": "5.0", "Statement": [{"Action": [1]}]}`:                             "Statement[0].Action[0]: must be a text",
		`{"Version": "5.0", "Statement": [{"Action": [null]}]}`:                          "Statement[0].Action[0]: must be a text",
		`{"Version": "5.0", "Statement": [{"Action": ["desktops"]}]}`:                    `Statement[0].Action[0]: "desktops" must have the form`,
		`{"Version": "5.0", "Statement": [{"Action": ["a:b:c:d"]}]}`:                     "must have the form",
		`{"Version": "5.0", "Statement": [{"Action": ["` + long + `"]}]}`:                "has 257 bytes, at most 256",
		`{"Version": "5.0", "Statement": [{"NotAction": ["*"]}]}`:                        "Statement[0].NotAction: is not supported, list the actions",
		with(`"Principal": "*"`):                                                         "Statement[0].Principal: is not supported",
		with(`"NotResource": "*"`):                                                       "Statement[0].NotResource: is not supported",
		with(`"effect": "Deny"`):                                                         "Statement[0].effect: is not supported",
		with(`"Effect": "Deny"`):                                                         "Statement[0].Effect: is there twice",
		with(`"Resource": ["desktop"]`):                                                  "Statement[0].Resource[0]:",
		with(`"Resource": ["workspace:*:*:desktop:"]`):                                   "part 5 is empty",
		with(`"Resource": ["workspace:*:*:desktop:a*b"]`):                                "a * is allowed at the end only",
		with(`"Resource": ["workspace:*:*:desktop:?"]`):                                  "a * is allowed at the end only",
		with(`"Condition": []`):                                                          "Statement[0].Condition: must be an object",
		with(`"Condition": {"StringEquals": []}`):                                        "Statement[0].Condition.StringEquals: must be an object of keys",
		with(`"Condition": {"StringMatch": {"g:SourceIp": "x"}}`):                        `operator "StringMatch" is not supported, use one of Bool, DateGreaterThan`,
		with(`"Condition": {"ForAllValues:StringEquals": {"g:SourceIp": "x"}}`):          `operator "ForAllValues:StringEquals" is not supported`,
		with(`"Condition": {"ForAnyValue:Bool": {"g:MFAPresent": "true"}}`):              "ForAnyValue with StringEquals or StringLike only",
		with(`"Condition": {"ForAnyValue:StringNotEquals": {"g:SourceIp": "x"}}`):        "ForAnyValue with StringEquals or StringLike only",
		with(`"Condition": {"StringEquals": {"g:UserName": "x"}}`):                       `Statement[0].Condition.StringEquals.g:UserName: key "g:UserName" is not supported, use g:EnterpriseProjectId`,
		with(`"Condition": {"StringEquals": {"g:ResourceTag/": "x"}}`):                   "is not supported",
		with(`"Condition": {"StringEquals": {"g:SourceIp": "x"}}`):                       "operator StringEquals cannot compare g:SourceIp",
		with(`"Condition": {"IpAddress": {"g:SourceIp": "x"}}`):                          `"x" is not an address or a network`,
		with(`"Condition": {"IpAddress": {"g:SourceIp": "::ffff:192.0.2.0/120"}}`):       "write an IPv4 network as such",
		with(`"Condition": {"DateLessThan": {"g:CurrentTime": "tomorrow"}}`):             `"tomorrow" is not a time`,
		with(`"Condition": {"DateLessThan": {"g:CurrentTime": "0001-01-01T00:00:00Z"}}`): "outside of the years 1970 to 9999",
		with(`"Condition": {"Bool": {"g:MFAPresent": "yes"}}`):                           `"yes" must be "true" or "false"`,
		with(`"Condition": {"Bool": {"g:MFAPresent": ["true", "false"]}}`):               "has 2 values, give one",
		with(`"Condition": {"StringLike": {"g:ResourceTag/team": "*a"}}`):                "a * is allowed at the end only",
		with(`"Condition": {"StringEquals": {"g:ResourceTag/team": ""}}`):                "must not be empty",
		with(`"Condition": {"StringEquals": {"g:ResourceTag/team": "${g:UserName}"}}`):   "variables are not supported",
		strings.Repeat("[", 100):                                                         "is nested too deeply",
		strings.Repeat(" ", 16<<10) + plain:                                              "at most 16384 are allowed",
		"{\"Version\": \"5.0\xff\"}":                                                     "policy: is not UTF-8",
		statements(101):                                                                  "Statement: has 101 statements, at most 100",
	} {
		_, err := policy.Parse("p", text)
		of, is := errors.AsType[*policy.Error](err)
		if !is || !strings.Contains(of.Error(), want) {
			t.Errorf("%.100s: got %v, want %s", text, err, want)
		}
	}
}

func statements(n int) string {
	one := `{"Effect":"Allow","Action":"*"}`
	return `{"Version":"5.0","Statement":[` + strings.TrimSuffix(strings.Repeat(one+",", n), ",") + `]}`
}

func TestAPolicyIsTaken(t *testing.T) {
	for _, text := range []string{
		plain, statements(100), with(`"Sid": "one"`), with(`"Resource": "*"`), with(`"Condition": {}`),
		with(`"Condition": {"Bool": {"g:MFAPresent": true}, "IpAddress": {"g:SourceIp": ["2001:db8::/32", "192.0.2.1"]}}`),
		with(`"Condition": {"ForAnyValue:StringLike": {"g:ResourceTag/team": ["a*"]}}`),
	} {
		if _, err := policy.Parse("p", text); err != nil {
			t.Errorf("%s: %v", text, err)
		}
	}
}

func TestAMisspeltActionIsFound(t *testing.T) {
	known := []string{"workspace:desktops:get", "workspace:desktops:list"}
	for action, want := range map[string]string{
		"workspace:desktops:get": "", "WORKSPACE:*:G*": "", "*": "", "workspace:desktop:get": "Statement[0].Action[0]",
	} {
		p, err := policy.Parse("p", fmt.Sprintf(`{"Version":"5.0","Statement":[{"Effect":"Deny","Action":[%q]}]}`, action))
		if err != nil {
			t.Fatal(err)
		}
		if err := p.Unmatched(known); (err == nil) != (want == "") || err != nil && !strings.Contains(err.Error(), want) {
			t.Errorf("%s: %v", action, err)
		}
	}
}

// FuzzParse: whatever a document is, the parser ends, with a policy or with an Error that names a field.
func FuzzParse(f *testing.F) {
	f.Add(plain)
	f.Add(statements(3))
	f.Add(with(`"Sid": "one", "Resource": ["workspace:*:*:desktop:d*"], "Condition": {"StringLike": {"g:ResourceTag/team": ["a*"]}}`))
	f.Add(with(`"Condition": {"NotIpAddress": {"g:SourceIp": "10.0.0.0/8"}, "DateLessThan": {"g:CurrentTime": "2026-01-01T00:00:00Z"}}`))
	f.Add(`{"Version": "5.0", "Version": 1e999}`)
	f.Add(strings.Repeat("[", 50))
	f.Add(`{""`)
	f.Fuzz(func(t *testing.T, text string) {
		p, err := policy.Parse("p", text)
		if err != nil {
			if of, is := errors.AsType[*policy.Error](err); !is || of.Field == "" || of.Reason == "" {
				t.Fatalf("%v", err)
			}
			return
		}
		again, err := policy.Parse("p", text)
		if err != nil || fmt.Sprintf("%+v", again) != fmt.Sprintf("%+v", p) {
			t.Fatalf("a second look differs: %v", err)
		}
	})
}

// FuzzEvaluate: a decision ends, names a statement that exists, and agrees with the list that it is about.
func FuzzEvaluate(f *testing.F) {
	f.Add(plain, "workspace:desktops:get", "d1", "0", "team", "a")
	f.Add(with(`"Resource": ["workspace:*:*:desktop:d*"], "Condition": {"StringLike": {"g:ResourceTag/team": ["a*"]}}`), "workspace:desktops:get", "d1", "0", "team", "ab")
	f.Add(with(`"Condition": {"StringNotEquals": {"g:EnterpriseProjectId": "0"}}`), "workspace:desktops:get", "", "0", "", "")
	f.Add(`{"Version":"5.0","Statement":[{"Effect":"Deny","Action":"*"},{"Effect":"Allow","Action":"*:*:*?*"}]}`, "a:b:c", "x", "y", "z", "")
	f.Fuzz(func(t *testing.T, text, action, id, enterprise, key, value string) {
		p, err := policy.Parse("p", text)
		if err != nil {
			return
		}
		grants := []policy.Grant{{Policy: p}, {Policy: p, EnterpriseProject: enterprise}}
		r := &policy.Request{Action: action, Project: "p1", Kind: policy.KindOf(action)}
		blind := policy.Evaluate(grants, r)
		list, selection := policy.Select(grants, r)
		r.ID, r.Labels = id, labels(id, enterprise, workspace.Tag{Key: key, Value: value})
		d := policy.Evaluate(grants, r)
		switch {
		case blind.Allowed && !d.Allowed:
			t.Fatal("allowed without knowing the resource only")
		case !blind.Unsure && blind.Allowed != d.Allowed:
			t.Fatal("sure without knowing the resource, and wrong")
		case id != "" && (list.Allowed && selection.Has(*r.Labels)) != d.Allowed:
			t.Fatal("a list has what the caller may not ask for, or lacks what they may")
		case (d.Policy == "") != (d.Effect == ""):
			t.Fatalf("%+v", d)
		}
	})
}
