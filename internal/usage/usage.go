package usage

import (
	"context"
	"time"

	"carrel/internal/desktop"
	"carrel/internal/store"
	"carrel/internal/workspace"
)

// Service says how desktops were used. It is safe for concurrent use.
type Service struct {
	Store store.Transactions
}

// Session is the time that a user was connected to a desktop by one display.
type Session struct {
	ID        string // the connection's
	ProjectID string
	DesktopID string
	UserID    string
	UserName  string // as it was
	Begun     time.Time
	Ended     time.Time `bun:",nullzero"` // zero: it goes on
}

// Period is a time from From to, not including, Until.
type Period struct{ From, Until time.Time }

// Unit is a part of time that use is told for.
type Unit string

// The units. Both begin and end in UTC.
const (
	ByDay  Unit = "DAY"
	ByHour Unit = "HOUR"
)

func (u Unit) plural() string {
	if u == ByHour {
		return "hours"
	}
	return "days"
}

// MaxParts is the maximum number of days or hours that a query may have.
const MaxParts = 366

// span is how long a unit is.
func (u Unit) span() time.Duration {
	if u == ByHour {
		return time.Hour
	}
	return 24 * time.Hour
}

// Query selects uses of desktops of one project.
type Query struct {
	ProjectID  string
	DesktopIDs []string // all if empty
	UserName   string   // all if empty; ignoring case
	Period     Period
	By         Unit
	Visible    *workspace.Selection // desktops that the caller may see
	workspace.Page
}

// Check returns CodeInvalid for a period that does not end after it begins, or has more than MaxParts parts.
func (q Query) Check() error {
	if !q.Period.Until.After(q.Period.From) {
		return workspace.Invalid("end_time", "must be later than start_time")
	}
	if q.Period.Until.Sub(q.Period.From) > MaxParts*q.By.span() {
		return workspace.Invalid("end_time", "is more than %d %s after start_time, ask for less at once", MaxParts, q.By.plural())
	}
	return nil
}

// Use is how long a user used a desktop, by the parts of a period. Parts without use are left out.
type Use struct {
	DesktopID string
	UserName  string
	Parts     []Part
}

// Part is how long a desktop was used within the day or hour that begins at Begin.
type Part struct {
	Begin time.Time
	Used  time.Duration
}

// Used reads a page of uses, ordered by desktop and user, and counts all that match. CodeInvalid (Query.Check).
func (s *Service) Used(ctx context.Context, q Query) ([]Use, int, error) {
	if err := q.Check(); err != nil {
		return nil, 0, err
	}
	return store.List(ctx, s.Store, func(tx *store.Tx) ([]Use, int, error) {
		users, total, err := usersOfDesktops(ctx, tx, q)
		if err != nil || len(users) == 0 {
			return nil, total, err
		}
		sessions, err := sessionsOf(ctx, tx, q, users)
		if err != nil {
			return nil, 0, err
		}
		return store.Convert(users, func(u userOfDesktop) Use {
			return Use{DesktopID: u.DesktopID, UserName: u.UserName, Parts: split(sessions[u], q.Period, q.By.span(), tx.Now())}
		}), total, nil
	})
}

// split tells how long sessions, in the order in which they began, lasted within each part of a period. Time in which several overlap counts
// once. A session without an end goes on until now.
func split(sessions []Session, p Period, part time.Duration, now time.Time) (parts []Part) {
	counted := p.From // everything before is counted
	for _, s := range sessions {
		end := s.Ended
		if end.IsZero() {
			end = now
		}
		if end.After(p.Until) {
			end = p.Until
		}
		at := s.Begun
		if at.Before(counted) {
			at = counted
		}
		for at.Before(end) {
			begin := at.UTC().Truncate(part)
			until := begin.Add(part)
			if until.After(end) {
				until = end
			}
			if n := len(parts); n == 0 || !parts[n-1].Begin.Equal(begin) {
				parts = append(parts, Part{Begin: begin})
			}
			parts[len(parts)-1].Used += until.Sub(at)
			at = until
		}
		if at.After(counted) {
			counted = at
		}
	}
	return parts
}

// Unused is a desktop that nobody used within a period.
type Unused struct {
	desktop.Desktop
	LastUsed time.Time // when the last session before now ended; zero: never, or longer ago than sessions are kept
}

// Unused reads a page of the desktops that were there before the end of a period and that nobody used within it, and counts all of them. CodeInvalid
// if the period does not end after it begins.
func (s *Service) Unused(ctx context.Context, projectID string, p Period, visible *workspace.Selection, page workspace.Page) ([]Unused, int, error) {
	if !p.Until.After(p.From) {
		return nil, 0, workspace.Invalid("end_time", "must be later than start_time")
	}
	return store.List(ctx, s.Store, func(tx *store.Tx) ([]Unused, int, error) {
		found, total, err := desktop.Desktops(ctx, tx, desktop.DesktopQuery{
			ProjectID: projectID, UnusedFrom: p.From, UnusedUntil: p.Until, Visible: visible, Brief: true, Page: page,
		})
		if err != nil {
			return nil, 0, err
		}
		last, err := lastUsed(ctx, tx, store.Convert(found, func(d desktop.Desktop) string { return d.ID }))
		return store.Convert(found, func(d desktop.Desktop) Unused { return Unused{d, last[d.ID]} }), total, err
	})
}
