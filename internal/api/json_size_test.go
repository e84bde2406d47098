package api

import (
	"encoding/json"
	"strings"
	"testing"

	"pgregory.net/rapid"
)

func TestTheShapeOfABodyIsBounded(t *testing.T) {
	for name, c := range map[string]struct {
		body string
		why  string // empty: it passes
	}{
		"AsDeepAsAllowed":      {strings.Repeat("[", 16) + strings.Repeat("]", 16), ""},
		"OneDeeper":            {strings.Repeat("[", 17) + strings.Repeat("]", 17), "more than 16 deep"},
		"DeepAndBroken":        {strings.Repeat("[", 1<<20), "more than 16 deep"},
		"AsLongAsAllowed":      {"[1" + strings.Repeat(",1", 19_999) + "]", ""},
		"OneLonger":            {"[1" + strings.Repeat(",1", 20_000) + "]", "more than 20000 items"},
		"ManyFields":           {"{" + strings.Repeat(`"a":1,`, 20_001) + `"a":1}`, "more than 20000 items"},
		"ManyValues":           {"[" + strings.Repeat("["+strings.Repeat("{},", 9_999)+"{}],", 30) + "0]", "more than 250000 values"},
		"CommasInATextAreText": {`"` + strings.Repeat(`,[{\"`, 300_000) + `"`, ""},
		"ATextWithoutAnEnd":    {`"` + strings.Repeat(`\"`, 10), ""},
		"EndsWithoutBeginning": {"]]]}}}[1]", ""},
	} {
		t.Run(name, func(t *testing.T) {
			err := checkShape([]byte(c.body))
			if c.why == "" && err != nil || c.why != "" && (err == nil || !strings.Contains(err.Error(), c.why)) {
				t.Errorf("got %v, want %q", err, c.why)
			}
		})
	}
}

// What the largest sensible request looks like passes: 10,000 desktops with every field, each for a person with every field.
func TestTheLargestAssignmentPasses(t *testing.T) {
	const person = `{"user_id":"u","user_name":"u","domain":"d","user_group":"sudo","type":"USER"}`
	const desktop = `{"desktop_id":"d","user_name":"u","user_id":"u","user_email":"e","user_group":"sudo","computer_name":"c","is_clear_data":true,` +
		`"attach_user_infos":[` + person + `]},`
	body := `{"desktops":[` + strings.TrimSuffix(strings.Repeat(desktop, 10_000), ",") + `]}`
	if err := checkShape([]byte(body)); err != nil || !json.Valid([]byte(body)) {
		t.Error(err)
	}
}

// A text that passes is as deep and has as many values as a decoder finds.
func TestShapeAgreesWithTheDecoder(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		depth := rapid.IntRange(0, 20).Draw(t, "depth")
		inner := rapid.StringMatching(`[a-z\[\]{},"\\]{0,8}`).Draw(t, "text")
		text, err := json.Marshal(inner)
		if err != nil {
			t.Fatal(err)
		}
		body := strings.Repeat(`{"k":[`, depth) + string(text) + strings.Repeat("]}", depth)
		if passes := checkShape([]byte(body)) == nil; passes != (2*depth <= maxJSONDepth) || !json.Valid([]byte(body)) {
			t.Errorf("%s passes: %v", body, passes)
		}
	})
}

func FuzzShape(f *testing.F) {
	f.Add([]byte(`{"a":[1,"\"",{}]}`))
	f.Add([]byte(`]]"\`))
	f.Fuzz(func(t *testing.T, body []byte) {
		var v any
		if checkShape(body) == nil && len(body) < 1000 {
			_ = json.Unmarshal(body, &v) // passes or not, but ends
		}
	})
}
