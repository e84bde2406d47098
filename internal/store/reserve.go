package store

import (
	"context"
	"errors"
	"fmt"
)

// Name is what a process reserves among those on one database: its own name, or the part that it plays.
type Name struct {
	Text   string
	Shared bool // several processes may have it, but none while another has it alone
}

// ErrReserved says that another process has a name.
var ErrReserved = errors.New("reserved by another process")

// ReservedError names what another process has. It is an ErrReserved.
type ReservedError struct{ Name Name }

func (e *ReservedError) Error() string { return fmt.Sprintf("%q is %v", e.Name.Text, ErrReserved) }

// Is implements errors.Is.
func (e *ReservedError) Is(target error) bool { return target == ErrReserved }

// Reserve keeps names until release, or until the process ends, however it ends: then another has them at once. It fails with a
// *ReservedError when another process has one. When the connection to the database was lost and another process took a name meanwhile,
// lost is called, and the caller must stop what it does under it. On SQLite, where the file belongs to one process, it does nothing.
func (s *Store) Reserve(ctx context.Context, lost func(error), names ...Name) (release func(), err error) {
	return s.dialect.reserve(ctx, s.log, names, lost)
}
