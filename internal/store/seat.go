package store

import (
	"database/sql"
	"errors"
)

// IgnoreNoRows makes a query that finds nothing a success.
func IgnoreNoRows(err error) error {
	if errors.Is(err, sql.ErrNoRows) {
		return nil
	}
	return err
}
