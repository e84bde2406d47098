package main

import (
	"strings"
	"testing"

	"carrel/internal/app"
	"carrel/internal/quota"
)

func TestQuotasInTheShell(t *testing.T) {
	s := newShell(t)
	s.ok("iam projects create laboratory")
	s.ok("quota", "PROJECT", "laboratory", "memory-mib", "none")
	s.ok("quota set desktops=50 users=200", "Quotas of every project without quotas of its own: desktops=50, users=200.")
	s.ok("quota set --project laboratory desktops=10 cores=0 users=none", "Quotas of the project laboratory:")
	s.has("laboratory", "desktops 0 10", "cores 0 0", "memory-mib 0 none", "volumes 0 none", "volume-gb 0 none", "users 0 none")
	s.has("carrel", "desktops 0 50", "cores 0 none", "users 0 200")
	s.ok("quota set --project laboratory desktops=default")
	s.has("laboratory", "desktops 0 50", "cores 0 0")
	s.ok("quota set desktops=none")
	s.has("laboratory", "desktops 0 none")
	s.ok("quota set --project laboratory volumes=2147483647")
	s.has("laboratory", "volumes 0 2147483647")
	if out := s.ok("quota list laboratory"); strings.Contains(out, "carrel") {
		t.Errorf("another project is shown: %s", out)
	}

	before := s.ok("quota")
	s.refused("quota list nobody", "there is no project nobody; carrel iam projects lists them")
	s.refused("quota set --project nobody desktops=1", `project "nobody" does not exist`)
	for text, why := range map[string]string{
		"chairs=5": `there is no resource "chairs", use one of cores, desktops, memory-mib, users, volume-gb, volumes`, "=5": `there is no resource ""`, "Desktops=5": `there is no resource "Desktops"`,
		"desktops": `"" must be a number of 0 to 2147483647, none or default`, "desktops=": "must be a number", "desktops=-1": "must be a number", "desktops=2147483648": "must be a number",
		"desktops=many": "must be a number", "desktops=1.5": "must be a number", "desktops=5=5": "must be a number", "desktops=99999999999999999999": "must be a number", "desktops=NONE": "must be a number",
	} {
		s.refused("quota set users=1 "+text, why)
	}
	s.refused("quota set users=1 users=2", "users is given twice")
	if after := s.ok("quota"); after != before {
		t.Errorf("something has changed: %s", after)
	}
}

// has checks lines of the list of quotas of a project.
func (s *shell) has(project string, lines ...string) {
	s.Helper()
	out := strings.Split(s.ok("quota list "+project), "\n")
	for i, line := range out {
		out[i] = strings.Join(strings.Fields(line), " ")
	}
	all := strings.Join(out, "\n") + "\n"
	for _, line := range lines {
		if !strings.Contains(all, project+" "+line+"\n") {
			s.Errorf("%s lacks %q", all, line)
		}
	}
}

func TestServicesInTheShell(t *testing.T) {
	s := newShell(t)
	s.ok("iam projects create laboratory")
	s.ok("iam projects create office --closed")
	s.ok("service", "PROJECT", "laboratory  SUBSCRIBED  laboratory", "office      CLOSED", "carrel")
	s.ok("service lock laboratory --reason moving", "The service of the project laboratory is locked.", "Next: carrel service unlock laboratory")
	s.ok("service list", "since 20", ": moving")
	s.ok("service lock laboratory --reason still-moving")
	s.ok("service", ": still-moving")
	s.ok("service unlock laboratory", "is not locked")
	s.ok("service unlock laboratory", "is not locked") // again is a success
	if out := s.ok("service"); strings.Contains(out, "moving") {
		t.Errorf("still locked: %s", out)
	}

	s.refused("service lock nobody --reason x", `project "nobody" does not exist`)
	s.refused("service unlock nobody", `project "nobody" does not exist`)
	s.refused("service lock office --reason x", "the Workspace service is not open")
	s.refused("service unlock office", "the Workspace service is not open")
	s.refused("service lock laboratory --reason "+strings.Repeat("x", 256), "256 characters, use 1 to 255")
	if out := s.ok("service"); strings.Contains(out, "since") {
		t.Errorf("locked after all: %s", out)
	}
	s.start(app.Network{Name: "lab0", CIDR: "10.88.0.0/16", Project: "laboratory"}) // a restart changes none of it
	s.ok("service", "office      CLOSED")
}

// FuzzReadQuotas: what is accepted is a change that can be stored, and says so again.
func FuzzReadQuotas(f *testing.F) {
	for _, text := range []string{"desktops=50", "users=none", "cores=default", "memory-mib=0", "volumes=2147483648", "volume-gb=-1", "=", "desktops", "desktops=5=5", "desktops= 5", "desktops=+5", "desktops=05"} {
		f.Add(text)
	}
	f.Fuzz(func(t *testing.T, text string) {
		change, err := readQuotas([]string{text})
		if err != nil {
			if change != nil {
				t.Errorf("%q is refused and understood as %v", text, change)
			}
			return
		}
		if len(change) != 1 {
			t.Fatalf("%q changes %d resources", text, len(change))
		}
		for r, limit := range change {
			again := quotaName(r) + "=default"
			if limit != nil {
				if *limit < -1 || *limit > quota.MaxAmount {
					t.Fatalf("%q is %d", text, *limit)
				}
				again = quotaName(r) + "=" + quotaText(*limit)
			}
			second, err := readQuotas([]string{again})
			if err != nil || (second[r] == nil) != (limit == nil) || limit != nil && *second[r] != *limit {
				t.Errorf("%q is %q, which is %v, %v", text, again, second, err)
			}
		}
	})
}
