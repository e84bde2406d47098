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
