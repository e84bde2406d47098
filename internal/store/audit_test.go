package store_test

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"carrel/internal/audit"
	"carrel/internal/store"
	"carrel/internal/store/storetest"
	"carrel/internal/workspace"
)

func TestAudit(t *testing.T) {
	for name, address := range map[string]func(testing.TB) string{"SQLite": storetest.SQLitePath, "PostgreSQL": storetest.PostgresURL} {
		t.Run(name, func(t *testing.T) {
			for what, test := range map[string]func(*auditEnv){
				"a table's rows leave records of what changed":               recordsTables,
				"what is rolled back leaves none":                            recordsNothingRolledBack,
				"what is repeated with a client token leaves one":            recordsOnce,
				"who does nothing leaves a record of the operation":          recordsOperations,
				"without a caller there is none":                             recordsNobody,
				"what a transaction changes of a resource is one record":     recordsResourcesOnce,
				"callers at once have their own records":                     recordsCrowds,
				"ten thousand resources in one transaction are all recorded": recordsMany,
			} {
				t.Run(what, func(t *testing.T) {
					clock := storetest.NewClock()
					test(&auditEnv{t, storetest.Open(t, address(t), clock.Now), clock})
				})
			}
		})
	}
}

type auditEnv struct {
	*testing.T
	store *store.Store
	clock *storetest.Clock
}

// admin is a caller of the API.
func admin(name string) workspace.Caller {
	return workspace.Caller{
		ProjectID: "p", RequestID: "r-" + name, Actor: workspace.Actor{ID: "id-" + name, Name: name, Kind: workspace.ActorAdministrator},
		Credential: workspace.CredentialToken, Address: "192.0.2.1", Operation: "ChangeThing", Permission: "workspace:things:change",
		Target: workspace.Resource{Type: "thing", ID: "of-the-path"},
	}
}

func (e *auditEnv) update(c workspace.Caller, f func(*store.Tx) error) error {
	return e.store.Update(e.Context(), store.By(c, f))
}

// records are all of project p, newest first.
func (e *auditEnv) records(q audit.Query) []workspace.AuditRecord {
	e.Helper()
	q.ProjectID, q.Page = "p", workspace.Page{Limit: 100_000}
	all, total, err := store.List(e.Context(), e.store, func(tx *store.Tx) ([]workspace.AuditRecord, int, error) { return audit.Records(e.Context(), tx, q) })
	if err != nil || total != len(all) {
		e.Fatalf("%d records of %d, %v", len(all), total, err)
	}
	return all
}

// one is the only record.
func (e *auditEnv) one(q audit.Query) workspace.AuditRecord {
	e.Helper()
	all := e.records(q)
	if len(all) != 1 {
		e.Fatalf("%d records, want 1: %+v", len(all), all)
	}
	return all[0]
}

func recordsTables(e *auditEnv) {
	c, row := admin("ann"), thingOf("p", "Press")
	row.Description = strings.Repeat("long ", 1000)
	must(e.T, e.update(c, func(tx *store.Tx) error { return things.Insert(e.Context(), tx, &row) }))
	got := e.one(audit.Query{})
	if got.Time != e.clock.Now() || len(got.ID) != 36 {
		e.Errorf("id %q, time %v, want %v", got.ID, got.Time, e.clock.Now())
	}
	want := c.Record(workspace.Resource{Type: "thing", ID: row.ID, Name: "Press"})
	want.ID, want.Time = got.ID, got.Time
	want.Changes = []workspace.FieldChange{{Field: "name", New: "Press"}, {Field: "description", New: workspace.Clip(row.Description, workspace.MaxAuditValue)}}
	if recordText(got) != recordText(want) {
		e.Errorf("inserted:\n%+v, want\n%+v", got, want)
	}

	e.clock.Advance(time.Second)
	must(e.T, e.update(admin("bob"), func(tx *store.Tx) error {
		var now thing
		if err := things.Lock(e.Context(), tx, "p", row.ID, &now); err != nil {
			return err
		}
		now.Description = "short"
		return things.Save(e.Context(), tx, &now)
	}))
	got = e.one(audit.Query{ActorName: "bob"})
	if len(got.Changes) != 1 || got.Changes[0].Field != "description" || got.Changes[0].New != "short" || !strings.HasPrefix(got.Changes[0].Old, "long long") {
		e.Errorf("saved: %+v", got)
	}

	e.clock.Advance(time.Second)
	for range 2 { // the second time there is nothing to delete
		must(e.T, e.update(admin("cara"), func(tx *store.Tx) error {
			now := row
			if err := things.Lock(e.Context(), tx, "p", row.ID, &now); err != nil && workspace.CodeOf(err) != workspace.CodeOUNotFound {
				return err
			}
			return things.Delete(e.Context(), tx, &now)
		}))
	}
	got = e.one(audit.Query{ActorID: "id-cara", ResourceID: row.ID})
	if want := []workspace.FieldChange{{Field: "name", Old: "Press"}, {Field: "description", Old: "short"}}; !slices.Equal(got.Changes, want) {
		e.Errorf("deleted: %+v", got)
	}
}

