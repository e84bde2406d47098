package store_test

import (
	"context"
	"fmt"
	"maps"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/uptrace/bun"

	"carrel/internal/assignment"
	"carrel/internal/assignment/plan"
	"carrel/internal/audit"
	"carrel/internal/catalog"
	"carrel/internal/desktop"
	"carrel/internal/directory"
	"carrel/internal/pool"
	"carrel/internal/store"
	"carrel/internal/tag"
	"carrel/internal/work"
	"carrel/internal/workspace"
)

// statements records what is sent to the database.
type statements []string

func (s *statements) BeforeQuery(ctx context.Context, _ *bun.QueryEvent) context.Context { return ctx }
func (s *statements) AfterQuery(_ context.Context, e *bun.QueryEvent) {
	if e.Query != "BEGIN" && e.Query != "COMMIT" && e.Query != "ROLLBACK" {
		*s = append(*s, e.Query)
	}
}

// recorder opens a database with some desktops and returns what records the statements of a transaction.
func recorder(t *testing.T, desktops int) (*store.Store, func(func(context.Context, *store.Tx) error) []string) {
	t.Helper()
	var sent statements
	s, err := store.Open(t.Context(), filepath.Join(t.TempDir(), "carrel.db"), store.WithQueryHook(&sent))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { s.Close() })
	run := func(f func(context.Context, *store.Tx) error) {
		t.Helper()
		if err := s.Update(t.Context(), func(x *store.Tx) error { return f(t.Context(), x) }); err != nil {
			t.Fatal(err)
		}
	}
	run(func(ctx context.Context, x *store.Tx) error { return populate(ctx, x, desktops) })
	return s, func(f func(context.Context, *store.Tx) error) []string {
		t.Helper()
		sent = nil
		run(f)
		return sent
	}
}

// populate makes desktops, each with all that belongs to one, and a job about them.
func populate(ctx context.Context, x *store.Tx, desktops int) error {
	if err := catalog.InsertVPC(ctx, x, catalog.VPC{ID: "v"}); err != nil {
		return err
	}
	if err := catalog.InsertSubnet(ctx, x, catalog.Subnet{ID: "s", VPCID: "v"}); err != nil {
		return err
	}
	if err := catalog.InsertSecurityGroup(ctx, x, catalog.SecurityGroup{ID: "g"}); err != nil {
		return err
	}
	people := []pool.Grant{{Type: pool.GrantGroup, ObjectID: "people"}}
	if err := directory.InsertGroup(ctx, x, directory.Group{Meta: workspace.Meta{ID: "people", ProjectID: "p", Name: "people"}}); err != nil {
		return err
	}
	for _, id := range []string{"pool", "other", "doomed"} {
		if err := pool.InsertPool(ctx, x, pool.Pool{ID: id, ProjectID: "p", Name: id, Autoscaling: true}, people); err != nil {
			return err
		}
	}
	j := workspace.Job{ID: "j", ProjectID: "p", Created: x.Now()}
	for i := range desktops {
		id := fmt.Sprint(i)
		if err := directory.InsertUsers(ctx, x, []directory.User{{ID: id, ProjectID: "p", Name: id}}); err != nil {
			return err
		}
		err := desktop.InsertDesktops(ctx, x, []desktop.Desktop{{
			ID: id, ProjectID: "p", PoolID: "other", Name: id, SubnetID: "s", SecurityGroups: []string{"g"}, Tags: []workspace.Tag{{Key: "k", Value: "v"}},
			Root: desktop.Volume{ID: id}, Assignments: []desktop.Assignment{{UserID: id}},
		}})
		if err != nil {
			return err
		}
		j.SubJobs = append(j.SubJobs, workspace.SubJob{ID: id, ProjectID: "p", DesktopID: id, Type: workspace.JobCreateDesktops, State: workspace.SubJobWaiting, RunAt: x.Now()})
	}
	return x.InsertJob(ctx, j)
}

