package tag

import (
	"context"
	"fmt"

	"carrel/internal/desktop"
	"carrel/internal/store"
	"carrel/internal/workspace"
)

// Limits of lists.
const (
	MaxConditions = 20  // per list of a query, and values per condition
	MaxValues     = 200 // that a list has of one key
)

// Of reads the tags of a desktop. CodeDesktopNotFound.
func (s *Service) Of(ctx context.Context, projectID, desktopID string) ([]workspace.Tag, error) {
	return store.View(ctx, s.Store, func(tx *store.Tx) ([]workspace.Tag, error) {
		found, err := desktop.ReadTags(ctx, tx, projectID, []string{desktopID})
		if err == nil && len(found) == 0 {
			err = desktop.NotFound(desktopID)
		}
		return found[desktopID].Tags, err
	})
}

// Key is a key with the values that tags of a project's desktops have with it: the first MaxValues, in order.
type Key struct {
	Key    string
	Values []string
}

// KeyQuery selects tags of one project: those with the key or the value, or all if both are empty.
type KeyQuery struct {
	ProjectID string
	Key       string
	Value     string
	workspace.Page
}

// Keys reads a page of the keys of a project's tags, in order, and counts all that match.
func (s *Service) Keys(ctx context.Context, q KeyQuery) ([]Key, int, error) {
	return store.List(ctx, s.Store, func(tx *store.Tx) ([]Key, int, error) { return Keys(ctx, tx, q) })
}

// Query selects desktops of one project by their tags and properties. Everything in it must hold.
type Query struct {
	ProjectID string
	desktop.TagQuery
	Matches []workspace.Tag // a property, only NameProperty, and a part of its value
	workspace.Page
}

// NameProperty is the property that is a desktop's name.
const NameProperty = "resource_name"

// check refuses what is wrong with the query by itself.
func (q Query) check() error {
	for _, list := range []struct {
		field      string
		conditions []desktop.TagCondition
	}{{"tags", q.All}, {"tags_any", q.Any}, {"not_tags", q.NotAll}, {"not_tags_any", q.NotAny}} {
		if n := len(list.conditions); n > MaxConditions {
			return workspace.Invalid(list.field, "%d tags, at most %d are allowed", n, MaxConditions)
		}
		for i, c := range list.conditions {
			at := fmt.Sprintf("%s[%d].", list.field, i)
			if c.Key == "" {
				return workspace.Invalid(at+"key", "must not be empty")
			}
			if n := len(c.Values); n > MaxConditions {
				return workspace.Invalid(at+"values", "%d values, at most %d are allowed", n, MaxConditions)
			}
		}
	}
	if len(q.Matches) > 1 {
		return workspace.Invalid("matches", "%d properties, at most 1 is allowed", len(q.Matches))
	}
	if len(q.Matches) > 0 && q.Matches[0].Key != NameProperty {
		return workspace.Invalid("matches[0].key", "%q is unknown, use %s", q.Matches[0].Key, NameProperty)
	}
	return nil
}

// Desktops reads a page of desktops, in the order in which they were created, without volumes and security groups, and counts all
// that match. CodeInvalid.
func (s *Service) Desktops(ctx context.Context, q Query) ([]desktop.Desktop, int, error) {
	if err := q.check(); err != nil {
		return nil, 0, err
	}
	all := desktop.DesktopQuery{ProjectID: q.ProjectID, Tags: q.TagQuery, Brief: true, Page: q.Page}
	for _, m := range q.Matches {
		all.Name = m.Value
	}
	return store.List(ctx, s.Store, func(tx *store.Tx) ([]desktop.Desktop, int, error) { return desktop.Desktops(ctx, tx, all) })
}
