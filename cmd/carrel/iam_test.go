package main

import (
	"context"
	"fmt"
	"io"
	"log/slog"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/alecthomas/kong"

	"carrel/internal/app"
	"carrel/internal/iam/policy"
)

// shell runs commands on a data directory.
type shell struct {
	*testing.T
	data string
}

// newShell makes a data directory as a first start leaves it, with a network for a project that is called laboratory.
func newShell(t *testing.T) *shell {
	t.Helper()
	s := &shell{t, t.TempDir()}
	s.start(app.Network{Name: "lab0", CIDR: "10.88.0.0/16", Project: "laboratory"})
	return s
}

// start starts Carrel with these networks besides that of the first project, writes them into the configuration, and stops it again.
func (s *shell) start(networks ...app.Network) {
	s.Helper()
	config := app.Defaults()
	config.Data, config.Listen, config.Engine = s.data, "127.0.0.1:0", "sim"
	config.Networks = append(config.Networks, networks...)
	text := "networks:\n"
	for _, n := range config.Networks {
		text += fmt.Sprintf("  - {name: %s, cidr: %s, project: %q}\n", n.Name, n.CIDR, n.Project)
	}
	if err := os.WriteFile(s.config(), []byte(text), 0o600); err != nil {
		s.Fatal(err)
	}
	a, err := app.Start(s.Context(), config, slog.New(slog.DiscardHandler))
	if err != nil {
		s.Fatal(err)
	}
	a.Stop(context.WithoutCancel(s.Context()))
}

func (s *shell) config() string { return filepath.Join(s.data, "carrel.yaml") }

// run runs a line and returns what it prints.
func (s *shell) run(line string) (string, error) {
	s.Helper()
	var c commands
	parser, err := kong.New(&c, kong.Name("carrel"), kong.BindTo(s.Context(), (*context.Context)(nil)))
	if err != nil {
		s.Fatal(err)
	}
	words := append(strings.Fields(line), "--data", s.data, "--engine", "sim")
	if _, err := os.Stat(s.config()); err == nil {
		words = append(words, "--config", s.config())
	}
	parsed, err := parser.Parse(words)
	if err != nil {
		s.Fatalf("%s: %v", line, err)
	}
	out, end, err := os.Pipe()
	if err != nil {
		s.Fatal(err)
	}
	terminal := os.Stdout
	os.Stdout = end
	err = parsed.Run()
	os.Stdout = terminal
	_ = end.Close()
	printed, readErr := io.ReadAll(out)
	if readErr != nil {
		s.Fatal(readErr)
	}
	return string(printed), err
}

func (s *shell) ok(line string, prints ...string) string {
	s.Helper()
	out, err := s.run(line)
	if err != nil {
		s.Fatalf("%s: %v", line, err)
	}
	for _, p := range prints {
		if !strings.Contains(out, p) {
			s.Errorf("%s prints %q, which lacks %q", line, out, p)
		}
	}
	return out
}

func (s *shell) refused(line, why string) {
	s.Helper()
	if out, err := s.run(line); err == nil || !strings.Contains(err.Error(), why) {
		s.Errorf("%s: %q, %v, want %q", line, out, err, why)
	}
}

func TestIAM(t *testing.T) {
	s := newShell(t)
	s.ok("iam users", "admin", "enabled")
	s.ok("iam users create ann --role reader --description night", "has the password ")
	s.refused("iam users create ANN", "in use")
	s.ok("iam users create program --no-password", "carrel iam keys create program")
	s.ok("iam users update ann --disable --role none", "ann has no role and is disabled")
	s.ok("iam users update ann --enable --rename anna --new-password", "anna has no role and is enabled", "The new password is ")
	s.ok("iam users", "program  -      enabled  keys only")
	for _, role := range policy.Roles { // the shell knows all of them
		s.ok("iam users update program --role "+role.ID, "program has the role "+role.ID)
	}
	s.ok("iam users update program --role none", "program has no role")
	s.refused("iam users update admin --disable", "last enabled administrator")
	s.refused("iam users delete nobody", `user "nobody" does not exist`)

	key := regexp.MustCompile(`access key  (\w{20})\nsecret key  \w{40}\n`).FindStringSubmatch(s.ok("iam keys create program --description ci"))
	if key == nil {
		t.Fatal("no key was printed")
	}
	s.ok("iam keys disable "+key[1], "is inactive")
	s.ok("iam keys list program", key[1]+"  inactive", "never", "ci")
	s.ok("iam keys enable "+key[1], "is active")
	s.ok("iam keys delete "+key[1], "is deleted")
	s.refused("iam keys delete "+key[1], "does not exist")

	s.ok("iam groups create operators --description oncall")
	s.ok("iam groups add operators anna", "anna is in the group operators")
	s.ok("iam groups", "operators  anna")
	s.ok("iam groups remove operators anna", "not in the group operators any more")
	s.refused("iam groups remove operators anna", "does not exist")
	s.ok("iam groups delete operators")
	s.refused("iam groups delete operators", "does not exist")

	s.ok("iam projects create laboratory", "The project laboratory exists", "Next: a token")
	s.ok("iam projects create office", "without a Workspace service", "`project: office`")
	s.ok("iam projects disable laboratory", "disabled")
	s.ok("iam projects", "laboratory", "disabled")
	s.ok("iam projects enable laboratory")
	s.refused("iam projects delete laboratory", "an open Workspace service")
	s.ok("iam projects create empty --closed")
	s.ok("iam projects delete empty", "is deleted")
	s.start(app.Network{Name: "office0", CIDR: "10.89.0.0/16", Project: "office"}, app.Network{Name: "x0", CIDR: "10.90.0.0/16", Project: "nobody"})
	s.refused("iam projects delete office", "an open Workspace service")

	s.ok("iam agencies create night --role admin --user anna --for 2h", ":agency:night")
	s.ok("iam agencies", "night  admin  anna    2h0m0s")
	s.ok("iam agencies delete night")
	s.ok("iam users delete anna", "is deleted")
}

func TestALostAdministratorIsMadeAnew(t *testing.T) {
	s := newShell(t)
	s.ok("iam users create second --role admin")
	s.ok("iam users update admin --disable --role none")
	s.ok("iam reset-admin", "admin is an enabled administrator", "this password: ")
	s.ok("iam users", "admin   admin  enabled")
	s.ok("iam reset-admin third", "third is an enabled administrator")
	s.ok("iam users delete admin")
	s.ok("iam users delete second")
	s.refused("iam users delete third", "last enabled administrator")
	s.ok("iam reset-admin", "admin is an enabled administrator")
}

func TestIAMNeedsADatabase(t *testing.T) {
	s := &shell{t, t.TempDir()}
	s.refused("iam users", "give --data and --database as carrel serve has them")
	if files, err := os.ReadDir(s.data); err != nil || len(files) > 0 {
		t.Errorf("something was created: %v, %v", files, err)
	}
}
