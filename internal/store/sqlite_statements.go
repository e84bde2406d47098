package store

import (
	"container/list"
	"context"
	"database/sql/driver"
	"errors"
	"fmt"
	"strings"
	"sync/atomic"
	"time"

	"github.com/uptrace/bun/dialect/sqlitedialect"
	"modernc.org/sqlite"
)

// SQLite spends more time on parsing and planning a statement than on executing it. bun writes values into the text of statements, so no two
// have the same text. Here values are taken out again, and each connection keeps the statements that it has prepared, by the text that is left.
const (
	maxPrepared     = 256      // statements per connection
	maxPreparedText = 16 << 10 // bytes; longer ones, of many rows, are rarely sent again
)

// valueMark precedes each text that bun writes as a value. What stands in quotes in a query's own text is not marked and stays: an index of
// some rows is used only for a condition that has its very words.
const valueMark = "/**/"

// sqliteSchema marks values that are texts. It writes times so that they sort as text, and reads them as UTC.
type sqliteSchema struct{ *sqlitedialect.Dialect }

// AppendString implements schema.Dialect, as do the next two.
func (d sqliteSchema) AppendString(b []byte, s string) []byte {
	return d.Dialect.AppendString(append(b, valueMark...), s)
}

func (d sqliteSchema) AppendJSON(b, json []byte) []byte {
	return d.Dialect.AppendJSON(append(b, valueMark...), json)
}

func (sqliteSchema) AppendTime(b []byte, t time.Time) []byte {
	return t.UTC().AppendFormat(append(b, valueMark...), "'2006-01-02T15:04:05.000000Z'")
}

// takeValues returns a statement with a parameter in place of each marked value, and the values.
func takeValues(statement string) (text string, values []driver.NamedValue) {
	if !strings.Contains(statement, valueMark) {
		return statement, nil
	}
	var b strings.Builder
	b.Grow(len(statement))
	for rest := statement; ; {
		at := strings.IndexAny(rest, `'"/-`)
		if at < 0 {
			b.WriteString(rest)
			return b.String(), values
		}
		b.WriteString(rest[:at])
		rest = rest[at:]
		if marked, is := strings.CutPrefix(rest, valueMark+"'"); is {
			value, after := cutText(marked)
			if isWord(value) {
				b.WriteString(rest[len(valueMark) : len(rest)-len(after)])
				rest = after
				continue
			}
			values = append(values, driver.NamedValue{Ordinal: len(values) + 1, Value: value})
			b.WriteByte('?')
			rest = after
			continue
		}
		n := tokenLength(rest)
		b.WriteString(rest[:n])
		rest = rest[n:]
	}
}

// isWord reports whether a value may be one of few, such as a state. Those stay in the text: whether an index of some rows is of use depends on
// them, and SQLite plans a statement again whenever a parameter that matters to its plan changes.
func isWord(s string) bool {
	return len(s) <= 24 && !strings.ContainsFunc(s, func(r rune) bool { return r != '_' && (r < 'A' || r > 'Z') && (r < 'a' || r > 'z') })
}

// cutText reads a text without its first quote up to its last one, in which quotes are doubled, and returns it with what follows.
func cutText(s string) (value, rest string) {
	for from := 0; ; {
		end := strings.IndexByte(s[from:], '\'')
		if end < 0 {
			return s, ""
		}
		end += from
		if !strings.HasPrefix(s[end+1:], "'") {
			return strings.ReplaceAll(s[:end], "''", "'"), s[end+1:]
		}
		from = end + 2
	}
}

// tokenLength is the length of the text in quotes, the name in quotes or the comment that s begins with, or of its first byte.
func tokenLength(s string) int {
	end := ""
	switch {
	case s[0] == '\'' || s[0] == '"':
		end = s[:1] // a doubled quote begins the next text, which is copied like this one
	case strings.HasPrefix(s, "--"):
		end = "\n"
	case strings.HasPrefix(s, "/*"):
		end = "*/"
	default:
		return 1
	}
	begin := max(1, len(end))
	if n := strings.Index(s[begin:], end); n >= 0 {
		return begin + n + len(end)
	}
	return len(s)
}

// statementKind says what is done with a statement.
type statementKind int

const (
	asItIs   statementKind = iota // of the schema, a setting
	once                          // its values are taken out, so that its plan is that of the statement that it explains
	repeated                      // and it is kept
)

func kindOf(statement string) statementKind {
	word, _, _ := strings.Cut(strings.TrimLeft(statement, " \t\n"), " ")
	switch strings.ToUpper(word) {
	case "EXPLAIN":
		return once
	case "SELECT", "WITH", "INSERT", "UPDATE", "DELETE":
		if len(statement) > maxPreparedText {
			return once
		}
		return repeated
	}
	return asItIs
}

// preparing connects as the Connector does, with connections that keep their statements.
type preparing struct {
	driver.Connector
	statistics *atomic.Uint64
}

// newPreparing returns a connector for a database by the name that package sqlite takes. When statistics has changed, database/sql replaces
// a connection by a new one before it is used again.
func newPreparing(name string, statistics *atomic.Uint64) (driver.Connector, error) {
	c, err := sqlite.NewConnector(name)
	return preparing{c, statistics}, err
}

