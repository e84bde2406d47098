package audit

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"pgregory.net/rapid"

	"carrel/internal/secret"
	"carrel/internal/workspace"
)

func keysOf(t interface{ Fatal(...any) }, digits string) *secret.Box {
	box, err := secret.ParseBox(strings.Repeat(digits, 32))
	if err != nil {
		t.Fatal(err)
	}
	return box
}

// at is the time of a record.
func at(n int) time.Time { return time.Date(2026, 3, 1, 12, 0, n, 123456000, time.UTC) }

func recordOf(n int) workspace.AuditRecord {
	return workspace.AuditRecord{ID: fmt.Sprint("record-", n), Time: at(n), ActorName: "ann", Operation: "DoThing"}
}

// chainOf makes a chain of n entries in one segment.
func chainOf(keys Keys, n int) ([]Entry, Segment) {
	var records []workspace.AuditRecord
	for i := range n {
		records = append(records, recordOf(i))
	}
	return extend(keys, Segment{}, records, at(n))
}

// verifyAll verifies entries of one segment.
func verifyAll(keys Keys, entries []Entry, s Segment) []Finding {
	v := newVerifier(keys)
	for _, e := range entries {
		v.entry(e)
	}
	v.endSegment(s)
	v.end()
	return v.findings
}

// Whatever somebody without the key does to the entries, so that they differ from what was linked, something is found.
func TestNoChangeOfAChainStaysUnnoticed(t *testing.T) {
	keys, others := keysOf(t, "5a"), keysOf(t, "a5")
	rapid.Check(t, func(t *rapid.T) {
		linked, s := chainOf(keys, rapid.IntRange(1, 12).Draw(t, "entries"))
		if found := verifyAll(keys, linked, s); len(found) > 0 {
			t.Fatalf("the chain itself: %v", found)
		}
		forged := slices.Clone(linked)
		for range rapid.IntRange(1, 4).Draw(t, "changes") {
			if len(forged) == 0 {
				break
			}
			i, j := rapid.IntRange(0, len(forged)-1).Draw(t, "i"), rapid.IntRange(0, len(forged)-1).Draw(t, "j")
			switch rapid.SampledFrom([]string{"remove", "copy", "swap", "move", "edit", "forge", "hash"}).Draw(t, "change") {
			case "remove":
				forged = slices.Delete(forged, i, i+1)
			case "copy":
				forged = slices.Insert(forged, i, forged[j])
			case "swap":
				forged[i], forged[j] = forged[j], forged[i]
			case "move":
				e := forged[i]
				forged = slices.Insert(slices.Delete(forged, i, i+1), j, e)
			case "edit":
				forged[i].Record.ActorName += "x"
			case "forge": // with another key
				forged[i] = next(others, 0, forged[i].Previous, recordOf(100+i))
			case "hash":
				forged[i].Previous, forged[i].Hash = forged[j].Previous, forged[j].Hash
			}
		}
		for n := range forged {
			forged[n].Seq = int64(n + 1)
		}
		same := slices.EqualFunc(forged, linked, func(a, b Entry) bool {
			return a.Previous == b.Previous && a.Hash == b.Hash && string(contentOf(a.Record).text()) == string(contentOf(b.Record).text())
		})
		if found := verifyAll(keys, forged, s); same != (len(found) == 0) {
			t.Fatalf("same: %t, found: %v", same, found)
		}
	})
}

