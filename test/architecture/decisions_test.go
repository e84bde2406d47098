package architecture

import (
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
)

// firstWithoutGaps is the record from which on numbers follow one another; some below it were never used.
const firstWithoutGaps = 34

// TestDecisionsAreListed keeps docs/decisions/README.md complete, and the numbers without gaps.
func TestDecisionsAreListed(t *testing.T) {
	const folder = root + "/docs/decisions/"
	files, err := filepath.Glob(folder + "[0-9]*.md")
	if err != nil || len(files) < 2 {
		t.Fatal("no decisions", err)
	}
	slices.Sort(files)
	lines := regexp.MustCompile(`(?m)^\| \[(\d{4})\]\(([^)]+)\) \| \S.* \|$`).FindAllStringSubmatch(readFile(t, folder+"README.md"), -1)
	var listed []string
	for _, line := range lines {
		listed = append(listed, line[2])
		if !strings.HasPrefix(line[2], line[1]+"-") {
			t.Errorf("the index says %s of %s", line[1], line[2])
		}
	}
	var there []string
	last := 0
	for _, file := range files {
		name, number := filepath.Base(file), 0
		if _, err := fmt.Sscanf(name, "%04d-", &number); err != nil {
			t.Errorf("%s: a record's name begins with four digits and a hyphen", name)
		}
		if number == 0 {
			continue // the template
		}
		there = append(there, name)
		switch {
		case number == last:
			t.Errorf("%s: the number is used twice", name)
		case number > firstWithoutGaps && number != last+1:
			t.Errorf("%s: the number after %04d is %04d", name, last, last+1)
		}
		last = number
		text := readFile(t, file)
		if !strings.HasPrefix(text, fmt.Sprintf("# %04d: ", number)) || !strings.Contains(text, "\nStatus: ") {
			t.Errorf("%s: a record begins with its number and title, and has a status", name)
		}
	}
	if !slices.Equal(listed, there) {
		t.Errorf("docs/decisions/README.md lists\n%q, the records are\n%q", listed, there)
	}
}

func readFile(t *testing.T, path string) string {
	t.Helper()
	text, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}
