// Package architecture tests which package may import which, and what docs/architecture.md says of the code.
package architecture

import (
	"go/ast"
	"go/parser"
	"go/token"
	"io/fs"
	"maps"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"
)

// root is the module's folder, and module the beginning of its import paths.
const (
	root   = "../.."
	module = "carrel/"
)

// arrows says which packages of ours each package may import outside its tests, and what an import of any other would break.
// The table reads from the bottom up: a package stands below all that it imports. Names leave out "internal/".
// Rules about packages that are not ours stand in .golangci.yml.
var arrows = []struct{ pkg, imports, why string }{
	// Tools, which know nothing of desktops.
	{"backoff", "", "a tool imports no room"},
	{"text", "", "a tool imports no room"},
	{"sheet", "text", "a tool imports no room"},
	{"clientaddr", "", "a tool imports no room"},
	{"listen", "clientaddr", "a tool imports no room"},
	{"secret", "", "a tool imports no room"},
	{"route", "", "a tool imports no room: servers that have routes import it"},
	{"static", "", "a tool imports no room"},
	{"telemetry", "", "a tool imports no room: everything may log and count"},
	{"timezone", "", "a tool imports no room"},
	{"host", "", "the host is made ready before anything else of Carrel runs"},

	// Engines and what runs inside a desktop.
	{"guest", "", "the protocol is compiled into the guest, which is small"},
	{"guest/smallshell", "", "a language knows nothing of who speaks it"},
	{"guest/runs", "guest", "what runs scripts is compiled into the guest, which is small"},
	{"engine", "guest", "an engine knows machines, disks and networks; no pools, users, rows or HTTP"},
	{"engine/enginetest", "engine guest", "an engine's contract is stated without rooms"},
	{"engine/incus", "engine guest", "an engine knows machines, disks and networks; no pools, users, rows or HTTP"},
	{"engine/incus/incustest", "", "tests look into machines with it, below everything of theirs"},
	{"engine/incus/testguest", "", "the test image stands for itself"},
	{"engine/incus/testguest/init", "engine/incus/incustest guest guest/runs guest/smallshell", "the test image knows the guest protocol and what its tests look for"},
	{"engine/sim/picture", "", "a picture knows no machines"},
	{"engine/sim/rfb", "", "a protocol knows no machines"},
	{"engine/sim", "engine engine/sim/picture engine/sim/rfb guest guest/smallshell", "an engine knows machines, disks and networks; no pools, users, rows or HTTP"},

	// The kernel and the store, which every room uses.
	{"workspace", "backoff", "every room imports the kernel, which imports none"},
	{"workspace/workspacetest", "workspace", "fixtures of the kernel know no rooms"},
	{"rehearsal", "workspace", "the response to a dry run is made of what the transaction collects"},
	{"iam/policy", "workspace", "a decision imports the kernel and nothing else"},
	{"store", "telemetry text workspace", "the store keeps transactions and the queue; rows belong to their rooms"},

	// The rooms, each above those that it acts on.
	{"audit", "secret store workspace", "the trail is read and linked here; the transaction of a change writes it"},
	{"audit/sink", "audit workspace", "a sink gets what is linked, and knows no rows"},
	{"catalog", "store workspace", "products, images and networks know no people and no desktops"},
	{"quota", "store workspace", "what a project may have is a number; what an order takes, its own room says"},
	{"capacity", "store workspace", "what is promised is a sum; what an order takes, its own room says"},
	{"directory", "store workspace", "people and groups know no desktops: what they have is assignment"},
	{"export", "directory store workspace", "a list as a file is of what is read, and changes none of it"},
	{"signin", "directory store workspace", "signing in knows people, and nothing of what they have"},
	{"namepolicy", "store workspace", "a policy makes names, and does not know which desktops have them"},
	{"address", "store workspace", "a public address knows a desktop only by its id, and networks by their names"},
	{"desktop", "address capacity catalog directory namepolicy quota signin store workspace", "a desktop does not know whose it becomes, or the rules of its pool"},
	{"notice", "desktop workspace", "what people are told is text; who is told, and when, others say"},
	{"network", "address catalog desktop store workspace", "a desktop knows its subnet; what its rules and ways out are, it does not"},
	{"operate", "audit catalog desktop export notice store workspace", "single desktops are operated without knowing pools or jobs"},
	{"tag", "desktop store workspace", "tags are put on desktops and know nothing else of them"},
	{"usage", "desktop store workspace", "how desktops were used is kept beside their connections"},
	{"assignment/plan", "workspace", "a decision imports the kernel and nothing else"},
	{"assignment", "assignment/plan catalog desktop directory namepolicy quota store workspace", "who has which desktop does not depend on pools"},
	{"user", "assignment catalog desktop directory quota signin store workspace", "users come and go with the desktops that they have; pools let go of them by themselves"},
	{"pool/autoscale", "backoff workspace", "a decision imports the kernel and nothing else"},
	{"pool", "capacity catalog desktop directory namepolicy notice pool/autoscale quota store workspace", "a pool does not know how its rebuilds proceed"},
	{"pool/reconcile", "backoff desktop pool pool/autoscale quota store workspace", "what time brings to pools; pools know nothing of it"},
	{"pool/reshape", "capacity catalog desktop pool quota store workspace", "other sizes and disks act on pools; pools know nothing of it"},
	{"snapshot", "desktop store workspace", "what was on disks is kept beside the desktop, which knows nothing of it"},
	{"volume", "catalog desktop pool pool/reshape quota store workspace", "disks of desktops by themselves; what a change is and counts, pools share"},
	{"order", "store workspace", "an order is kept beside what it is for, which knows at most its id"},
	{"tenant", "catalog desktop pool store workspace", "a service is closed when nothing is in it; what is in it knows only whether it is open"},
	{"rollout/progress", "workspace", "a decision imports the kernel and nothing else"},
	{"rollout", "catalog desktop notice pool rollout/progress store workspace", "a rebuild acts on a pool; it knows no sign-ins and no assignment"},
	{"script", "desktop pool store workspace", "a script runs in desktops and pools, which know nothing of it"},
	{"enterprise", "desktop pool script store workspace", "what divides desktops and pools moves them, and they know nothing of it but an id"},
	{"connection", "assignment catalog desktop directory pool pool/autoscale rollout signin store usage workspace", "what people do in the portal is above the rooms, and knows no HTTP and no engine"},
	{"work", "address capacity catalog desktop directory export namepolicy network operate pool pool/reshape quota rollout script signin snapshot store tenant workspace", "what is about all jobs is above the rooms, and runs none"},
	{"core", "address assignment audit catalog connection desktop directory enterprise export namepolicy network operate order pool pool/reconcile pool/reshape quota rollout rollout/progress script signin snapshot store tag tenant usage user volume work workspace", "wiring makes services and holds no rule"},
	{"store/storetest", "directory store workspace", "the store's contract is stated over what the store keeps, and a user"},
	{"desktop/desktoptest", "catalog desktop directory signin store store/storetest workspace", "a fixture stands on that of the store, and adds what its rooms share"},
	{"pool/pooltest", "desktop desktop/desktoptest pool store store/storetest workspace", "a fixture stands on that of desktops, and adds what its rooms share"},

	// What carries the rooms: faces, the runner, mail.
	{"api/wire", "", "forms on the wire know no rooms"},
	{"iam", "api/wire audit clientaddr iam/policy rehearsal route signin store text workspace", "accounts, keys and tokens know no desktops, jobs or displays"},
	{"mail", "backoff directory signin store workspace", "mail writes to people and knows nothing of what they have"},
	{"job", "assignment audit backoff capacity catalog connection desktop directory engine guest network notice operate pool pool/autoscale pool/reconcile pool/reshape rollout rollout/progress script signin snapshot store tenant user work workspace", "jobs know the engine by its interface, and meet the API in the store; permission was checked when a job was recorded"},
	{"certificate", "secret store workspace", "certificates know no HTTP faces and no rooms"},
	{"api/overlay", "", "data for the generator imports nothing"},
	{"api/generate", "api/overlay", "the generator reads data and the overlay"},
	{"api", "address api/wire assignment assignment/plan audit catalog clientaddr core desktop directory enterprise export iam iam/policy namepolicy network operate order pool pool/autoscale pool/reshape quota rehearsal rollout route script sheet signin snapshot static tag telemetry tenant text timezone usage user volume workspace", "the API never waits for a machine: it records a job, which the runner finds in the store"},
	{"gateway", "connection desktop engine guest route signin workspace", "the gateway knows the engine by its interface; it asks the rooms for a start and runs no job"},
	{"portal", "clientaddr connection desktop directory pool route signin static telemetry text workspace", "the portal decodes, makes one call to a room and encodes"},

	{"console", "clientaddr route store telemetry text workspace", "the console is a caller of the public API, and knows no room"},

	// Programs.
	{"app", "address api audit audit/sink capacity catalog certificate clientaddr console core desktop directory engine engine/incus engine/sim gateway iam job listen mail portal quota rollout/progress secret signin store telemetry tenant timezone user web work workspace", "wiring knows each part once, and tools of the command line stay in cmd"},
	{"cmd/carrel", "app audit audit/sink capacity engine engine/incus host iam job mail quota secret telemetry workspace", "a command parses its line and calls app"},
	{"cmd/carrel-guest", "guest guest/runs", "the guest is small and knows only the guest protocol"},
}

