package recording

import (
	"crypto/rand"
	"database/sql"
	"errors"
	"fmt"
	"net/url"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	_ "github.com/jackc/pgx/v5/stdlib" // the driver "pgx"
	_ "modernc.org/sqlite"             // the driver "sqlite"
)

// database is Carrel's, to be read.
type database struct {
	*sql.DB
	tables string // lists its tables
}

// opener opens the database of the program that uses a data directory.
type opener func(t *testing.T, data string) *database

func openSQLite(t *testing.T, data string) *database {
	name := url.URL{Scheme: "file", Path: filepath.Join(data, "carrel.db"), RawQuery: "_pragma=busy_timeout(10000)&_pragma=query_only(1)"}
	return open(t, "sqlite", name.String(), "SELECT name FROM sqlite_master WHERE type = 'table' AND name NOT LIKE 'sqlite_%' ORDER BY name")
}

func openPostgres(address string) opener {
	return func(t *testing.T, _ string) *database {
		return open(t, "pgx", address, "SELECT tablename FROM pg_tables WHERE schemaname = 'public' ORDER BY tablename")
	}
}

func open(t *testing.T, driver, name, tables string) *database {
	db, err := sql.Open(driver, name)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := db.Close(); err != nil {
			t.Error(err)
		}
	})
	return &database{db, tables}
}

// newPostgres makes a database that is gone after the test, and returns its address.
func newPostgres(t *testing.T) string {
	server := os.Getenv("CARREL_TEST_POSTGRES")
	if server == "" && os.Getenv("CARREL_TEST_POSTGRES_REQUIRED") != "" {
		t.Fatal("CARREL_TEST_POSTGRES is not set; run the tests with scripts/with-postgres")
	}
	if server == "" {
		t.Skip("CARREL_TEST_POSTGRES is not set; scripts/with-postgres sets it")
	}
	address, err := url.Parse(server)
	if err != nil {
		t.Fatalf("CARREL_TEST_POSTGRES: %v", err)
	}
	admin, err := sql.Open("pgx", server)
	if err != nil {
		t.Fatal(err)
	}
	name := "carrel_recording_" + strings.ToLower(rand.Text())
	if _, err := admin.ExecContext(t.Context(), "CREATE DATABASE "+name); err != nil {
		t.Fatalf("making a database: %v", err)
	}
	t.Cleanup(func() {
		_, err := admin.Exec("DROP DATABASE " + name + " WITH (FORCE)")
		if err := errors.Join(err, admin.Close()); err != nil {
			t.Errorf("dropping the test's database: %v", err)
		}
	})
	address.Path = "/" + name
	return address.String()
}

// columns are not compared: what they hold depends on when somebody last looked, or follows no pattern.
var columns = map[string]string{
	"accounts.policy_version": "also grows with the tokens that are spent before the script",
	"audit_records.hash":      "follows the order of linking, and a key",
	"audit_records.previous":  "a hash",
	"audit_records.seq":       "follows the order of linking: records of one transaction have one time, and then follow ids",
	"capacities.promised":     "written when the engine is asked, every 15 s",
	"leases.owner":            "an id of the process",
	"networks.applied":        "a time",
	"networks.wanted":         "a time",
	"otp_devices.last_step":   "a time",
	"recovery_codes.hash":     "a secret's",
	"sub_jobs.position":       "follows ids in rebuilds of pools; answers have the order of the others",
	"sub_jobs.lease_owner":    "holds an id of the process",
	"client_tokens.answer":    "encrypted anew each time",
}

// dump writes every row of the database, masked: one line each, sorted within its table.
func dump(t *testing.T, db *database, m *mask) string {
	t.Helper()
	var out strings.Builder
	for _, table := range readColumn[string](t, db, db.tables) {
		rows := slices.DeleteFunc(readRows(t, db, "SELECT * FROM "+table), leftOut)
		lines := make([]string, len(rows))
		for i, row := range rows {
			lines[i] = rowLine(table, row, m)
		}
		slices.Sort(lines)
		fmt.Fprintf(&out, "## %s\n", table)
		for _, line := range lines {
			out.WriteString(line + "\n")
		}
		out.WriteString("\n")
	}
	return out.String()
}

// leftOut says which rows are not compared: how often a pool was looked at in vain depends on when something was done elsewhere, and how often
// records were linked on time; the tokens that are spent before the script have records; tickets end after a minute, and a run that takes five
// finds the first ones deleted.
func leftOut(row map[string]string) bool {
	return row["kind"] == "AUTOSCALE" && row["actions"] == "[]" || row["request_id"] == "recording-0" || row["first_seq"] != "" && row["seal"] != "" ||
		row["token_hash"] != "" && row["sign_in_hash"] != ""
}

func rowLine(table string, row map[string]string, m *mask) string {
	var all []string
	for name := range row {
		all = append(all, name)
	}
	slices.Sort(all)
	for i, name := range all {
		value := row[name]
		if columns[table+"."+name] != "" && value != "null" && (value != "" || name == "previous") { // the first of all follows none
			value = "{" + name + "}"
		}
		all[i] = name + "=" + m.text(value, false)
	}
	return strings.Join(all, " | ")
}

func readColumn[T any](t *testing.T, db *database, query string) []T {
	t.Helper()
	rows, err := db.QueryContext(t.Context(), query)
	if err != nil {
		t.Fatalf("%s: %v", query, err)
	}
	defer rows.Close()
	var all []T
	for rows.Next() {
		var value T
		if err := rows.Scan(&value); err != nil {
			t.Fatal(err)
		}
		all = append(all, value)
	}
	if err := rows.Err(); err != nil {
		t.Fatal(err)
	}
	return all
}

// readRows reads rows as texts by the names of their columns.
func readRows(t *testing.T, db *database, query string) []map[string]string {
	t.Helper()
	rows, err := db.QueryContext(t.Context(), query)
	if err != nil {
		t.Fatalf("%s: %v", query, err)
	}
	defer rows.Close()
	types, err := rows.ColumnTypes()
	if err != nil {
		t.Fatal(err)
	}
	var all []map[string]string
	for rows.Next() {
		values := make([]any, len(types))
		pointers := make([]any, len(types))
		for i := range values {
			pointers[i] = &values[i]
		}
		if err := rows.Scan(pointers...); err != nil {
			t.Fatal(err)
		}
		row := map[string]string{}
		for i, column := range types {
			row[column.Name()] = valueText(values[i], column.DatabaseTypeName())
		}
		all = append(all, row)
	}
	if err := rows.Err(); err != nil {
		t.Fatal(err)
	}
	return all
}

// valueText writes a value alike for both databases.
func valueText(value any, kind string) string {
	switch v := value.(type) {
	case nil:
		return "null"
	case time.Time:
		return v.UTC().Format("2006-01-02T15:04:05.000000Z") // as the store writes it on SQLite
	case []byte:
		return string(v)
	case int64:
		if strings.HasPrefix(kind, "BOOL") {
			return fmt.Sprint(v != 0)
		}
	}
	return strings.ReplaceAll(fmt.Sprint(value), "\n", `\n`)
}
