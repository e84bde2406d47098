package store

import (
	"context"
	"fmt"
	"time"

	"github.com/uptrace/bun"

	"carrel/internal/workspace"
)

// attemptRow is a tally. A network's tally has no subject, a subject's no network; "-" means none, since an unknown (empty)
// network is also a place.
type attemptRow struct {
	bun.BaseModel `bun:"table:sign_in_attempts,alias:sign_in_attempts"`

	Subject  string `bun:",pk"`
	Network  string `bun:",pk"`
	Failures int
	Until    time.Time
}

type placeRow struct {
	bun.BaseModel `bun:"table:known_places,alias:known_places"`

	Subject string `bun:",pk"`
	Network string `bun:",pk"`
	Used    time.Time
}

const anyone = "-"

func (r attemptRow) tally() workspace.Tally {
	if r.Failures == 0 {
		return workspace.Tally{}
	}
	return workspace.Tally{Failures: r.Failures, Until: r.Until.UTC()}
}

// LockTallies implements workspace.AttemptRows. All callers lock the rows in the same order: network, subject, pair.
func (t *Tx) LockTallies(ctx context.Context, subject, network string) (workspace.Tallies, error) {
	known, err := t.NewSelect().Model((*placeRow)(nil)).Where("subject = ? AND network = ? AND used > ?", subject, network, t.Now().Add(-workspace.PlaceLife)).Exists(ctx)
	if err != nil {
		return workspace.Tallies{}, fmt.Errorf("reading known places: %w", err)
	}
	out := workspace.Tallies{Known: known}
	for _, one := range []struct {
		subject, network string
		into             *workspace.Tally
	}{{anyone, network, &out.Network}, {subject, anyone, &out.Subject}, {subject, network, &out.Pair}} {
		row := attemptRow{Subject: one.subject, Network: one.network, Until: t.Now()}
		// The update changes nothing; it locks the row.
		err := t.NewInsert().Model(&row).On("CONFLICT (subject, network) DO UPDATE").Set("failures = sign_in_attempts.failures").
			Returning("*").Scan(ctx)
		if err != nil {
			return workspace.Tallies{}, fmt.Errorf("reading failed sign-ins: %w", err)
		}
		*one.into = row.tally()
	}
	return out, nil
}

// SaveTallies implements workspace.AttemptRows.
func (t *Tx) SaveTallies(ctx context.Context, subject, network string, all workspace.Tallies) error {
	for _, one := range []struct {
		subject, network string
		tally            workspace.Tally
	}{{anyone, network, all.Network}, {subject, anyone, all.Subject}, {subject, network, all.Pair}} {
		row := attemptRow{Subject: one.subject, Network: one.network, Failures: one.tally.Failures, Until: one.tally.Until}
		if row.Failures == 0 {
			row.Until = t.Now()
		}
		if _, err := t.NewUpdate().Model(&row).Column("failures", "until").WherePK().Exec(ctx); err != nil {
			return fmt.Errorf("counting failed sign-ins: %w", err)
		}
	}
	return nil
}

// ForgetTallies implements workspace.AttemptRows.
func (t *Tx) ForgetTallies(ctx context.Context, subject string) error {
	_, err := t.NewDelete().Model((*attemptRow)(nil)).Where("subject = ?", subject).Exec(ctx)
	return err
}

// ForgetSubject deletes all rows of a deleted subject.
func (t *Tx) ForgetSubject(ctx context.Context, subject string) error {
	if err := t.ForgetTallies(ctx, subject); err != nil {
		return err
	}
	_, err := t.NewDelete().Model((*placeRow)(nil)).Where("subject = ?", subject).Exec(ctx)
	return err
}

// NotePlace implements workspace.AttemptRows.
func (t *Tx) NotePlace(ctx context.Context, subject, network string) error {
	row := placeRow{Subject: subject, Network: network, Used: t.Now()}
	n, err := Affected(t.NewInsert().Model(&row).On("CONFLICT (subject, network) DO UPDATE").Set("used = excluded.used").
		Where("known_places.used < ?", t.Now().Add(-workspace.PlaceGrain)).Exec(ctx))
	if err != nil || n == 0 {
		return err
	}
	_, err = t.NewRaw("DELETE FROM known_places WHERE subject = ? AND network IN "+
		"(SELECT network FROM known_places WHERE subject = ? ORDER BY used DESC, network LIMIT 1000 OFFSET ?)", subject, subject, workspace.MaxPlaces).Exec(ctx)
	return err
}
