package scripts_test

import (
	_ "embed"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"runtime"
	"slices"
	"strings"
	"testing"
)

// TestSetupResolves lets setup choose packages in minimal systems of both releases, with the real archive. apt resolves
// and downloads nothing; what it would install is then written into the system's package database as if it were there.
// CARREL_TEST_APT=1 plays what most machines are, in less than a minute; all (make test-setup) plays every combination.
func TestSetupResolves(t *testing.T) {
	every := os.Getenv("CARREL_TEST_APT") == "all"
	if os.Getenv("CARREL_TEST_APT") == "" {
		t.Skip("apt's archive: set CARREL_TEST_APT=1 as root on Debian, as make test does")
	}
	for _, release := range []string{"bookworm", "trixie"} {
		t.Run(release, func(t *testing.T) {
			t.Parallel()
			s := newSystem(t, release)
			for _, cpu := range []string{"amd64", "arm64"} {
				if cpu != runtime.GOARCH && !every {
					continue
				}
				for _, purpose := range []string{"run", "test"} {
					t.Run(cpu+" for "+purpose, func(t *testing.T) { s.resolvesForContainers(t, cpu, purpose) })
					t.Run(cpu+" with KVM for "+purpose, func(t *testing.T) { s.resolvesForVirtualMachines(t, cpu, purpose) })
				}
			}
			t.Run("with Incus from elsewhere", s.incusFromElsewhere)
			if every {
				t.Run("KVM that comes later", s.kvmComesLater)
				t.Run("beside QEMU of the release", s.besideOlderQEMU)
				t.Run("where backports are preferred", s.whereBackportsArePreferred)
			}
		})
	}
}

var emulator = map[string]string{"amd64": "qemu-system-x86", "arm64": "qemu-system-arm"}

func (s *system) resolvesForContainers(t *testing.T, cpu, purpose string) {
	s.fresh(t, cpu, false)
	if purpose == "run" {
		s.withoutToolchains(t)
	}
	got := s.setup(t, purpose)
	got.has(t, "incus-base", "btrfs-progs")
	if purpose == "run" {
		got.has(t, "nodejs", "npm", map[string]string{"bookworm": "golang-1.23-go", "trixie": "golang-go"}[s.release])
	}
	got.hasNot(t, "incus", emulator[cpu])
	if purpose == "test" {
		got.has(t, "chromium", "postgresql", "jq")
	}
	s.onlyIncusFromBackports(t, got)
	if again := s.setup(t, purpose); len(again) > 0 {
		t.Errorf("a second run installs %v", again)
	}
}

func (s *system) resolvesForVirtualMachines(t *testing.T, cpu, purpose string) {
	s.fresh(t, cpu, true)
	got := s.setup(t, purpose)
	firmware := map[string]string{"amd64": "ovmf", "arm64": "qemu-efi-aarch64"}
	got.has(t, "incus-base", "incus", emulator[cpu], "qemu-utils", firmware[cpu])
	s.onlyIncusFromBackports(t, got)
}

func (s *system) kvmComesLater(t *testing.T) {
	s.fresh(t, runtime.GOARCH, false)
	s.setup(t, "run").hasNot(t, "incus")
	s.kvm(t, true)
	s.setup(t, "run").has(t, "incus", emulator[runtime.GOARCH], "qemu-utils")
}

func (s *system) besideOlderQEMU(t *testing.T) {
	s.fresh(t, runtime.GOARCH, true)
	if out, err := s.inside(t, "apt-get", "-y", "--no-install-recommends", "install", emulator[runtime.GOARCH], "qemu-utils"); err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	s.setup(t, "run").has(t, "incus")
}

func (s *system) whereBackportsArePreferred(t *testing.T) {
	s.fresh(t, runtime.GOARCH, true)
	s.write(t, "etc/apt/preferences.d/test", "Package: *\nPin: release n="+s.release+"-backports\nPin-Priority: 900\n")
	s.setup(t, "test").has(t, "incus", "chromium")
}

