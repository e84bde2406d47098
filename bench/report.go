package main

import (
	"fmt"
	"strings"
	"text/tabwriter"
	"time"
)

// row is one line of the table. Carrel's figure stands beside a reference of the same run.
type row struct {
	what      string
	reference string // what the engine needs for the same without Carrel, or another floor
	carrel    string
	ratio     string
	target    string
	reached   *bool // whether Carrel's figure meets the target; nil where there is none
}

// report is all that a run has found.
type report struct {
	machine machine
	begun   time.Time
	took    time.Duration
	load    float64
	rows    []row
}

var columns = []string{"what", "raw engine", "Carrel", "ratio", "target", "reached"}

func (r row) cells() []string {
	reached := ""
	if r.reached != nil {
		reached = map[bool]string{true: "yes", false: "no"}[*r.reached]
	}
	return []string{r.what, r.reference, r.carrel, r.ratio, r.target, reached}
}

// busy says that others were at work on the machine, if they were.
func (r report) busy() string {
	if r.load < float64(r.machine.cpus)/2 {
		return ""
	}
	return fmt.Sprintf("The machine was busy with other work: load average %.1f on %d CPUs when the run began. The figures are too high.", r.load, r.machine.cpus)
}

// text is the table for a terminal.
func (r report) text() string {
	var b strings.Builder
	w := tabwriter.NewWriter(&b, 0, 0, 2, ' ', 0)
	fmt.Fprintln(w, strings.Join(columns, "\t"))
	for _, row := range r.rows {
		fmt.Fprintln(w, strings.Join(row.cells(), "\t"))
	}
	_ = w.Flush() // into memory
	return b.String()
}

// The lines of a page between which the table goes; what stands around them is written by hand.
const (
	tableBegins = "<!-- begin figures: written by make bench -->\n"
	tableEnds   = "<!-- end figures -->\n"
)

// into returns a page with the report in its place; a page without such a place becomes the report.
func (r report) into(page string) string {
	before, rest, begins := strings.Cut(page, tableBegins)
	_, after, ends := strings.Cut(rest, tableEnds)
	if !begins || !ends {
		before, after = "# Benchmarks\n\n", ""
	}
	return before + tableBegins + r.markdown() + tableEnds + after
}

// markdown is the report for docs/benchmarks.md.
func (r report) markdown() string {
	var b strings.Builder
	fmt.Fprintf(&b, `Written by %s; run it again rather than edit this part. Each figure stands beside one of the same run: "raw engine"
is the same done with hand-tuned calls of the Incus API, without Carrel. What each line means and how it is measured
is told below the table.

| | |
| --- | --- |
`, "`make bench`")
	for _, line := range r.machine.lines() {
		fmt.Fprintf(&b, "| %s | %s |\n", line[0], line[1])
	}
	fmt.Fprintf(&b, "| date | %s, %s long |\n| load average before | %.2f |\n", r.begun.UTC().Format("2006-01-02 15:04 UTC"), r.took.Round(time.Second), r.load)
	if busy := r.busy(); busy != "" {
		fmt.Fprintf(&b, "\n**%s**\n", busy)
	}
	fmt.Fprintf(&b, "\n| %s |\n|%s\n", strings.Join(columns, " | "), strings.Repeat(" --- |", len(columns)))
	for _, row := range r.rows {
		fmt.Fprintf(&b, "| %s |\n", strings.Join(row.cells(), " | "))
	}
	b.WriteString(method)
	return b.String()
}

const method = `
## How it is measured

- *POST to the panel.* Desktops are made one after another, each deleted before the next, in turns by Carrel (one
  ` + "`POST /v2/{project_id}/desktops`" + ` for one person) and by one call to Incus with the same image, limits, disk, network and
  guest document. In both cases the moment comes from the guest, which watches the X server's windows: a
  ` + "`carrel-guest await --panel`" + ` is started inside when Incus reports the start, and its end is the moment. "Display
  answers" is when the display server greets a viewer: in Carrel's case when the job says so.
- *Many desktops.* One POST with a person for each, until the job ends with success, which it does when every display
  answers. The raw engine makes as many with the number of calls at once that was the fastest in this run, each followed
  by a wait for the display. The two take turns.
- *Rebuild.* One running desktop with a data disk, whose system disk is replaced by a clone of the image, in turns by
  Carrel's engine and by three calls to Incus (stop, rebuild, start).
- *Memory.* Desktops of both kinds, up together and untouched for a minute. The figure is the mean of what the desktops'
  control groups charge them with, except for pages of files, which the kernel can take back; the image's own page tells
  more. PSS is the sum over their processes, files' pages included, in which a page that several share counts in parts.
- *Lists.* A control plane of its own over simulated desktops, filled through the API, asked over HTTP on the loopback
  interface with a token. The reference is ` + "`GET /healthz`" + ` of the same server.
- *Stream.* A viewer that asks for raw pixels, once through sign-in, ticket, WebSocket and gateway, and once through the
  engine's own exec.
- *Start.* ` + "`carrel up`" + ` until it serves, on a host where packages are installed and the image is imported; first with an empty
  data directory, then again.
`
