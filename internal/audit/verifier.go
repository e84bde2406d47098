package audit

import (
	"errors"
	"fmt"
	"maps"
	"slices"

	"carrel/internal/secret"
)

// Fault is what is wrong at a place of the chain.
type Fault string

// The faults.
const (
	Changed   Fault = "changed"   // a record, or its hash, is not what was linked
	Removed   Fault = "removed"   // a record that was linked is missing
	Inserted  Fault = "inserted"  // a record stands in the chain that was never linked
	Reordered Fault = "reordered" // records are not in the order in which they were linked
	Resealed  Fault = "segment"   // a segment is missing, or is not what was written
	Rewritten Fault = "rewritten" // the chain is not the one that was noted or exported
)

// Finding is a fault of the places First to Last.
type Finding struct {
	Fault       Fault
	First, Last int64
	ID          string // of the record, if there is one
	Detail      string
}

func (f Finding) String() string {
	where := fmt.Sprint("record ", f.First)
	if f.Last > f.First {
		where = fmt.Sprintf("records %d to %d", f.First, f.Last)
	}
	if f.ID != "" {
		where += " (" + f.ID + ")"
	}
	return fmt.Sprintf("%s: %s: %s", f.Fault, where, f.Detail)
}

// mostFindings is the maximum number of findings in a report, and of records out of order that are remembered.
const mostFindings = 100

// recentHashes is the number of places by which a record can have moved and still be recognised.
const recentHashes = 1000

// verifier checks entries in the order of their places. It needs no database.
type verifier struct {
	keys     Keys
	findings []Finding
	more     int // findings that are not kept

	records int
	next    int64            // the place that comes next
	last    string           // the hash that the next entry follows
	bad     []Entry          // since last, entries that are not authentic
	recent  []string         // the hashes of the last entries
	strays  map[string]Entry // entries that follow a hash which has not been seen, by that hash
}

func newVerifier(keys Keys) *verifier {
	return &verifier{keys: keys, next: 1, strays: map[string]Entry{}}
}

func (v *verifier) find(f Finding) {
	if n := len(v.findings); n > 0 && f.Fault == Reordered && v.findings[n-1].Fault == Reordered {
		before := &v.findings[n-1]
		if f.First <= before.Last+1 && f.Last >= before.First-1 {
			before.First, before.Last, before.ID = min(before.First, f.First), max(before.Last, f.Last), ""
			return
		}
	}
	if len(v.findings) >= mostFindings {
		v.more++
		return
	}
	v.findings = append(v.findings, f)
}

// begin makes the chain begin after a place.
func (v *verifier) begin(after int64, head string) { v.next, v.last = after+1, head }

// entry checks the entry with the next higher place.
func (v *verifier) entry(e Entry) {
	v.records++
	gap := e.Seq > v.next
	if gap {
		v.missing(v.next, e.Seq-1)
	}
	v.next = e.Seq + 1
	if e.check(v.keys) != nil {
		v.bad = append(v.bad, e)
		if len(v.bad) > mostFindings {
			v.settle("")
		}
		return
	}
	if expected := len(v.bad) == 0 && !gap; !v.settle(e.Previous) && expected {
		v.misplaced(e)
	}
	if s, waits := v.strays[e.Hash]; waits {
		delete(v.strays, e.Hash)
		v.reordered(s)
	}
	v.last = e.Hash
	v.recent = append(v.recent, e.Hash)
	if len(v.recent) > 2*recentHashes {
		v.recent = slices.Clone(v.recent[recentHashes:])
	}
}

// settle decides about the entries that are not authentic, by the hash that the next authentic one follows: if it jumps over them, they were
// inserted, else changed. It returns whether the hash is the last.
func (v *verifier) settle(previous string) bool {
	for _, e := range v.bad {
		f := Finding{Fault: Changed, First: e.Seq, Last: e.Seq, ID: e.Record.ID, Detail: "is not what was linked"}
		switch err := e.check(v.keys); {
		case errors.Is(err, secret.ErrUnknownKey):
			f.Detail = "cannot be checked: " + err.Error()
		case previous == v.last:
			f.Fault, f.Detail = Inserted, "was never linked"
		}
		v.find(f)
	}
	v.bad = nil
	return previous == v.last
}

// misplaced notes an authentic entry that does not follow the one before it.
func (v *verifier) misplaced(e Entry) {
	if slices.Contains(v.recent, e.Previous) {
		v.reordered(e)
	} else if len(v.strays) < mostFindings {
		v.strays[e.Previous] = e
	}
}

func (v *verifier) reordered(e Entry) {
	v.find(Finding{Fault: Reordered, First: e.Seq, Last: e.Seq, ID: e.Record.ID, Detail: "not in the order in which they were linked"})
}

func (v *verifier) missing(first, last int64) {
	detail := "is missing"
	if last > first {
		detail = "are missing"
	}
	v.find(Finding{Fault: Removed, First: first, Last: last, Detail: detail})
}

// endSegment compares what came with an authentic segment: its last place, and the hash there.
func (v *verifier) endSegment(s Segment) {
	if len(v.bad) > 0 {
		v.settle(s.Head)
	}
	if v.next <= s.Last {
		v.missing(v.next, s.Last)
	}
	if v.last != s.Head && len(v.findings) == 0 && len(v.strays) == 0 { // else something before it says so
		v.find(Finding{Fault: Resealed, First: s.First, Last: s.Last, Detail: "the segment ends with another record than its seal says"})
	}
	v.next, v.last = s.Last+1, s.Head
}

// end decides about what has stayed open.
func (v *verifier) end() {
	if len(v.bad) > 0 {
		v.settle("")
	}
	for _, e := range slices.SortedFunc(maps.Values(v.strays), func(a, b Entry) int { return int(a.Seq - b.Seq) }) {
		v.find(Finding{Fault: Removed, First: e.Seq, Last: e.Seq, ID: e.Record.ID, Detail: "the record before it is missing"})
	}
	v.strays = nil
}
