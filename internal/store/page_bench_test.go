package store_test

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/uptrace/bun"

	"carrel/internal/store"
	"carrel/internal/workspace"
)

// listedDesktop and listedSubJob are rows about as wide as those of the API's lists.
type listedDesktop struct {
	bun.BaseModel `bun:"table:desktops,alias:d"`
	ID            string `bun:",pk"`
	ProjectID     string
	PoolID        string
	Type          string
	Name          string
	HostName      string
	ProductID     string
	ImageID       string
	Zone          string
	SubnetID      string
	Address       string
	Status        string
	Task          string
	TaskOwner     string
	Login         string
	Fault         string
	InMaintenance bool
	Created       time.Time
	Updated       time.Time
	Tagged        bool `bun:",scanonly"`
	Total         int  `bun:",scanonly"`
}

type listedSubJob struct {
	bun.BaseModel `bun:"table:sub_jobs,alias:s"`
	ID            string `bun:",pk"`
	JobID         string
	JobCreated    time.Time
	ProjectID     string
	DesktopID     string
	Type          string
	State         string
	Position      int
	Progress      int
	Created       time.Time
	Total         int `bun:",scanonly"`
}

// list is a list with its order, and how the last row of a page and the number of all rows are found in a row.
type list[Row any] struct {
	alias   string
	columns []string
	key     func(Row) []any
	total   func(Row) int
	rows    func(*store.Tx, *[]Row) *bun.SelectQuery
}

func (l list[Row]) order() []string {
	return slices.Collect(func(yield func(string) bool) {
		for _, c := range l.columns {
			if !yield(l.alias + "." + c) {
				return
			}
		}
	})
}

// A way to read a page: it returns the number of all rows that match if it counts them.
type way[Row any] func(context.Context, *store.Tx, list[Row], filter, workspace.Page) (int, error)

type filter func(*bun.SelectQuery) *bun.SelectQuery

// twice counts, then reads.
func twice[Row any](ctx context.Context, tx *store.Tx, l list[Row], where filter, p workspace.Page) (int, error) {
	var rows []Row
	return store.ReadPage(ctx, where(l.rows(tx, &rows)), p, false, l.order()...)
}

// once lets the database count while it reads.
func once[Row any](ctx context.Context, tx *store.Tx, l list[Row], where filter, p workspace.Page) (int, error) {
	var rows []Row
	err := where(l.rows(tx, &rows)).ColumnExpr("count(*) OVER () AS total").Order(l.order()...).Offset(int64(p.Offset)).Limit(int64(p.Limit)).Scan(ctx)
	if err != nil || len(rows) == 0 {
		return 0, err
	}
	return l.total(rows[0]), nil
}

// onceByID is once for the ids alone, by which it reads the rows.
func onceByID[Row any](ctx context.Context, tx *store.Tx, l list[Row], where filter, p workspace.Page) (int, error) {
	var rows []Row
	ids := where(tx.NewSelect().Model((*Row)(nil)).Where("?TableAlias.project_id = 'p'")).ColumnExpr("?TableAlias.id AS at, count(*) OVER () AS total").
		Order(l.order()...).Offset(int64(p.Offset)).Limit(int64(p.Limit))
	err := l.rows(tx, &rows).ColumnExpr("page.total").Join("JOIN (?) AS page ON page.at = ?TableAlias.id", ids).Order(l.order()...).Scan(ctx)
	if err != nil || len(rows) == 0 {
		return 0, err
	}
	return l.total(rows[0]), nil
}

// after reads from the row at which the page before ended, and counts nothing. It looks for that row at the first run alone.
func after[Row any]() way[Row] {
	var before []Row
	return func(ctx context.Context, tx *store.Tx, l list[Row], where filter, p workspace.Page) (int, error) {
		if p.Offset > 0 && before == nil {
			if err := where(l.rows(tx, &before)).Order(l.order()...).Offset(int64(p.Offset - 1)).Limit(1).Scan(ctx); err != nil {
				return 0, err
			}
		}
		var rows []Row
		q := where(l.rows(tx, &rows))
		if p.Offset > 0 {
			marks := strings.TrimSuffix(strings.Repeat("?, ", len(l.columns)), ", ")
			q = q.Where("("+strings.Join(l.order(), ", ")+") > ("+marks+")", l.key(before[0])...)
		}
		return 0, q.Order(l.order()...).Limit(int64(p.Limit)).Scan(ctx)
	}
}

