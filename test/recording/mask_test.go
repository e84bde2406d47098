package recording

import (
	"bytes"
	"encoding/json"
	"fmt"
	"regexp"
	"slices"
	"strings"
	"time"
)

// masks are the patterns of what differs from run to run. A text that is found again gets the name that it got at first, so that
// answers which name the same thing still do. Longer patterns come first.
var masks = []struct {
	name    string
	pattern string
	secret  bool // shown without a number
}{
	{"sealed", `\bv1\.[0-9a-f]{16}\.[\w-]+`, true},
	{"hash", `\$argon2id\$[\w$=,+/.-]+`, true},
	{"qr", `data:image/svg\+xml;base64,[\w+/=]+`, true},
	{"token", `\b[0-9a-f]{64}\b`, true},
	{"id", `\b[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}\b`, false},
	{"secret", `\b[0-9a-f]{40}\b`, true},
	{"id", `\b[0-9a-f]{32}\b`, false},
	{"key", `\b[0-9A-F]{20}\b`, false},
}

// fields are masked by their names: what they hold follows no pattern.
var fields = map[string]string{
	"internet_access_port": "the port that was free",
	"password":             "random",
	"recovery_codes":       "random",
	"secret":               "random, or sealed",
	"uri":                  "holds a secret",
	"securitytoken":        "random",
	"base32_string_seed":   "random",
}

// clock finds times in all forms that Carrel writes. Those that the script chose lie years away and stay.
var clock = regexp.MustCompile(`\b(\d{4})-\d\d-\d\d[T ]\d\d:\d\d(:\d\d(\.\d+)?)?(Z| ?[+-]\d\d:?\d\d)?( UTC)?|\b1[789]\d{8}(\d{3})?\b|\b\d{8}-\d{6}\b`)

// mask replaces what differs from run to run.
type mask struct {
	patterns *regexp.Regexp
	literal  *strings.Replacer
	names    map[string]string // what was seen, with its name
	numbers  map[string]int    // how many of a kind were named
	year     int
}

func newMask(endpoint string) *mask {
	all := make([]string, len(masks))
	for i, m := range masks {
		all[i] = "(" + m.pattern + ")"
	}
	return &mask{
		patterns: regexp.MustCompile(strings.Join(all, "|")),
		literal:  strings.NewReplacer(endpoint, "{endpoint}"),
		names:    map[string]string{}, numbers: map[string]int{}, year: time.Now().Year(),
	}
}

// call gives something its name.
func (m *mask) call(seen, name string) { m.names[seen] = "{" + name + "}" }

// text masks a text. What is seen for the first time gets a number if it is to be numbered.
func (m *mask) text(s string, number bool) string {
	s = m.literal.Replace(s)
	s = m.patterns.ReplaceAllStringFunc(s, func(seen string) string { return m.nameOf(seen, number) })
	return clock.ReplaceAllStringFunc(s, func(seen string) string {
		if year := clock.FindStringSubmatch(seen)[1]; year != "" && year != fmt.Sprint(m.year) && year != fmt.Sprint(m.year+1) && year != fmt.Sprint(m.year-1) {
			return seen
		}
		return "{time}"
	})
}

func (m *mask) nameOf(seen string, number bool) string {
	if name, there := m.names[seen]; there {
		return name
	}
	kind := masks[slices.IndexFunc(m.patterns.FindStringSubmatch(seen)[1:], func(group string) bool { return group != "" })]
	if kind.secret || !number {
		return "{" + kind.name + "}"
	}
	m.numbers[kind.name]++
	m.call(seen, fmt.Sprintf("%s-%d", kind.name, m.numbers[kind.name]))
	return m.names[seen]
}

// body masks an answer: JSON is written with its fields in the order of their names, anything else as it is. Lists that are named
// are sorted by their text without numbers, since their order follows ids.
func (m *mask) body(raw []byte, sorted, free []string) string {
	decoder := json.NewDecoder(bytes.NewReader(raw))
	decoder.UseNumber()
	var value any
	if decoder.Decode(&value) != nil || decoder.More() {
		return m.text(string(raw), true)
	}
	m.sort(value, sorted)
	release(value, free)
	return indented(m.value("", value, true), "")
}

// sort sorts the lists that are named, the inner ones first.
func (m *mask) sort(value any, sorted []string) {
	switch v := value.(type) {
	case []any:
		for _, inner := range v {
			m.sort(inner, sorted)
		}
	case map[string]any:
		for name, inner := range v {
			m.sort(inner, sorted)
			if list, ok := inner.([]any); ok && slices.Contains(sorted, name) {
				slices.SortStableFunc(list, func(a, b any) int { return strings.Compare(m.key(a), m.key(b)) })
			}
		}
	}
}

// key is by what a list's items are sorted.
func (m *mask) key(item any) string { return oneLine(m.value("", item, false)) }

// release replaces fields by their names.
func release(value any, free []string) {
	switch v := value.(type) {
	case []any:
		for _, inner := range v {
			release(inner, free)
		}
	case map[string]any:
		for name, inner := range v {
			if slices.Contains(free, name) {
				v[name] = "{" + name + "}"
			}
			release(inner, free)
		}
	}
}

// value masks all texts within a JSON value.
func (m *mask) value(name string, value any, number bool) any {
	if why := fields[name]; why != "" && value != nil && value != "" {
		return "{" + name + "}"
	}
	switch v := value.(type) {
	case string:
		return m.text(v, number)
	case json.Number:
		return json.Number(m.text(v.String(), number))
	case []any:
		list := make([]any, len(v))
		for i := range v {
			list[i] = m.value("", v[i], number)
		}
		return list
	case map[string]any:
		object := map[string]any{}
		for _, name := range names(v) {
			object[m.text(name, number)] = m.value(name, v[name], number)
		}
		return object
	}
	return value
}

// indented writes JSON for readers: what is short stays on one line.
func indented(value any, indent string) string {
	if line := oneLine(value); len(line)+len(indent) <= 130 {
		return line
	}
	inner := indent + "  "
	switch v := value.(type) {
	case []any:
		items := make([]string, len(v))
		for i := range v {
			items[i] = inner + indented(v[i], inner)
		}
		return "[\n" + strings.Join(items, ",\n") + "\n" + indent + "]"
	case map[string]any:
		var items []string
		for _, name := range names(v) {
			items = append(items, inner+oneLine(name)+": "+indented(v[name], inner))
		}
		return "{\n" + strings.Join(items, ",\n") + "\n" + indent + "}"
	}
	return oneLine(value)
}

func oneLine(value any) string {
	switch v := value.(type) {
	case []any:
		items := make([]string, len(v))
		for i := range v {
			items[i] = oneLine(v[i])
		}
		return "[" + strings.Join(items, ", ") + "]"
	case map[string]any:
		var items []string
		for _, name := range names(v) {
			items = append(items, oneLine(name)+": "+oneLine(v[name]))
		}
		return "{" + strings.Join(items, ", ") + "}"
	case json.Number:
		return v.String()
	}
	var out bytes.Buffer
	encoder := json.NewEncoder(&out)
	encoder.SetEscapeHTML(false)
	if err := encoder.Encode(value); err != nil {
		return err.Error()
	}
	return strings.TrimSpace(out.String())
}

func names(object map[string]any) []string {
	var all []string
	for name := range object {
		all = append(all, name)
	}
	slices.Sort(all)
	return all
}
