package audit_test

import (
	"bytes"
	"context"
	"fmt"
	"reflect"
	"slices"
	"strings"
	"testing"
	"time"

	"carrel/internal/audit"
	"carrel/internal/secret"
	"carrel/internal/store"
	"carrel/internal/store/storetest"
	"carrel/internal/workspace"
)

// chainEnv has a trail with a key.
type chainEnv struct {
	*storetest.Env
	trail *audit.Service
}

func newChainEnv(e *storetest.Env) *chainEnv {
	e.Helper()
	box, err := secret.ParseBox(strings.Repeat("5a", 32))
	if err != nil {
		e.Fatal(err)
	}
	return &chainEnv{e, &audit.Service{Store: e.Store, Keys: box}}
}

// add adds records, one transaction and a second each.
func (e *chainEnv) add(names ...string) {
	e.Helper()
	for _, name := range names {
		e.Clock.Advance(time.Second)
		if err := e.trail.Add(e.Context(), e.record(name)); err != nil {
			e.Fatal(err)
		}
	}
}

func (e *chainEnv) record(name string) workspace.AuditRecord {
	return workspace.AuditRecord{
		ID: "id-" + name, ProjectID: storetest.Project, ActorID: "a", ActorName: "ann", ActorKind: workspace.ActorUser, Credential: workspace.CredentialSession,
		Address: "192.0.2.1", RequestID: "r", Operation: "DoThing", Action: "workspace:things:do", ResourceType: "thing", ResourceID: "t-" + name,
		ResourceName: `桌面 <"1">`, Result: workspace.AuditFailed, ErrorCode: workspace.CodeInternal, ErrorMsg: "m", JobID: "j",
		Changes: []workspace.FieldChange{{Field: "name", Old: "1", New: "2"}},
	}
}

// link links all that is there.
func (e *chainEnv) link() {
	e.Helper()
	for more := true; more; {
		var err error
		if more, err = e.trail.Link(e.Context(), "here"); err != nil {
			e.Fatal(err)
		}
	}
}

// linked is a chain of the records 1 to 9, three in each segment.
func (e *chainEnv) linked() {
	e.Helper()
	for n := 1; n <= 9; n += 3 {
		e.add(fmt.Sprint(n), fmt.Sprint(n+1), fmt.Sprint(n+2))
		e.link()
		e.Clock.Advance(2 * time.Hour)
	}
	e.verified(9)
}

func (e *chainEnv) verify() audit.Report {
	e.Helper()
	r, err := e.trail.Verify(e.Context())
	if err != nil {
		e.Fatal(err)
	}
	return r
}

// verified fails unless the chain is sound and has that many records.
func (e *chainEnv) verified(records int) audit.Report {
	e.Helper()
	r := e.verify()
	if len(r.Findings) > 0 || r.More > 0 || r.Records != records || r.Unlinked > 0 {
		e.Errorf("%d records, %d unlinked, findings %v; want %d records and nothing", r.Records, r.Unlinked, r.Findings, records)
	}
	return r
}

// sql changes rows behind the program's back.
func (e *chainEnv) sql(statements ...string) {
	e.Helper()
	e.Update(func(tx *store.Tx) error {
		for _, s := range statements {
			if _, err := tx.ExecContext(e.Context(), s); err != nil {
				return fmt.Errorf("%s: %w", s, err)
			}
		}
		return nil
	})
}

// finds fails unless verifying finds just this, without details.
func (e *chainEnv) finds(want ...string) {
	e.Helper()
	var got []string
	for _, f := range e.verify().Findings {
		got = append(got, fmt.Sprintf("%s %d-%d", f.Fault, f.First, f.Last))
	}
	if !slices.Equal(got, want) {
		e.Errorf("found %q, want %q", got, want)
	}
}

func (e *chainEnv) export(after int64) []audit.Entry {
	e.Helper()
	var all []audit.Entry
	if err := e.trail.Export(e.Context(), audit.Range{}, after, func(part []audit.Entry) error {
		all = append(all, part...)
		return nil
	}); err != nil {
		e.Fatal(err)
	}
	return all
}

func places(part []audit.Entry) (all []int64) {
	for _, e := range part {
		all = append(all, e.Seq)
	}
	return all
}