// Connect implements driver.Connector.
func (p preparing) Connect(ctx context.Context) (driver.Conn, error) {
	read := p.statistics.Load() // before the connection reads them
	c, err := p.Connector.Connect(ctx)
	if err != nil {
		return nil, err
	}
	whole, is := c.(wholeConn)
	if !is {
		return nil, errors.Join(fmt.Errorf("connections of the driver %T lack a method", p.Driver()), c.Close())
	}
	return &preparingConn{wholeConn: whole, byText: map[string]*list.Element{}, statistics: p.statistics, read: read}, nil
}

// wholeConn is what database/sql may ask of a connection to SQLite.
type wholeConn interface {
	driver.Conn
	driver.ConnBeginTx
	driver.ConnPrepareContext
	driver.ExecerContext
	driver.Pinger
	driver.QueryerContext
	driver.SessionResetter
	driver.Validator
}

// wholeStatement is what it may ask of a prepared statement.
type wholeStatement interface {
	driver.Stmt
	driver.StmtExecContext
	driver.StmtQueryContext
}

// preparingConn is a connection with the statements that it has prepared. Like any connection it is used by one goroutine at a time.
type preparingConn struct {
	wholeConn
	byText map[string]*list.Element // of recent
	recent list.List                // of *prepared, the last used first

	statistics *atomic.Uint64
	read       uint64 // what they were when it was opened
}

// prepared is a statement that is kept. While rows of it are read it cannot be executed again.
type prepared struct {
	wholeStatement
	text string
	busy bool
}

// Close implements driver.Conn.
func (c *preparingConn) Close() error {
	var err error
	for e := c.recent.Front(); e != nil; e = e.Next() {
		err = errors.Join(err, e.Value.(*prepared).Close())
	}
	c.recent.Init()
	clear(c.byText)
	return errors.Join(err, c.wholeConn.Close())
}

// IsValid implements driver.Validator.
func (c *preparingConn) IsValid() bool { return c.statistics.Load() == c.read && c.wholeConn.IsValid() }

// ResetSession implements driver.SessionResetter.
func (c *preparingConn) ResetSession(ctx context.Context) error {
	if !c.IsValid() {
		return driver.ErrBadConn
	}
	return c.wholeConn.ResetSession(ctx)
}

// ExecContext implements driver.ExecerContext.
func (c *preparingConn) ExecContext(ctx context.Context, statement string, args []driver.NamedValue) (driver.Result, error) {
	text, values, s, err := c.prepare(ctx, statement, args)
	if err != nil {
		return nil, err
	}
	if s == nil {
		return c.wholeConn.ExecContext(ctx, text, values)
	}
	return s.ExecContext(ctx, values)
}

// QueryContext implements driver.QueryerContext.
func (c *preparingConn) QueryContext(ctx context.Context, statement string, args []driver.NamedValue) (driver.Rows, error) {
	text, values, s, err := c.prepare(ctx, statement, args)
	if err != nil {
		return nil, err
	}
	if s == nil {
		return c.wholeConn.QueryContext(ctx, text, values)
	}
	rows, err := s.QueryContext(ctx, values)
	if err != nil {
		return nil, err
	}
	s.busy = true
	return preparedRows{rows, s}, nil
}

// preparedRows are rows of a statement that is kept.
type preparedRows struct {
	driver.Rows
	of *prepared
}

// Close implements driver.Rows.
func (r preparedRows) Close() error {
	r.of.busy = false
	return r.Rows.Close()
}

// prepare returns a statement's text and values, and the prepared statement with that text. That is nil if it is not one to keep, or if its
// rows are being read.
func (c *preparingConn) prepare(ctx context.Context, statement string, args []driver.NamedValue) (string, []driver.NamedValue, *prepared, error) {
	kind := kindOf(statement)
	if kind == asItIs || len(args) > 0 {
		return statement, args, nil, nil
	}
	text, values := takeValues(statement)
	if kind == once {
		return text, values, nil, nil
	}
	if e, known := c.byText[text]; known {
		c.recent.MoveToFront(e)
		s := e.Value.(*prepared)
		if s.busy {
			s = nil
		}
		return text, values, s, nil
	}
	made, err := c.PrepareContext(ctx, text)
	if err != nil {
		return text, values, nil, err
	}
	whole, is := made.(wholeStatement)
	if !is {
		return text, values, nil, made.Close()
	}
	s := &prepared{wholeStatement: whole, text: text}
	c.byText[text] = c.recent.PushFront(s)
	return text, values, s, c.forgetOldest()
}

// forgetOldest closes the statement that was not used for the longest time, if there are too many.
func (c *preparingConn) forgetOldest() error {
	oldest := c.recent.Back()
	if c.recent.Len() <= maxPrepared || oldest.Value.(*prepared).busy {
		return nil
	}
	s := c.recent.Remove(oldest).(*prepared)
	delete(c.byText, s.text)
	return s.Close()
}
