package tag

import (
	"context"

	"github.com/uptrace/bun"

	"carrel/internal/store"
)

// keyRow is a key of a project's tags.
type keyRow struct {
	store.BaseModel `bun:"table:keys,alias:keys"`
	Key             string
}

// Keys reads a page of the keys of a project's tags, each with its first MaxValues values, and counts all that match. It goes from
// each key to the next in the index: the tags of 100,000 desktops are many rows with few keys.
func Keys(ctx context.Context, t *store.Tx, f KeyQuery) ([]Key, int, error) {
	var rows []keyRow
	q := t.NewSelect().Model(&rows).Where("keys.key IS NOT NULL").WithRecursive("keys", t.NewRaw(`
		SELECT min(t.key) AS key FROM desktop_tags AS t WHERE t.project_id = ?0
		UNION ALL
		SELECT (SELECT min(t.key) FROM desktop_tags AS t WHERE t.project_id = ?0 AND t.key > keys.key) FROM keys WHERE keys.key IS NOT NULL`, f.ProjectID))
	matches := "TRUE"
	if f.Key != "" || f.Value != "" {
		matches = "(t.key = ?1 OR t.value = ?2)"
		q = q.Where("(keys.key = ?1 OR EXISTS (SELECT 1 FROM desktop_tags AS t WHERE t.project_id = ?0 AND t.key = keys.key AND t.value = ?2))",
			f.ProjectID, store.Nullable(f.Key), store.Nullable(f.Value))
	}
	total, err := store.ReadPage(ctx, q, f.Page, false, "keys.key")
	if err != nil || len(rows) == 0 {
		return nil, total, err
	}
	keys := store.Convert(rows, func(r keyRow) Key { return Key{Key: r.Key} })
	byKey := make(map[string]*Key, len(keys))
	for i := range keys {
		byKey[keys[i].Key] = &keys[i]
	}
	var values []struct{ Key, Value string }
	err = t.NewRaw(`SELECT v.key, v.value FROM (
			SELECT t.key, t.value, row_number() OVER (PARTITION BY t.key ORDER BY t.value) AS number
			FROM desktop_tags AS t WHERE t.project_id = ?0 AND t.key IN (?3) AND `+matches+` GROUP BY t.key, t.value) AS v
		WHERE v.number <= ?4 ORDER BY v.key, v.value`,
		f.ProjectID, store.Nullable(f.Key), store.Nullable(f.Value), bun.List(store.Convert(rows, func(r keyRow) string { return r.Key })), MaxValues).Scan(ctx, &values)
	for _, v := range values {
		byKey[v.Key].Values = append(byKey[v.Key].Values, v.Value)
	}
	return keys, total, err
}
