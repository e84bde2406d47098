package main

import (
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"

	"carrel/internal/guest"
)

// testSystem is a small Debian below a temporary folder. Giving files away needs root, so it only notes it.
func testSystem(t *testing.T) (*system, *owners) {
	t.Helper()
	s := newSystem(t.TempDir())
	given := &owners{of: map[string]int{}}
	s.logins.lchown = given.give
	for path, content := range map[string]string{
		"etc/passwd":                         "root:x:0:0:root:/root:/bin/bash\ngames:x:5:60::/:/usr/sbin/nologin\n",
		"etc/group":                          "root:x:0:\nsudo:x:27:\nstaff:x:50:\nusers:x:100:\ncarrel:x:999:\n",
		"etc/shadow":                         "root:*:19000:0:99999:7:::\n",
		"etc/gshadow":                        "sudo:*::\ncarrel:!::\n",
		"etc/skel/.bashrc":                   "# a shell\n",
		"etc/skel/.config/program/rc":        "x=1\n",
		"usr/share/zoneinfo/Asia/Shanghai":   "TZif",
		"usr/share/zoneinfo/Etc/UTC":         "TZif",
		"usr/lib/locale/locale-archive":      "....\x00en_US.utf8\x00zh_CN.utf8\x00....",
		"etc/default/locale":                 "LANG=en_US.UTF-8\n",
		"usr/lib/locale/fr_FR.utf8/LC_CTYPE": "",
	} {
		full := s.path(path)
		if err := os.MkdirAll(filepath.Dir(full), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(full, []byte(content), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	return s, given
}

type owners struct {
	mu sync.Mutex // guards of
	of map[string]int
}

func (o *owners) give(path string, uid, _ int) error {
	o.mu.Lock()
	defer o.mu.Unlock()
	o.of[path] = uid
	return nil
}

func read(t *testing.T, s *system, path string) string {
	t.Helper()
	b, err := os.ReadFile(s.path(path))
	if err != nil {
		t.Fatal(err)
	}
	return string(b)
}

func ensure(t *testing.T, s *system, name, group string) login {
	t.Helper()
	l, err := s.logins.ensure(guest.Account{Name: name, Group: group})
	if err != nil {
		t.Fatalf("ensuring %s: %v", name, err)
	}
	return l
}

func TestAnAccountGetsALoginAHomeAndItsGroup(t *testing.T) {
	s, given := testSystem(t)
	l := ensure(t, s, "ann", guest.GroupAdmin)
	if l.UID != 1000 || l.Home != "/home/ann" || l.Shell != "/bin/bash" {
		t.Errorf("got %+v", l)
	}
	if g := read(t, s, "etc/group"); !strings.Contains(g, "sudo:x:27:ann\n") || !strings.Contains(g, "ann:x:1000:\n") {
		t.Errorf("groups:\n%s", g)
	}
	if ids, err := s.logins.groups("ann"); err != nil || !slices.Equal(ids, []uint32{27, 999}) {
		t.Errorf("got groups %v, %v", ids, err)
	}
	if sh := read(t, s, "etc/shadow"); !strings.Contains(sh, "ann:*:") {
		t.Errorf("an account has no password; shadow:\n%s", sh)
	}
	if rc := read(t, s, "home/ann/.config/program/rc"); rc != "x=1\n" {
		t.Errorf("the skeleton was not copied: %q", rc)
	}
	if fi, err := os.Stat(s.path("home/ann")); err != nil || fi.Mode().Perm() != 0o700 {
		t.Errorf("the home is not closed to others: %v %v", fi.Mode(), err)
	}
	for path, uid := range given.of {
		if uid != 1000 {
			t.Errorf("%s belongs to %d", path, uid)
		}
	}
	if len(given.of) != 5 {
		t.Errorf("given away: %v", given.of)
	}
}

func TestEnsuringAnAccountTwiceChangesNothing(t *testing.T) {
	s, _ := testSystem(t)
	first := ensure(t, s, "ann", guest.GroupUser)
	before := read(t, s, "etc/passwd") + read(t, s, "etc/group") + read(t, s, "etc/shadow") + read(t, s, "etc/gshadow")
	if err := os.WriteFile(s.path("home/ann/work"), []byte("mine"), 0o600); err != nil {
		t.Fatal(err)
	}
	if again := ensure(t, s, "ann", guest.GroupUser); again != first {
		t.Errorf("got %+v, then %+v", first, again)
	}
	after := read(t, s, "etc/passwd") + read(t, s, "etc/group") + read(t, s, "etc/shadow") + read(t, s, "etc/gshadow")
	if before != after {
		t.Errorf("before:\n%s\nafter:\n%s", before, after)
	}
	if read(t, s, "home/ann/work") != "mine" {
		t.Error("the home was made anew")
	}
}

func TestAnAccountThatIsNoLongerAdministratorLeavesItsGroup(t *testing.T) {
	s, _ := testSystem(t)
	ensure(t, s, "ann", guest.GroupAdmin)
	ensure(t, s, "ann", guest.GroupUser)
	if g := read(t, s, "etc/group"); !strings.Contains(g, "sudo:x:27:\n") {
		t.Errorf("groups:\n%s", g)
	}
}

func TestALockedAccountKeepsItsIdAndLosesItsRights(t *testing.T) {
	s, _ := testSystem(t)
	ann := ensure(t, s, "ann", guest.GroupAdmin)
	if err := s.logins.lock("ann"); err != nil {
		t.Fatal(err)
	}
	if p := read(t, s, "etc/passwd"); !strings.Contains(p, "ann:x:1000:1000::/home/ann:/usr/sbin/nologin\n") {
		t.Errorf("passwd:\n%s", p)
	}
	if sh := read(t, s, "etc/shadow"); !strings.Contains(sh, "ann:!:19000:0:99999:7::1:\n") {
		t.Errorf("shadow:\n%s", sh)
	}
	if g := read(t, s, "etc/group"); !strings.Contains(g, "sudo:x:27:\n") {
		t.Errorf("groups:\n%s", g)
	}
	if bob := ensure(t, s, "bob", guest.GroupUser); bob.UID == ann.UID {
		t.Error("the id of a locked account was given to another")
	}
	if back := ensure(t, s, "ann", guest.GroupUser); back.UID != ann.UID || back.Shell != "/bin/bash" {
		t.Errorf("the account came back as %+v", back)
	}
}

func TestTheSystemsOwnAccountsAreNeverTouched(t *testing.T) {
	s, _ := testSystem(t)
	before := read(t, s, "etc/passwd")
	for _, name := range []string{"root", "games"} {
		if _, err := s.logins.ensure(guest.Account{Name: name, Group: guest.GroupUser}); err == nil {
			t.Errorf("%s was taken over", name)
		}
	}
	if owned, err := s.logins.owned(); err != nil || len(owned) != 0 {
		t.Errorf("owned: %v, %v", owned, err)
	}
	if after := read(t, s, "etc/passwd"); after != before {
		t.Errorf("passwd:\n%s", after)
	}
}

func TestNamesAndGroupsThatCannotBeAreRefused(t *testing.T) {
	s, _ := testSystem(t)
	for _, a := range []guest.Account{
		{Name: "", Group: guest.GroupUser},
		{Name: "-ann", Group: guest.GroupUser},
		{Name: "a:b", Group: guest.GroupUser},
		{Name: "../ann", Group: guest.GroupUser},
		{Name: "ann\nroot", Group: guest.GroupUser},
		{Name: strings.Repeat("a", 33), Group: guest.GroupUser},
		{Name: "ann", Group: "wheel"},
	} {
		if _, err := s.logins.ensure(a); err == nil {
			t.Errorf("%+v was accepted", a)
		}
	}
}

func TestAnAccountNamedLikeASystemGroupJoinsTheUsersGroup(t *testing.T) {
	s, _ := testSystem(t)
	if l := ensure(t, s, "staff", guest.GroupUser); l.GID != usersGroup {
		t.Errorf("got group %d: it must not get the rights of group staff", l.GID)
	}
}

func TestErasingRemovesTheHomeAndSharedFiles(t *testing.T) {
	s, _ := testSystem(t)
	l := ensure(t, s, "ann", guest.GroupUser)
	l.UID = os.Getuid() // the files that the test makes
	for _, dir := range []string{"tmp", "var/tmp"} {
		if err := os.MkdirAll(s.path(dir+"/left"), 0o755); err != nil {
			t.Fatal(err)
		}
	}
	for range 2 { // the second time there is nothing left to do
		if err := s.logins.erase(l, nil); err != nil {
			t.Fatal(err)
		}
	}
	for _, gone := range []string{"home/ann", "home/.ann.erased", "tmp/left", "var/tmp/left"} {
		if _, err := os.Lstat(s.path(gone)); !os.IsNotExist(err) {
			t.Errorf("%s is still there (%v)", gone, err)
		}
	}
}

func TestAccountsThatAreMadeAtOnceAllArrive(t *testing.T) {
	s, _ := testSystem(t)
	const n = 20
	var all sync.WaitGroup
	for i := range n {
		all.Go(func() {
			if _, err := s.logins.ensure(guest.Account{Name: fmt.Sprint("user", i), Group: guest.GroupUser}); err != nil {
				t.Error(err)
			}
		})
	}
	all.Wait()
	owned, err := s.logins.owned()
	if err != nil || len(owned) != n {
		t.Fatalf("%d of %d accounts, %v", len(owned), n, err)
	}
	ids := map[int]string{}
	for _, l := range owned {
		if other, taken := ids[l.UID]; taken {
			t.Errorf("%s and %s share id %d", l.Name, other, l.UID)
		}
		ids[l.UID] = l.Name
	}
}
