package iam_test

import (
	"os"
	"regexp"
	"testing"

	"carrel/internal/iam"
)

func TestTheCatalogueHasEveryCode(t *testing.T) {
	code, err := os.ReadFile("refusal.go")
	if err != nil {
		t.Fatal(err)
	}
	known := map[string]bool{}
	for _, e := range iam.Errors {
		if known[e.Code] || e.Status < 400 || e.Meaning == "" || e.Message == "" || e.Remedy == "" {
			t.Errorf("%s is there twice, or lacks something", e.Code)
		}
		known[e.Code] = true
	}
	found := regexp.MustCompile(`\tcode\w+ += "([A-Z0-9.]+)"`).FindAllStringSubmatch(string(code), -1)
	if len(found) != len(known) {
		t.Errorf("the catalogue has %d codes, refusal.go %d", len(known), len(found))
	}
	for _, match := range found {
		if !known[match[1]] {
			t.Errorf("%s is not in the catalogue", match[1])
		}
	}
}