// tampering says for each change of the rows of linked what verifying finds.
var tampering = map[string]struct {
	sql  []string
	want []string
}{
	"nothing":                        {nil, nil},
	"a record is removed":            {[]string{"DELETE FROM audit_records WHERE seq = 5"}, []string{"removed 5-5"}},
	"the first record is removed":    {[]string{"DELETE FROM audit_records WHERE seq = 1"}, []string{"removed 1-1"}},
	"the last records are removed":   {[]string{"DELETE FROM audit_records WHERE seq >= 8"}, []string{"removed 8-9"}},
	"all records are removed":        {[]string{"DELETE FROM audit_records"}, []string{"removed 1-3", "removed 4-6", "removed 7-9"}},
	"a removed record is covered up": {[]string{"DELETE FROM audit_records WHERE seq = 5", "UPDATE audit_records SET seq = 5 WHERE seq = 6"}, []string{"removed 6-6", "removed 5-5"}},
	"a record's hash is changed":     {[]string{"UPDATE audit_records SET hash = previous WHERE seq = 5"}, []string{"changed 5-5"}},
	"a record is exchanged": {
		[]string{"DELETE FROM audit_records WHERE seq = 5", "UPDATE audit_records SET seq = 5, hash = 'x' || hash WHERE seq = 9"}, []string{"changed 5-5", "removed 9-9"},
	},
	"a record is inserted": {
		[]string{
			"UPDATE audit_records SET seq = seq + 100 WHERE seq >= 5", "UPDATE audit_records SET seq = seq - 99 WHERE seq >= 105", copied("'other', time, 5, previous, hash", "seq = 6"),
		},
		[]string{"inserted 5-5", "reordered 7-7", "inserted 10-10"},
	},
	"a record is inserted behind the end":       {[]string{copied("'other', time, 10, hash, 'x'", "seq = 9")}, []string{"inserted 10-10"}},
	"a record is inserted before the beginning": {[]string{copied("'other', time, 0, '', hash", "seq = 1")}, []string{"inserted 0-0"}},
	"two records are exchanged": {
		[]string{"UPDATE audit_records SET seq = 50 WHERE seq = 5", "UPDATE audit_records SET seq = 5 WHERE seq = 6", "UPDATE audit_records SET seq = 6 WHERE seq = 50"},
		[]string{"reordered 5-6"},
	},
	"a record is unlinked":                     {[]string{"UPDATE audit_records SET seq = NULL, previous = NULL, hash = NULL WHERE seq = 5"}, []string{"removed 5-5"}},
	"a segment is removed with its records":    {[]string{"DELETE FROM audit_records WHERE seq BETWEEN 4 AND 6", "DELETE FROM audit_segments WHERE first_seq = 4"}, []string{"segment 4-6", "removed 4-6"}},
	"the first segments are removed":           {[]string{"DELETE FROM audit_records WHERE seq <= 6", "DELETE FROM audit_segments WHERE first_seq <= 4"}, []string{"segment 1-6", "removed 1-6"}},
	"a segment is removed without its records": {[]string{"DELETE FROM audit_segments WHERE first_seq = 4"}, []string{"segment 4-6"}},
	"the last segment is shortened":            {[]string{"DELETE FROM audit_records WHERE seq = 9", "UPDATE audit_segments SET last_seq = 8, head = (SELECT hash FROM audit_records WHERE seq = 8) WHERE first_seq = 7"}, []string{"segment 7-8"}},
	"records are passed off as pruned":         {[]string{"DELETE FROM audit_records WHERE seq <= 3", "UPDATE audit_segments SET pruned = TRUE WHERE first_seq = 1"}, []string{"segment 1-3", "removed 1-3"}},
	"a segment's time is changed":              {[]string{"UPDATE audit_segments SET newest = (SELECT newest FROM audit_segments WHERE first_seq = 1) WHERE first_seq = 4"}, []string{"segment 4-6"}},
}

// copied inserts a copy of a record with another id, time, place and hashes.
func copied(values, where string) string {
	columns := "project_id, actor_id, actor_name, actor_kind, credential, address, request_id, operation, action, resource_type, resource_id, resource_name, result, error_code, error_msg, job_id, changes"
	return "INSERT INTO audit_records (id, time, seq, previous, hash, " + columns + ") SELECT " + values + ", " + columns + " FROM audit_records WHERE " + where
}

