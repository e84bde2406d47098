package text_test

import (
	"errors"
	"net/url"
	"testing"

	"carrel/internal/text"
)

func TestFaultsNameTheField(t *testing.T) {
	for body, field := range map[string]string{
		"\xff":              "body",
		"[\"a\", \"\xff\"]": "[1]",
		"{\"a\": \"\xff\"}": "a",
		"{\"a\": 1, \"b\": [1, {\"c\\\"d\": \"\xff\"}]}": `b[1].c\"d`,
		"{\"a\": [\"]\", {}, \"\xff\"]}":                 "a[2]",
		"{\"\xff\": 1}":                                  "body",
		`{"a": {"b": "x\u0000"}}`:                        "a.b",
		`{"a": "\ud800"}`:                                "a",
		`["\ud83d\ude00", "\ude00"]`:                     "[1]",
		"}]\xff":                                         "body",
	} {
		_, err := text.JSON([]byte(body))
		fault, is := errors.AsType[*text.Fault](err)
		if !is || fault.Field != field {
			t.Errorf("%q: %v, want the field %s", body, err, field)
		}
	}
	if _, err := text.JSON([]byte(`"\ufffd \ud83d\ude00"`)); err != nil {
		t.Errorf("whole characters: %v", err)
	}
}

func TestAddressesAreChecked(t *testing.T) {
	for address, field := range map[string]string{"/a%ff?x=1": "path", "/a?x=%ff": "x", "/a?%ff=1": "?", "/a?b=1&c=%00": "c"} {
		u, err := url.Parse(address)
		if err != nil {
			t.Fatal(err)
		}
		if fault := text.CheckURL(u); fault == nil || fault.Field != field {
			t.Errorf("%s: %v, want %s", address, fault, field)
		}
	}
	if fault := text.CheckURL(&url.URL{Path: "/ü", RawQuery: "x=%C3%BC"}); fault != nil {
		t.Error(fault)
	}
}
