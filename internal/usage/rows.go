package usage

import (
	"context"
	"time"

	"github.com/uptrace/bun"

	"carrel/internal/desktop"
	"carrel/internal/store"
)

type sessionRow struct {
	store.BaseModel `bun:"table:usage_sessions,alias:s"`
	Session
	UserNameFolded string // for searches
}

// Begin records that a session has begun.
func Begin(ctx context.Context, t *store.Tx, s Session) error {
	_, err := t.Inserting(&sessionRow{Session: s, UserNameFolded: store.Fold(s.UserName)}).Exec(ctx)
	return err
}

// End records that a session has ended now. A session that has ended already, or is not there, is a success.
func End(ctx context.Context, t *store.Tx, id string) error {
	_, err := t.NewUpdate().Model((*sessionRow)(nil)).Set("ended = ?", t.Now()).Where("id = ? AND ended IS NULL", id).Exec(ctx)
	return err
}

// EndAbandoned ends now the sessions whose connection is gone, with its desktop, its user or its gateway.
func EndAbandoned(ctx context.Context, t *store.Tx) error {
	_, err := t.NewUpdate().Model((*sessionRow)(nil)).Set("ended = ?", t.Now()).
		Where("ended IS NULL AND NOT EXISTS (SELECT 1 FROM connections AS c WHERE c.id = s.id)").Exec(ctx)
	return err
}

// within restricts a query of sessions, as s, to those of a query's project that reach into its period.
func within(sessions *bun.SelectQuery, q Query) *bun.SelectQuery {
	return sessions.Where("s.project_id = ? AND s.begun < ? AND (s.ended IS NULL OR s.ended > ?)", q.ProjectID, q.Period.Until, q.Period.From)
}

// userOfDesktop is a user who used a desktop.
type userOfDesktop struct{ DesktopID, UserName string }

// usersOfDesktops reads a page of who used which desktop, and counts all that match.
func usersOfDesktops(ctx context.Context, t *store.Tx, q Query) ([]userOfDesktop, int, error) {
	var rows []struct {
		store.BaseModel `bun:"table:used,alias:used"`
		userOfDesktop
	}
	used := t.NewSelect().TableExpr("usage_sessions AS s").Join("JOIN desktops AS d ON d.id = s.desktop_id").
		ColumnExpr("DISTINCT s.desktop_id, s.user_name")
	used = within(used, q)
	used = store.Among(used, "s.desktop_id", q.DesktopIDs)
	used = store.Equal(used, "s.user_name_folded", store.Fold(q.UserName))
	used = desktop.Selected(used, q.Visible)
	total, err := store.ReadPage(ctx, t.NewSelect().Model(&rows).ModelTableExpr("(?) AS used", used), q.Page, false, "desktop_id", "user_name")
	users := make([]userOfDesktop, len(rows))
	for i, r := range rows {
		users[i] = r.userOfDesktop
	}
	return users, total, err
}

// sessionsOf reads the sessions of users in desktops within a query's period, in the order in which they began.
func sessionsOf(ctx context.Context, t *store.Tx, q Query, users []userOfDesktop) (map[userOfDesktop][]Session, error) {
	var rows []sessionRow
	of := store.Convert(users, func(u userOfDesktop) bun.TupleValues { return bun.Tuple([]string{u.DesktopID, u.UserName}) })
	err := within(t.NewSelect().Model(&rows), q).
		Where("(s.desktop_id, s.user_name) IN (VALUES ?)", bun.List(of)).
		Order("s.begun", "s.id").Scan(ctx)
	found := map[userOfDesktop][]Session{}
	for _, r := range rows {
		u := userOfDesktop{r.DesktopID, r.UserName}
		found[u] = append(found[u], r.Session)
	}
	return found, err
}

// lastUsed reads when the last session of each desktop ended.
func lastUsed(ctx context.Context, t *store.Tx, desktopIDs []string) (map[string]time.Time, error) {
	last := map[string]time.Time{}
	if len(desktopIDs) == 0 {
		return last, nil
	}
	var rows []sessionRow
	err := t.NewSelect().Model(&rows).Where("s.desktop_id IN (?)", bun.List(desktopIDs)).Where("s.ended IS NOT NULL").
		Where("NOT EXISTS (SELECT 1 FROM usage_sessions AS l WHERE l.desktop_id = s.desktop_id AND (l.ended > s.ended OR l.ended = s.ended AND l.id > s.id))").
		Scan(ctx)
	for _, r := range rows {
		last[r.DesktopID] = r.Ended
	}
	return last, err
}
