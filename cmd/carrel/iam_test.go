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
	s.ok("iam projects create office", "without a Workspace service", "Next: POST /v2/")
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

func TestPoliciesInTheShell(t *testing.T) {
	s := newShell(t)
	file := filepath.Join(t.TempDir(), "policy.json")
	write := func(text string) {
		t.Helper()
		if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	s.ok("iam users create ann")
	s.ok("iam groups create crew")
	s.ok("iam groups add crew ann")
	s.ok("iam projects create lab --closed")
	s.ok("iam agencies create night --user ann", ":agency:night")

	s.ok("iam policies", "admin", "built in", "help_desk")
	s.ok("iam policies show reader", `"Effect": "Allow"`, "It is attached to nobody")
	s.ok("iam policies show admin", "user         admin  the account")
	s.refused("iam policies show none", `policy "none" does not exist`)

	write(`{"Version": "5.0", "Statement": [{"Effect": "Allow", "Action": ["workspace:desktops:frob"]}]}`)
	s.refused("iam policies create lists --file "+file, "role.policy.Statement[0].Action[0]")
	write("{")
	s.refused("iam policies create lists --file "+file, "reading the policy")
	write(`{"Version": "5.0", "Statement": [
		{"Effect": "Allow", "Action": ["workspace:desktops:*"]},
		{"Effect": "Deny", "Action": ["workspace:desktops:delete"], "Condition": {"StringEquals": {"g:ResourceTag/team": ["a"]}}}]}`)
	s.ok("iam policies create lists --file "+file+" --description some", "of the type XA")
	write(`{"Version": "5.0", "Statement": [{"Effect": "Allow", "Action": ["iam:groups:*"]}]}`)
	s.ok("iam policies create groups --file "+file, "of the type AX")
	s.refused("iam policies create LISTS --file "+file, "in use")

	s.refused("iam policies check workspace:desktops:list --user ann", "denied: the user ann may not do workspace:desktops:list: no statement allows it")
	s.ok("iam policies attach lists --group crew", "The group crew has lists for the account.")
	s.ok("iam policies check workspace:desktops:list --user ann", "allowed: the user ann may do workspace:desktops:list: statement 1 of lists has the effect Allow")
	s.refused("iam policies check workspace:desktops:delete --user ann", "it depends on the resource")
	s.refused("iam policies check workspace:desktops:delete --user ann --tag team=a", "denied: the user ann may not do workspace:desktops:delete: statement 2 of lists has the effect Deny")
	s.ok("iam policies check workspace:desktops:delete --user ann --tag team=b", "allowed")
	s.refused("iam policies check iam:groups:list --user ann", "no statement allows it")
	s.refused("iam policies check workspace:desktops:frob --user ann", `"workspace:desktops:frob" is no action`)
	s.refused("iam policies check iam:groups:list", "name a --user or an --agency")
	s.refused("iam policies check iam:groups:list --user ann --address x", "--address")
	s.refused("iam policies check iam:groups:list --user ann --tag x", "--tag")

	s.refused("iam policies attach lists", "name a --user, a --group or an --agency")
	s.ok("iam policies attach lists --agency night --project lab", "The agency night has lists for project lab.")
	s.ok("iam policies attach operator --user ann --enterprise-project 0", "The user ann has operator for enterprise project 0.")
	s.refused("iam policies attach operator --user ann --enterprise-project e1", `enterprise project "e1" does not exist`)
	s.refused("iam policies check workspace:desktops:list --agency night", "no statement allows it")
	s.ok("iam policies check workspace:desktops:list --agency night --project lab", "allowed")
	s.ok("iam policies show lists", "agency       night  project lab", "group        crew   the account")
	s.refused("iam policies delete lists", "attached to users, groups or agencies")
	s.ok("iam policies detach lists --agency night --project lab", "The agency night no longer has lists for project lab.")
	s.refused("iam policies detach lists --agency night --project lab", "does not exist")
	s.ok("iam policies detach LISTS --group crew")
	s.ok("iam policies delete lists")
	s.refused("iam policies delete admin", "built in")
	s.refused("iam policies detach admin --user admin", "last enabled administrator")
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
