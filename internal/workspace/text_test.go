package workspace_test

import (
	"encoding/json"
	"strings"
	"testing"

	"pgregory.net/rapid"

	"carrel/internal/workspace"
)

func TestHoldsNULAgreesWithTheDecodedText(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		text := strings.Join(rapid.SliceOf(rapid.SampledFrom([]string{"\x00", `\`, "u0000", "a", `"`})).Draw(t, "parts"), "")
		body, err := json.Marshal(map[string]string{"name": text})
		if err != nil {
			t.Fatal(err)
		}
		if got, want := workspace.HoldsNUL(body), strings.ContainsRune(text, 0); got != want {
			t.Fatalf("%s: got %v, want %v", body, got, want)
		}
	})
}