// compareWays reads the same pages in each way, and something that is nearly nothing, for comparison.
func compareWays[Row any](b *testing.B, s store.Transactions, l list[Row], filters map[string]filter, deep map[string]int) {
	ask := func(b *testing.B, f func(*store.Tx) error) {
		for b.Loop() {
			must(b, s.View(b.Context(), f))
		}
	}
	for name, where := range filters {
		for _, page := range []workspace.Page{{Limit: 100}, {Offset: deep[name], Limit: 100}} {
			for way, read := range map[string]way[Row]{"twice": twice[Row], "once": once[Row], "once-by-id": onceByID[Row], "after": after[Row]()} {
				b.Run(fmt.Sprintf("%s/%d/%s", name, page.Offset, way), func(b *testing.B) {
					ask(b, func(tx *store.Tx) error { _, err := read(b.Context(), tx, l, where, page); return err })
				})
			}
		}
	}
	b.Run("nothing", func(b *testing.B) {
		ask(b, func(tx *store.Tx) error { return tx.NewRaw("SELECT 1").Scan(b.Context(), new(int)) })
	})
}

func everything(q *bun.SelectQuery) *bun.SelectQuery { return q }

// BenchmarkPagesOfDesktops compares ways to read a page of 100,000 desktops and to count them.
func BenchmarkPagesOfDesktops(b *testing.B) {
	databases(b, func(b *testing.B, s store.Transactions) {
		company(b, s, 100_000)
		compareWays(b, s, list[listedDesktop]{
			alias: "d", columns: []string{"created", "id"},
			key:   func(r listedDesktop) []any { return []any{r.Created, r.ID} },
			total: func(r listedDesktop) int { return r.Total },
			rows: func(tx *store.Tx, rows *[]listedDesktop) *bun.SelectQuery {
				return tx.NewSelect().Model(rows).ColumnExpr("?TableColumns").Where("d.project_id = 'p'").
					ColumnExpr("EXISTS (SELECT 1 FROM desktop_tags AS l WHERE l.desktop_id = d.id) AS tagged")
			},
		}, map[string]filter{
			"all":   everything,
			"named": func(q *bun.SelectQuery) *bun.SelectQuery { return store.Containing(q, "d.name_folded", "77") },
			"tagged": func(q *bun.SelectQuery) *bun.SelectQuery {
				return q.Where("d.id IN (SELECT t.desktop_id FROM desktop_tags AS t WHERE t.project_id = 'p' AND t.key = 'team' AND t.value = '7')")
			},
		}, map[string]int{"all": 90_000, "named": 3_000, "tagged": 4_000})
	})
}

// BenchmarkPagesOfSubJobs is BenchmarkPagesOfDesktops for 100,000 sub-jobs of 100 jobs, of which one in twenty has failed.
func BenchmarkPagesOfSubJobs(b *testing.B) {
	databases(b, func(b *testing.B, s store.Transactions) {
		for range 100 {
			must(b, s.Update(b.Context(), func(tx *store.Tx) error {
				j := workspace.Job{ID: workspace.NewID(), ProjectID: "p", Type: workspace.JobCreateDesktops, Created: tx.Now()}
				for i := range 1000 {
					sub := workspace.SubJob{ID: workspace.NewID(), ProjectID: "p", Type: j.Type, Position: i, State: workspace.SubJobSuccess, RunAt: tx.Now(), Created: tx.Now()}
					if i%20 == 0 {
						sub.State = workspace.SubJobFailed
					}
					j.SubJobs = append(j.SubJobs, sub)
				}
				return tx.InsertJob(b.Context(), j)
			}))
		}
		compareWays(b, s, list[listedSubJob]{
			alias: "s", columns: []string{"job_created", "job_id", "position", "id"},
			key:   func(r listedSubJob) []any { return []any{r.JobCreated, r.JobID, r.Position, r.ID} },
			total: func(r listedSubJob) int { return r.Total },
			rows: func(tx *store.Tx, rows *[]listedSubJob) *bun.SelectQuery {
				return tx.NewSelect().Model(rows).ColumnExpr("?TableColumns").Where("s.project_id = 'p'")
			},
		}, map[string]filter{
			"all":    everything,
			"failed": func(q *bun.SelectQuery) *bun.SelectQuery { return q.Where("s.state = 'FAILED'") },
		}, map[string]int{"all": 90_000, "failed": 4_000})
	})
}