func TestAListTakesAsManyStatementsForManyDesktopsAsForOne(t *testing.T) {
	count := func(desktops int) int {
		_, sent := recorder(t, desktops)
		return len(sent(func(ctx context.Context, x *store.Tx) error {
			got, _, err := desktop.Desktops(ctx, x, desktop.DesktopQuery{Page: workspace.Page{Limit: 100}})
			if len(got) != desktops || got[0].Root.ID == "" || len(got[0].Assignments) == 0 {
				t.Errorf("got %d desktops, want %d whole ones", len(got), desktops)
			}
			return err
		}))
	}
	if one, many := count(1), count(50); one != many || one > 7 {
		t.Errorf("%d statements for 1 desktop, %d for 50", one, many)
	}
}

func TestAListOfPoolsTakesThreeStatementsAndItsCount(t *testing.T) {
	_, sent := recorder(t, 20)
	for _, limit := range []int{1, 3} {
		statements := sent(func(ctx context.Context, x *store.Tx) error {
			got, _, err := pool.Pools(ctx, x, pool.PoolQuery{Page: workspace.Page{Limit: limit}})
			if len(got) != limit {
				t.Errorf("got %d pools, want %d", len(got), limit)
			}
			return err
		})
		if len(statements) != 4 {
			t.Errorf("%d statements for %d pools:\n%s", len(statements), limit, strings.Join(statements, "\n"))
		}
	}
}

func TestTheNamesOfFiveHundredPeopleAreReadByOneStatement(t *testing.T) {
	_, sent := recorder(t, 20)
	prefixes := make([]string, 500)
	for i := range prefixes {
		prefixes[i] = fmt.Sprint(i)
	}
	statements := sent(func(ctx context.Context, x *store.Tx) error {
		names, err := desktop.NamesWithPrefix(ctx, x, "p", prefixes...)
		if len(names) != 20 {
			t.Errorf("got %d names", len(names))
		}
		return err
	})
	if len(statements) != 1 {
		t.Errorf("%d statements", len(statements))
	}
}

func TestMembersAreReadByOneStatement(t *testing.T) {
	_, sent := recorder(t, 20)
	statements := sent(func(ctx context.Context, x *store.Tx) error {
		members, err := desktop.Members(ctx, x)
		if len(members) != 20 {
			t.Errorf("got %d members", len(members))
		}
		return err
	})
	if len(statements) != 1 {
		t.Errorf("%d statements", len(statements))
	}
}

