package text_test

import (
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"testing"
	"unicode/utf16"
	"unicode/utf8"

	"golang.org/x/text/unicode/norm"
	"pgregory.net/rapid"

	"carrel/internal/text"
)

// allEscaped writes a JSON string with every character escaped.
func allEscaped(s string) []byte {
	var b strings.Builder
	b.WriteByte('"')
	for _, unit := range utf16.Encode([]rune(s)) {
		fmt.Fprintf(&b, `\u%04x`, unit)
	}
	b.WriteByte('"')
	return []byte(b.String())
}

func TestStringsOfJSONAreComposedHoweverTheyAreWritten(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		parts := rapid.SliceOf(rapid.SampledFrom([]string{"\u0300", "\u0308", "\x00", `\`, `"`, "n", "t", "u", "u0000", "\n", "\t", "e", "ü", "😀", "가", "\u1100\u1161", "/", "\x1f", "<", "\u0338"})).Draw(t, "parts")
		want := strings.Join(parts, "")
		marshalled, err := json.Marshal(want)
		if err != nil {
			t.Fatal(err)
		}
		for _, body := range [][]byte{marshalled, allEscaped(want)} {
			composed, err := text.JSON(body)
			if strings.ContainsRune(want, 0) {
				if !errors.Is(err, text.ErrNUL) {
					t.Fatalf("%s: got %v", body, err)
				}
				continue
			}
			var got string
			if err != nil || json.Unmarshal(composed, &got) != nil || got != norm.NFC.String(want) {
				t.Fatalf("%s became %s %v, which is %q, want %q", body, composed, err, got, norm.NFC.String(want))
			}
		}
	})
}

// FuzzJSON proves that a text means the same before and after, but for its form, and is no JSON after if it was none before.
func FuzzJSON(f *testing.F) {
	for _, seed := range []string{`{"a":"u\u0308"}`, `["\ud83d\ude00","\ud800"]`, `"\\u0000"`, `"\`, `"\u00`, "\xff", `0\u0020`, `{"n\u0300":1e3}`, `{"a":["\ude00"]}`, "{\"a\":[1,\"\xff"} {
		f.Add([]byte(seed))
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		composed, err := text.JSON(data)
		if err != nil {
			if fault, is := errors.AsType[*text.Fault](err); !is || fault.Field == "" || !utf8.ValidString(fault.Field) {
				t.Fatalf("%q: %v names no field", data, err)
			}
			return
		}
		var before, after any
		errBefore, errAfter := json.Unmarshal(data, &before), json.Unmarshal(composed, &after)
		if (errBefore == nil) != (errAfter == nil) {
			t.Fatalf("%q: %v, %q: %v", data, errBefore, composed, errAfter)
		}
		if s, ok := before.(string); ok && norm.NFC.String(s) != norm.NFC.String(after.(string)) {
			t.Fatalf("%q became %q", s, after)
		}
	})
}
