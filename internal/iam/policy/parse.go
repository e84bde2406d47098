package policy

import (
	"fmt"
	"regexp"
	"slices"
	"strings"
	"unicode/utf8"

	"carrel/internal/workspace"
)

// Limits of a policy.
const (
	MaxDocument   = 16 << 10 // bytes
	maxStatements = 100
	maxActions    = 100
	maxResources  = 50
	maxConditions = 10 // keys of one statement
	maxValues     = 50
	maxText       = 256 // bytes
)

// Parse compiles a document. It returns an *Error that names the field which is wrong, too large, or not honoured here: nothing that a
// document says is ignored, but for a statement's Sid.
func Parse(id, document string) (*Policy, error) {
	if len(document) > MaxDocument {
		return nil, invalid("policy", "has %d bytes, at most %d are allowed", len(document), MaxDocument)
	}
	if !utf8.ValidString(document) {
		return nil, invalid("policy", "is not UTF-8")
	}
	v, err := readJSON(document)
	if err != nil {
		return nil, err
	}
	fields, is := v.(object)
	if !is {
		return nil, invalid("policy", "must be an object")
	}
	p := &Policy{ID: id}
	version, statements := false, false
	for _, f := range fields {
		switch f.name {
		case "Version":
			version = true
			if f.value != "1.1" && f.value != "5.0" {
				return nil, invalid("Version", `must be "1.1" or "5.0"`)
			}
		case "Statement":
			statements = true
			if err := p.readStatements(f.value); err != nil {
				return nil, err
			}
		default:
			return nil, invalid(within("policy", f.name), "is not supported, use Version and Statement")
		}
	}
	switch {
	case !version:
		return nil, invalid("Version", `must be given: "1.1" or "5.0"`)
	case !statements:
		return nil, invalid("Statement", "must be given")
	}
	return p, nil
}

func (p *Policy) readStatements(v value) error {
	items, is := v.([]value)
	if !is || len(items) == 0 {
		return invalid("Statement", "must be a list of at least one statement")
	}
	if len(items) > maxStatements {
		return invalid("Statement", "has %d statements, at most %d are allowed", len(items), maxStatements)
	}
	p.statements = make([]statement, len(items))
	for i, item := range items {
		if err := p.statements[i].read(fmt.Sprintf("Statement[%d]", i), item); err != nil {
			return err
		}
	}
	return nil
}

// notSupported are fields that policies may have elsewhere, with what to do instead.
var notSupported = map[string]string{
	"NotAction":    "is not supported, list the actions in Action, or deny some of them",
	"NotResource":  "is not supported, list the resources in Resource, or deny some of them",
	"Principal":    "is not supported, attach the policy to a user or a group",
	"NotPrincipal": "is not supported, attach the policy to a user or a group",
}

func (s *statement) read(field string, v value) error {
	fields, is := v.(object)
	if !is {
		return invalid(field, "must be an object")
	}
	for _, f := range fields {
		of := within(field, f.name)
		var err error
		switch f.name {
		case "Sid":
			_, err = texts(of, f.value, 1)
		case "Effect":
			err = s.readEffect(of, f.value)
		case "Action":
			err = s.readActions(of, f.value)
		case "Resource":
			err = s.readResources(of, f.value)
		case "Condition":
			err = s.readConditions(of, f.value)
		default:
			why, known := notSupported[f.name]
			if !known {
				why = "is not supported, use Sid, Effect, Action, Resource and Condition"
			}
			err = invalid(of, "%s", why)
		}
		if err != nil {
			return err
		}
	}
	switch {
	case s.effect == "":
		return invalid(field+".Effect", "must be given: Allow or Deny")
	case s.actions == nil:
		return invalid(field+".Action", "must be given")
	case s.resources == nil:
		s.resources = []urn{anything}
	}
	return nil
}

func (s *statement) readEffect(field string, v value) error {
	switch v {
	case string(Allow):
		s.effect = Allow
	case string(Deny):
		s.effect = Deny
	default:
		return invalid(field, "must be Allow or Deny")
	}
	return nil
}

// actionForm is the form of actions and their patterns; those of STS have no resource: sts::decodeAuthorizationMessage.
var actionForm = regexp.MustCompile(`^(\*|[A-Za-z0-9*?-]+:[A-Za-z0-9*?-]*(:[A-Za-z0-9*?-]+)?)$`)