// incusFromElsewhere has a newer Incus in a source of its own, as its makers offer one. Each package is a file of its own
// there: apt fetches, and names, an address once.
func (s *system) incusFromElsewhere(t *testing.T) {
	s.fresh(t, runtime.GOARCH, true)
	var packages strings.Builder
	for _, name := range []string{"incus-base", "incus"} {
		packages.WriteString("Package: " + name + "\nVersion: 1:6.99\nArchitecture: " + runtime.GOARCH +
			"\nMaintainer: x\nFilename: ./" + name + ".deb\nSize: 1\nSHA256: " + strings.Repeat("0", 64) + "\nDescription: x\n\n")
	}
	s.write(t, "elsewhere/Packages", packages.String())
	s.write(t, "etc/apt/sources.list.d/elsewhere.list", "deb [trusted=yes] file:/elsewhere ./\n")
	s.refresh = true
	if got := s.setup(t, "run"); got["incus"].version != "1:6.99" || got["incus-base"].version != "1:6.99" {
		t.Errorf("Incus is %v and %v, which is not the one from elsewhere", got["incus"], got["incus-base"])
	}
}

// onlyIncusFromBackports: what a release has itself comes from there, but for what Incus's virtual machines need newer.
func (s *system) onlyIncusFromBackports(t *testing.T, got plan) {
	t.Helper()
	for name, p := range got {
		allowed := strings.HasPrefix(name, "golang-1.23") || slices.Contains(p.with, "incus-base")
		if p.backports && !allowed {
			t.Errorf("%s %s comes from the backports", name, p.version)
		}
	}
}

// plan is what apt would install, by name.
type plan map[string]choice

type choice struct {
	version   string
	backports bool
	with      []string // what was asked for together with it
}

func (p plan) has(t *testing.T, names ...string) {
	t.Helper()
	for _, name := range names {
		if _, found := p[name]; !found {
			t.Errorf("%s would not be installed", name)
		}
	}
}

func (p plan) hasNot(t *testing.T, names ...string) {
	t.Helper()
	for _, name := range names {
		if c, found := p[name]; found {
			t.Errorf("%s %s would be installed", name, c.version)
		}
	}
}

// system is the folder of a minimal Debian.
type system struct {
	release, root string
	refresh       bool // whether apt's lists are to be fetched anew
	fetched       map[string]bool
	status        string // dpkg's database when the system was made
}

//go:embed testdata/apt-get
var aptGet string

func newSystem(t *testing.T, release string) *system {
	t.Helper()
	// Not below TMPDIR, which may be in memory, and without devices.
	folder, err := os.MkdirTemp("/var/tmp", "carrel-resolve-")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := os.RemoveAll(folder); err != nil {
			t.Error(err)
		}
	})
	s := &system{release: release, root: filepath.Join(folder, release), fetched: map[string]bool{}}
	command := exec.CommandContext(t.Context(), "./minimal-root", release, s.root)
	if out, err := command.CombinedOutput(); err != nil {
		t.Fatalf("making a minimal %s: %v\n%s", release, err, out)
	}
	status, err := os.ReadFile(filepath.Join(s.root, "var/lib/dpkg/status"))
	if err != nil {
		t.Fatal(err)
	}
	s.status = string(status)
	for _, name := range []string{"setup", "toolchain.sh", "backports-source"} {
		text, err := os.ReadFile(name)
		if err != nil {
			t.Fatal(err)
		}
		s.write(t, "carrel/scripts/"+name, string(text))
	}
	s.write(t, "test/bin/apt-get", aptGet)
	return s
}

func (s *system) write(t *testing.T, path, text string) {
	t.Helper()
	path = filepath.Join(s.root, path)
	if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(path, []byte(text), 0o755); err != nil {
		t.Fatal(err)
	}
}

func (s *system) kvm(t *testing.T, has bool) {
	t.Helper()
	if has {
		s.write(t, "dev/kvm", "")
	} else if err := os.RemoveAll(filepath.Join(s.root, "dev/kvm")); err != nil {
		t.Fatal(err)
	}
}

