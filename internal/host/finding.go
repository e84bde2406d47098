package host

import (
	"fmt"
	"io"
)

// Level is the severity of a finding.
type Level string

// The levels of a finding.
const (
	OK   Level = "ok"
	Warn Level = "warn" // desktops run, but something is missing, or will be with many of them
	Fail Level = "fail" // desktops cannot run
)

// Finding is the result of one check.
type Finding struct {
	Name   string
	Level  Level
	Found  string // in a few words
	Remedy string // one sentence with the command to type; empty only if Level is OK
}

func ok(format string, args ...any) Finding {
	return Finding{Level: OK, Found: fmt.Sprintf(format, args...)}
}

func warn(found, remedy string) Finding { return Finding{Level: Warn, Found: found, Remedy: remedy} }

func fail(found, remedy string) Finding { return Finding{Level: Fail, Found: found, Remedy: remedy} }

// Count returns the number of findings with the level.
func Count(findings []Finding, level Level) int {
	n := 0
	for _, f := range findings {
		if f.Level == level {
			n++
		}
	}
	return n
}

// Report prints one line for each finding, with the remedy below if there is one, and a summary as the last line.
func Report(w io.Writer, findings []Finding) {
	for _, f := range findings {
		fmt.Fprintf(w, "%-4s  %-22s  %s\n", f.Level, f.Name, f.Found)
		if f.Remedy != "" {
			fmt.Fprintf(w, "%-4s  %-22s  → %s\n", "", "", f.Remedy)
		}
	}
	switch failed, warned := Count(findings, Fail), Count(findings, Warn); {
	case failed > 0:
		fmt.Fprintf(w, "\n%d of %d checks failed: desktops cannot run here until that is mended.\n", failed, len(findings))
	case warned > 0:
		fmt.Fprintf(w, "\nDesktops can run here; %d of %d checks have a remark.\n", warned, len(findings))
	default:
		fmt.Fprintf(w, "\nAll %d checks passed.\n", len(findings))
	}
}
