package store_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"golang.org/x/text/unicode/norm"

	"carrel/internal/desktop"
	"carrel/internal/directory"
	"carrel/internal/store"
	"carrel/internal/store/storetest"
	"carrel/internal/workspace"
)

// Databases of before hold names as clients sent them. What is looked for is composed, so that those were found by nobody.
func TestTextsOfBeforeAreComposed(t *testing.T) {
	for name, address := range map[string]func(testing.TB) string{"SQLite": storetest.SQLitePath, "PostgreSQL": storetest.PostgresURL} {
		t.Run(name, func(t *testing.T) { composesTextsOfBefore(t, address(t)) })
	}
}

func composesTextsOfBefore(t *testing.T, url string) {
	const office, decomposed = "B\u00fcro", "Bu\u0308ro"
	ctx := t.Context()
	s, err := store.Open(ctx, url)
	must(t, err)
	company(t, s, 1)
	must(t, s.Update(ctx, func(tx *store.Tx) error {
		for i, name := range []string{office, "a", "b", "Sales"} {
			g := directory.Group{Meta: workspace.Meta{ID: fmt.Sprint(i), ProjectID: "p", Name: name}, Description: name}
			if err := directory.InsertGroup(ctx, tx, g); err != nil {
				return err
			}
		}
		unit := thingOf("p", "x")
		return things.Insert(ctx, tx, &unit)
	}))
	for _, statement := range []string{
		// The tables of before had the names of units, not their ids.
		"DROP INDEX desktops_ou", "DROP INDEX pools_ou", "ALTER TABLE desktops DROP COLUMN ou_id", "ALTER TABLE pools DROP COLUMN ou_id",
		"ALTER TABLE desktops ADD COLUMN ou_name TEXT NOT NULL DEFAULT ''", "ALTER TABLE pools ADD COLUMN ou_name TEXT NOT NULL DEFAULT ''",
		"CREATE INDEX desktops_ou ON desktops (project_id, ou_name) WHERE ou_name <> ''",
		"DELETE FROM schema_migrations WHERE name = 'migrations/0038_units_by_id.sql'",
		"UPDATE people_groups SET name = '@', name_folded = 'bu\u0308ro', description = '@', description_folded = 'bu\u0308ro' WHERE id = '1'",
		"UPDATE people_groups SET name = 'BU\u0308RO', name_folded = 'bu\u0308ro!' WHERE id = '2'",
		"UPDATE ous SET name = '@', name_folded = 'bu\u0308ro', description = '@'",
		"UPDATE desktops SET ou_name = '@' WHERE name = 'PC-000000'", "UPDATE desktop_tags SET key = '@', value = '@'",
		"UPDATE users SET alias = '@', description = '@', description_folded = 'bu\u0308ro'",
		"DELETE FROM schema_migrations WHERE name = 'migrations/0035_composed.sql'",
	} {
		must(t, store.Exec(ctx, s, strings.ReplaceAll(statement, "@", decomposed)))
	}
	must(t, s.Close())

	s, err = store.Open(ctx, url)
	must(t, err)
	defer s.Close()
	must(t, s.View(ctx, func(tx *store.Tx) error {
		page := workspace.Page{Limit: 10}
		groups, _, err := directory.Groups(ctx, tx, directory.GroupQuery{ProjectID: "p", Page: page})
		must(t, err)
		var names []string
		for _, g := range groups {
			names = append(names, g.Name)
		}
		if want := []string{office, office + "-2", "B\u00dcRO-3", "Sales"}; !slices.Equal(names, want) {
			t.Errorf("groups are called %+q, want %+q", names, want)
		}
		if found, _, err := directory.Groups(ctx, tx, directory.GroupQuery{ProjectID: "p", Keyword: office, Page: page}); err != nil || len(found) != 3 {
			t.Errorf("by keyword: %+v %v", found, err)
		}
		if found, _, err := directory.Groups(ctx, tx, directory.GroupQuery{ProjectID: "p", Names: []string{office + "-2"}, Page: page}); err != nil || len(found) != 1 {
			t.Errorf("by name: %+v %v", found, err)
		}
		units, _, err := directory.OUs(ctx, tx, directory.OUQuery{ProjectID: "p", Name: office, Page: page})
		if err != nil || len(units) != 1 || units[0].Name != office || units[0].Description != office {
			t.Errorf("units: %+v %v", units, err)
		}
		in, _, err := desktop.Desktops(ctx, tx, desktop.DesktopQuery{ProjectID: "p", OUID: units[0].ID, Page: page})
		if err != nil || len(in) != 1 || in[0].OUName != office || in[0].Tags[0] != (workspace.Tag{Key: office, Value: office}) {
			t.Errorf("in the unit: %+v %v", in, err)
		}
		u, err := directory.UserByName(ctx, tx, "p", "user-000000")
		if err != nil || u.Alias != office || u.Description != office || !norm.NFC.IsNormalString(u.Alias) {
			t.Errorf("%+v %v", u, err)
		}
		return nil
	}))
}
