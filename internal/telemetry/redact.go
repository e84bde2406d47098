package telemetry

import (
	"encoding"
	"encoding/json"
	"fmt"
	"log/slog"
	"reflect"
	"slices"
	"strings"
)

// Redacted replaces secrets in the log.
const Redacted = "[hidden]"

// A name that contains one of these words, whatever its case, names a secret: "X-Auth-Token", "secretKey", "old_password".
var secretWords = []string{"password", "passwd", "secret", "token", "authorization", "signature", "cookie", "ticket"}

func namesSecret(name string) bool {
	name = strings.ToLower(name)
	return slices.ContainsFunc(secretWords, func(word string) bool { return strings.Contains(name, word) })
}

// redact is a slog ReplaceAttr: it hides attributes by their own name or that of a group around them, and fields of
// structures by theirs. Durations are written with their unit, which JSON would leave out.
func redact(groups []string, a slog.Attr) slog.Attr {
	if namesSecret(a.Key) || slices.ContainsFunc(groups, namesSecret) {
		return slog.String(a.Key, Redacted)
	}
	if a.Value.Kind() == slog.KindDuration {
		return slog.String(a.Key, a.Value.Duration().String())
	}
	if a.Value.Kind() == slog.KindAny && isStructure(a.Value.Any()) {
		return slog.Any(a.Key, redactStructure(a.Value.Any()))
	}
	return a
}

// isStructure tells values that would be printed field by field from those that print themselves.
func isStructure(v any) bool {
	switch v.(type) {
	case nil, error, fmt.Stringer, encoding.TextMarshaler, *slog.Source, []byte:
		return false
	}
	t := reflect.TypeOf(v)
	for t.Kind() == reflect.Pointer {
		t = t.Elem()
	}
	return slices.Contains([]reflect.Kind{reflect.Struct, reflect.Map, reflect.Slice, reflect.Array, reflect.Interface}, t.Kind())
}

// redactStructure returns v as plain JSON values without its secret fields. What has no JSON is hidden whole.
func redactStructure(v any) any {
	text, err := json.Marshal(v)
	if err != nil {
		return Redacted
	}
	var plain any
	if err := json.Unmarshal(text, &plain); err != nil {
		return Redacted
	}
	hideFields(plain)
	return plain
}

func hideFields(v any) {
	switch v := v.(type) {
	case map[string]any:
		for name, field := range v {
			if namesSecret(name) {
				v[name] = Redacted
			} else {
				hideFields(field)
			}
		}
	case []any:
		for _, item := range v {
			hideFields(item)
		}
	}
}
