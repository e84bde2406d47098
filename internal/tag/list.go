package tag

import (
	"context"

	"carrel/internal/desktop"
	"carrel/internal/store"
	"carrel/internal/workspace"
)

// noDesktop is the error for tags of a desktop that does not exist, in the words that the Terraform provider looks for.
func noDesktop() error {
	return workspace.Errorf(workspace.CodeDesktopNotFound, "The resource does not exist or is a resource of another project. DesktopId is not exist.")
}

// MaxValues is the maximum number of values that a list has of one key.
const MaxValues = 200

// Of reads the tags of a desktop. CodeDesktopNotFound.
func (s *Service) Of(ctx context.Context, projectID, desktopID string) ([]workspace.Tag, error) {
	return store.View(ctx, s.Store, func(tx *store.Tx) ([]workspace.Tag, error) {
		found, err := desktop.ReadTags(ctx, tx, projectID, []string{desktopID})
		if err == nil && len(found) == 0 {
			err = noDesktop()
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

// Query selects desktops of one project by their tags and name. Everything in it must hold.
type Query struct {
	ProjectID string
	desktop.TagQuery
	Name    string               // part of the name, ignoring case
	Visible *workspace.Selection // those that the caller may see
	workspace.Page
}

// Desktops reads a page of desktops, in the order in which they were created, without volumes and security groups, and counts all
// that match.
func (s *Service) Desktops(ctx context.Context, q Query) ([]desktop.Desktop, int, error) {
	all := desktop.DesktopQuery{ProjectID: q.ProjectID, Tags: q.TagQuery, Name: q.Name, Visible: q.Visible, Brief: true, Page: q.Page}
	return store.List(ctx, s.Store, func(tx *store.Tx) ([]desktop.Desktop, int, error) { return desktop.Desktops(ctx, tx, all) })
}