// The bytes that a hash covers must stay what they are, or records of years ago would seem to be changed.
func TestWhatAHashCoversStays(t *testing.T) {
	r := workspace.AuditRecord{
		ID: "i", ProjectID: "p", Time: at(1), ActorID: "a", ActorName: "<ann>", ActorKind: "user", Credential: "session", Address: "192.0.2.1", RequestID: "r",
		Operation: "O", Action: "a:b:c", ResourceType: "desktop", ResourceID: "d", ResourceName: "桌面", Result: "success", ErrorCode: "E", ErrorMsg: "m", JobID: "j",
		Changes: []workspace.FieldChange{{Field: "f", Old: "1", New: "2"}},
	}
	const want = `{"id":"i","project_id":"p","time":"2026-03-01T12:00:01.123456Z","actor_id":"a","actor_name":"\u003cann\u003e","actor_kind":"user","credential":"session",` +
		`"address":"192.0.2.1","request_id":"r","operation":"O","action":"a:b:c","resource_type":"desktop","resource_id":"d","resource_name":"桌面","result":"success",` +
		`"error_code":"E","error_msg":"m","job_id":"j","changes":[{"field":"f","old":"1","new":"2"}]}`
	if got := string(contentOf(r).text()); got != want {
		t.Errorf("got\n%s, want\n%s", got, want)
	}
	e := next(keysOf(t, "5a"), 7, "before", r)
	const hash = "c9d6a45861d4dda0.67WoInubmLGad2Blr1-UJ4antDT48T7rrZhZ4-l8uK0"
	if e.Hash != hash {
		t.Errorf("the hash is %s, want %s", e.Hash, hash)
	}
}

func TestAnExportedLineIsReadAsItWas(t *testing.T) {
	keys := keysOf(t, "5a")
	linked, _ := chainOf(keys, 2)
	for _, e := range linked {
		got, err := ParseEntry(e.JSON())
		if err != nil || got.check(keys) != nil || got.Seq != e.Seq || string(got.JSON()) != string(e.JSON()) {
			t.Errorf("got %+v, %v, want %+v", got, err, e)
		}
	}
}

func FuzzParseEntry(f *testing.F) {
	linked, _ := chainOf(keysOf(f, "5a"), 1)
	f.Add(linked[0].JSON())
	f.Add([]byte(`{"seq":1,"id":"x","time":"2026-03-01T12:00:01.123456Z","hash":"h"}`))
	f.Add([]byte("{"))
	f.Fuzz(func(t *testing.T, text []byte) {
		e, err := ParseEntry(text)
		if err != nil {
			return
		}
		again, err := ParseEntry(e.JSON())
		if err != nil || string(again.JSON()) != string(e.JSON()) {
			t.Errorf("%q is read as %+v, and that as %+v, %v", text, e, again, err)
		}
	})
}

func TestRefusalsBeyondTheBoundAreCounted(t *testing.T) {
	refused := func(operation, address string) workspace.AuditRecord {
		return workspace.AuditRecord{Operation: operation, Address: address}
	}
	var b bound
	now := at(0)
	for i := range refusalsAtOnce {
		if !b.take(refused("SignIn", "192.0.2.1"), now, refusalsAtOnce) {
			t.Fatalf("attempt %d is only counted", i)
		}
	}
	for i := range 50 {
		if b.take(refused("SignIn", fmt.Sprint("192.0.2.", i%20)), now, refusalsAtOnce) {
			t.Fatalf("attempt %d beyond the bound has a record", i)
		}
	}
	total := 0
	numbers := b.numbers()
	for _, r := range numbers {
		var n int
		if _, err := fmt.Sscan(r.Changes[0].New, &n); err != nil || r.Result != workspace.AuditRefused || r.Operation != "SignIn" {
			t.Errorf("%+v, %v", r, err)
		}
		total += n
	}
	if total != 50 || len(numbers) != countedApart+1 {
		t.Errorf("%d records of %d attempts", len(numbers), total)
	}
	if len(b.numbers()) != 0 {
		t.Error("what was told is told again")
	}
	if b.take(refused("SignIn", "x"), now.Add(refusalInterval-1), refusalsAtOnce) || !b.take(refused("SignIn", "x"), now.Add(refusalInterval), refusalsAtOnce) || b.take(refused("SignIn", "x"), now.Add(refusalInterval), refusalsAtOnce) {
		t.Error("the bucket does not get one more each interval")
	}
	later := now.Add(24 * time.Hour)
	own := 0
	for range 2 * refusalsAtOnce {
		if b.take(refused("SignIn", "x"), later, refusalsAtOnce) {
			own++
		}
	}
	if own != refusalsAtOnce {
		t.Errorf("a day later %d have records", own)
	}
}
