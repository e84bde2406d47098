package store

import (
	"context"
	"database/sql"
	"database/sql/driver"
	"errors"
	"io"
	"net"

	"carrel/internal/workspace"
)

// explained makes an error that says that the database is out of service one that callers can tell from a fault: they may try again.
// What the domain says itself stays as it is, and so does the end of a caller that has gone.
func (s *Store) explained(ctx context.Context, err error) error {
	if err == nil || errors.Is(ctx.Err(), context.Canceled) {
		return err
	}
	if _, said := errors.AsType[*workspace.Error](err); said || !s.dialect.outage(err) && !unreachable(err) {
		return err
	}
	s.probed.Store(nil)
	return &workspace.Error{Code: workspace.CodeNoDatabase, Message: "the database does not answer at the moment, try again in a few seconds", Err: err}
}

// errNoConnection says that a transaction could not even begin.
var errNoConnection = errors.New("no connection to the database")

// unreachable says whether an error is of the way to a database rather than the database's.
func unreachable(err error) bool {
	if _, network := errors.AsType[net.Error](err); network && !errors.Is(err, context.DeadlineExceeded) {
		return true
	}
	for _, outage := range []error{
		errNoConnection, driver.ErrBadConn, sql.ErrConnDone, sql.ErrTxDone, io.EOF, io.ErrUnexpectedEOF, net.ErrClosed, errGroupLost,
	} {
		if errors.Is(err, outage) {
			return true
		}
	}
	return false
}