func (s *statement) readActions(field string, v value) error {
	patterns, err := texts(field, v, maxActions)
	if err != nil {
		return err
	}
	for i, pattern := range patterns {
		if !actionForm.MatchString(pattern) {
			return invalid(fmt.Sprintf("%s[%d]", field, i), "%q must have the form service:resource:operation, such as workspace:desktops:get* or *", pattern)
		}
		s.actions = append(s.actions, newGlob(pattern))
	}
	return nil
}

// anything is the pattern of all resources.
var anything = urn{everyText, everyText, everyText, everyText, everyText}

var everyText = workspace.TextPattern{Prefix: true}

func (s *statement) readResources(field string, v value) error {
	patterns, err := texts(field, v, maxResources)
	if err != nil {
		return err
	}
	for i, pattern := range patterns {
		u, err := parseURN(fmt.Sprintf("%s[%d]", field, i), pattern)
		if err != nil {
			return err
		}
		s.resources = append(s.resources, u)
	}
	return nil
}

func parseURN(field, text string) (urn, error) {
	if text == "*" {
		return anything, nil
	}
	parts := strings.SplitN(text, ":", 5)
	if len(parts) != 5 {
		return urn{}, invalid(field, "%q must have the form service:region:project:type:id, such as workspace:*:*:desktop:*, or be *", text)
	}
	var u urn
	for i, to := range []*workspace.TextPattern{&u.service, &u.region, &u.project, &u.kind, &u.id} {
		if parts[i] == "" {
			return urn{}, invalid(field, "%q: part %d is empty, write * for any", text, i+1)
		}
		var err error
		if *to, err = prefixPattern(field, parts[i]); err != nil {
			return urn{}, err
		}
	}
	return u, nil
}

func (s *statement) readConditions(field string, v value) error {
	byOperator, is := v.(object)
	if !is {
		return invalid(field, "must be an object of operators")
	}
	n := 0
	for _, operator := range byOperator {
		of := within(field, operator.name)
		byKey, is := operator.value.(object)
		if !is || len(byKey) == 0 {
			return invalid(of, "must be an object of keys")
		}
		for _, key := range byKey {
			if n++; n > maxConditions {
				return invalid(field, "has more than %d keys", maxConditions)
			}
			of := within(of, key.name)
			values, err := texts(of, key.value, maxValues)
			if err != nil {
				return err
			}
			if err := s.addCondition(of, operator.name, key.name, values); err != nil {
				return err
			}
		}
	}
	return nil
}

// texts reads a text, or a list of at least one.
func texts(field string, v value, most int) ([]string, error) {
	items, is := v.([]value)
	if !is {
		items = []value{v}
	}
	if len(items) == 0 {
		return nil, invalid(field, "must not be empty")
	}
	if len(items) > most {
		return nil, invalid(field, "has %d values, at most %d are allowed", len(items), most)
	}
	all := make([]string, len(items))
	for i, item := range items {
		of := field
		if is {
			of = fmt.Sprintf("%s[%d]", field, i)
		}
		switch item := item.(type) {
		case string:
			all[i] = item
		case bool:
			all[i] = fmt.Sprint(item)
		default:
			return nil, invalid(of, "must be a text")
		}
		switch {
		case all[i] == "":
			return nil, invalid(of, "must not be empty")
		case len(all[i]) > maxText:
			return nil, invalid(of, "has %d bytes, at most %d are allowed", len(all[i]), maxText)
		case strings.Contains(all[i], "${"):
			return nil, invalid(of, "variables are not supported")
		case strings.ContainsRune(all[i], 0):
			return nil, invalid(of, "must not contain the character U+0000")
		}
	}
	return all, nil
}

// Unmatched returns the first action of the policy that is none of the known ones, with its field: a misspelt Deny would deny nothing.
func (p *Policy) Unmatched(known []string) error {
	for i := range p.statements {
		for j := range p.statements[i].actions {
			if pattern := &p.statements[i].actions[j]; !matchesOne(pattern, known) {
				return invalid(fmt.Sprintf("Statement[%d].Action[%d]", i, j), "%q is no action", pattern.text)
			}
		}
	}
	return nil
}

func matchesOne(pattern *glob, known []string) bool {
	return slices.ContainsFunc(known, pattern.matches)
}

// Services are the services of the known actions that the policy's statements name.
func (p *Policy) Services(known []string) map[string]bool {
	found := map[string]bool{}
	for i := range p.statements {
		for _, action := range known {
			if p.statements[i].hasAction(action) {
				found[serviceOf(action)] = true
			}
		}
	}
	return found
}
