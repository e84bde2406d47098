package store_test

import (
	"context"
	"fmt"
	"strings"
	"testing"

	"carrel/internal/catalog"
	"carrel/internal/desktop"
	"carrel/internal/store"
	"carrel/internal/workspace"
)

func TestReadersPlanWithTheStatisticsOfTablesThatHaveGrown(t *testing.T) {
	s, sent := recorder(t, 300)
	ofAPerson := sent(func(ctx context.Context, x *store.Tx) error {
		_, _, err := desktop.Desktops(ctx, x, desktop.DesktopQuery{ProjectID: "p", UserID: "1", Page: workspace.Page{Limit: 10}})
		return err
	})
	readProject := func() bool {
		for _, statement := range ofAPerson {
			if strings.Contains(strings.Join(store.Plan(t, s, statement), "\n"), "(project_id=?)") {
				return true
			}
		}
		return false
	}
	before := store.Reader(t, s)
	if !readProject() {
		t.Fatal("without statistics the plan is good, too: this test needs another one")
	}
	if err := store.Measure(t.Context(), s); err != nil {
		t.Fatal(err)
	}
	if readProject() {
		t.Error("a person's desktops are found by reading the project's")
	}
	after := store.Reader(t, s)
	if after == before {
		t.Error("the reader is the same")
	}
	if err := store.Measure(t.Context(), s); err != nil {
		t.Fatal(err)
	}
	if store.Reader(t, s) != after {
		t.Error("a reader was opened anew for the same statistics")
	}
}

func TestAReaderInUseIsReplacedAfterwards(t *testing.T) {
	s, _ := recorder(t, 300)
	before := store.Reader(t, s)
	err := s.View(t.Context(), func(x *store.Tx) error {
		if err := store.Measure(t.Context(), s); err != nil {
			return err
		}
		_, _, err := desktop.Desktops(t.Context(), x, desktop.DesktopQuery{ProjectID: "p", Page: workspace.Page{Limit: 10}})
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	if store.Reader(t, s) == before {
		t.Error("the reader is the same")
	}
}

func TestTablesAreMeasuredAfterManyChanges(t *testing.T) {
	s := openSQLite(t)
	id := 0
	put := func(commits, rows int) {
		t.Helper()
		for range commits {
			var types []catalog.VolumeType
			for range rows {
				types = append(types, catalog.VolumeType{ID: fmt.Sprint(id)})
				id++
			}
			if err := s.Update(t.Context(), func(x *store.Tx) error { return catalog.PutVolumeTypes(t.Context(), x, types) }); err != nil {
				t.Fatal(err)
			}
		}
	}
	before := store.Reader(t, s)
	if put(100, 1); store.Reader(t, s) != before {
		t.Error("tables were measured after 100 changes")
	}
	if put(50, 100); store.Reader(t, s) == before {
		t.Error("tables were not measured after 5,000 changes")
	}
}
