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

// explained turns an error that means that the database is out of service into one that tells callers to try again. Errors of the
// domain stay as they are, and so does the error of a caller whose context has ended.
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

// errNoConnection means that a transaction could not begin.
var errNoConnection = errors.New("no connection to the database")

// unreachable reports whether an error is about the connection to a database rather than from the database.
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
