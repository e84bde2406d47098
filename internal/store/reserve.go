package store

import (
	"context"
	"errors"
	"fmt"
)

// Name is something that a process reserves among those on one database: its own name, or its role.
type Name struct {
	Text   string
	Shared bool // several processes may have it, unless one has it exclusively
}

// ErrReserved means that another process has a name.
var ErrReserved = errors.New("reserved by another process")

// ReservedError has the name that another process has. It is an ErrReserved.
type ReservedError struct{ Name Name }

func (e *ReservedError) Error() string { return fmt.Sprintf("%q is %v", e.Name.Text, ErrReserved) }

// Is implements errors.Is.
func (e *ReservedError) Is(target error) bool { return target == ErrReserved }

// Reserve reserves names until release is called or the process ends in any way; another process can have them immediately after
// that. *ReservedError if another process has one. If the connection to the database was lost and another process took a name
// meanwhile, it calls lost, and the caller must stop what it does under the name. It does nothing on SQLite, where the file
// belongs to one process.
func (s *Store) Reserve(ctx context.Context, lost func(error), names ...Name) (release func(), err error) {
	return s.dialect.reserve(ctx, s.log, names, lost)
}