// fresh makes the system what it was when it was new, on a processor of that kind, but with a Go and a Node, whose hundreds
// of packages take apt long.
func (s *system) fresh(t *testing.T, cpu string, kvm bool) {
	t.Helper()
	s.kvm(t, kvm)
	lists := "lists" // of this machine's own processor, which the system was made from
	if cpu != runtime.GOARCH {
		lists += "-" + cpu
	}
	for _, left := range []string{"etc/apt/preferences.d/test", "etc/apt/sources.list.d/elsewhere.list"} {
		if err := os.RemoveAll(filepath.Join(s.root, left)); err != nil {
			t.Fatal(err)
		}
	}
	s.write(t, "test/apt.conf", `APT::Architecture "`+cpu+`"; APT::Architectures { "`+cpu+`"; }; Dir::State::lists "`+lists+`";`)
	s.write(t, "var/lib/apt/"+lists+"/partial/.keep", "")
	s.write(t, "var/lib/dpkg/status", strings.ReplaceAll(s.status, "\nArchitecture: "+runtime.GOARCH+"\n", "\nArchitecture: "+cpu+"\n"))
	s.write(t, "test/bin/dpkg", `#!/bin/sh
case $1 in
    --print-architecture) echo `+cpu+` ;;
    --audit) ;; # the packages' files are not here
    *) exec /usr/bin/dpkg "$@" ;;
esac
`)
	s.write(t, "test/bin/go", "#!/bin/sh\necho go1.26.0\n")
	s.write(t, "test/bin/node", "#!/bin/sh\necho v22.0.0\n")
	s.write(t, "test/bin/npm", "#!/bin/sh\n")
	s.refresh = !s.fetched[cpu]
	s.fetched[cpu] = true
}

func (s *system) withoutToolchains(t *testing.T) {
	t.Helper()
	for _, program := range []string{"go", "node", "npm"} {
		if err := os.Remove(filepath.Join(s.root, "test/bin", program)); err != nil {
			t.Fatal(err)
		}
	}
}

func (s *system) inside(t *testing.T, command ...string) (string, error) {
	t.Helper()
	arguments := append([]string{s.root, "env", "-i", "PATH=/test/bin:/usr/sbin:/usr/bin:/sbin:/bin", "APT_CONFIG=/test/apt.conf", "LC_ALL=C"}, command...)
	if !s.refresh {
		arguments = slices.Insert(arguments, 3, "APT_LISTS_ARE_FRESH=1")
	}
	out, err := exec.CommandContext(t.Context(), "chroot", arguments...).CombinedOutput()
	return string(out), err
}

var (
	asked  = regexp.MustCompile(`^resolved (\d+): .* install (.*)$`)
	choose = regexp.MustCompile(`^(\S+)=(\S+)$`)
)

// setup runs setup in the system, and returns what apt would have installed. Where the system was without Go, setup ends by
// asking for it, since nothing was installed.
func (s *system) setup(t *testing.T, purpose string) plan {
	t.Helper()
	s.write(t, "test/resolved", "")
	out, err := s.inside(t, "/carrel/scripts/setup", "--for", purpose)
	s.refresh = false
	if err != nil && !strings.Contains(out, "Go 1.21 or newer is missing") {
		t.Fatalf("setup --for %s: %v\n%s", purpose, err, out)
	}
	text, err := os.ReadFile(filepath.Join(s.root, "test/resolved"))
	if err != nil {
		t.Fatal(err)
	}
	got, together := plan{}, []string(nil)
	for line := range strings.SplitSeq(string(text), "\n") {
		if m := asked.FindStringSubmatch(line); m != nil {
			together = strings.Fields(m[2])
			if m[1] != "0" {
				t.Errorf("apt cannot resolve %s", m[2])
			}
		}
		if m := choose.FindStringSubmatch(line); m != nil {
			got[m[1]] = choice{version: m[2], backports: strings.Contains(m[2], "~bpo"), with: together}
		}
	}
	return got
}
