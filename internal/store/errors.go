package store

import (
	"database/sql"
	"errors"

	"carrel/internal/workspace"
)

// Dangling returns the error for rows that refer to one that does not exist.
func (t *Tx) Dangling(err error) error {
	if err == nil || !t.Refers(err) {
		return err
	}
	return t.Refuse(workspace.Errorf(workspace.CodeConflict,
		"a user, desktop, subnet, security group or unit of the request was deleted in the meantime, try again"))
}

// IgnoreNoRows makes a query without rows a success.
func IgnoreNoRows(err error) error {
	if errors.Is(err, sql.ErrNoRows) {
		return nil
	}
	return err
}
