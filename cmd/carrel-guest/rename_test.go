package main

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"carrel/internal/guest"
)

// owning makes the homes of a test belong to their accounts, which takes root.
func owning(t *testing.T, s *system) {
	t.Helper()
	if os.Getuid() != 0 {
		t.Skip("needs root, to give files away")
	}
	s.logins.lchown = os.Lchown
}

func write(t *testing.T, path, content string, uid int) {
	t.Helper()
	if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(path, []byte(content), 0o600); err != nil {
		t.Fatal(err)
	}
	if err := os.Chown(path, uid, uid); err != nil {
		t.Fatal(err)
	}
}

func TestARenamedAccountKeepsItsIDItsGroupsAndItsFiles(t *testing.T) {
	s, _ := testSystem(t)
	owning(t, s)
	ann := ensure(t, s, "ann", guest.GroupAdmin)
	write(t, s.path("home/ann/letter"), "dear", ann.UID)
	for range 2 { // the second time it is done already
		if err := s.logins.rename("ann", "anna"); err != nil {
			t.Fatal(err)
		}
		anna := ensure(t, s, "anna", guest.GroupAdmin)
		if anna.UID != ann.UID || anna.Home != "/home/anna" || read(t, s, "home/anna/letter") != "dear" {
			t.Errorf("got %+v", anna)
		}
	}
	files := read(t, s, "etc/passwd") + read(t, s, "etc/group") + read(t, s, "etc/shadow") + read(t, s, "etc/gshadow")
	for line := range strings.Lines(files) {
		if strings.Contains(line, "ann") && !strings.Contains(line, "anna") {
			t.Errorf("the old name is left in %q", line)
		}
	}
	if !strings.Contains(files, "sudo:x:27:anna\n") {
		t.Errorf("groups:\n%s", files)
	}
}

func TestARenamedAccountTakesTheNameOfOneThatIsGone(t *testing.T) {
	s, _ := testSystem(t)
	owning(t, s)
	bob, ann := ensure(t, s, "bob", guest.GroupUser), ensure(t, s, "ann", guest.GroupUser)
	if err := s.logins.lock("bob"); err != nil {
		t.Fatal(err)
	}
	if err := s.logins.erase(bob, nil); err != nil {
		t.Fatal(err)
	}
	if err := s.logins.rename("ann", "bob"); err != nil {
		t.Fatal(err)
	}
	if l := ensure(t, s, "bob", guest.GroupUser); l.UID != ann.UID {
		t.Errorf("bob is %+v, want the id %d", l, ann.UID)
	}
	if cara := ensure(t, s, "cara", guest.GroupUser); cara.UID <= ann.UID {
		t.Errorf("id %d is given again", cara.UID)
	}
}

func TestARenameThatWasCutShortIsFinished(t *testing.T) {
	for saved := range 4 {
		s, _ := testSystem(t)
		owning(t, s)
		ann := ensure(t, s, "ann", guest.GroupAdmin)
		f, err := readAccountFiles(s.path("etc"))
		if err != nil {
			t.Fatal(err)
		}
		if err := f.rename("ann", "anna"); err != nil {
			t.Fatal(err)
		}
		for _, table := range []*table{f.group, f.gshadow, f.shadow, f.passwd}[:saved+1] {
			if err := table.save(); err != nil {
				t.Fatal(err)
			}
		}
		if err := s.logins.rename("ann", "anna"); err != nil {
			t.Fatalf("after %d files: %v", saved+1, err)
		}
		if l := ensure(t, s, "anna", guest.GroupAdmin); l.UID != ann.UID || read(t, s, "home/anna/.bashrc") == "" {
			t.Errorf("after %d files: %+v", saved+1, l)
		}
		if _, err := s.logins.find("ann"); err == nil {
			t.Errorf("after %d files the old account is there", saved+1)
		}
	}
}

func TestTheSystemsOwnAccountsAreNotRenamed(t *testing.T) {
	s, _ := testSystem(t)
	if err := s.logins.rename("games", "ann"); err == nil {
		t.Error("an account of the system's was renamed")
	}
}

func TestErasingTakesWhatIsOnTheVolumesAndLeavesWhatOthersHave(t *testing.T) {
	s, _ := testSystem(t)
	owning(t, s)
	ann, bob := ensure(t, s, "ann", guest.GroupUser), ensure(t, s, "bob", guest.GroupUser)
	write(t, s.path("data/disk1/work/plan"), "", ann.UID)
	write(t, s.path("data/disk1/both/hers"), "", ann.UID)
	write(t, s.path("data/disk1/both/his"), "", bob.UID)
	write(t, s.path("elsewhere"), "", ann.UID)
	for _, folder := range []string{"data/disk1/work", "data/disk1/both"} {
		if err := os.Chown(s.path(folder), ann.UID, ann.GID); err != nil {
			t.Fatal(err)
		}
	}
	if err := os.Symlink(s.path("elsewhere"), s.path("data/disk1/link")); err != nil {
		t.Fatal(err)
	}
	if err := s.logins.erase(ann, []string{"/data/disk1", "/data/disk2"}); err != nil {
		t.Fatal(err)
	}
	for path, stays := range map[string]bool{
		"data/disk1/work": false, "data/disk1/both/hers": false, "data/disk1/both/his": true, "elsewhere": true, "home/ann": false, "home/bob": true,
	} {
		if _, err := os.Stat(s.path(path)); (err == nil) != stays {
			t.Errorf("%s: %v, want it there: %v", path, err, stays)
		}
	}
}
