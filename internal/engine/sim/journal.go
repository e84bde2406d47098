package sim

import (
	"bufio"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"iter"
	"os"

	"carrel/internal/engine"
)

// journal is a file of JSON lines, one per change; of several lines about the same thing the last one counts. A line is written
// with one write call before the change is visible, so a process that is killed at any point leaves at most one incomplete last
// line, which belongs to a change that no caller was told of; it is dropped. The file is not synchronised to disk at every line:
// after a power cut the last seconds may be missing.
//
// Its user serialises all calls.
type journal struct {
	path       string
	everything iter.Seq[entry] // the content of a compacted file
	lock       io.Closer
	file       *os.File
	lines      int // in the file
	spare      int // number of lines above which the file is compacted
}

// entry is one line; one field is set.
type entry struct {
	Machine *machine        `json:"machine,omitempty"`
	Dropped string          `json:"dropped,omitempty"`
	Network *engine.Network `json:"network,omitempty"`

	Rules       *networkRules `json:"rules,omitempty"`
	NetworkGone string        `json:"network_gone,omitempty"`

	Image     *published `json:"image,omitempty"`
	ImageGone string     `json:"image_gone,omitempty"`
}

// openJournal passes every line of the file to restore, and rewrites the file if most of it is outdated.
func openJournal(path string, restore func(entry), everything iter.Seq[entry]) (*journal, error) {
	j := &journal{path: path, everything: everything}
	var err error
	if j.lock, err = lockFile(path + ".lock"); err != nil {
		return nil, fmt.Errorf("taking the simulation's file %s: %w", path, err)
	}
	if err := j.open(restore); err != nil {
		return nil, fmt.Errorf("opening the simulation's file %s: %w", path, errors.Join(err, j.close()))
	}
	return j, nil
}

func (j *journal) open(restore func(entry)) (err error) {
	if j.file, err = os.OpenFile(j.path, os.O_CREATE|os.O_RDWR, 0o600); err != nil {
		return err
	}
	end, err := j.read(restore)
	if err != nil {
		return err
	}
	live := 0
	for range j.everything {
		live++
	}
	if j.spare = spare(live); j.lines >= j.spare {
		return j.rewrite()
	}
	return j.file.Truncate(end)
}

// spare returns the number of lines above which a file that needs n is compacted.
func spare(live int) int { return 2*live + 10_000 }

// read returns where the last whole line ends.
func (j *journal) read(restore func(entry)) (end int64, err error) {
	r := bufio.NewReaderSize(j.file, 1<<20)
	for {
		line, err := r.ReadBytes('\n')
		if errors.Is(err, io.EOF) {
			return end, nil // what follows the last newline is torn
		}
		if err != nil {
			return end, err
		}
		j.lines++
		end += int64(len(line))
		var was entry
		if err := json.Unmarshal(line, &was); err != nil {
			return end, fmt.Errorf("line %d: %w", j.lines, err)
		}
		restore(was)
	}
}

// append writes one change, and now and then the whole file anew.
func (j *journal) append(e entry) error {
	line, err := json.Marshal(e)
	if err != nil {
		return err
	}
	if j.lines >= j.spare {
		if err := j.rewrite(); err != nil {
			return err
		}
	}
	start, err := j.file.Seek(0, io.SeekEnd)
	if err != nil {
		return err
	}
	if _, err := j.file.Write(append(line, '\n')); err != nil {
		return errors.Join(err, j.file.Truncate(start)) // a full disk must not leave half a line in the middle
	}
	j.lines++
	return nil
}

// rewrite replaces the file by one that holds every thing once.
func (j *journal) rewrite() error {
	next, err := os.OpenFile(j.path+".new", os.O_CREATE|os.O_TRUNC|os.O_RDWR, 0o600)
	if err != nil {
		return err
	}
	lines, err := j.fill(next)
	if err == nil {
		err = next.Sync()
	}
	if err == nil {
		err = os.Rename(next.Name(), j.path)
	}
	if err != nil {
		return errors.Join(err, next.Close(), os.Remove(next.Name()))
	}
	err = j.file.Close()
	j.file, j.lines, j.spare = next, lines, spare(lines)
	return err
}

func (j *journal) fill(f *os.File) (lines int, err error) {
	w := bufio.NewWriterSize(f, 1<<20)
	enc := json.NewEncoder(w)
	for e := range j.everything {
		if err := enc.Encode(e); err != nil {
			return lines, err
		}
		lines++
	}
	return lines, w.Flush()
}

func (j *journal) close() error {
	var err error
	if j.file != nil {
		err = j.file.Close()
	}
	return errors.Join(err, j.lock.Close())
}
