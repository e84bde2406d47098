package terraform

import (
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"carrel/internal/api/overlay"
	"carrel/test/controlplane"
)

var block = regexp.MustCompile(`(?m)^(?:resource|data) "[a-z_]+"`)

// TestTheExampleHasKnownBlocks compares with the blocks that the documentation of operations knows.
func TestTheExampleHasKnownBlocks(t *testing.T) {
	var known strings.Builder
	for _, b := range overlay.TerraformBlocks() {
		known.WriteString(b.Source + "\n")
	}
	files, err := filepath.Glob(filepath.Join(controlplane.Root(t), "examples", "terraform", "*.tf"))
	if err != nil || len(files) == 0 {
		t.Fatal(files, err)
	}
	blocks := 0
	for _, file := range files {
		text, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		for _, found := range block.FindAllString(string(text), -1) {
			blocks++
			if !strings.Contains(known.String(), found) {
				t.Errorf("%s: the documentation knows no %s", filepath.Base(file), found)
			}
		}
	}
	if blocks < 10 {
		t.Errorf("%d blocks were found", blocks)
	}
}
