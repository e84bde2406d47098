package audit

import (
	"bufio"
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"math"
	"time"

	"carrel/internal/store"
)

// Report is the result of verifying the chain.
type Report struct {
	Records     int    // that were checked
	First, Last int64  // the chain's first and last place; Last is before First if it is empty
	Head        string // the hash of the last record
	Unlinked    int    // records that should have been linked minutes ago, and were not
	Findings    []Finding
	More        int // findings that are not listed
}

// linkPatience is the age of a record that should be linked long since.
const linkPatience = 5 * time.Minute

// How much is read at once.
const (
	entriesAtOnce  = 1000
	segmentsAtOnce = 100
)

// Verify checks the whole chain in one state of the database, and returns what is wrong with it. It changes nothing.
func (s *Service) Verify(ctx context.Context) (Report, error) {
	return store.View(ctx, s.Store, func(tx *store.Tx) (Report, error) {
		v := newVerifier(s.Keys)
		first, err := s.verifySegments(ctx, tx, v)
		if err != nil {
			return Report{}, err
		}
		r := Report{First: first, Last: v.next - 1, Head: v.last}
		if err := findOutside(ctx, tx, v, first, r.Last); err != nil {
			return Report{}, err
		}
		r.Records, r.Findings, r.More = v.records, v.findings, v.more
		r.Unlinked, err = unlinkedBefore(ctx, tx, tx.Now().Add(-linkPatience))
		return r, err
	})
}

// findOutside finds entries that stand before or behind the chain.
func findOutside(ctx context.Context, tx *store.Tx, v *verifier, first, last int64) error {
	before, err := entries(ctx, tx, Range{}, math.MinInt64, entriesAtOnce)
	if err != nil {
		return err
	}
	behind, err := entries(ctx, tx, Range{}, last, entriesAtOnce)
	if err != nil {
		return err
	}
	for _, e := range before {
		if e.Seq < first {
			v.find(Finding{Fault: Inserted, First: e.Seq, Last: e.Seq, ID: e.Record.ID, Detail: "stands before the beginning of the chain"})
		}
	}
	for _, e := range behind {
		v.find(Finding{Fault: Inserted, First: e.Seq, Last: e.Seq, ID: e.Record.ID, Detail: "stands behind the end of the chain"})
	}
	return nil
}

// verifySegments checks all segments with their entries, and returns the first place that should have an entry.
func (s *Service) verifySegments(ctx context.Context, tx *store.Tx, v *verifier) (first int64, err error) {
	first = 1
	known, expected := false, int64(1) // a segment was read; where the next one begins
	for after := int64(math.MinInt64); ; {
		page, err := segments(ctx, tx, after, segmentsAtOnce)
		if err != nil {
			return 0, err
		}
		if len(page) == 0 {
			v.end()
			return first, nil
		}
		for _, g := range page {
			after = g.First
			sealed := g.check(s.Keys)
			if sealed != nil {
				v.find(Finding{Fault: Resealed, First: g.First, Last: g.Last, Detail: "the segment is not what was written: " + sealed.Error()})
			}
			switch {
			case !known && sealed == nil && (g.Pruned || g.First == 1):
				first = g.First
				v.begin(g.First-1, g.Previous)
			case g.First > expected:
				v.find(Finding{Fault: Resealed, First: expected, Last: g.First - 1, Detail: "the segment is missing"})
			}
			if !known && sealed == nil && g.Pruned {
				first = g.Last + 1
				v.begin(g.Last, g.Head)
			} else if err := s.verifyEntries(ctx, tx, v, g); err != nil {
				return 0, err
			}
			known, expected = true, g.Last+1
		}
	}
}

// verifyEntries checks the entries of a segment, and those before it that have no segment.
func (s *Service) verifyEntries(ctx context.Context, tx *store.Tx, v *verifier, g Segment) error {
	for {
		page, err := entries(ctx, tx, Range{Last: g.Last}, v.next-1, entriesAtOnce)
		if err != nil {
			return err
		}
		for _, e := range page {
			v.entry(e)
		}
		if len(page) == 0 {
			break
		}
	}
	if g.check(s.Keys) == nil {
		v.endSegment(g)
	}
	return nil
}

// Noted compares the chain with the hash of a place that was noted earlier. Places whose records were deleted for their age are not
// compared.
func (s *Service) Noted(ctx context.Context, r *Report, place int64, hash string) error {
	return s.compare(ctx, r, []Entry{{Seq: place, Hash: hash}}, false)
}

// Exported compares the chain with what Export wrote earlier. It returns an error if that cannot be read.
func (s *Service) Exported(ctx context.Context, r *Report, exported io.Reader) error {
	lines := bufio.NewReader(exported)
	var part []Entry
	for n := 1; ; n++ {
		text, err := lines.ReadBytes('\n')
		if err != nil && !errors.Is(err, io.EOF) {
			return fmt.Errorf("reading the export: %w", err)
		}
		if len(bytes.TrimSpace(text)) > 0 {
			e, bad := ParseEntry(text)
			if bad != nil {
				return fmt.Errorf("line %d of the export: %w", n, bad)
			}
			part = append(part, e)
		}
		if len(part) >= store.Batch || err != nil {
			if failed := s.compare(ctx, r, part, true); failed != nil {
				return failed
			}
			part = nil
		}
		if err != nil {
			return nil
		}
	}
}

// compare adds findings for entries that the chain does not have like this. whole says that they are more than a place and a hash.
func (s *Service) compare(ctx context.Context, r *Report, noted []Entry, whole bool) error {
	if len(noted) == 0 {
		return nil
	}
	places := make([]int64, len(noted))
	for i, e := range noted {
		places[i] = e.Seq
	}
	found, err := store.View(ctx, s.Store, func(tx *store.Tx) (map[int64]string, error) { return hashesOf(ctx, tx, places) })
	if err != nil {
		return err
	}
	for _, e := range noted {
		f := Finding{Fault: Rewritten, First: e.Seq, Last: e.Seq, ID: e.Record.ID}
		hash, there := found[e.Seq]
		switch {
		case whole && e.check(s.Keys) != nil:
			f.Fault, f.Detail = Changed, "the exported line is not what was exported"
		case there && hash != e.Hash:
			f.Detail = "the chain has another record there"
		case !there && e.Seq >= r.First:
			f.Detail = "the chain has no such record any more"
		default:
			continue
		}
		if len(r.Findings) >= mostFindings {
			r.More++
			continue
		}
		r.Findings = append(r.Findings, f)
	}
	return nil
}
