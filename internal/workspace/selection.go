package workspace

import "strings"

// Selection is a set of resources: those for which the tests of one of Allow hold, and of none of Deny.
type Selection struct {
	Allow, Deny []ResourceTests
}

// ResourceTests hold if each of them does.
type ResourceTests []ResourceTest

// ResourceTest holds for a resource that has the attribute with a text of one of the patterns; with Not, for all others.
type ResourceTest struct {
	Attribute ResourceAttribute
	Key       string // of a tag
	Patterns  []TextPattern
	Not       bool
}

// ResourceAttribute is an attribute that resources are selected by.
type ResourceAttribute int

// The attributes.
const (
	AttributeID ResourceAttribute = iota
	AttributeEnterprise
	AttributeTag
)

// TextPattern matches a text, or all that begin with it.
type TextPattern struct {
	Text   string
	Prefix bool
}

// Any reports whether the pattern matches every text.
func (p TextPattern) Any() bool { return p.Prefix && p.Text == "" }

// Matches reports whether the text is of the pattern.
func (p TextPattern) Matches(text string) bool {
	return text == p.Text || p.Prefix && strings.HasPrefix(text, p.Text)
}

// ResourceLabels are the attributes of one resource.
type ResourceLabels struct {
	ID           string
	EnterpriseID string
	Tags         []Tag
}

// Holds reports whether the test holds for a resource.
func (t ResourceTest) Holds(l ResourceLabels) bool {
	has := false
	switch t.Attribute {
	case AttributeID:
		has = t.matches(l.ID)
	case AttributeEnterprise:
		has = t.matches(l.EnterpriseID)
	case AttributeTag:
		for i := range l.Tags {
			has = has || l.Tags[i].Key == t.Key && t.matches(l.Tags[i].Value)
		}
	}
	return has != t.Not
}

func (t ResourceTest) matches(text string) bool {
	for i := range t.Patterns {
		if t.Patterns[i].Matches(text) {
			return true
		}
	}
	return false
}

// Beside is what is left of a selection for what belongs to a resource with the labels: it has the id and the tags of that one, but an enterprise
// project of its own.
func (s *Selection) Beside(l ResourceLabels) *Selection {
	if s == nil {
		return nil
	}
	return &Selection{Allow: beside(s.Allow, l), Deny: beside(s.Deny, l)}
}

func beside(all []ResourceTests, l ResourceLabels) (left []ResourceTests) {
next:
	for _, tests := range all {
		var own ResourceTests
		for _, t := range tests {
			switch {
			case t.Attribute == AttributeEnterprise:
				own = append(own, t)
			case !t.Holds(l):
				continue next
			}
		}
		left = append(left, own)
	}
	return left
}

// Has reports whether the selection has a resource. Nil has all.
func (s *Selection) Has(l ResourceLabels) bool {
	return s == nil || anyHolds(s.Allow, l) && !anyHolds(s.Deny, l)
}

func anyHolds(all []ResourceTests, l ResourceLabels) bool {
	for _, tests := range all {
		holds := true
		for i := range tests {
			holds = holds && tests[i].Holds(l)
		}
		if holds {
			return true
		}
	}
	return false
}