func TestWhatIsAskedOftenFollowsAnIndex(t *testing.T) {
	page := workspace.Page{Limit: 10}
	types := []workspace.JobType{workspace.JobCreateDesktops}
	s, sent := recorder(t, 20)
	list := func(q desktop.DesktopQuery) func(context.Context, *store.Tx) error {
		q.ProjectID, q.Page = "p", page
		return func(ctx context.Context, x *store.Tx) error { _, _, err := desktop.Desktops(ctx, x, q); return err }
	}
	for name, f := range map[string]func(context.Context, *store.Tx) error{
		"desktops":                          list(desktop.DesktopQuery{}),
		"desktops by name":                  list(desktop.DesktopQuery{SortBy: desktop.ByName, Descending: true}),
		"desktops of a user":                list(desktop.DesktopQuery{UserID: "1"}),
		"desktops of user names":            list(desktop.DesktopQuery{UserNames: []string{"1"}}),
		"desktops with a tag":               list(desktop.DesktopQuery{Tags: desktop.TagQuery{All: []desktop.TagCondition{{Key: "k", Values: []string{"v"}}}}}),
		"desktops with one of several tags": list(desktop.DesktopQuery{Tags: desktop.TagQuery{Any: []desktop.TagCondition{{Key: "k", Values: []string{"v", "w"}}, {Key: "l"}}}}),
		"desktops without tags":             list(desktop.DesktopQuery{Tags: desktop.TagQuery{Untagged: true, NotAny: []desktop.TagCondition{{Key: "k"}}}}),
		"tags of a project": func(ctx context.Context, x *store.Tx) error {
			keys, total, err := tag.Keys(ctx, x, tag.KeyQuery{ProjectID: "p", Key: "k", Value: "v", Page: page})
			if len(keys) != 1 || total != 1 {
				t.Errorf("%d keys of %d", len(keys), total)
			}
			return err
		},
		"changing tags": func(ctx context.Context, x *store.Tx) error {
			found, err := desktop.LockTags(ctx, x, "p", []string{"1", "2"})
			if err != nil {
				return err
			}
			return desktop.SaveTags(ctx, x, "p", []desktop.Tagged{found["1"], found["2"]})
		},
		"desktops of a pool": list(desktop.DesktopQuery{PoolIDs: []string{"pool"}}),
		"names": func(ctx context.Context, x *store.Tx) error {
			_, err := desktop.TakenNames(ctx, x, "p", []string{"1", "2"})
			return err
		},
		"host names": func(ctx context.Context, x *store.Tx) error {
			_, err := desktop.TakenHostNames(ctx, x, "p", []string{"1", "2"})
			return err
		},
		"names with a prefix": func(ctx context.Context, x *store.Tx) error {
			_, err := desktop.NamesWithPrefix(ctx, x, "p", "1")
			return err
		},
		"names with prefixes": func(ctx context.Context, x *store.Tx) error {
			_, err := desktop.NamesWithPrefix(ctx, x, "p", "1", "2", "3")
			return err
		},
		"a user's sign-in": func(ctx context.Context, x *store.Tx) error {
			_, err := directory.UserByName(ctx, x, "", "1")
			return err
		},
		"audit records": func(ctx context.Context, x *store.Tx) error {
			_, _, err := audit.Records(ctx, x, audit.Query{ProjectID: "p", From: x.Now(), Page: page})
			return err
		},
		"audit records of a resource": func(ctx context.Context, x *store.Tx) error {
			_, _, err := audit.Records(ctx, x, audit.Query{ProjectID: "p", ResourceID: "d", Page: page})
			return err
		},
		"audit records of an actor": func(ctx context.Context, x *store.Tx) error {
			_, _, err := audit.Records(ctx, x, audit.Query{ProjectID: "p", ActorID: "a", Page: page})
			return err
		},
		"sub-jobs": func(ctx context.Context, x *store.Tx) error {
			_, _, err := x.SubJobs(ctx, workspace.SubJobQuery{ProjectID: "p", Page: page})
			return err
		},
		"a job": func(ctx context.Context, x *store.Tx) error { _, err := x.Job(ctx, "p", "j", true); return err },
		"claims": func(ctx context.Context, x *store.Tx) error {
			_, err := x.ClaimSubJobs(ctx, "w", map[workspace.JobType]int{workspace.JobCreateDesktops: 5, workspace.JobDeleteDesktops: 5}, time.Minute)
			return err
		},
		"the next due":        func(ctx context.Context, x *store.Tx) error { _, err := x.NextDue(ctx, types); return err },
		"leases of a process": func(ctx context.Context, x *store.Tx) error { _, err := x.ReleaseReplica(ctx, "w"); return err },
		"leases of a desktop": func(ctx context.Context, x *store.Tx) error { _, err := x.LeasedSubJobs(ctx, "1", ""); return err },
		"superseding": func(ctx context.Context, x *store.Tx) error {
			_, err := x.SupersedeSubJobs(ctx, "1", "", "", "")
			return err
		},
		"removing what expired": func(ctx context.Context, x *store.Tx) error {
			_, err := work.DeleteExpired(ctx, x, work.DefaultRetention, 10)
			return err
		},
		"grounds": func(ctx context.Context, x *store.Tx) error { _, err := desktop.ReadGrounds(ctx, x, "g"); return err },
		"stale connections": func(ctx context.Context, x *store.Tx) error {
			_, err := desktop.DropStaleConnections(ctx, x)
			return err
		},
		"connections of a user": func(ctx context.Context, x *store.Tx) error {
			_, err := desktop.DropConnectionsOf(ctx, x, "1")
			return err
		},
		"mails": func(ctx context.Context, x *store.Tx) error {
			_, err := directory.ClaimMails(ctx, x, 5, time.Minute)
			return err
		},
		"people of a group": func(ctx context.Context, x *store.Tx) error {
			_, _, err := directory.Users(ctx, x, directory.UserQuery{ProjectID: "p", GroupID: "g", Page: page})
			return err
		},
		"groups": func(ctx context.Context, x *store.Tx) error {
			_, _, err := directory.Groups(ctx, x, directory.GroupQuery{ProjectID: "p", Page: page})
			return err
		},
		"groups of people": func(ctx context.Context, x *store.Tx) error {
			_, err := directory.GroupNames(ctx, x, []string{"1", "2"})
			return err
		},
		"records of messages": func(ctx context.Context, x *store.Tx) error {
			_, _, err := directory.Notifications(ctx, x, directory.NotificationQuery{ProjectID: "p", Page: page})
			return err
		},
		"who may use desktops": func(ctx context.Context, x *store.Tx) error {
			_, err := assignment.Holdings(ctx, x, []string{"1", "2"}, nil)
			return err
		},
		"desktops of groups": func(ctx context.Context, x *store.Tx) error {
			_, err := assignment.GroupDesktops(ctx, x, []string{"1", "2"})
			return err
		},
		"a crowded desktop": func(ctx context.Context, x *store.Tx) error {
			_, err := assignment.CrowdedDesktop(ctx, x, []string{"1", "2"}, 5)
			return err
		},
		"how many people have": func(ctx context.Context, x *store.Tx) error {
			_, err := assignment.OwnedDesktops(ctx, x, []string{"1", "2"})
			return err
		},
		"former accounts": func(ctx context.Context, x *store.Tx) error {
			_, err := assignment.FormerAccounts(ctx, x, []string{"1", "2"})
			return err
		},
		"detachments": func(ctx context.Context, x *store.Tx) error {
			_, err := assignment.Detachments(ctx, x, "1")
			return err
		},
		"taking desktops away": func(ctx context.Context, x *store.Tx) error {
			return assignment.Unassign(ctx, x, []plan.Pair{{DesktopID: "1", HolderID: "1"}, {DesktopID: "2", HolderID: "2"}})
		},
		"a desktop that is deleted": func(ctx context.Context, x *store.Tx) error { return desktop.DeleteDesktop(ctx, x, "1") },
	} {
		t.Run(name, func(t *testing.T) {
			for _, statement := range sent(f) {
				followsIndex(t, s, statement, strings.HasPrefix(name, "desktops"))
			}
		})
	}
}

