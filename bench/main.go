package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io/fs"
	"os"
	"os/signal"
	"slices"
	"strings"
	"syscall"
	"time"
)

// measurement is one thing that is measured: a row or several of the table.
type measurement struct {
	name  string
	about string
	extra bool // only run when it is named
	run   func(context.Context, *lab) ([]row, error)
}

// measurements are in the order of the table.
var measurements = []measurement{panel, many, parallel, poolOf50, openPool, rebuild, memory, list, assign, reconcile, stream, up, queue}

// options are the command line.
type options struct {
	only     string
	desktops int
	out      string
	carrel   string
	keep     bool
	parallel string
}

func main() {
	var o options
	flag.StringVar(&o.only, "only", "", "measure only these, with commas between them: "+names())
	flag.IntVar(&o.desktops, "n", 0, "how many desktops to make instead of the full number; for trying things out")
	flag.StringVar(&o.out, "out", "", "file for the table; docs/benchmarks.md when everything is measured in full, otherwise none")
	flag.StringVar(&o.carrel, "carrel", "bin/carrel", "the program to measure")
	flag.BoolVar(&o.keep, "keep", false, "leave the Incus project with its image for the next run")
	flag.StringVar(&o.parallel, "parallel", "", "numbers of launches at once to try in many and parallel, such as 4,8,16")
	flag.Parse()
	if o.out == "" && o.only == "" && o.desktops == 0 {
		o.out = "docs/benchmarks.md"
	}
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	if err := measure(ctx, o); err != nil {
		fmt.Fprintln(os.Stderr, "bench:", err)
		os.Exit(1)
	}
}

func names() string {
	var all []string
	for _, m := range measurements {
		all = append(all, m.name)
	}
	return strings.Join(all, ", ")
}

// chosen are the measurements that the command line asks for.
func chosen(only string) ([]measurement, error) {
	var picked []measurement
	wanted := strings.FieldsFunc(only, func(r rune) bool { return r == ',' })
	for _, m := range measurements {
		if i := slices.Index(wanted, m.name); i >= 0 {
			wanted = slices.Delete(wanted, i, i+1)
			picked = append(picked, m)
		} else if only == "" && !m.extra {
			picked = append(picked, m)
		}
	}
	if len(wanted) > 0 {
		return nil, fmt.Errorf("there is no measurement %s; there are %s", strings.Join(wanted, ", "), names())
	}
	return picked, nil
}

// measure runs what is asked for, cleans up in every case, and reports what was measured before anything failed.
func measure(ctx context.Context, o options) error {
	picked, err := chosen(o.only)
	if err != nil {
		return err
	}
	l, err := newLab(o)
	if err != nil {
		return err
	}
	defer l.close()
	report := report{machine: l.describe(ctx), begun: time.Now(), load: loadAverage()}
	if busy := report.busy(); busy != "" {
		fmt.Println(busy)
	}
	var failed error
	for _, m := range picked {
		if ctx.Err() != nil {
			break
		}
		l.say("%s: %s", m.name, m.about)
		rows, err := m.run(ctx, l)
		err = errors.Join(err, l.tidy(ctx))
		report.rows = append(report.rows, rows...)
		if err != nil {
			failed = errors.Join(failed, fmt.Errorf("measuring %s: %w", m.name, err))
		}
	}
	report.took = time.Since(report.begun)
	fmt.Print("\n", report.text(), "\n")
	switch {
	case ctx.Err() != nil:
		return errors.Join(errors.New("interrupted; nothing was written"), failed)
	case failed != nil || o.out == "":
		return failed
	}
	page, err := os.ReadFile(o.out)
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return fmt.Errorf("reading the page for the table: %w", err)
	}
	if err := os.WriteFile(o.out, []byte(report.into(string(page))), 0o644); err != nil {
		return fmt.Errorf("writing the table: %w", err)
	}
	fmt.Println("Written to", o.out)
	return nil
}
