package desktop

import (
	"context"

	"carrel/internal/store"
	"carrel/internal/workspace"
)

// ErrOvertaken is that what a decision rested on changed before it was written. The decision is made again.
var ErrOvertaken = &workspace.Error{Code: workspace.CodeConflict, Message: "somebody was faster, try again"}

// PutMember writes a member, or fails with errOvertaken when it is no longer as it was read.
func PutMember(ctx context.Context, tx *store.Tx, m Member, was Binding, group UserGroup) error {
	saved, err := SaveMember(ctx, tx, m, was, group)
	if err == nil && !saved {
		err = ErrOvertaken
	}
	return err
}

// Release ends a member's binding. The person's display closes at once, since its grounds are gone; the desktop stays used until it
// is reset, which also takes their account away.
func Release(ctx context.Context, tx *store.Tx, m Member) (Member, error) {
	released := m.AfterRelease()
	return released, PutMember(ctx, tx, released, m.Binding, "")
}