// TestAClaimReadsOnlyTheFrontsOfTheQueuesThatItTakesFrom pins what made work slow down with the backlog: the rows of all types that were
// due were read and sorted for each type.
func TestAClaimReadsOnlyTheFrontsOfTheQueuesThatItTakesFrom(t *testing.T) {
	s, sent := recorder(t, 300)
	if err := store.Measure(t.Context(), s); err != nil {
		t.Fatal(err)
	}
	limits := map[workspace.JobType]int{workspace.JobCreateDesktops: 5, workspace.JobDeleteDesktops: 8, workspace.JobOperateDesktops: 8}
	types := slices.Sorted(maps.Keys(limits))
	for name, c := range map[string]struct {
		ask    func(context.Context, *store.Tx) error
		queues int
	}{
		"claims": {func(ctx context.Context, x *store.Tx) error {
			_, err := x.ClaimSubJobs(ctx, "w", limits, time.Minute)
			return err
		}, len(types)},
		"the next due": {func(ctx context.Context, x *store.Tx) error { _, err := x.NextDue(ctx, types); return err }, 0},
		"the next due behind one of another type": {func(ctx context.Context, x *store.Tx) error {
			_, err := x.NextDue(ctx, []workspace.JobType{workspace.JobDeleteDesktops, workspace.JobOperateDesktops})
			return err
		}, 2},
	} {
		queues := 0
		for _, statement := range sent(c.ask) {
			for _, step := range store.Plan(t, s, statement) {
				ofQueue := strings.HasPrefix(step, "SEARCH s USING") && strings.Contains(step, "sub_jobs_queue (type=?")
				other := strings.HasPrefix(step, "SEARCH s USING") && strings.Contains(step, "sub_jobs_leased") ||
					step == "SCAN s USING INDEX sub_jobs_waiting" // of which one row is read
				own := strings.HasPrefix(step, "SEARCH sub_jobs USING") // by id, of what is claimed
				if ofQueue {
					queues++
				} else if strings.Contains(step, " s ") && !other || strings.Contains(step, "sub_jobs") && !other && !own {
					t.Errorf("%s: %s\nfor %s", name, step, statement)
				}
				if strings.Contains(step, "TEMP B-TREE") && name == "claims" {
					t.Errorf("%s: %s\nfor %s", name, step, statement)
				}
			}
		}
		if queues != c.queues {
			t.Errorf("%s: %d queues were read, want %d", name, queues, c.queues)
		}
	}
}

