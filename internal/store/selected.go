package store

import (
	"strings"

	"github.com/uptrace/bun"

	"carrel/internal/workspace"
)

// SelectionColumns are where a query finds the attributes of resources.
type SelectionColumns struct {
	ID         string
	Enterprise string
	// Tag returns the condition that there is a tag with the key and a value of one of the patterns.
	Tag func(key string, patterns []workspace.TextPattern) (string, []any)
}

// Selected adds the condition that a row's resource is in a selection; nil adds none.
func Selected(q *bun.SelectQuery, s *workspace.Selection, c SelectionColumns) *bun.SelectQuery {
	if s == nil {
		return q
	}
	text, args := c.In(s)
	return q.Where(text, args...)
}

// In returns the condition that a row's resource is in a selection.
func (c SelectionColumns) In(s *workspace.Selection) (string, []any) {
	text, args := c.oneOf(s.Allow)
	if len(s.Deny) > 0 {
		deny, more := c.oneOf(s.Deny)
		text, args = "("+text+" AND NOT "+deny+")", append(args, more...)
	}
	return text, args
}

// TagOfDesktop is SelectionColumns.Tag for rows with the id of a desktop in a column. One that is gone has no tags.
func TagOfDesktop(column string) func(string, []workspace.TextPattern) (string, []any) {
	return func(key string, patterns []workspace.TextPattern) (string, []any) {
		text, args := Matching("l.value", patterns)
		return "EXISTS (SELECT 1 FROM desktop_tags AS l WHERE l.desktop_id = " + column + " AND l.key = ? AND " + text + ")", append([]any{key}, args...)
	}
}

// oneOf returns the condition that all tests of one of several hold.
func (c SelectionColumns) oneOf(all []workspace.ResourceTests) (string, []any) {
	either := []string{"FALSE"}
	var args []any
	for _, tests := range all {
		each := []string{"TRUE"}
		for _, t := range tests {
			text, more := c.holds(t)
			each, args = append(each, text), append(args, more...)
		}
		either = append(either, "("+strings.Join(each, " AND ")+")")
	}
	return "(" + strings.Join(either, " OR ") + ")", args
}

func (c SelectionColumns) holds(t workspace.ResourceTest) (text string, args []any) {
	switch t.Attribute {
	case workspace.AttributeID:
		text, args = Matching(c.ID, t.Patterns)
	case workspace.AttributeEnterprise:
		text, args = Matching(c.Enterprise, t.Patterns)
	case workspace.AttributeTag:
		text, args = c.Tag(t.Key, t.Patterns)
	}
	if t.Not {
		text = "NOT " + text
	}
	return text, args
}

// Matching returns the condition that a column has a text of one of the patterns.
func Matching(column string, patterns []workspace.TextPattern) (string, []any) {
	var either []string
	var args []any
	for _, p := range patterns {
		switch {
		case p.Any():
			return "(TRUE)", nil
		case p.Prefix:
			text, more := StartingWith(column, p.Text)
			either, args = append(either, "("+text+")"), append(args, more...)
		default:
			either, args = append(either, "? = ?"), append(args, bun.Ident(column), p.Text)
		}
	}
	return "(" + strings.Join(either, " OR ") + ")", args
}
