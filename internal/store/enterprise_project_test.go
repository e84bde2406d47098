package store_test

import (
	"slices"
	"testing"

	"carrel/internal/desktop"
	"carrel/internal/store"
	"carrel/internal/store/storetest"
	"carrel/internal/workspace"
)

// Databases of before have ids of enterprise projects that nobody kept, in any form, and projects that authorized nothing.
func TestEnterpriseProjectsOfBeforeAreKept(t *testing.T) {
	for name, address := range map[string]func(testing.TB) string{"SQLite": storetest.SQLitePath, "PostgreSQL": storetest.PostgresURL} {
		t.Run(name, func(t *testing.T) { keepsEnterpriseProjects(t, address(t)) })
	}
}

func keepsEnterpriseProjects(t *testing.T, url string) {
	ctx := t.Context()
	s, err := store.Open(ctx, url)
	must(t, err)
	company(t, s, 2)
	for _, statement := range []string{
		"DROP TABLE enterprise_projects", "ALTER TABLE sub_jobs DROP COLUMN enterprise_id", "ALTER TABLE script_records DROP COLUMN enterprise_id",
		"ALTER TABLE projects DROP COLUMN agencies",
		"DELETE FROM schema_migrations WHERE name LIKE '%enterprise_projects.sql' OR name LIKE '%enterprise_of_jobs.sql' OR name LIKE '%service_agencies.sql'",
		"INSERT INTO accounts (id, name, created) SELECT 'a', 'a', created FROM desktops LIMIT 1",
		"INSERT INTO projects (id, account_id, name, created) SELECT 'p', 'a', 'p', created FROM desktops LIMIT 1",
		"UPDATE desktops SET enterprise_id = 'Default' WHERE name = 'PC-000000'", "UPDATE desktops SET enterprise_id = 'e 1' WHERE name = 'PC-000001'",
		"UPDATE users SET enterprise_id = 'E 1' WHERE name = 'user-000000'",
		"INSERT INTO iam_grants (id, account_id, principal_id, role_id, scope, scope_id, created) SELECT 'g', 'a', 'x', 'operator', 'enterprise_project', 'granted', created FROM accounts",
		"INSERT INTO jobs (id, project_id, type, pool_id, request_id, created) SELECT 'j', 'p', 'createDesktops', '', '', created FROM accounts",
		`INSERT INTO sub_jobs (id, job_id, project_id, type, pool_id, position, desktop_id, desktop_name, product_id, user_name, address, host, state, step, progress, code, reason,
			run_at, attempt, tries, lease_owner, created, job_created)
			SELECT 's', 'j', 'p', 'createDesktops', '', 0, id, name, '', '', '', '', 'SUCCESS', '', 100, '', '', created, 0, 0, '', created, created FROM desktops WHERE name = 'PC-000001'`,
	} {
		must(t, store.Exec(ctx, s, statement))
	}
	must(t, s.Close())

	s, err = store.Open(ctx, url)
	must(t, err)
	defer s.Close()
	must(t, s.View(ctx, func(tx *store.Tx) error {
		var ids []string
		must(t, tx.NewSelect().TableExpr("enterprise_projects").Column("id").Where("account_id = 'a' AND enabled").Scan(ctx, &ids))
		slices.Sort(ids)
		if want := []string{"0", "Default", "E 1", "e 1", "granted"}; !slices.Equal(ids, want) {
			t.Errorf("enterprise projects are %q, want %q", ids, want)
		}
		for _, id := range ids {
			must(t, tx.KnowsEnterprise(ctx, "p", id))
		}
		subs, _, err := tx.SubJobs(ctx, workspace.SubJobQuery{ProjectID: "p", Page: workspace.Page{Limit: 10}})
		if err != nil || len(subs) != 1 || subs[0].EnterpriseID != "e 1" {
			t.Errorf("sub-jobs: %+v %v", subs, err)
		}
		var agencies string
		must(t, tx.NewSelect().TableExpr("projects").Column("agencies").Where("id = 'p'").Scan(ctx, &agencies))
		if want := `[{"scene":"WORKSPACE","permissions":["desktops","images","networks"]}]`; agencies != want {
			t.Errorf("agencies are %s, want %s", agencies, want)
		}
		_, n, err := desktop.Desktops(ctx, tx, desktop.DesktopQuery{ProjectID: "p", EnterpriseID: "e 1"})
		if err != nil || n != 1 {
			t.Errorf("%d desktops: %v", n, err)
		}
		return nil
	}))
}
