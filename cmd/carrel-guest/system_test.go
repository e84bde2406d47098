package main

import (
	"os"
	"testing"

	"carrel/internal/guest"
)

func TestTheHostNameIsWrittenForTheNextBoot(t *testing.T) {
	s, _ := testSystem(t)
	for range 2 {
		if err := s.setHostname("desk-1"); err != nil {
			t.Fatal(err)
		}
	}
	if got := read(t, s, "etc/hostname"); got != "desk-1\n" {
		t.Errorf("got %q", got)
	}
	for _, bad := range []string{"-desk", "desk 1", "a.b/c", "x\n127.0.0.1 bank"} {
		if err := s.setHostname(bad); err == nil {
			t.Errorf("%q was accepted", bad)
		}
	}
}

func TestTheTimeZoneIsALinkToAKnownZone(t *testing.T) {
	s, _ := testSystem(t)
	for _, c := range []struct{ zone, target string }{
		{"Asia/Shanghai", "/usr/share/zoneinfo/Asia/Shanghai"},
		{"", "/usr/share/zoneinfo/Etc/UTC"},
	} {
		if err := s.setTimezone(c.zone); err != nil {
			t.Fatal(err)
		}
		if got, err := os.Readlink(s.path("etc/localtime")); err != nil || got != c.target {
			t.Errorf("%q: got %q, %v", c.zone, got, err)
		}
	}
	for _, bad := range []string{"Mars/Olympus", "../../etc/passwd", "/etc/passwd", "Asia"} {
		if err := s.setTimezone(bad); err == nil {
			t.Errorf("%q was accepted", bad)
		}
	}
}

func TestALocaleIsTakenOnlyIfTheImageHasIt(t *testing.T) {
	s, _ := testSystem(t)
	for _, known := range []string{"zh_CN.UTF-8", "fr_FR.UTF-8", "en_US.UTF-8"} {
		if err := s.setLocale(known); err != nil {
			t.Errorf("%s: %v", known, err)
		}
		if got := s.locale(); got != known {
			t.Errorf("got %q, want %q", got, known)
		}
	}
	for _, bad := range []string{"de_DE.UTF-8", "zh_CN", "../x.UTF-8", "en_US.UTF-8\nPATH=/x"} {
		if err := s.setLocale(bad); err == nil {
			t.Errorf("%q was accepted", bad)
		}
	}
	if got := s.locale(); got != "en_US.UTF-8" {
		t.Errorf("a refused locale changed it to %q", got)
	}
}

func TestTmpIsEmptiedOncePerBoot(t *testing.T) {
	s, _ := testSystem(t)
	for _, dir := range []string{"run/carrel", "tmp/.X11-unix"} {
		if err := os.MkdirAll(s.path(dir), 0o755); err != nil {
			t.Fatal(err)
		}
	}
	if err := s.emptyTmp(); err != nil {
		t.Fatal(err)
	}
	if _, err := os.Stat(s.path("tmp/.X11-unix")); !os.IsNotExist(err) {
		t.Errorf("an old socket folder is left: %v", err)
	}
	if err := os.WriteFile(s.path("tmp/work"), nil, 0o600); err != nil {
		t.Fatal(err)
	}
	if err := s.emptyTmp(); err != nil { // the supervisor was restarted
		t.Fatal(err)
	}
	if _, err := os.Stat(s.path("tmp/work")); err != nil {
		t.Errorf("a running session's file is gone: %v", err)
	}
}

func TestTheFolderOfADiskThatIsGoneGoesWhenItIsEmpty(t *testing.T) {
	s, _ := testSystem(t)
	if err := s.dropMounts(guest.Desktop{}); err != nil {
		t.Errorf("without an earlier document: %v", err)
	}
	for _, dir := range []string{"data/empty", "data/full/work", "data/kept", "data/other", "elsewhere"} {
		if err := os.MkdirAll(s.path(dir), 0o755); err != nil {
			t.Fatal(err)
		}
	}
	if err := os.Symlink(s.path("elsewhere"), s.path("data/link")); err != nil {
		t.Fatal(err)
	}
	volumes := []string{"/data/empty", "/data/full", "/data/kept", "/data/link", "/data/never-there"}
	if err := s.keepDocument(guest.Desktop{Volumes: volumes}); err != nil {
		t.Fatal(err)
	}
	if err := s.dropMounts(guest.Desktop{Volumes: []string{"/data/kept"}}); err != nil {
		t.Fatal(err)
	}
	for path, stays := range map[string]bool{
		"data/empty": false, "data/full/work": true, "data/kept": true, "data/other": true, "data/link": true, "elsewhere": true,
	} {
		if _, err := os.Lstat(s.path(path)); (err == nil) != stays {
			t.Errorf("%s: %v, want it there: %v", path, err, stays)
		}
	}
}

func TestAPlantedLinkIsReplacedNotFollowed(t *testing.T) {
	dir := t.TempDir()
	victim, planted := dir+"/victim", dir+"/xauthority"
	if err := os.WriteFile(victim, []byte("precious"), 0o600); err != nil {
		t.Fatal(err)
	}
	if err := os.Symlink(victim, planted); err != nil {
		t.Fatal(err)
	}
	if err := writeFile(planted, "cookie", 0o600, -1, -1); err != nil {
		t.Fatal(err)
	}
	if b, err := os.ReadFile(victim); err != nil || string(b) != "precious" {
		t.Errorf("the link was followed: %q, %v", b, err)
	}
}
