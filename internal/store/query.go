package store

import (
	"context"
	"reflect"
	"slices"
	"strings"

	"github.com/uptrace/bun"

	"carrel/internal/text"
	"carrel/internal/workspace"
)

// Equal adds a condition unless value is zero.
func Equal[T comparable](q *bun.SelectQuery, column string, value T) *bun.SelectQuery {
	var zero T
	if value == zero {
		return q
	}
	return q.Where("? = ?", bun.Ident(column), value)
}

// Among adds a condition unless values is empty.
func Among[T any](q *bun.SelectQuery, column string, values []T) *bun.SelectQuery {
	if len(values) == 0 {
		return q
	}
	return q.Where("? IN (?)", bun.Ident(column), bun.List(values))
}

// Is adds a condition unless value is nil.
func Is(q *bun.SelectQuery, column string, value *bool) *bun.SelectQuery {
	if value == nil {
		return q
	}
	return q.Where("? = ?", bun.Ident(column), *value)
}

// Containing adds a condition on a folded column unless part is empty: the text contains it, ignoring case.
func Containing(q *bun.SelectQuery, column, part string) *bun.SelectQuery {
	if part == "" {
		return q
	}
	return q.Where(`? LIKE ? ESCAPE '\'`, bun.Ident(column), LikePart(part))
}

// StartingWith returns a condition that can use an index: the text, byte by byte, starts with prefix.
func StartingWith(column, prefix string) (string, []any) {
	return "? >= ? AND ? < ?", []any{bun.Ident(column), prefix, bun.Ident(column), prefix + "\U0010FFFF"}
}

var LikeEscapes = strings.NewReplacer(`\`, `\\`, `%`, `\%`, `_`, `\_`)

// LikePart returns the pattern for texts that contain part, ignoring case.
func LikePart(part string) string { return "%" + LikeEscapes.Replace(Fold(part)) + "%" }

// Fold removes the differences between upper and lower case, and between Unicode's composed and decomposed form.
func Fold(s string) string { return text.NFC(strings.ToLower(s)) }

func FoldAll(names []string) []string {
	folded := make([]string, len(names))
	for i, n := range names {
		folded[i] = Fold(n)
	}
	return folded
}

// Present returns which of the values a project has, in their order. lookup selects one, v.column1, by a unique index. Each is
// looked up individually: for a long list PostgreSQL expects to find half of a new table, and reads the whole project.
func (t *Tx) Present(ctx context.Context, lookup, projectID string, values []string) ([]string, error) {
	var found []string
	for part := range slices.Chunk(values, Batch) {
		rows := Convert(part, func(value string) bun.TupleValues { return bun.Tuple([]string{value}) })
		var some []string
		err := t.NewRaw("SELECT found FROM (SELECT ("+lookup+") AS found FROM (VALUES ?) AS v) AS f WHERE found IS NOT NULL ORDER BY found",
			projectID, bun.List(rows)).Scan(ctx, &some)
		if err != nil {
			return nil, err
		}
		found = append(found, some...)
	}
	return found, nil
}

// ReadPage counts all rows of q and reads those of the page, ordered by the columns.
func ReadPage(ctx context.Context, q *bun.SelectQuery, p workspace.Page, descending bool, columns ...string) (total int, err error) {
	n, err := q.Count(ctx)
	total = int(n)
	if err != nil || p.Limit <= 0 || p.Offset >= total {
		return total, err
	}
	direction := bun.Safe("ASC")
	if descending {
		direction = "DESC"
	}
	for _, c := range columns {
		q = q.OrderExpr("? ?", bun.Ident(c), direction)
	}
	// Allocate all rows at once: bun appends them one by one, which would copy them again and again.
	reflect.ValueOf(q.GetModel().Value()).Elem().Grow(min(p.Limit, total-max(p.Offset, 0)))
	return total, q.Offset(int64(max(p.Offset, 0))).Limit(int64(p.Limit)).Scan(ctx)
}

// Convert converts rows to the domain's structs, or the reverse. It returns nil for none.
func Convert[From, To any](from []From, one func(From) To) []To {
	if len(from) == 0 {
		return nil
	}
	to := make([]To, len(from))
	for i, f := range from {
		to[i] = one(f)
	}
	return to
}

// Batch is the maximum number of rows that a statement writes, or ids that it names: a statement's text must have a limit.
const Batch = 500

// Nullable returns NULL for a zero value; compare with IS NOT DISTINCT FROM.
func Nullable[T comparable](v T) any {
	var zero T
	if v == zero {
		return nil
	}
	return v
}
