package store_test

import (
	"context"
	"fmt"
	"testing"
	"time"

	"carrel/internal/store"
	"carrel/internal/store/storetest"
	"carrel/internal/workspace"
)

// thing is a row of a table that there is.
type thing struct {
	store.BaseModel `bun:"table:ous,alias:ous"`
	workspace.Meta
	Description string
}

var things = store.Table{Name: "ous", Noun: "thing", Field: "thing_name", Missing: workspace.CodeOUNotFound}

// thingOf makes what a project is about to add.
func thingOf(project, name string) thing {
	return thing{Meta: workspace.NewMeta(workspace.Caller{ProjectID: project}, name)}
}

func TestTable(t *testing.T) {
	for name, address := range map[string]func(testing.TB) string{"SQLite": storetest.SQLitePath, "PostgreSQL": storetest.PostgresURL} {
		t.Run(name, func(t *testing.T) {
			clock := storetest.NewClock()
			s := storetest.Open(t, address(t), clock.Now)
			t.Run("a row is read as it was written", func(t *testing.T) { keepsRows(t, s, clock) })
			t.Run("a name is taken whatever its case, but not in another project", func(t *testing.T) { keepsNames(t, s) })
			t.Run("of callers at once one gets a name", func(t *testing.T) { keepsNamesFromCrowds(t, s) })
		})
	}
}

func keepsRows(t *testing.T, s store.Transactions, clock *storetest.Clock) {
	ctx, made := t.Context(), clock.Now()
	written := thingOf("p", "Ä/b")
	written.Description = `100% "\`
	read := func(how func(context.Context, *store.Tx, string, string, workspace.Named) error, project, key string) (found thing, err error) {
		err = s.Update(ctx, func(tx *store.Tx) error { return how(ctx, tx, project, key, &found) })
		return found, err
	}
	everywhere := func(project string, want thing) {
		t.Helper()
		for i, how := range []func(context.Context, *store.Tx, string, string, workspace.Named) error{things.Get, things.Lock, things.GetNamed} {
			key := []string{want.ID, want.ID, "Ä/B"}[i]
			found, err := read(how, project, key)
			if project == "p" && (err != nil || found != want) {
				t.Errorf("read by way %d: %+v %v, want %+v", i, found, err, want)
			}
			if project != "p" && (workspace.CodeOf(err) != workspace.CodeOUNotFound || workspace.MessageOf(err) != fmt.Sprintf("thing %q does not exist", key)) {
				t.Errorf("read from another project by way %d: %v", i, err)
			}
		}
	}
	must(t, s.Update(ctx, func(tx *store.Tx) error { return things.Insert(ctx, tx, &written) }))
	if !written.Created.Equal(made) || !written.Updated.Equal(made) || written.NameFolded != "ä/b" {
		t.Errorf("inserted %+v", written)
	}
	everywhere("p", written)
	everywhere("q", written)

	clock.Advance(time.Second)
	changed := written
	changed.Name, changed.Description = "ä/B", ""
	must(t, s.Update(ctx, func(tx *store.Tx) error { return things.Save(ctx, tx, &changed) }))
	if !changed.Created.Equal(made) || !changed.Updated.Equal(clock.Now()) {
		t.Errorf("saved %+v", changed)
	}
	everywhere("p", changed)

	for range 2 {
		must(t, s.Update(ctx, func(tx *store.Tx) error { return things.Delete(ctx, tx, &changed) }))
	}
	everywhere("q", changed)
	if err := s.Update(ctx, func(tx *store.Tx) error { return things.Save(ctx, tx, &changed) }); workspace.CodeOf(err) != workspace.CodeOUNotFound {
		t.Errorf("saving what is gone: %v", err)
	}
}

func keepsNames(t *testing.T, s store.Transactions) {
	ctx := t.Context()
	first, elsewhere, other := thingOf("p", "Äpfel"), thingOf("q", "Äpfel"), thingOf("p", "pears")
	for _, one := range []*thing{&first, &elsewhere, &other} {
		must(t, s.Update(ctx, func(tx *store.Tx) error { return things.Insert(ctx, tx, one) }))
	}
	again := thingOf("p", "äPFEL")
	other.Name = again.Name
	for how, write := range map[string]func(*store.Tx) error{
		"inserted": func(tx *store.Tx) error { return things.Insert(ctx, tx, &again) },
		"saved":    func(tx *store.Tx) error { return things.Save(ctx, tx, &other) },
		"inserted by one who goes on": func(tx *store.Tx) error {
			_ = things.Insert(ctx, tx, &again)
			return nil
		},
	} {
		if err := s.Update(ctx, write); workspace.CodeOf(err) != workspace.CodeNameTaken || workspace.MessageOf(err) != `thing_name: "äPFEL" is in use` {
			t.Errorf("%s: %v", how, err)
		}
	}
}

func keepsNamesFromCrowds(t *testing.T, s store.Transactions) {
	const callers = 10
	answers := make(chan error, callers)
	for range callers {
		go func() {
			wanted := thingOf("p", "wanted")
			answers <- s.Update(t.Context(), func(tx *store.Tx) error { return things.Insert(t.Context(), tx, &wanted) })
		}()
	}
	got := 0
	for range callers {
		err := <-answers
		if err == nil {
			got++
		} else if workspace.CodeOf(err) != workspace.CodeNameTaken {
			t.Error(err)
		}
	}
	if got != 1 {
		t.Errorf("%d callers got the name, want 1", got)
	}
}
