package tag

import (
	"context"
	"fmt"
	"slices"

	"carrel/internal/desktop"
	"carrel/internal/store"
	"carrel/internal/workspace"
)

// Service changes and lists the tags of desktops. Each method is one transaction. Of two callers that change the tags of one
// desktop, the desktop's row lock decides: the second changes what the first left.
type Service struct {
	Store store.Transactions
}

// Action says what is done with tags.
type Action string

// The actions. Adding a tag with a key that the desktop has replaces that tag. Deleting a tag that the desktop does not have is a
// success; with a value, a tag is deleted only if it has that value.
const (
	Add    Action = "create"
	Delete Action = "delete"
)

// Change is what a request does with the tags of a desktop.
type Change struct {
	DesktopID string
	Tags      []workspace.Tag
}

// apply returns tags after the action with those of change.
func (a Action) apply(tags, change []workspace.Tag) []workspace.Tag {
	tags = slices.Clone(tags)
	for _, c := range change {
		at := slices.IndexFunc(tags, func(t workspace.Tag) bool { return t.Key == c.Key })
		switch {
		case a == Add && at < 0:
			tags = append(tags, c)
		case a == Add:
			tags[at] = c
		case at >= 0 && (c.Value == "" || c.Value == tags[at].Value):
			tags = slices.Delete(tags, at, at+1)
		}
	}
	return tags
}

// AddOne adds a tag to a desktop. CodeDesktopNotFound, CodeInvalid.
func (s *Service) AddOne(ctx context.Context, c workspace.Caller, desktopID string, t workspace.Tag) error {
	if err := workspace.CheckTag("tag", t); err != nil {
		return err
	}
	return s.change(ctx, c, Add, "tag", Change{desktopID, []workspace.Tag{t}})
}

// DeleteOne deletes the tag with a key from a desktop. CodeDesktopNotFound.
func (s *Service) DeleteOne(ctx context.Context, c workspace.Caller, desktopID, key string) error {
	return s.change(ctx, c, Delete, "key", Change{desktopID, []workspace.Tag{{Key: key}}})
}

// Change adds or deletes tags of a desktop. CodeDesktopNotFound, CodeInvalid.
func (s *Service) Change(ctx context.Context, c workspace.Caller, a Action, change Change) error {
	if err := workspace.CheckTags("tags", change.Tags); err != nil {
		return err
	}
	return s.change(ctx, c, a, "tags", change)
}

// change changes the tags of a desktop that must exist.
func (s *Service) change(ctx context.Context, c workspace.Caller, a Action, field string, change Change) error {
	return s.Store.Update(ctx, store.By(c, func(tx *store.Tx) error {
		found, err := changeTags(ctx, tx, c, a, []Change{change}, func(int) string { return field })
		if err == nil && found == 0 {
			err = noDesktop()
		}
		return err
	}))
}

// ChangeEach adds or deletes tags of up to workspace.MaxIDs desktops, all or none. Desktops that do not exist are ignored.
// CodeInvalid.
func (s *Service) ChangeEach(ctx context.Context, c workspace.Caller, a Action, changes []Change) error {
	if err := workspace.CheckIDs("desktops", idsOf(changes)); err != nil {
		return err
	}
	field := func(i int) string { return fmt.Sprintf("desktops[%d].tags", i) }
	for i, change := range changes {
		if err := workspace.CheckTags(field(i), change.Tags); err != nil {
			return err
		}
	}
	return s.Store.Update(ctx, store.By(c, func(tx *store.Tx) error {
		_, err := changeTags(ctx, tx, c, a, changes, field)
		return err
	}))
}

func idsOf(changes []Change) []string {
	return store.Convert(changes, func(c Change) string { return c.DesktopID })
}

// changeTags locks the desktops, writes the tags that differ, and returns how many of the desktops exist. field is the request's
// for the tags of a change.
func changeTags(ctx context.Context, tx *store.Tx, c workspace.Caller, a Action, changes []Change, field func(int) string) (int, error) {
	found, err := desktop.LockTags(ctx, tx, c.ProjectID, idsOf(changes))
	if err != nil {
		return 0, err
	}
	var changed []desktop.Tagged
	for i, change := range changes {
		d, exists := found[change.DesktopID]
		tags := a.apply(d.Tags, change.Tags)
		if !exists {
			continue
		}
		tx.Audit(desktop.Desktop{ID: d.ID, Name: d.Name}.Resource(), "")
		if slices.Equal(tags, d.Tags) {
			continue
		}
		if len(tags) > workspace.MaxTags {
			return 0, workspace.Invalid(field(i), "desktop %s would have %d tags, at most %d are allowed", d.Name, len(tags), workspace.MaxTags)
		}
		d.Tags = tags
		changed = append(changed, d)
	}
	return len(found), desktop.SaveTags(ctx, tx, c.ProjectID, changed)
}
