// Command generate writes what the API's data declares: the forms of requests and answers (internal/api/wire), the table of routes
// (internal/api/routes_gen.go), what the description tells besides (internal/api/documented_gen.go) and docs/coverage.md, for the operations that
// the overlay lists. Run it from the top of the repository: `make generate`.
//
// With -data it takes a newer version of the data first and prints what differs; with -called what a run of the tests has called.
package main

import (
	"bytes"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"go/format"
	"io/fs"
	"os"
	"path/filepath"

	"carrel/internal/api/overlay"
)

func main() {
	var o options
	flag.StringVar(&o.newer, "data", "", "a newer models.json to take")
	flag.StringVar(&o.called, "called", "", "what a run of the tests has called (CARREL_TEST_CALLED), to take")
	flag.BoolVar(&o.check, "check", false, "write nothing; fail if a file is not as it would be written")
	flag.Parse()
	if err := run(".", o); err != nil {
		fmt.Fprintln(os.Stderr, "generate:", err)
		os.Exit(1)
	}
}

type options struct {
	newer, called string
	check         bool
}

// run generates in a checkout of the repository.
func run(root string, o options) error {
	path := func(name string) string { return filepath.Join(root, "internal", "api", name) }
	data, err := readData(path("data/models.json"))
	if err == nil && o.newer != "" {
		data, err = take(path("data/models.json"), data, o.newer)
	}
	if err != nil {
		return err
	}
	own, err := readData(path("data/own.json"))
	if err != nil {
		return err
	}
	if err := data.add(own); err != nil {
		return err
	}
	if err := checkManaging(data); err != nil {
		return err
	}
	called, err := readCalled(path("data/called.json"))
	if err == nil && o.called != "" {
		called, err = takeCalled(called, o.called)
	}
	if err != nil {
		return err
	}
	files, err := generate(data, overlay.Areas())
	if err == nil {
		files["documented_gen.go"], err = documented(data, overlay.Areas(), overlay.Examples(), overlay.TerraformBlocks())
	}
	if err != nil {
		return err
	}
	for name, text := range files {
		formatted, err := format.Source(text)
		if err != nil {
			return fmt.Errorf("%s: %w\n%s", name, err, text)
		}
		if err := o.write(path(name), formatted); err != nil {
			return err
		}
	}
	text, err := json.MarshalIndent(called, "", "\t")
	if err != nil {
		return err
	}
	if err := o.write(path("data/called.json"), append(text, '\n')); err != nil {
		return err
	}
	page, err := coverage(data, overlay.Areas(), overlay.Never(), called)
	if err != nil {
		return err
	}
	return o.write(filepath.Join(root, "docs", "coverage.md"), page)
}

// write writes a file that is not as it should be, or says so.
func (o options) write(path string, text []byte) error {
	was, err := os.ReadFile(path)
	switch {
	case err != nil && !errors.Is(err, fs.ErrNotExist):
		return err
	case err == nil && bytes.Equal(was, text):
		return nil
	case o.check:
		return fmt.Errorf("%s is not what the data and the overlay say: run make generate", path)
	}
	fmt.Println("writing", path)
	return os.WriteFile(path, text, 0o644)
}