func tamperings() map[string]func(*chainEnv) {
	all := map[string]func(*chainEnv){}
	for what, c := range tampering {
		all[what] = func(e *chainEnv) {
			e.linked()
			e.sql(c.sql...)
			e.finds(c.want...)
		}
	}
	all["any field of a record is changed"] = func(e *chainEnv) {
		e.linked()
		for _, f := range reflect.VisibleFields(reflect.TypeFor[workspace.AuditRecord]()) {
			column := columnOf(f.Name)
			value := "'other'"
			switch column {
			case "time":
				value = "(SELECT opened FROM audit_segments WHERE first_seq = 1)"
			case "changes":
				value = `'[{"field":"name","old":"1","new":"3"}]'`
			}
			e.sql("UPDATE audit_records SET " + column + " = " + value + " WHERE seq = 5")
			e.finds("changed 5-5")
		}
	}
	return all
}

// columnOf is the column of a field: "ActorID" is actor_id.
func columnOf(field string) string {
	var out strings.Builder
	for i, c := range field {
		if c >= 'A' && c <= 'Z' && i > 0 && !(field[i-1] >= 'A' && field[i-1] <= 'Z') {
			out.WriteByte('_')
		}
		out.WriteRune(c)
	}
	return strings.ToLower(out.String())
}