func TestWhatIsAskedOfPoolsFollowsAnIndex(t *testing.T) {
	page := workspace.Page{Limit: 10}
	s, sent := recorder(t, 20)
	for name, f := range map[string]func(context.Context, *store.Tx) error{
		"pools": func(ctx context.Context, x *store.Tx) error {
			_, _, err := pool.Pools(ctx, x, pool.PoolQuery{ProjectID: "p", Page: page})
			return err
		},
		"a pool that is deleted": func(ctx context.Context, x *store.Tx) error { return pool.DeletePool(ctx, x, "doomed") },
		"desktops of pools": func(ctx context.Context, x *store.Tx) error {
			_, err := desktop.Members(ctx, x, "pool", "other")
			return err
		},
		"desktops of all pools":        func(ctx context.Context, x *store.Tx) error { _, err := desktop.Members(ctx, x); return err },
		"a person's desktops of pools": func(ctx context.Context, x *store.Tx) error { _, err := desktop.MembersOf(ctx, x, "1"); return err },
		"a binding": func(ctx context.Context, x *store.Tx) error {
			m := desktop.Member{DesktopID: "1", PoolID: "other"}
			_, err := desktop.SaveMember(ctx, x, m.AfterBinding("1", x.Now()), desktop.Binding{}, "")
			return err
		},
		"a person who is deleted": func(ctx context.Context, x *store.Tx) error { return directory.DeleteUser(ctx, x, "19") },
		"people who wait": func(ctx context.Context, x *store.Tx) error {
			if err := pool.PutWaiting(ctx, x, pool.Waiting{PoolID: "pool", UserID: "2"}); err != nil {
				return err
			}
			_, err := pool.ReadWaiting(ctx, x, "pool")
			return err
		},
		"orders of rebuilds": func(ctx context.Context, x *store.Tx) error {
			_, err := desktop.RolloutOrders(ctx, x, []string{"1", "2"})
			return err
		},
		"progress of tasks": func(ctx context.Context, x *store.Tx) error {
			_, err := x.SubJobProgress(ctx, []string{"1", "2"})
			return err
		},
		"open sub-jobs of desktops": func(ctx context.Context, x *store.Tx) error {
			_, err := x.OpenSubJobs(ctx, []string{"1", "2"}, workspace.JobRebuildDesktops)
			return err
		},
		"open sub-jobs of a type": func(ctx context.Context, x *store.Tx) error {
			_, err := x.AllOpenSubJobs(ctx, workspace.JobRebuildDesktops)
			return err
		},
		"sub-jobs of a desktop": func(ctx context.Context, x *store.Tx) error {
			_, err := x.SubJobsOf(ctx, "1", []string{"1", "2"})
			return err
		},
		"subnets in use": func(ctx context.Context, x *store.Tx) error { _, err := catalog.UsedSubnets(ctx, x, "p"); return err },
		"people of a pool": func(ctx context.Context, x *store.Tx) error {
			_, _, err := pool.Grants(ctx, x, "pool", page)
			return err
		},
		"a person's pools": func(ctx context.Context, x *store.Tx) error { _, err := pool.GrantsFor(ctx, x, "1"); return err },
		"pools of people": func(ctx context.Context, x *store.Tx) error {
			_, err := pool.PoolUses(ctx, x, []string{"1", "2"})
			return err
		},
		"decisions": func(ctx context.Context, x *store.Tx) error {
			if err := pool.InsertDecision(ctx, x, pool.PoolDecision{ID: "d", PoolID: "pool", At: x.Now()}, 1); err != nil {
				return err
			}
			_, _, err := pool.Decisions(ctx, x, "pool", "", page)
			return err
		},
		"decisions of a kind": func(ctx context.Context, x *store.Tx) error {
			_, _, err := pool.Decisions(ctx, x, "pool", pool.DecideScale, page)
			return err
		},
		"notices": func(ctx context.Context, x *store.Tx) error {
			_, _, err := pool.Notices(ctx, x, "pool", page)
			return err
		},
		"differences": func(ctx context.Context, x *store.Tx) error {
			_, err := desktop.PoolDifferences(ctx, x, desktop.Pattern{PoolID: "pool", DataGB: []int{1}})
			return err
		},
		"desktops that differ": func(ctx context.Context, x *store.Tx) error {
			_, _, err := desktop.Desktops(ctx, x, desktop.DesktopQuery{
				ProjectID: "p", PoolIDs: []string{"pool"}, Unlike: &desktop.Unlike{Pattern: desktop.Pattern{PoolID: "pool"}, In: desktop.DiffersInDiskSize}, Page: page,
			})
			return err
		},
	} {
		t.Run(name, func(t *testing.T) {
			for _, statement := range sent(f) {
				followsIndex(t, s, statement, true)
			}
		})
	}
}

