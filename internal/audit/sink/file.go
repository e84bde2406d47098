package sink

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"time"

	"carrel/internal/audit"
)

// File appends entries to a file, one line of JSON each. When the file is large enough, it is renamed to its name, the time and the place of
// its last entry; the oldest of those are deleted. The file itself says how far it has come. Each process has a file of its own.
type File struct {
	Path     string
	MaxBytes int64 // 0: the file is never renamed
	Keep     int   // renamed files; 0: all

	file *os.File
	size int64
	last int64
}

// longestLine is the maximum length of a line, in bytes.
const longestLine = 4 << 20

// After implements Sink: it reads the last line of the file, or of the newest one that was renamed.
func (f *File) After(context.Context) (int64, error) {
	if f.file != nil && !f.moved() {
		return f.last, nil
	}
	return f.last, f.open()
}

// moved reports whether somebody else renamed or deleted the file, as logrotate does.
func (f *File) moved() bool {
	own, err := f.file.Stat()
	if err != nil {
		return true
	}
	there, err := os.Stat(f.Path)
	return err != nil || !os.SameFile(own, there)
}

func (f *File) open() error {
	if f.file != nil {
		if err := f.Close(); err != nil {
			return err
		}
	}
	file, err := os.OpenFile(f.Path, os.O_RDWR|os.O_CREATE, 0o600)
	if err != nil {
		return err
	}
	size, last, err := lastLine(file)
	if err == nil {
		err = file.Truncate(size) // a line that a crash cut off is written again
	}
	if err == nil {
		_, err = file.Seek(size, io.SeekStart)
	}
	if err != nil {
		return errors.Join(fmt.Errorf("reading the end of %s: %w", f.Path, err), file.Close())
	}
	if last == 0 && f.last == 0 {
		if last, err = f.lastOfRenamed(); err != nil {
			return errors.Join(err, file.Close())
		}
	}
	f.file, f.size, f.last = file, size, max(last, f.last)
	return nil
}

// lastLine returns the size of a file up to the end of its last whole line, and that line's place; 0 if there is none.
func lastLine(file *os.File) (size, place int64, err error) {
	end, err := file.Seek(0, io.SeekEnd)
	if err != nil {
		return 0, 0, err
	}
	tail := make([]byte, min(end, 2*longestLine))
	if _, err := file.ReadAt(tail, end-int64(len(tail))); err != nil {
		return 0, 0, err
	}
	whole := bytes.LastIndexByte(tail, '\n') + 1
	size = end - int64(len(tail)) + int64(whole)
	if whole == 0 {
		if size > 0 {
			return 0, 0, errors.New("it has no whole line at its end: it is not a file of audit records")
		}
		return 0, 0, nil
	}
	begin := bytes.LastIndexByte(tail[:whole-1], '\n') + 1
	e, err := audit.ParseEntry(tail[begin:whole])
	if err != nil {
		return 0, 0, err
	}
	return size, e.Seq, nil
}

// renamed are the files that were renamed, oldest first.
func (f *File) renamed() ([]string, error) {
	all, err := filepath.Glob(escapeGlob(f.Path) + ".[0-9]*T*Z-*")
	slices.Sort(all)
	return all, err
}

func escapeGlob(path string) string {
	var out []rune
	for _, c := range path {
		if c == '*' || c == '?' || c == '[' || c == '\\' {
			out = append(out, '\\')
		}
		out = append(out, c)
	}
	return string(out)
}

func (f *File) lastOfRenamed() (int64, error) {
	all, err := f.renamed()
	if err != nil || len(all) == 0 {
		return 0, err
	}
	file, err := os.Open(all[len(all)-1])
	if err != nil {
		return 0, err
	}
	_, last, err := lastLine(file)
	return last, errors.Join(err, file.Close())
}

// Claim implements Sink: the file is this process's own.
func (f *File) Claim(context.Context) (bool, error) { return true, nil }

// Write implements Sink. The lines are on the disk when it returns.
func (f *File) Write(_ context.Context, entries []audit.Entry) error {
	var text []byte
	for _, e := range entries {
		text = append(text, e.JSON()...)
	}
	if _, err := f.file.Write(text); err != nil {
		return f.reread(err)
	}
	if err := f.file.Sync(); err != nil {
		return f.reread(err)
	}
	f.size += int64(len(text))
	f.last = entries[len(entries)-1].Seq
	if f.MaxBytes > 0 && f.size >= f.MaxBytes {
		return f.rotate()
	}
	return nil
}

// reread closes the file after a failure, so that its end is looked at before the next line: part of a line may be there.
func (f *File) reread(err error) error {
	f.last = 0
	return errors.Join(err, f.Close())
}

func (f *File) rotate() error {
	if err := f.Close(); err != nil {
		return err
	}
	name := fmt.Sprintf("%s.%s-%d", f.Path, time.Now().UTC().Format("20060102T150405.000000Z"), f.last)
	if err := os.Rename(f.Path, name); err != nil {
		return err
	}
	all, err := f.renamed()
	if err != nil || f.Keep == 0 {
		return errors.Join(err, f.open())
	}
	for _, old := range all[:max(0, len(all)-f.Keep)] {
		if err := os.Remove(old); err != nil && !errors.Is(err, fs.ErrNotExist) {
			return err
		}
	}
	return f.open()
}

// Close implements Sink.
func (f *File) Close() error {
	if f.file == nil {
		return nil
	}
	err := f.file.Close()
	f.file = nil
	return err
}
