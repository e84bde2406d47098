package policy_test

import (
	"encoding/json"
	"net/netip"
	"regexp"
	"slices"
	"strings"
	"time"

	"carrel/internal/iam/policy"
	"carrel/internal/workspace"
)

// document is a policy as JSON has it, for a slow evaluator that does literally what docs/permissions.md says.
type document struct {
	Version   string
	Statement []clause
}

type clause struct {
	Effect    string
	Action    []string
	Resource  []string                       `json:",omitempty"`
	Condition map[string]map[string][]string `json:",omitempty"`
}

func (d document) text() string {
	text, err := json.Marshal(d)
	if err != nil {
		panic(err)
	}
	return string(text)
}

// attached is a document that is attached somewhere.
type attached struct {
	document
	id, project, enterprise string
}

// allowed is the answer to a request whose resource is known.
func allowed(all []attached, r *policy.Request) bool {
	allow := false
	for _, a := range all {
		if a.project != "" && a.project != r.Project || a.enterprise != "" && a.enterprise != r.Labels.EnterpriseID {
			continue
		}
		for _, c := range a.Statement {
			if !c.isAbout(r) {
				continue
			}
			if c.Effect == "Deny" {
				return false
			}
			allow = true
		}
	}
	return allow
}

func (c clause) isAbout(r *policy.Request) bool {
	action := slices.ContainsFunc(c.Action, func(p string) bool { return like("(?i)", p, r.Action) })
	service, _, _ := strings.Cut(r.Action, ":")
	urn := strings.Join([]string{service, r.Region, r.Project, r.Kind, r.ID}, ":")
	resource := c.Resource == nil || slices.ContainsFunc(c.Resource, func(p string) bool {
		return p == "*" || everyPart(p, urn)
	})
	if !action || !resource {
		return false
	}
	for operator, keys := range c.Condition {
		for key, values := range keys {
			if !holds(strings.TrimPrefix(operator, "ForAnyValue:"), key, values, r) {
				return false
			}
		}
	}
	return true
}

func everyPart(pattern, urn string) bool {
	of := strings.SplitN(urn, ":", 5)
	for i, part := range strings.SplitN(pattern, ":", 5) {
		if !like("", part, of[i]) {
			return false
		}
	}
	return true
}

// like matches a text with a pattern of * and ?.
func like(flags, pattern, text string) bool {
	quoted := regexp.QuoteMeta(pattern)
	quoted = strings.ReplaceAll(strings.ReplaceAll(quoted, `\*`, ".*"), `\?`, ".")
	return regexp.MustCompile("(?s)" + flags + "^" + quoted + "$").MatchString(text)
}

func holds(operator, key string, values []string, r *policy.Request) bool {
	var actual []string
	switch {
	case key == "g:EnterpriseProjectId":
		actual = []string{r.Labels.EnterpriseID}
	case strings.HasPrefix(key, "g:ResourceTag/"):
		for _, t := range r.Labels.Tags {
			if t.Key == strings.TrimPrefix(key, "g:ResourceTag/") {
				actual = append(actual, t.Value)
			}
		}
	}
	one := func(is func(string, string) bool) bool {
		return slices.ContainsFunc(actual, func(a string) bool {
			return slices.ContainsFunc(values, func(v string) bool { return is(v, a) })
		})
	}
	equal := func(a, b string) bool { return a == b }
	pattern := func(v, a string) bool { return like("", v, a) }
	inside := func() bool {
		return slices.ContainsFunc(values, func(v string) bool {
			if !strings.Contains(v, "/") {
				v += "/32"
			}
			return netip.MustParsePrefix(v).Contains(r.Address)
		})
	}
	moment := func() time.Time {
		t, err := time.Parse(time.RFC3339, values[0])
		if err != nil {
			panic(err)
		}
		return t
	}
	switch operator {
	case "StringEquals":
		return one(equal)
	case "StringNotEquals":
		return !one(equal)
	case "StringLike":
		return one(pattern)
	case "StringNotLike":
		return !one(pattern)
	case "IpAddress":
		return inside()
	case "NotIpAddress":
		return !inside()
	case "DateGreaterThan":
		return r.Time.After(moment())
	case "DateLessThan":
		return r.Time.Before(moment())
	case "Bool":
		return (values[0] == "true") == r.MFA
	}
	panic(operator)
}

// labels of a resource, as the request has them.
func labels(id, enterprise string, tags ...workspace.Tag) *workspace.ResourceLabels {
	return &workspace.ResourceLabels{ID: id, EnterpriseID: enterprise, Tags: tags}
}
