package desktop

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/uptrace/bun"

	"carrel/internal/store"
	"carrel/internal/workspace"
)

// Members reads the desktops of pools (of all pools with autoscaling if no id is given) in one statement, by pool, then by id.
func Members(ctx context.Context, t *store.Tx, poolIDs ...string) ([]Member, error) {
	if len(poolIDs) == 0 {
		return readMembers(ctx, t, `FROM pools AS p JOIN desktops AS d ON d.pool_id = p.id AND d.pool_id <> ''
			WHERE p.autoscaling ORDER BY d.pool_id, d.id`)
	}
	return readMembers(ctx, t, `FROM desktops AS d WHERE d.pool_id <> '' AND d.pool_id IN (?) ORDER BY d.pool_id, d.id`, bun.List(poolIDs))
}

// ReadMember reads a pool desktop. CodeDesktopNotFound if it does not exist or is in no pool.
func ReadMember(ctx context.Context, t *store.Tx, desktopID string) (Member, error) {
	found, err := readMembers(ctx, t, `FROM desktops AS d WHERE d.id = ? AND d.pool_id <> ''`, desktopID)
	if err == nil && len(found) == 0 {
		err = NotFound(desktopID)
	}
	if err != nil {
		return Member{}, err
	}
	return found[0], nil
}

// MembersOf reads the pool desktops that users are bound to, in any pool, by pool.
func MembersOf(ctx context.Context, t *store.Tx, userIDs ...string) (members []Member, err error) {
	for part := range slices.Chunk(userIDs, store.Batch) {
		some, err := readMembers(ctx, t, `FROM desktops AS d WHERE d.bound_user IN (?) ORDER BY d.pool_id, d.id`, bun.List(part))
		if err != nil {
			return nil, err
		}
		members = append(members, some...)
	}
	return members, nil
}

// fieldEnd separates the fields of a memberText. Ids and names cannot contain it.
const fieldEnd = "\x1f"

// memberText selects a member as one text, in the order of readMember. Both drivers spend much more time on a column than on
// parsing its text, and tens of thousands of members are read at once: with a column per field it took twice as long, through bun
// several times that.
const memberText = `concat_ws('` + fieldEnd + `', d.id, d.pool_id, d.name, d.product_id, d.image_id, d.status, d.task, d.login,
	d.in_maintenance, d.fault <> '' AND d.fault NOT LIKE '` + PartlyApplied + `%', d.auto_created, d.isolated, d.used, d.created, d.updated, COALESCE(CAST(d.idle_since AS TEXT), ''),
	COALESCE(d.bound_user, ''), COALESCE(CAST(d.bound_at AS TEXT), ''), COALESCE(CAST(d.disconnected_at AS TEXT), ''))`

func readMembers(ctx context.Context, t *store.Tx, from string, args ...any) (members []Member, err error) {
	rows, err := t.QueryContext(ctx, "SELECT "+memberText+" "+from, args...)
	if err != nil {
		return nil, err
	}
	defer rows.Close()
	for rows.Next() {
		var text string
		if err := rows.Scan(&text); err != nil {
			return nil, err
		}
		m, err := readMember(&fields{text: text, layout: t.TimeLayout()})
		if err != nil {
			return nil, fmt.Errorf("reading the desktop of a pool, %q: %w", text, err)
		}
		members = append(members, m)
	}
	return members, rows.Err()
}

func readMember(f *fields) (Member, error) {
	m := Member{
		DesktopID: f.next(), PoolID: f.next(), Name: f.next(), ProductID: f.next(), ImageID: f.next(),
		Status: DesktopStatus(f.next()), Task: workspace.Task(f.next()), Login: LoginStatus(f.next()),
		InMaintenance: f.bool(), Troubled: f.bool(), AutoCreated: f.bool(), Isolated: f.bool(), Used: f.bool(),
		Created: f.time(), Updated: f.time(), IdleSince: f.time(),
	}
	if b := (Binding{UserID: f.next(), BoundAt: f.time(), Disconnected: f.time()}); b.UserID != "" {
		m.Binding = b
	}
	return m, f.err
}

// fields parses a memberText.
type fields struct {
	text   string // the rest of it
	layout string // of times
	err    error  // the first error
}

func (f *fields) next() string {
	field, rest, _ := strings.Cut(f.text, fieldEnd)
	f.text = rest
	return field
}

// bool parses a boolean, which SQLite writes as 1 and PostgreSQL as t.
func (f *fields) bool() bool {
	field := f.next()
	return field == "1" || field == "t"
}

// time parses a time; an empty one is the zero time.
func (f *fields) time() time.Time {
	field := f.next()
	if field == "" {
		return time.Time{}
	}
	at, err := time.Parse(f.layout, field)
	if f.err == nil {
		f.err = err
	}
	return at.UTC()
}