// recordText is everything that a record has.
func recordText(r workspace.AuditRecord) string { return fmt.Sprintf("%+v", r) }

func recordsNothingRolledBack(e *auditEnv) {
	fault := errors.New("a fault")
	for _, f := range []func(*store.Tx) error{
		func(*store.Tx) error { return fault },
		func(tx *store.Tx) error { _ = tx.Refuse(fault); return nil },
	} {
		err := e.update(admin("ann"), func(tx *store.Tx) error {
			row := thingOf("p", "Press")
			if err := things.Insert(e.Context(), tx, &row); err != nil {
				return err
			}
			return f(tx)
		})
		if !errors.Is(err, fault) {
			e.Errorf("got %v", err)
		}
	}
	if all := e.records(audit.Query{}); len(all) > 0 {
		e.Errorf("there are records: %+v", all)
	}
}

func recordsOnce(e *auditEnv) {
	requests := store.Requests{Store: e.store}
	for range 3 {
		_, err := requests.Run(e.Context(), workspace.Request{Caller: admin("ann"), Token: "token-of-the-client"}, func(ctx context.Context) workspace.Answer {
			row := thingOf("p", "Press")
			must(e.T, e.store.Update(ctx, store.By(admin("ann"), func(tx *store.Tx) error { return things.Insert(ctx, tx, &row) })))
			return workspace.Answer{Status: 200}
		})
		must(e.T, err)
	}
	if got := e.one(audit.Query{}); got.ResourceName != "Press" {
		e.Errorf("the record is %+v", got)
	}
}

func recordsOperations(e *auditEnv) {
	nothing := func(*store.Tx) error { return nil }
	must(e.T, e.update(workspace.System("p", "", "Look"), nothing)) // Carrel itself looks often
	must(e.T, e.update(admin("ann"), nothing))
	if got := e.one(audit.Query{}); got.ResourceID != "of-the-path" || got.ResourceType != "thing" || got.Operation != "ChangeThing" || got.Result != workspace.AuditSuccess {
		e.Errorf("the record is %+v", got)
	}
}

func recordsNobody(e *auditEnv) {
	row := thingOf("p", "Press")
	must(e.T, e.store.Update(e.Context(), func(tx *store.Tx) error {
		tx.Audit(workspace.Resource{Type: "thing", ID: "x"}, "")
		return things.Insert(e.Context(), tx, &row)
	}))
	if all := e.records(audit.Query{}); len(all) > 0 {
		e.Errorf("there are records: %+v", all)
	}
}

func recordsResourcesOnce(e *auditEnv) {
	row := thingOf("p", "Press")
	must(e.T, e.update(admin("ann"), func(tx *store.Tx) error {
		if err := things.Insert(e.Context(), tx, &row); err != nil {
			return err
		}
		tx.Audit(things.Resource(row.ID, ""), "job-1", workspace.FieldChange{Field: "name", Old: "Press", New: "Books"})
		tx.Audit(things.Resource(row.ID, ""), "job-2")
		tx.Audit(things.Resource("another", ""), "job-1")
		return nil
	}))
	all := e.records(audit.Query{ResourceID: row.ID})
	slices.SortFunc(all, func(a, b workspace.AuditRecord) int { return strings.Compare(a.JobID, b.JobID) })
	if len(all) != 2 || all[0].JobID != "job-1" || all[1].JobID != "job-2" || all[0].ResourceName != "Press" {
		e.Fatalf("the records are %+v", all)
	}
	if want := []workspace.FieldChange{{Field: "name", New: "Books"}}; !slices.Equal(all[0].Changes, want) {
		e.Errorf("changed: %+v", all[0].Changes)
	}
}

