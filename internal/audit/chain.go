package audit

import (
	"encoding/json"
	"fmt"
	"strings"
	"time"

	"carrel/internal/workspace"
)

// Keys makes and checks hashes that nobody can make without the installation's key; *secret.Box implements it.
type Keys interface {
	Authenticate(message []byte, context string) string
	Authentic(tag string, message []byte, context string) error
}

// Entry is an audit record with its place in the chain. Hash covers the record and Previous, which is the hash of the record before: a
// record can be checked by itself, and that it follows another by comparing two hashes. Seq only orders the records.
type Entry struct {
	Seq      int64
	Record   workspace.AuditRecord
	Previous string // empty for the first of all
	Hash     string
}

// content is what the hash of a record covers, as JSON. Its fields never change, nor does their order: records are checked years later.
// A new field is added at the end, and left out where it is empty.
type content struct {
	ID           string                  `json:"id"`
	ProjectID    string                  `json:"project_id"`
	Time         string                  `json:"time"`
	ActorID      string                  `json:"actor_id"`
	ActorName    string                  `json:"actor_name"`
	ActorKind    string                  `json:"actor_kind"`
	Credential   string                  `json:"credential"`
	Address      string                  `json:"address"`
	RequestID    string                  `json:"request_id"`
	Operation    string                  `json:"operation"`
	Action       string                  `json:"action"`
	ResourceType string                  `json:"resource_type"`
	ResourceID   string                  `json:"resource_id"`
	ResourceName string                  `json:"resource_name"`
	Result       string                  `json:"result"`
	ErrorCode    string                  `json:"error_code"`
	ErrorMsg     string                  `json:"error_msg"`
	JobID        string                  `json:"job_id"`
	Changes      []workspace.FieldChange `json:"changes,omitempty"`
}

// timeFormat has the precision with which databases store times.
const timeFormat = "2006-01-02T15:04:05.000000Z"

func contentOf(r workspace.AuditRecord) content {
	return content{
		ID: r.ID, ProjectID: r.ProjectID, Time: r.Time.UTC().Format(timeFormat), ActorID: r.ActorID, ActorName: r.ActorName, ActorKind: string(r.ActorKind),
		Credential: string(r.Credential), Address: r.Address, RequestID: r.RequestID, Operation: r.Operation, Action: r.Action,
		ResourceType: string(r.ResourceType), ResourceID: r.ResourceID, ResourceName: r.ResourceName,
		Result: string(r.Result), ErrorCode: string(r.ErrorCode), ErrorMsg: r.ErrorMsg, JobID: r.JobID, Changes: r.Changes,
	}
}

func (c content) text() []byte {
	text, err := json.Marshal(c)
	if err != nil {
		panic(err) // a struct of texts
	}
	return text
}

// The contexts of hashes: what a hash of one kind says cannot be taken for another.
const (
	recordContext  = "audit record after "
	segmentContext = "audit segment"
)

// next returns the record as the one that follows a hash.
func next(keys Keys, seq int64, previous string, r workspace.AuditRecord) Entry {
	return Entry{Seq: seq, Record: r, Previous: previous, Hash: keys.Authenticate(contentOf(r).text(), recordContext+previous)}
}

// check returns why the record, or what it claims to follow, is not what was linked; nil if it is.
func (e Entry) check(keys Keys) error {
	return keys.Authentic(e.Hash, contentOf(e.Record).text(), recordContext+e.Previous)
}

// Segment is a run of consecutive entries. Its seal covers all other fields.
type Segment struct {
	First    int64     `bun:"first_seq,pk"`
	Last     int64     `bun:"last_seq"`
	Previous string    // the hash of the entry before the first
	Head     string    // the hash of the last entry
	Opened   time.Time // when its first entry was linked
	Newest   time.Time // the time of its newest record, but not after it was linked
	Pruned   bool      // its entries were deleted for their age
	Seal     string
}

func (s Segment) text() []byte {
	return fmt.Appendf(nil, "%d %d %q %q %s %s %t", s.First, s.Last, s.Previous, s.Head, s.Opened.UTC().Format(timeFormat), s.Newest.UTC().Format(timeFormat), s.Pruned)
}

func (s Segment) sealed(keys Keys) Segment {
	s.Seal = keys.Authenticate(s.text(), segmentContext)
	return s
}

func (s Segment) check(keys Keys) error { return keys.Authentic(s.Seal, s.text(), segmentContext) }

// The size of a segment: it is closed at the first link after either. Retention deletes whole segments.
const (
	segmentEntries = 1000
	segmentAge     = time.Hour
)

// extend links records to the end of the chain. tail is its last segment, with First 0 if there is none. It returns the entries, and the
// segment with them: tail, or a new one if tail is closed, pruned, or not as it was written.
func extend(keys Keys, tail Segment, records []workspace.AuditRecord, now time.Time) ([]Entry, Segment) {
	to := tail
	closed := now.Sub(tail.Opened) >= segmentAge || tail.Last-tail.First+1 >= segmentEntries
	if tail.First == 0 || tail.Pruned || closed || tail.check(keys) != nil {
		to = Segment{First: tail.Last + 1, Last: tail.Last, Previous: tail.Head, Head: tail.Head, Opened: now}
	}
	entries := make([]Entry, len(records))
	for i, r := range records {
		entries[i] = next(keys, to.Last+1, to.Head, r)
		to.Last, to.Head = entries[i].Seq, entries[i].Hash
		if r.Time.After(to.Newest) {
			to.Newest = r.Time
		}
	}
	if to.Newest.After(now) { // the clock of another process may be ahead; a record must not be kept for ever because of that
		to.Newest = now
	}
	return entries, to.sealed(keys)
}

// line is an entry as it is exported.
type line struct {
	Seq int64 `json:"seq"`
	content
	Previous string `json:"previous"`
	Hash     string `json:"hash"`
}

// JSON returns the entry as one line of JSON, with the line's end.
func (e Entry) JSON() []byte {
	text, err := json.Marshal(line{e.Seq, contentOf(e.Record), e.Previous, e.Hash})
	if err != nil {
		panic(err) // a struct of texts
	}
	return append(text, '\n')
}

// ParseEntry reads a line that JSON returned.
func ParseEntry(text []byte) (Entry, error) {
	var l line
	if err := json.Unmarshal(text, &l); err != nil {
		return Entry{}, fmt.Errorf("not an exported audit record: %w", err)
	}
	at, err := time.Parse(timeFormat, l.Time)
	if err != nil || l.Seq < 1 || l.Hash == "" || strings.TrimSpace(l.ID) == "" {
		return Entry{}, fmt.Errorf("not an exported audit record: seq, id, time and hash are needed")
	}
	c := l.content
	return Entry{Seq: l.Seq, Previous: l.Previous, Hash: l.Hash, Record: workspace.AuditRecord{
		ID: c.ID, ProjectID: c.ProjectID, Time: at, ActorID: c.ActorID, ActorName: c.ActorName, ActorKind: workspace.ActorKind(c.ActorKind),
		Credential: workspace.CredentialKind(c.Credential), Address: c.Address, RequestID: c.RequestID, Operation: c.Operation, Action: c.Action,
		ResourceType: workspace.ResourceType(c.ResourceType), ResourceID: c.ResourceID, ResourceName: c.ResourceName,
		Result: workspace.AuditResult(c.Result), ErrorCode: workspace.Code(c.ErrorCode), ErrorMsg: c.ErrorMsg, JobID: c.JobID, Changes: c.Changes,
	}}, nil
}
