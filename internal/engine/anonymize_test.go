package engine_test

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"carrel/internal/engine"
)

// folder is a system below a folder of this machine.
type folder struct {
	root string
	fail string // the part of a path at which a write fails, as if the process had been killed there
}

var errKilled = errors.New("killed")

func (f *folder) at(name string) string { return filepath.Join(f.root, name) }

func (f *folder) Names(name string) ([]string, error) {
	entries, err := os.ReadDir(f.at(name))
	var names []string
	for _, e := range entries {
		names = append(names, e.Name())
	}
	return names, err
}

func (f *folder) IsFolder(name string) bool {
	info, err := os.Lstat(f.at(name))
	return err == nil && info.IsDir()
}

func (f *folder) Read(name string) ([]byte, error) { return os.ReadFile(f.at(name)) }

func (f *folder) Replace(name string, content []byte) error {
	if f.fail != "" && strings.HasSuffix(name, f.fail) {
		return errKilled
	}
	return os.WriteFile(f.at(name), content, 0o600)
}

func (f *folder) RemoveAll(name string) error { return os.RemoveAll(f.at(name)) }

func system(t *testing.T) *folder {
	t.Helper()
	f := &folder{root: t.TempDir()}
	for name, content := range map[string]string{
		"etc/passwd":                   "root:x:0:0:root:/root:/bin/bash\nann:x:1000:1000:Ann:/home/ann:/bin/bash\nstore:x:1001:1001::/home/store:/bin/sh\nbob:x:1002:100::/home/bob:/usr/sbin/nologin\n",
		"etc/passwd-":                  "root:x:0:0:root:/root:/bin/bash\nann:x:1000:1000:Ann:/home/ann:/bin/bash\n",
		"etc/shadow":                   "root:!:1::::::\nann:*:19000:0:99999:7:::\nbob:!:19000:0:99999:7::1:\n",
		"etc/group":                    "root:x:0:\nsudo:x:27:ann,store\ncarrel:x:999:ann,bob\nann:x:1000:\n",
		"etc/gshadow":                  "root:*::\nsudo:*::ann,store\ncarrel:!::ann,bob\nann:!::\n",
		"etc/subuid":                   "ann:100000:65536\n",
		"etc/machine-id":               "0123\n",
		"etc/hostname":                 "ann-pc\n",
		"etc/hosts":                    "127.0.1.1 ann-pc\n",
		"etc/ssh/ssh_host_rsa_key":     "secret",
		"etc/ssh/sshd_config":          "Port 22",
		"etc/.carrel-unfinished-1":     "half",
		"home/ann/letter":              "secret",
		"home/.ann.erased/old":         "secret",
		"tmp/x":                        "secret",
		"var/log/nginx/access.log":     "secret",
		"var/log/syslog":               "secret",
		"var/lib/carrel/desktop.json":  "{}",
		"var/spool/cron/crontabs/ann":  "* * * * * secret",
		"root/.bash_history":           "secret",
		"root/.ssh/authorized_keys":    "secret",
		"root/notes":                   "kept",
		"opt/tool/program":             "kept",
		"data/full/what-no-disk-holds": "kept",
	} {
		if err := os.MkdirAll(filepath.Dir(f.at(name)), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(f.at(name), []byte(content), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	if err := os.Mkdir(f.at("data/disk1"), 0o755); err != nil {
		t.Fatal(err)
	}
	return f
}

// content is all that a system holds, by path; a folder ends with a slash.
func (f *folder) content(t *testing.T) map[string]string {
	t.Helper()
	all := map[string]string{}
	err := filepath.WalkDir(f.root, func(path string, e fs.DirEntry, err error) error {
		name := strings.TrimPrefix(path, f.root+"/")
		if err != nil || e.IsDir() {
			all[name+"/"] = ""
			return err
		}
		b, err := os.ReadFile(path)
		all[name] = string(b)
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return all
}

func TestAnonymize(t *testing.T) {
	mounts := []string{"/data/disk1", "/data/full", "/data/none"}
	clean := system(t)
	if err := engine.Anonymize(clean, mounts); err != nil {
		t.Fatal(err)
	}
	got := clean.content(t)
	for name, want := range map[string]string{
		"etc/passwd":     "root:x:0:0:root:/root:/bin/bash\nformer-1000:x:1000:1000::/nonexistent:/usr/sbin/nologin\nstore:x:1001:1001::/home/store:/bin/sh\nformer-1002:x:1002:100::/nonexistent:/usr/sbin/nologin\n",
		"etc/shadow":     "root:!:1::::::\n",
		"etc/group":      "root:x:0:\nsudo:x:27:store\ncarrel:x:999:\nformer-1000:x:1000:\n",
		"etc/gshadow":    "root:*::\nsudo:*::store\ncarrel:!::\n",
		"etc/subuid":     "",
		"etc/machine-id": "", "etc/hostname": "localhost\n", "etc/hosts": "127.0.0.1 localhost\n::1 localhost\n",
		"etc/ssh/sshd_config": "Port 22", "root/notes": "kept", "opt/tool/program": "kept", "data/full/what-no-disk-holds": "kept",
	} {
		if got[name] != want {
			t.Errorf("%s holds %q, want %q", name, got[name], want)
		}
	}
	for name, content := range got {
		if strings.Contains(content, "secret") || strings.Contains(content, "ann") || strings.Contains(content, "bob") {
			t.Errorf("%s still holds %q", name, content)
		}
	}
	for _, gone := range []string{"data/disk1/", "home/ann/", "home/.ann.erased/", "var/lib/carrel/desktop.json", "root/.ssh/", "etc/ssh/ssh_host_rsa_key", "etc/.carrel-unfinished-1"} {
		if _, there := got[gone]; there {
			t.Errorf("%s is still there", gone)
		}
	}
	for _, kept := range []string{"home/", "tmp/", "var/log/nginx/", "var/lib/carrel/"} {
		if _, there := got[kept]; !there {
			t.Errorf("the folder %s is gone", kept)
		}
	}
	if err := engine.Anonymize(clean, mounts); err != nil || len(clean.content(t)) != len(got) {
		t.Errorf("doing it again: %v", err)
	}
}

func TestAnonymizeCanBeInterrupted(t *testing.T) {
	whole := system(t)
	if err := engine.Anonymize(whole, nil); err != nil {
		t.Fatal(err)
	}
	want := whole.content(t)
	for _, at := range []string{"passwd", "passwd-", "shadow", "subuid", "gshadow", "group", "machine-id", "hosts"} {
		f := system(t)
		f.fail = at
		if err := engine.Anonymize(f, nil); !errors.Is(err, errKilled) {
			t.Fatalf("at %s: %v", at, err)
		}
		f.fail = ""
		if err := engine.Anonymize(f, nil); err != nil {
			t.Fatal(err)
		}
		got := f.content(t)
		for name, content := range want {
			if got[name] != content {
				t.Errorf("interrupted at %s, %s holds %q, want %q", at, name, got[name], content)
			}
		}
	}
}

func TestAnonymizeASystemWithoutAccounts(t *testing.T) {
	f := &folder{root: t.TempDir()}
	if err := engine.Anonymize(f, []string{"/data"}); err != nil {
		t.Error(err)
	}
	if names, err := f.Names("/"); err != nil || !slices.Equal(names, nil) {
		t.Errorf("it has made %q, %v", names, err)
	}
}
