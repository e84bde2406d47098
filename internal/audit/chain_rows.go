package audit

import (
	"context"
	"fmt"
	"time"

	"github.com/uptrace/bun"

	"carrel/internal/store"
	"carrel/internal/workspace"
)

// entryRow is a record with its place in the chain.
type entryRow struct {
	store.BaseModel `bun:"table:audit_records,alias:audit_records"`
	workspace.AuditRecord

	Seq      int64  `bun:",nullzero"`
	Previous string `bun:",nullzero"`
	Hash     string `bun:",nullzero"`
}

func (r entryRow) entry() Entry {
	return Entry{Seq: r.Seq, Record: r.AuditRecord, Previous: r.Previous, Hash: r.Hash}
}

type segmentRow struct {
	store.BaseModel `bun:"table:audit_segments,alias:audit_segments"`
	Segment
}

// unlinked reads committed records that are not in the chain, oldest first.
func unlinked(ctx context.Context, t *store.Tx, limit int) ([]workspace.AuditRecord, error) {
	var rows []workspace.AuditRecord
	err := t.NewSelect().Model(&rows).Where("seq IS NULL").Order("time", "id").Limit(int64(limit)).Scan(ctx)
	return rows, err
}

// anyUnlinked reports whether unlinked would find any.
func anyUnlinked(ctx context.Context, t *store.Tx) (bool, error) {
	return t.NewSelect().Model((*entryRow)(nil)).Where("seq IS NULL").Exists(ctx)
}

// unlinkedBefore counts records from before a time that are not in the chain.
func unlinkedBefore(ctx context.Context, t *store.Tx, when time.Time) (int, error) {
	n, err := t.NewSelect().Model((*entryRow)(nil)).Where("seq IS NULL").Where("time < ?", when).Count(ctx)
	return int(n), err
}

// lastSegment reads the end of the chain; its First is 0 if there is none.
func lastSegment(ctx context.Context, t *store.Tx) (Segment, error) {
	var rows []segmentRow
	err := t.NewSelect().Model(&rows).Order("first_seq DESC").Limit(1).Scan(ctx)
	if err != nil || len(rows) == 0 {
		return Segment{}, err
	}
	return rows[0].Segment, nil
}

// lastPlace returns the last place that is taken. It is that of the last segment unless somebody has changed one of the two: then the chain
// goes on behind both, and verifying finds what was changed.
func lastPlace(ctx context.Context, t *store.Tx, ofSegment int64) (int64, error) {
	var rows []entryRow
	err := t.NewSelect().Model(&rows).Column("seq").Where("seq > ?", ofSegment).Order("seq DESC").Limit(1).Scan(ctx)
	if err != nil || len(rows) == 0 {
		return ofSegment, err
	}
	return rows[0].Seq, nil
}

// saveSegment inserts or replaces a segment.
func saveSegment(ctx context.Context, t *store.Tx, s Segment) error {
	q := t.Inserting(&segmentRow{Segment: s}).On("CONFLICT (first_seq) DO UPDATE")
	for _, column := range []string{"last_seq", "previous", "head", "opened", "newest", "pruned", "seal"} {
		q = q.Set("? = excluded.?", bun.Ident(column), bun.Ident(column))
	}
	_, err := q.Exec(ctx)
	return err
}

// saveLinks writes the places of entries. It fails, and nothing may be committed, if a record has one already.
func saveLinks(ctx context.Context, t *store.Tx, entries []Entry) error {
	links := store.Convert(entries, func(e Entry) bun.TupleValues { return bun.Tuple([]any{e.Record.ID, e.Seq, e.Previous, e.Hash}) })
	n, err := store.Affected(t.NewRaw("WITH links (id, seq, previous, hash) AS (VALUES ?) "+
		"UPDATE audit_records SET seq = links.seq, previous = links.previous, hash = links.hash FROM links "+
		"WHERE audit_records.id = links.id AND audit_records.seq IS NULL", bun.List(links)).Exec(ctx))
	if err == nil && n != len(entries) {
		err = t.Refuse(fmt.Errorf("%d of %d records were linked by another process", len(entries)-n, len(entries)))
	}
	return err
}

// segments reads segments that begin after a place, oldest first.
func segments(ctx context.Context, t *store.Tx, after int64, limit int) ([]Segment, error) {
	var rows []segmentRow
	err := t.NewSelect().Model(&rows).Where("first_seq > ?", after).Order("first_seq").Limit(int64(limit)).Scan(ctx)
	return store.Convert(rows, func(r segmentRow) Segment { return r.Segment }), err
}

// entries reads entries after a place and not after another, in order; those of a time only if it is given.
func entries(ctx context.Context, t *store.Tx, r Range, after int64, limit int) ([]Entry, error) {
	var rows []entryRow
	q := t.NewSelect().Model(&rows).Where("seq > ?", after)
	if r.Last > 0 {
		q = q.Where("seq <= ?", r.Last)
	}
	if !r.From.IsZero() {
		q = q.Where("time >= ?", r.From)
	}
	if !r.Until.IsZero() {
		q = q.Where("time < ?", r.Until)
	}
	err := q.Order("seq").Limit(int64(limit)).Scan(ctx)
	return store.Convert(rows, entryRow.entry), err
}

// firstSince returns the first place of the oldest segment with a record that is not from before a time; 0 if there is none.
func firstSince(ctx context.Context, t *store.Tx, from time.Time) (int64, error) {
	var rows []segmentRow
	err := t.NewSelect().Model(&rows).Where("newest >= ?", from).Order("first_seq").Limit(1).Scan(ctx)
	if err != nil || len(rows) == 0 {
		return 0, err
	}
	return rows[0].First, nil
}

// hashesOf reads the hashes of places.
func hashesOf(ctx context.Context, t *store.Tx, places []int64) (map[int64]string, error) {
	var rows []entryRow
	err := t.NewSelect().Model(&rows).Column("seq", "hash").Where("seq IN (?)", bun.List(places)).Scan(ctx)
	found := make(map[int64]string, len(rows))
	for _, r := range rows {
		found[r.Seq] = r.Hash
	}
	return found, err
}

// deleteEntries deletes the entries of a segment.
func deleteEntries(ctx context.Context, t *store.Tx, s Segment) error {
	_, err := t.NewDelete().Model((*entryRow)(nil)).Where("seq BETWEEN ? AND ?", s.First, s.Last).Exec(ctx)
	return err
}

func deleteSegment(ctx context.Context, t *store.Tx, s Segment) error {
	_, err := t.NewDelete().Model(&segmentRow{Segment: s}).WherePK().Exec(ctx)
	return err
}

// outputRow is how far the chain was sent to an output that does not know it itself.
type outputRow struct {
	store.BaseModel `bun:"table:audit_outputs,alias:audit_outputs"`
	Name            string `bun:",pk"`
	Seq             int64
}

func sent(ctx context.Context, t *store.Tx, output string) (int64, error) {
	var rows []outputRow
	err := t.NewSelect().Model(&rows).Where("name = ?", output).Scan(ctx)
	if err != nil || len(rows) == 0 {
		return 0, err
	}
	return rows[0].Seq, nil
}

func saveSent(ctx context.Context, t *store.Tx, output string, seq int64) error {
	_, err := t.Inserting(&outputRow{Name: output, Seq: seq}).On("CONFLICT (name) DO UPDATE").Set("seq = excluded.seq").Exec(ctx)
	return err
}
