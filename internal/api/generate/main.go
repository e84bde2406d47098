// Command generate writes what the API's data declares: the forms of requests and answers (internal/api/wire) and the table of routes
// (internal/api/routes_gen.go), for the operations that the overlay lists. Run it from the top of the repository: `make generate`.
//
// With -data it takes a newer version of the data first and prints what differs.
package main

import (
	"bytes"
	"flag"
	"fmt"
	"go/format"
	"maps"
	"os"
	"path/filepath"
	"slices"

	"carrel/internal/api/overlay"
)

func main() {
	newer := flag.String("data", "", "a newer models.json to take")
	check := flag.Bool("check", false, "write nothing; fail if a file is not as it would be written")
	flag.Parse()
	if err := run("internal/api", *newer, *check); err != nil {
		fmt.Fprintln(os.Stderr, "generate:", err)
		os.Exit(1)
	}
}

// run generates below the folder of the API.
func run(folder, newer string, check bool) error {
	path := filepath.Join(folder, "data", "models.json")
	data, err := readData(path)
	if err == nil && newer != "" {
		data, err = take(path, data, newer)
	}
	if err != nil {
		return err
	}
	own, err := readData(filepath.Join(folder, "data", "own.json"))
	if err != nil {
		return err
	}
	if err := data.add(own); err != nil {
		return err
	}
	files, err := generate(data, overlay.Areas())
	if err != nil {
		return err
	}
	for _, name := range slices.Sorted(maps.Keys(files)) {
		text, err := format.Source(files[name])
		if err != nil {
			return fmt.Errorf("%s: %w\n%s", name, err, files[name])
		}
		path := filepath.Join(folder, name)
		was, _ := os.ReadFile(path) // one that is not there is written
		switch {
		case bytes.Equal(was, text):
		case check:
			return fmt.Errorf("%s is not what the data and the overlay say: run make generate", path)
		default:
			if err := os.WriteFile(path, text, 0o644); err != nil {
				return err
			}
			fmt.Println("wrote", path)
		}
	}
	return nil
}
