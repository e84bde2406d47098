package store

import (
	"database/sql"
	"errors"

	"carrel/internal/workspace"
)

// Dangling tells of rows that refer to one that is not there.
func (t *Tx) Dangling(err error) error {
	if err == nil || !t.Refers(err) {
		return err
	}
	return t.Refuse(workspace.Errorf(workspace.CodeConflict,
		"a user, desktop, subnet or security group of the request was deleted meanwhile, try again"))
}

// IgnoreNoRows makes a query that finds nothing a success.
func IgnoreNoRows(err error) error {
	if errors.Is(err, sql.ErrNoRows) {
		return nil
	}
	return err
}