func recordsCrowds(e *auditEnv) {
	const callers = 20
	for i, err := range storetest.Together(callers, func(i int) error {
		row := thingOf("p", "Press "+string(rune('a'+i)))
		return e.update(admin(string(rune('a'+i))), func(tx *store.Tx) error { return things.Insert(e.Context(), tx, &row) })
	}) {
		if err != nil {
			e.Errorf("caller %d: %v", i, err)
		}
	}
	all := e.records(audit.Query{})
	if len(all) != callers {
		e.Errorf("%d records", len(all))
	}
	for _, r := range all {
		if r.ResourceName != "Press "+r.ActorName {
			e.Errorf("%s is said to have made %s", r.ActorName, r.ResourceName)
		}
	}
}

func recordsMany(e *auditEnv) {
	const many = 10_000
	must(e.T, e.update(admin("ann"), func(tx *store.Tx) error {
		for range many {
			tx.Audit(workspace.Resource{Type: workspace.ResourceDesktop, ID: workspace.NewID()}, "job")
		}
		return nil
	}))
	if n := len(e.records(audit.Query{})); n != many {
		e.Errorf("%d records", n)
	}
}

// secretive is a row with secrets, and with what only sounds like one.
type secretive struct {
	store.BaseModel `bun:"table:ous,alias:ous"`
	workspace.Meta
	PasswordHash       string
	SealedSecret       []byte
	AccessToken        string
	Credentials        map[string]string
	Script             string `audit:"-"`
	MustChangePassword bool
	PasswordChanged    time.Time
	Tokens             int
}

func TestNoRecordHasASecret(t *testing.T) {
	clock := storetest.NewClock()
	e := &auditEnv{t, storetest.Open(t, storetest.SQLitePath(t), clock.Now), clock}
	row := secretive{
		Meta: workspace.NewMeta(admin("ann"), "Press"), PasswordHash: "s3cret", SealedSecret: []byte("s3cret"), AccessToken: "s3cret",
		Credentials: map[string]string{"s3cret": "s3cret"}, Script: "s3cret", MustChangePassword: true, PasswordChanged: clock.Now(), Tokens: 3,
	}
	must(t, e.update(admin("ann"), func(tx *store.Tx) error {
		tx.AuditRead(things.Resource(row.ID, ""), &secretive{})
		tx.AuditSave(things.Resource(row.ID, ""), &row)
		return nil
	}))
	got := e.one(audit.Query{})
	if text := recordText(got); strings.Contains(text, "s3cret") {
		t.Error("the record has a secret:", text)
	}
	var fields []string
	for _, c := range got.Changes {
		fields = append(fields, c.Field)
	}
	if want := []string{"name", "must_change_password", "password_changed", "tokens"}; !slices.Equal(fields, want) {
		t.Errorf("recorded are %v, want %v", fields, want)
	}
}

func TestARepeatedTransactionRecordsItsLastRun(t *testing.T) {
	url := storetest.PostgresURL(t)
	clock := storetest.NewClock()
	e := &auditEnv{t, storetest.Open(t, url, clock.Now), clock}
	first, second := thingOf("p", "First"), thingOf("p", "Second")
	must(t, e.store.Update(t.Context(), func(tx *store.Tx) error {
		if err := things.Insert(t.Context(), tx, &first); err != nil {
			return err
		}
		return things.Insert(t.Context(), tx, &second)
	}))
	runs, locked := 0, make(chan struct{}, 8)
	lock := func(ctx context.Context, tx *store.Tx, of thing) error {
		var row thing
		return things.Lock(ctx, tx, "p", of.ID, &row)
	}
	done := make(chan error, 1)
	go func() { // locks in the other order: the database ends one of the two
		done <- e.store.Update(t.Context(), func(tx *store.Tx) error {
			if err := lock(t.Context(), tx, second); err != nil {
				return err
			}
			locked <- struct{}{}
			return lock(t.Context(), tx, first)
		})
	}()
	must(t, e.update(admin("ann"), func(tx *store.Tx) error {
		runs++
		if err := lock(t.Context(), tx, first); err != nil {
			return err
		}
		if runs == 1 {
			<-locked
		}
		tx.Audit(things.Resource(first.ID, ""), "", workspace.FieldChange{Field: "run", New: string(rune('0' + runs))})
		return lock(t.Context(), tx, second)
	}))
	must(t, <-done)
	if got := e.one(audit.Query{}); len(got.Changes) != 1 || got.Changes[0].New != string(rune('0'+runs)) {
		t.Errorf("after %d runs: %+v", runs, got)
	}
}
