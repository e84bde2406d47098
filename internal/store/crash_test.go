package store_test

import (
	"bufio"
	"context"
	"database/sql"
	"fmt"
	"math/rand/v2"
	"os"
	"os/exec"
	"strings"
	"testing"
	"time"

	"go.uber.org/goleak"

	"carrel/internal/store"
	"carrel/internal/store/storetest"
	"carrel/internal/workspace"
)

// subJobsOfAWrite is how many sub-jobs each transaction of the killed process writes.
const subJobsOfAWrite = 10

// TestMain is the process that is killed, when it is told a database to write to. Otherwise it runs the tests and sees that
// closed stores leave nothing running.
func TestMain(m *testing.M) {
	if path := os.Getenv("CARREL_TEST_WRITE_TO"); path != "" {
		fmt.Fprintln(os.Stderr, writeForEver(path))
		os.Exit(1)
	}
	goleak.VerifyTestMain(m)
}

// writeForEver writes one job after another, and tells of each once it is committed.
func writeForEver(path string) error {
	ctx := context.Background()
	s, err := store.Open(ctx, path)
	if err != nil {
		return err
	}
	for {
		id := workspace.NewID()
		err := s.Update(ctx, func(tx *store.Tx) error {
			j := workspace.Job{ID: id, ProjectID: "p", Created: tx.Now()}
			for i := range subJobsOfAWrite {
				j.SubJobs = append(j.SubJobs, workspace.SubJob{ID: workspace.NewID(), ProjectID: "p", Position: i, State: workspace.SubJobWaiting,
					Reason: strings.Repeat("x", 300), RunAt: tx.Now(), Created: tx.Now()})
			}
			return tx.InsertJob(ctx, j)
		})
		if err != nil {
			return err
		}
		fmt.Println(id)
	}
}

func TestAProcessThatIsKilledWhileItWritesLeavesWholeTransactionsAndLosesNoneThatItTold(t *testing.T) {
	path := storetest.SQLitePath(t)
	var told []string
	for range 4 {
		told = append(told, writeUntilKilled(t, path, 5+rand.N(20))...)
		check(t, path, told)
	}
}

// writeUntilKilled starts a process that writes and kills it after it has told of some commits. It returns those.
func writeUntilKilled(t *testing.T, path string, commits int) (told []string) {
	t.Helper()
	c := exec.CommandContext(t.Context(), os.Args[0])
	c.Env = append(os.Environ(), "CARREL_TEST_WRITE_TO="+path)
	c.Stderr = os.Stderr
	out, err := c.StdoutPipe()
	must(t, err)
	must(t, c.Start())
	lines := bufio.NewScanner(out)
	for lines.Scan() {
		told = append(told, lines.Text())
		if len(told) == commits {
			must(t, c.Process.Kill()) // what the pipe still holds was told as well
		}
	}
	if err := c.Wait(); err == nil || len(told) < commits {
		t.Fatalf("the process ended by itself after %d commits: %v", len(told), err)
	}
	if last := told[len(told)-1]; len(last) != len(workspace.NewID()) {
		told = told[:len(told)-1] // killed in the middle of a line
	}
	return told
}

func check(t *testing.T, path string, told []string) {
	t.Helper()
	s := storetest.Open(t, path, time.Now)
	must(t, s.View(t.Context(), func(tx *store.Tx) error {
		for _, id := range told {
			j, err := tx.Job(t.Context(), "p", id, false)
			if err != nil {
				return fmt.Errorf("a commit that was told of is lost: %w", err)
			}
			if n := j.Counts.Total(); n != subJobsOfAWrite {
				t.Errorf("job %s has %d sub-jobs, want %d", id, n, subJobsOfAWrite)
			}
		}
		_, total, err := tx.SubJobs(t.Context(), workspace.SubJobQuery{ProjectID: "p"})
		if total%subJobsOfAWrite != 0 || total < len(told)*subJobsOfAWrite {
			t.Errorf("%d sub-jobs are not those of whole transactions", total)
		}
		return err
	}))
	db, err := sql.Open("sqlite", path)
	must(t, err)
	defer db.Close()
	var verdict string
	must(t, db.QueryRowContext(t.Context(), "PRAGMA integrity_check").Scan(&verdict))
	if verdict != "ok" {
		t.Errorf("the database is damaged: %s", verdict)
	}
}
