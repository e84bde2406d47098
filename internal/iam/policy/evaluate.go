package policy

import (
	"strings"

	"carrel/internal/workspace"
)

// truth is what is known of a condition.
type truth int

const (
	no truth = iota
	unknown
	yes
)

// Evaluate decides a request. A statement that denies wins over all that allow, and what no statement allows is denied. If the resource is not
// known, a statement that depends on it denies but does not allow.
func Evaluate(grants []Grant, r *Request) Decision {
	var decision Decision // in the order of their strength: an uncertain Deny, Allow, an uncertain Allow, nothing
	for g := range grants {
		grant := &grants[g]
		if grant.Project != "" && grant.Project != r.Project {
			continue
		}
		for i := range grant.statements {
			s := &grant.statements[i]
			switch holds := s.matches(r, grant.EnterpriseProject); {
			case holds == no:
			case s.effect == Deny && holds == yes:
				return decision.of(grant, i, Deny, false, false)
			case s.effect == Deny:
				if decision.Effect != Deny {
					decision = decision.of(grant, i, Deny, false, true)
				}
			case holds == yes:
				if decision.Effect != Deny && !decision.Allowed {
					decision = decision.of(grant, i, Allow, true, false)
				}
			case decision.Policy == "":
				decision.Unsure = true
			}
		}
	}
	return decision
}

// matches reports whether the statement is about the request.
func (s *statement) matches(r *Request, enterpriseProject string) truth {
	holds := s.about(r) // first, since that is the quicker test
	if holds == no || !s.hasAction(r.Action) {
		return no
	}
	for i := range s.request {
		if holds == no {
			return no
		}
		holds = min(holds, s.request[i].holds(r))
	}
	if holds == no || len(s.resource) == 0 && enterpriseProject == "" {
		return holds
	}
	if r.Labels == nil {
		return unknown
	}
	if enterpriseProject != "" && r.Labels.EnterpriseID != enterpriseProject {
		return no
	}
	for i := range s.resource {
		if !s.resource[i].Holds(*r.Labels) {
			return no
		}
	}
	return holds
}

func (s *statement) hasAction(action string) bool {
	for i := range s.actions {
		if s.actions[i].matches(action) {
			return true
		}
	}
	return false
}

// about reports whether one of the statement's resources is that of the request.
func (s *statement) about(r *Request) truth {
	holds := no
	for i := range s.resources {
		u := &s.resources[i]
		switch {
		case !u.covers(r):
		case u.id.Any() || r.ID != "" && u.id.Matches(r.ID):
			return yes
		case r.ID == "":
			holds = unknown
		}
	}
	return holds
}

// covers reports whether the parts that a request tells are those of the pattern.
func (u *urn) covers(r *Request) bool {
	return u.kind.Matches(r.Kind) && u.project.Matches(r.Project) && u.region.Matches(r.Region) && (u.service.Any() || u.service.Matches(serviceOf(r.Action)))
}

// serviceOf is the first part of an action.
func serviceOf(action string) string {
	service, _, _ := strings.Cut(action, ":")
	return service
}

// kindOfAction are the kinds of resources that are not the singular of the action's second part.
var kindOfAction = map[string]string{"ou": "ou"}

// KindOf is the kind of the resources that an action is about, as URNs call it: desktop for workspace:desktops:create.
func KindOf(action string) string {
	_, rest, _ := strings.Cut(action, ":")
	plural, _, _ := strings.Cut(rest, ":")
	switch kind, known := kindOfAction[plural]; {
	case known:
		return kind
	case strings.HasSuffix(plural, "ies"):
		return strings.TrimSuffix(plural, "ies") + "y"
	default:
		return strings.TrimSuffix(plural, "s")
	}
}

// Select decides a request for a list. If it is allowed, the list has only the resources of the selection; nil: all.
func Select(grants []Grant, r *Request) (Decision, *workspace.Selection) {
	var (
		selection workspace.Selection
		decision  Decision
		all       bool
	)
	for g := range grants {
		grant := &grants[g]
		if grant.Project != "" && grant.Project != r.Project {
			continue
		}
		for i := range grant.statements {
			s := &grant.statements[i]
			tests, matches := s.residue(r, grant.EnterpriseProject)
			switch {
			case !matches:
			case s.effect == Deny && len(tests) == 0:
				return decision.of(grant, i, Deny, false, false), nil
			case s.effect == Deny:
				selection.Deny = append(selection.Deny, tests)
			default:
				if !decision.Allowed {
					decision = decision.of(grant, i, Allow, true, false)
				}
				all = all || len(tests) == 0
				selection.Allow = append(selection.Allow, tests)
			}
		}
	}
	switch {
	case !decision.Allowed:
		return decision, nil
	case all && len(selection.Deny) == 0:
		return decision, nil
	case all:
		selection.Allow = []workspace.ResourceTests{nil}
	}
	return decision, &selection
}

// residue is what remains to be tested of each resource of a list. False: the statement is not about the request at all.
func (s *statement) residue(r *Request, enterpriseProject string) (tests workspace.ResourceTests, matches bool) {
	if !s.hasAction(r.Action) {
		return nil, false
	}
	for i := range s.request {
		switch holds := s.request[i].holds(r); {
		case holds == no, holds == unknown && s.effect == Allow:
			return nil, false
		}
	}
	var ids []workspace.TextPattern
	every := false
	for i := range s.resources {
		u := &s.resources[i]
		if u.covers(r) {
			every = every || u.id.Any()
			ids = append(ids, u.id)
		}
	}
	switch {
	case len(ids) == 0:
		return nil, false
	case !every:
		tests = append(tests, workspace.ResourceTest{Attribute: workspace.AttributeID, Patterns: ids})
	}
	if enterpriseProject != "" {
		own := []workspace.TextPattern{{Text: enterpriseProject}}
		tests = append(tests, workspace.ResourceTest{Attribute: workspace.AttributeEnterprise, Patterns: own})
	}
	return append(tests, s.resource...), true
}