// imports finds what each package below internal and cmd imports of ours outside its tests, for every system that it is built for.
func imports(t *testing.T) map[string][]string {
	t.Helper()
	found := map[string][]string{}
	for _, tree := range []string{"internal", "cmd"} {
		err := filepath.WalkDir(filepath.Join(root, tree), func(path string, entry fs.DirEntry, err error) error {
			if err != nil {
				return err
			}
			if entry.IsDir() && entry.Name() == "testdata" {
				return fs.SkipDir
			}
			if entry.IsDir() || !strings.HasSuffix(path, ".go") || strings.HasSuffix(path, "_test.go") {
				return nil
			}
			file, err := parser.ParseFile(token.NewFileSet(), path, nil, parser.ImportsOnly)
			if err != nil {
				return err
			}
			folder, err := filepath.Rel(root, filepath.Dir(path))
			if err != nil {
				return err
			}
			name := short(filepath.ToSlash(folder))
			found[name] = append(found[name], oursOf(t, file.Imports)...)
			return nil
		})
		if err != nil {
			t.Fatal(err)
		}
	}
	for name, all := range found {
		slices.Sort(all)
		found[name] = slices.Compact(all)
	}
	return found
}

// oursOf returns the short names of the imported packages that are ours.
func oursOf(t *testing.T, specs []*ast.ImportSpec) []string {
	t.Helper()
	var ours []string
	for _, spec := range specs {
		path, err := strconv.Unquote(spec.Path.Value)
		if err != nil {
			t.Fatal(err)
		}
		if rest, ok := strings.CutPrefix(path, module); ok {
			ours = append(ours, short(rest))
		}
	}
	return ours
}

// short is a folder's name in the table.
func short(folder string) string { return strings.TrimPrefix(folder, "internal/") }

func TestArrows(t *testing.T) {
	found := imports(t)
	below := map[string]bool{"web": true} // the built pages, which import nothing
	for _, row := range arrows {
		used, there := found[row.pkg]
		if !there {
			t.Errorf("the table has %s, which is no package", row.pkg)
			continue
		}
		delete(found, row.pkg)
		allowed := strings.Fields(row.imports)
		if !slices.IsSorted(allowed) {
			t.Errorf("the imports of %s are not in order", row.pkg)
		}
		for _, name := range allowed {
			if !below[name] {
				t.Errorf("%s may import %s, which does not stand above it in the table", row.pkg, name)
			}
			if !slices.Contains(used, name) {
				t.Errorf("%s may import %s and does not: take it out of the table", row.pkg, name)
			}
		}
		for _, name := range used {
			if !slices.Contains(allowed, name) {
				t.Errorf("%s must not import %s: %s", row.pkg, name, row.why)
			}
		}
		below[row.pkg] = true
	}
	for _, name := range slices.Sorted(maps.Keys(found)) {
		t.Errorf("the table does not know %s: say what it may import, and why no more", name)
	}
}
