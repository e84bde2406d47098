package store

import (
	"context"
	"fmt"
	"strings"

	"github.com/uptrace/bun"

	"carrel/internal/text"
)

// composedBy is the migration after which older texts have to be composed.
const composedBy = "migrations/0035_composed.sql"

// written is a table with texts from clients. Names are unique in a project when folded.
type written struct {
	table  string
	name   bool     // it has the columns name and name_folded
	plain  []string // other columns with texts, or with JSON that contains texts
	folded []string // other columns with texts, each with a second column for searches
}

var writtenTables = []written{
	{table: "people_groups", name: true, folded: []string{"description"}},
	{table: "ous", name: true, plain: []string{"description"}},
	{table: "name_policies", name: true},
	{table: "users", plain: []string{"alias"}, folded: []string{"description"}},
	{table: "pools", plain: []string{"description", "tags"}},
}

// composeTexts converts texts that were stored before package text composed them to Unicode's composed form, since queries are
// composed. If another row has the composed name, a number is added: only desktops and pools refer to a name, that of their unit,
// and they are updated too.
func (t *Tx) composeTexts(ctx context.Context) error {
	for _, w := range writtenTables {
		if err := t.composeTable(ctx, w); err != nil {
			return fmt.Errorf("composing the texts of %s: %w", w.table, err)
		}
	}
	return t.composeTags(ctx)
}

// texts reads columns of a table.
func (t *Tx) texts(ctx context.Context, table string, columns ...string) (_ [][]string, err error) {
	rows, err := t.NewSelect().Table(table).Column(columns...).Rows(ctx)
	if err != nil {
		return nil, err
	}
	defer rows.Close()
	var all [][]string
	for rows.Next() {
		row := make([]string, len(columns))
		into := make([]any, len(columns))
		for i := range row {
			into[i] = &row[i]
		}
		if err := rows.Scan(into...); err != nil {
			return nil, err
		}
		all = append(all, row)
	}
	return all, rows.Err()
}

func (t *Tx) composeTable(ctx context.Context, w written) error {
	columns := []string{"id", "project_id"}
	if w.name {
		columns = append(columns, "name")
	}
	columns = append(append(columns, w.plain...), w.folded...)
	rows, err := t.texts(ctx, w.table, columns...)
	if err != nil {
		return err
	}
	taken := map[[2]string]bool{}
	for _, row := range rows {
		if w.name && row[2] == text.NFC(row[2]) {
			taken[[2]string{row[1], Fold(row[2])}] = true
		}
	}
	for _, row := range rows {
		if text.NFC(strings.Join(row, "\x00")) == strings.Join(row, "\x00") {
			continue
		}
		set := t.NewUpdate().Table(w.table).Where("id = ?", row[0])
		for i, column := range columns[2:] {
			old := row[2+i]
			composed := text.NFC(old)
			isName := w.name && i == 0
			if isName && composed != old {
				composed = freeName(composed, func(name string) bool { return taken[[2]string{row[1], Fold(name)}] })
				taken[[2]string{row[1], Fold(composed)}] = true
			}
			set = set.Set("? = ?", bun.Ident(column), composed)
			if isName || i >= len(columns)-2-len(w.folded) {
				set = set.Set("? = ?", bun.Ident(column+"_folded"), Fold(composed))
			}
			if isName && w.table == "ous" {
				if err := t.renameUnit(ctx, row[1], old, composed); err != nil {
					return err
				}
			}
		}
		if _, err := set.Exec(ctx); err != nil {
			return err
		}
	}
	return nil
}

// freeName returns the name, or the name with the first number that is not taken.
func freeName(name string, taken func(string) bool) string {
	choice := name
	for n := 2; taken(choice); n++ {
		choice = fmt.Sprintf("%s-%d", name, n)
	}
	return choice
}

// renameUnit changes a unit's name on its desktops and pools.
func (t *Tx) renameUnit(ctx context.Context, projectID, old, name string) error {
	for _, table := range []string{"desktops", "pools"} {
		_, err := t.NewUpdate().Table(table).Set("ou_name = ?", name).Where("project_id = ? AND ou_name = ?", projectID, old).Exec(ctx)
		if err != nil {
			return err
		}
	}
	return nil
}

// composeTags composes the tags of desktops.
func (t *Tx) composeTags(ctx context.Context) error {
	rows, err := t.texts(ctx, "desktop_tags", "desktop_id", "position", "key", "value")
	if err != nil {
		return err
	}
	for _, row := range rows {
		key, value := text.NFC(row[2]), text.NFC(row[3])
		if key == row[2] && value == row[3] {
			continue
		}
		_, err := t.NewUpdate().Table("desktop_tags").Set("key = ?", key).Set("value = ?", value).
			Where("desktop_id = ? AND position = ?", row[0], row[1]).Exec(ctx)
		if err != nil {
			return fmt.Errorf("composing the tags of desktops: %w", err)
		}
	}
	return nil
}
