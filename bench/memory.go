package main

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"time"

	"carrel/internal/directory"
)

var memory = measurement{name: "memory", about: "memory of a desktop that nobody touches", run: measureMemory}

// idleTime is how long nobody has touched a desktop that counts as idle.
const idleTime = time.Minute

func measureMemory(ctx context.Context, l *lab) ([]row, error) {
	count := l.desktops(10)
	raw, server, model, err := l.contest(ctx)
	if err != nil {
		return nil, err
	}
	defer server.stop()
	id, err := server.createDesktops(ctx, 1, count)
	if err != nil {
		return nil, err
	}
	j, err := server.awaitJob(ctx, id, 100*time.Millisecond)
	if err != nil {
		return nil, err
	}
	posts, err := described(model.post, count)
	if err != nil {
		return nil, err
	}
	if err := rawLaunch(ctx, raw, posts, model.account, 4); err != nil {
		return nil, err
	}
	var ours, theirs []string
	for i, desktop := range j.desktops() {
		ours = append(ours, "d-"+desktop)
		if err := raw.await(ours[i], "--panel", directory.AccountFor(person(1+i))); err != nil {
			return nil, err
		}
	}
	for _, p := range posts {
		theirs = append(theirs, p.Name)
		if err := raw.await(p.Name, "--panel", directory.AccountFor(person(0))); err != nil {
			return nil, err
		}
	}
	l.say("  %d desktops idle for %s", len(ours)+len(theirs), idleTime)
	select {
	case <-time.After(idleTime):
	case <-ctx.Done():
		return nil, ctx.Err()
	}
	rows, err := memoryRows(ours, theirs)
	return rows, errors.Join(err, server.deleteDesktops(ctx, j.desktops()), raw.removeAll(ctx))
}

func memoryRows(ours, theirs []string) ([]row, error) {
	a, err := meanUse(ours)
	if err != nil {
		return nil, err
	}
	b, err := meanUse(theirs)
	if err != nil {
		return nil, err
	}
	mib := func(n float64) string { return fmt.Sprintf("%.1f MB", n/1e6) }
	line := func(what string, a, b float64) row {
		return row{what: what, reference: mib(b), carrel: mib(a), ratio: fmt.Sprintf("%.2f", a/b)}
	}
	first := line(fmt.Sprintf("memory per idle desktop, mean of %d", len(ours)), a.held, b.held)
	first.target, first.reached = "65 MB", new(a.held <= 65e6)
	return []row{first, line("... of that: anonymous memory of its processes", a.anonymous, b.anonymous), line("PSS of its processes, with files' pages", a.pss, b.pss)}, nil
}

// use is how much memory belongs to a machine, in bytes.
type use struct {
	held      float64 // all that its control group charges, but for pages of files, which can be taken back
	anonymous float64
	pss       float64
}

func meanUse(instances []string) (mean use, err error) {
	for _, name := range instances {
		one, err := useOf(name)
		if err != nil {
			return use{}, fmt.Errorf("measuring the memory of %s: %w", name, err)
		}
		mean.held += one.held / float64(len(instances))
		mean.anonymous += one.anonymous / float64(len(instances))
		mean.pss += one.pss / float64(len(instances))
	}
	return mean, nil
}

func useOf(instance string) (u use, err error) {
	group := "lxc.payload." + projectName + "_" + instance
	folder, usage, files, anonymous := "/sys/fs/cgroup/memory/"+group, "memory.usage_in_bytes", "total_cache", "total_rss"
	shared := "total_shmem" // which are pages of files that cannot be taken back
	if _, err := os.Stat(folder); errors.Is(err, fs.ErrNotExist) {
		folder, usage, files, anonymous, shared = "/sys/fs/cgroup/"+group, "memory.current", "file", "anon", "shmem"
	}
	all, err := os.ReadFile(filepath.Join(folder, usage))
	if err != nil {
		return u, err
	}
	stat := func(key string) float64 {
		n, wrong := strconv.ParseFloat(field(filepath.Join(folder, "memory.stat"), key, " "), 64)
		if wrong != nil {
			err = fmt.Errorf("reading %s in %s: %w", key, folder, wrong)
		}
		return n
	}
	if u.held, err = strconv.ParseFloat(strings.TrimSpace(string(all)), 64); err != nil {
		return u, fmt.Errorf("reading %s in %s: %w", usage, folder, err)
	}
	u.held += stat(shared) - stat(files)
	if u.anonymous = stat(anonymous); err != nil {
		return u, err
	}
	u.pss, err = pssOf(folder)
	return u, err
}

// pssOf adds up what the processes of a control group, and of those below it, use.
func pssOf(folder string) (pss float64, err error) {
	groups := os.DirFS(folder)
	err = fs.WalkDir(groups, ".", func(path string, entry fs.DirEntry, err error) error {
		if err != nil || entry.Name() != "cgroup.procs" {
			return err
		}
		pids, err := fs.ReadFile(groups, path)
		for pid := range strings.FieldsSeq(string(pids)) {
			// A process that has just ended uses nothing.
			size, _, _ := strings.Cut(field("/proc/"+pid+"/smaps_rollup", "Pss", ":"), " ")
			kib, _ := strconv.ParseFloat(size, 64)
			pss += kib * 1024
		}
		return err
	})
	return pss, err
}
