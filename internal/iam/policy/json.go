package policy

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"strings"

	"carrel/internal/workspace"
)

// maxDepth is how deep a document may be nested: Statement, Condition, operator, key, values.
const maxDepth = 8

// value is a JSON value: a string, a bool, nil, a json.Number, a []value or an object.
type value any

// object has its fields in the order of the document, each once.
type object []member

type member struct {
	name  string
	value value
}

// readJSON reads a document. encoding/json alone would take a name twice, or in another case.
func readJSON(document string) (value, error) {
	d := json.NewDecoder(strings.NewReader(document))
	d.UseNumber()
	v, err := readValue(d, "policy", 0)
	if err != nil {
		return nil, err
	}
	if _, err := d.Token(); !errors.Is(err, io.EOF) {
		return nil, invalid("policy", "has more than one JSON value")
	}
	return v, nil
}

func readValue(d *json.Decoder, field string, depth int) (value, error) {
	token, err := d.Token()
	if err != nil {
		return nil, invalid(field, "is not valid JSON")
	}
	delim, is := token.(json.Delim)
	if !is {
		return token, nil
	}
	if depth == maxDepth {
		return nil, invalid(field, "is nested too deeply")
	}
	if delim == '[' {
		items := []value{}
		for i := 0; d.More(); i++ {
			item, err := readValue(d, fmt.Sprintf("%s[%d]", field, i), depth+1)
			if err != nil {
				return nil, err
			}
			items = append(items, item)
		}
		return items, closed(d, field)
	}
	fields := object{}
	seen := map[string]bool{}
	for d.More() {
		key, err := d.Token()
		name, is := key.(string)
		if err != nil || !is {
			return nil, invalid(field, "is not valid JSON")
		}
		of := within(field, name)
		if seen[name] {
			return nil, invalid(of, "is there twice")
		}
		seen[name] = true
		v, err := readValue(d, of, depth+1)
		if err != nil {
			return nil, err
		}
		fields = append(fields, member{name, v})
	}
	return fields, closed(d, field)
}

// closed reads the end of a list or an object.
func closed(d *json.Decoder, field string) error {
	if _, err := d.Token(); err != nil {
		return invalid(field, "is not valid JSON")
	}
	return nil
}

// within names a field of an object. Those of the document itself stand alone.
func within(field, name string) string {
	if name = workspace.Clip(name, maxName); name == "" {
		name = `""`
	}
	if field == "policy" {
		return name
	}
	return field + "." + name
}

// maxName is how much of a name from a document is shown, in bytes.
const maxName = 64