// followsIndex checks that a statement reads no table whole, and that a page of a list is not sorted if it is to be so.
func followsIndex(t *testing.T, s *store.Store, statement string, pagesInOrder bool) {
	t.Helper()
	derived := []string{"SCAN due", "SCAN h", "SCAN c", "SCAN v", "SCAN o", "SCAN n", "SCAN keys"} // not tables, but what the statement made
	for _, step := range store.Plan(t, s, statement) {
		table := !slices.Contains(derived, step) && !strings.HasPrefix(step, "SCAN q") && !strings.HasSuffix(step, "VALUES CLAUSE") && !strings.HasPrefix(step, "SCAN (subquery")
		scan := strings.HasPrefix(step, "SCAN ") && !strings.Contains(step, "USING") && table
		sorted := pagesInOrder && strings.Contains(step, "TEMP B-TREE") && strings.Contains(statement, "LIMIT")
		if scan || sorted {
			t.Errorf("%s\nfor %s", step, statement)
		}
	}
}

func TestAPersonsDesktopsAreFoundWithoutReadingTheProjectsOnceTablesHaveGrown(t *testing.T) {
	s, sent := recorder(t, 300)
	if err := store.Measure(t.Context(), s); err != nil {
		t.Fatal(err)
	}
	for _, statement := range sent(func(ctx context.Context, x *store.Tx) error {
		_, _, err := desktop.Desktops(ctx, x, desktop.DesktopQuery{ProjectID: "p", UserID: "1", Page: workspace.Page{Limit: 10}})
		return err
	}) {
		for _, step := range store.Plan(t, s, statement) {
			if strings.Contains(step, "(project_id=?)") {
				t.Errorf("%s\nfor %s", step, statement)
			}
		}
	}
}

func TestADesktopHasOneTagWithAKey(t *testing.T) {
	s, _ := recorder(t, 1)
	err := store.Exec(t.Context(), s, "INSERT INTO desktop_tags (desktop_id, position, project_id, key, value) VALUES ('0', 1, 'p', 'k', 'w')")
	if err == nil || !strings.Contains(err.Error(), "UNIQUE constraint failed: desktop_tags.desktop_id, desktop_tags.key") {
		t.Errorf("a second tag with the key: %v", err)
	}
}
