package recording

import (
	"flag"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"

	"carrel/test/controlplane"
)

var update = flag.Bool("update", false, "write what happens into testdata, instead of comparing")

// config makes everything happen in one order: one sub-job of a type at a time. One image is for rebuilds. The
// first desktop is made at the second attempt.
const config = `
jobs: {parallel: {PARALLEL}}
desktops: {timezone: UTC}
public_addresses: [198.51.100.0/30]
audit_log: {file: AUDIT}
mail: {smtp: {host: 127.0.0.1, port: PORT, tls: none, from: desktops@example.com}}
sim:
  images:
    - {alias: debian-xfce, description: Debian with XFCE (simulated), size_mib: 900, os: Debian GNU/Linux 12}
    - {alias: debian-next, description: Debian next (simulated), size_mib: 900, os: Debian GNU/Linux 13}
  faults: {launch-fails: {count: 1}}
`

// jobTypes are those of which one runs at a time.
var jobTypes = []string{
	"addDesktopPoolVolumes", "attachDesktopPool", "attachDesktops", "batchDetachDesktops", "changeUserName",
	"changeUserPrivilegeGroup", "createDesktopPool", "createDesktops", "deleteDesktopPoolVolumes", "deleteDesktops",
	"detachDesktops", "expandDesktopPool", "expandVolumes", "hashPasswords", "notifyDesktopPool", "operateDesktops",
	"rebuildDesktopPool", "rebuildDesktops", "resizeDesktopPool", "applyWorkspace",
}

// TestRecordingOnSQLite plays twice: SQLite's tables are measured at every fiftieth commit, by a statement that counts for whatever
// call that is. The second time, about 25 commits later, it is another one, so that the fewer of both counts is a call's own.
func TestRecordingOnSQLite(t *testing.T) {
	together(t)
	play := func(t *testing.T, tokens int) []counted { return record(t, "sqlite", openSQLite, nil, tokens) }
	var plays [2][]counted
	t.Run("Plays", func(t *testing.T) {
		for i := range plays {
			t.Run(strconv.Itoa(i+1), func(t *testing.T) {
				together(t)
				plays[i] = play(t, 6*i)
			})
		}
	})
	compareStatements(t, "sqlite", again(t, "sqlite", fewest(plays[0], plays[1]), play))
}

func TestRecordingOnPostgreSQL(t *testing.T) {
	play := func(t *testing.T, tokens int) []counted {
		url := newPostgres(t)
		return record(t, "postgres", openPostgres(url), []string{"--database", url}, tokens)
	}
	together(t)
	compareStatements(t, "postgres", again(t, "postgres", play(t, 0), play))
}

// again plays once more when a call takes more statements than recorded: what work behind it added does not come again, what the
// call itself takes does.
func again(t *testing.T, database string, counts []counted, play func(*testing.T, int) []counted) []counted {
	if *update || len(risen(t, database, counts)) == 0 {
		return counts
	}
	t.Run("Again", func(t *testing.T) { counts = fewest(counts, play(t, 3)) })
	return counts
}

// together lets both databases be played at a time, unless both write.
func together(t *testing.T) {
	if !*update {
		t.Parallel()
	}
}

// record plays the whole script on a database and compares, or writes down, what happened. Before, it makes so many tokens and
// ends them, which is four commits each. It returns how many statements each call took.
func record(t *testing.T, database string, open opener, flags []string, tokens int) []counted {
	data := t.TempDir()
	trail := filepath.Join(t.TempDir(), "audit.jsonl")
	messages := startMailServer(t)
	counts := newRequestLog()
	p := controlplane.Start(t, controlplane.Options{
		Engine: "sim", Data: data, Config: configFile(t, messages.port, trail), Flags: append(flags, "--log-json"),
		Program: os.Getenv("CARREL_RECORDING_BINARY"), Log: counts,
	})
	db := open(t, data)
	player := newPlayer(t, p, db, messages, counts)
	player.spend(tokens)
	for _, area := range script {
		player.chapter(area.name)
		for _, s := range area.steps {
			player.play(s)
		}
	}
	player.jobs()
	player.checkCoverage()
	player.checkAudit()
	player.checkSubJobs()
	if err := p.Terminate(t.Context()); err != nil {
		t.Errorf("the program ended with %v\n%s", err, p.Log())
	}
	player.checkAuditFile(trail)
	compare(t, "answers.txt", player.answers.String())
	compare(t, "rows.txt", dump(t, db, player.mask))
	return player.counts
}

func configFile(t *testing.T, port, trail string) string {
	parallel := make([]string, len(jobTypes))
	for i, name := range jobTypes {
		parallel[i] = name + ": 1"
	}
	body := strings.NewReplacer("PARALLEL", strings.Join(parallel, ", "), "PORT", port, "AUDIT", trail).Replace(config)
	path := filepath.Join(t.TempDir(), "carrel.yaml")
	if err := os.WriteFile(path, []byte(body), 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}

// compare finds the first parts, which begin with "## ", that are not as they were recorded. SQLite is what is recorded; PostgreSQL
// must do the same.
func compare(t *testing.T, name, got string) {
	t.Helper()
	path := filepath.Join("testdata", name)
	if *update && strings.HasSuffix(t.Name(), "SQLite/Plays/1") {
		if err := os.WriteFile(path, []byte(got), 0o644); err != nil {
			t.Fatal(err)
		}
		return
	}
	recorded, err := os.ReadFile(path)
	if err != nil {
		t.Fatalf("%v; record with -update", err)
	}
	if string(recorded) == got {
		return
	}
	seen := filepath.Join(os.TempDir(), "carrel-recording-"+strings.ReplaceAll(t.Name(), "/", "-")+"-"+name)
	if err := os.WriteFile(seen, []byte(got), 0o600); err != nil {
		t.Error(err)
	}
	t.Errorf("%s differs from the recording: diff -u test/recording/%s %s", name, path, seen)
	for _, d := range differences(string(recorded), got, 5) {
		t.Error(d)
	}
}

// differences tells of at most n parts what is recorded and what is new.
func differences(recorded, got string, n int) []string {
	old, now := parts(recorded), parts(got)
	var all []string
	for title, text := range now {
		if old[title] != text {
			all = append(all, title+"\n"+changedLines(old[title], text))
		}
	}
	for title := range old {
		if _, ok := now[title]; !ok {
			all = append(all, title+"\n    is no longer there\n")
		}
	}
	slices.Sort(all)
	if len(all) > n {
		all = append(all[:n], "and "+strconv.Itoa(len(all)-n)+" more parts")
	}
	return all
}

// parts cuts a text before each line that begins with "## ".
func parts(text string) map[string]string {
	all := map[string]string{}
	for part := range strings.SplitSeq("\n"+text, "\n## ") {
		title, rest, _ := strings.Cut(part, "\n")
		all[title] = rest
	}
	return all
}

// changedLines leaves out what two texts begin and end with alike.
func changedLines(old, now string) string {
	a, b := strings.Split(old, "\n"), strings.Split(now, "\n")
	for len(a) > 0 && len(b) > 0 && a[0] == b[0] {
		a, b = a[1:], b[1:]
	}
	for len(a) > 0 && len(b) > 0 && a[len(a)-1] == b[len(b)-1] {
		a, b = a[:len(a)-1], b[:len(b)-1]
	}
	const most = 20
	var out strings.Builder
	for sign, lines := range map[string][]string{"  recorded: ": a, "  now:      ": b} {
		for _, line := range lines[:min(len(lines), most)] {
			out.WriteString(sign + line + "\n")
		}
	}
	return out.String()
}