var chains = map[string]func(*chainEnv){
	"records are linked once each, oldest first, and stay as they are": func(e *chainEnv) {
		e.add("1", "2")
		e.link()
		e.add("3")
		e.link()
		e.link()
		got := e.export(0)
		e.Same(len(got), 3)
		previous := ""
		for i, entry := range got {
			want := e.record(fmt.Sprint(i + 1))
			want.Time = entry.Record.Time
			e.Same(entry.Record, want)
			e.Same([]any{entry.Seq, entry.Previous}, []any{int64(i + 1), previous})
			previous = entry.Hash
		}
		r := e.verified(3)
		e.Same([]any{r.First, r.Last, r.Head}, []any{int64(1), int64(3), previous})
	},
	"an empty trail is sound": func(e *chainEnv) {
		r := e.verified(0)
		e.Same([]any{r.First, r.Last, r.Head}, []any{int64(1), int64(0), ""})
	},
	"many records fill several segments": func(e *chainEnv) {
		e.Update(func(tx *store.Tx) error {
			for i := range 2600 {
				tx.Record(e.record(fmt.Sprint(i)))
			}
			return nil
		})
		e.link()
		e.verified(2600)
		segments := storetest.Get(e, func(ctx context.Context, tx *store.Tx) (int, error) {
			n, err := tx.NewSelect().Table("audit_segments").Count(ctx)
			return int(n), err
		})
		e.Same(segments, 3)
	},
	"three processes that write and link at once make one chain": func(e *chainEnv) {
		others := []*audit.Service{e.trail, e.trail, e.trail}
		if e.Database.WakesOthers {
			for i := range others[1:] {
				others[i+1] = &audit.Service{Store: e.Database.Open(e.T, e.Clock.Now), Keys: e.trail.Keys}
			}
		}
		e.All(storetest.Together(6, func(i int) error {
			trail := others[i%3]
			for n := range 20 {
				if i < 3 {
					if err := trail.Add(e.Context(), e.record(fmt.Sprintf("%d-%d", i, n))); err != nil {
						return err
					}
					continue
				}
				e.Clock.Advance(11 * time.Second) // the lease of another ends at once
				if _, err := trail.Link(e.Context(), fmt.Sprint(i)); err != nil && !strings.Contains(err.Error(), "another process") {
					return err
				}
			}
			return nil
		}))
		e.Clock.Advance(time.Minute)
		e.link()
		e.verified(60)
	},
	"a process that has the lease is the only one that links, until it ends": func(e *chainEnv) {
		e.add("1")
		e.link()
		e.add("2")
		_, err := e.trail.Link(e.Context(), "elsewhere")
		e.Same(err, nil)
		e.Same(len(e.export(0)), 1)
		e.Clock.Advance(10 * time.Second)
		_, err = e.trail.Link(e.Context(), "elsewhere")
		e.Same(err, nil)
		e.Same(len(e.export(0)), 2)
	},
	"records that nobody links are counted": func(e *chainEnv) {
		e.add("1")
		e.Clock.Advance(5*time.Minute + time.Second)
		r := e.verify()
		e.Same([]int{r.Records, r.Unlinked, len(r.Findings)}, []int{0, 1, 0})
	},
	"segments are pruned when all their records are old, and the rest is sound": func(e *chainEnv) {
		e.linked()
		prune := func() (pruned int) {
			for {
				more, err := e.trail.Prune(e.Context(), "here", e.Clock.Now().Add(-100*time.Hour))
				if err != nil {
					e.Fatal(err)
				}
				if !more {
					return pruned
				}
				pruned++
			}
		}
		e.Same(prune(), 0)
		e.Clock.Advance(94*time.Hour - 7*time.Second)
		e.Same(prune(), 0)
		e.Clock.Advance(time.Second) // the first segment's newest record is 100 hours old
		e.Same(prune(), 1)
		r := e.verified(6)
		e.Same([]int64{r.First, r.Last}, []int64{4, 9})
		e.Clock.Advance(100 * time.Hour)
		e.Same(prune(), 2)
		e.verified(0)
		e.add("10")
		e.link()
		r = e.verified(1)
		e.Same([]int64{r.First, r.Last}, []int64{10, 10})
		e.Same(len(e.export(0)), 1)
		e.sql("DELETE FROM audit_segments WHERE pruned")
		e.finds("segment 1-9", "removed 1-9")
	},
	"a record of a clock that is ahead is not kept for ever": func(e *chainEnv) {
		e.add("1")
		e.sql("UPDATE audit_records SET time = '9999-01-01T00:00:00.000000Z'")
		e.link()
		e.verified(1)
		e.Clock.Advance(time.Hour)
		more, err := e.trail.Prune(e.Context(), "here", e.Clock.Now())
		e.Same([]any{more, err}, []any{true, nil})
		e.verified(0)
	},
	"an end that was changed stops nobody, and is found": func(e *chainEnv) {
		e.linked()
		e.sql("UPDATE audit_segments SET last_seq = 8 WHERE first_seq = 7")
		e.add("10", "11")
		e.link()
		e.Same(len(e.export(0)), 11)
		if len(e.verify().Findings) == 0 {
			e.Error("nothing is found")
		}
	},
	"an export goes on where it ended, and can be limited": func(e *chainEnv) {
		e.linked()
		e.Same(len(e.export(4)), 5)
		e.Same(len(e.export(9)), 0)
		all := e.export(0)
		var some []int64
		r := audit.Range{From: all[3].Record.Time, Until: all[7].Record.Time}
		err := e.trail.Export(e.Context(), r, 0, func(part []audit.Entry) error {
			some = append(some, places(part)...)
			return nil
		})
		e.Same(err, nil)
		e.Same(some, []int64{4, 5, 6, 7})
	},
	"a chain that was rewritten with the key differs from what was noted and exported": func(e *chainEnv) {
		e.linked()
		var file bytes.Buffer
		for _, entry := range e.export(0) {
			file.Write(entry.JSON())
		}
		noted := e.verify()
		compared := func() []string {
			e.Helper()
			r := e.verify()
			if err := e.trail.Noted(e.Context(), &r, noted.Last, noted.Head); err != nil {
				e.Fatal(err)
			}
			if err := e.trail.Exported(e.Context(), &r, bytes.NewReader(file.Bytes())); err != nil {
				e.Fatal(err)
			}
			var got []string
			for _, f := range r.Findings {
				got = append(got, fmt.Sprintf("%s %d-%d", f.Fault, f.First, f.Last))
			}
			return got
		}
		e.Same(compared(), []string(nil))
		e.sql("DELETE FROM audit_segments", "DELETE FROM audit_records WHERE seq = 8", "UPDATE audit_records SET seq = NULL, previous = NULL, hash = NULL")
		e.Clock.Advance(time.Minute)
		e.link()
		e.verified(8)
		e.Same(compared(), []string{"rewritten 9-9", "rewritten 8-8", "rewritten 9-9"})
		file.Write(bytes.Replace(file.Bytes()[:bytes.IndexByte(file.Bytes(), '\n')+1], []byte("ann"), []byte("bob"), 1))
		e.Same(compared()[3:], []string{"changed 1-1"})
	},
}

func TestChain(t *testing.T) {
	storetest.RunRows(t, newChainEnv, map[string]map[string]func(*chainEnv){"Chain": chains, "Tampering": tamperings()})
}
