package scripts_test

import (
	"os/exec"
	"regexp"
	"strings"
	"testing"
)

func TestProgressOfAnImageTellsEachStageAndWhatItCameTo(t *testing.T) {
	c := exec.CommandContext(t.Context(), "../images/debian-xfce/progress")
	c.Stdin = strings.NewReader(`I: downloading packages with apt...
Get:1 http://mirror.example bookworm/main amd64 adduser all 3.134 [123 kB]
Get:2 http://mirror.example bookworm/main amd64 apt amd64 2.6.1 [1375 kB]
I: installing remaining packages inside the chroot...
Selecting previously unselected package xfce4.
Unpacking xfce4 (4.18) ...
Setting up xfce4 (4.18) ...
I: running --customize-hook in shell: sh -c 'cp -a /some/where "$1"' exec /tmp/root
I: compiling the languages
E: no space left on device
`)
	out, err := c.CombinedOutput()
	if err != nil {
		t.Fatal(err)
	}
	seconds := regexp.MustCompile(`(?m)^ +\d+ s  `)
	const want = `downloading packages with apt...
  2 files fetched
installing remaining packages inside the chroot...
  1 packages unpacked, 1 set up
compiling the languages
E: no space left on device
`
	if got := seconds.ReplaceAllString(string(out), ""); got != want {
		t.Errorf("it says\n%s\nand not\n%s", got, want)
	}
}

func TestProgressOfABuildCountsModulesAndPackages(t *testing.T) {
	c := exec.CommandContext(t.Context(), "./compiled")
	c.Stdin = strings.NewReader(`go: downloading go1.26.0 (linux/amd64)
go: downloading example.org/sheet/v2 v2.1.0
internal/abi
example.org/sheet/v2
carrel/internal/app
# carrel/internal/app
internal/app/app.go:12:3: undefined: nothing
`)
	out, err := c.CombinedOutput()
	if err != nil {
		t.Fatal(err)
	}
	const want = `    fetching Go 1.26.0 (linux/amd64)
# carrel/internal/app
internal/app/app.go:12:3: undefined: nothing
`
	if string(out) != want {
		t.Errorf("it says\n%s\nand not\n%s", out, want)
	}
	// A build that takes longer than some seconds is counted.
	c = exec.CommandContext(t.Context(), "bash", "-c", "every=-1; . <(sed 's/^every=.*//' compiled)")
	c.Stdin = strings.NewReader("go: downloading example.org/sheet/v2 v2.1.0\ninternal/abi\n")
	if out, err = c.CombinedOutput(); err != nil || !strings.Contains(string(out), "s  1 modules fetched, 1 packages compiled\n") {
		t.Errorf("%v; it says\n%s", err, out)
	}
}
