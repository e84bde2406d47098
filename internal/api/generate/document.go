package main

import (
	"bytes"
	"encoding/json"
	"fmt"
	"slices"
	"strings"

	"carrel/internal/api/overlay"
)

// documented writes what the description tells of operations besides their forms.
func documented(data *apiData, areas []overlay.Area, examples map[string]string, blocks []overlay.Terraform) ([]byte, error) {
	served, terraform := map[string]overlay.Operation{}, map[string][]string{}
	var ids []string
	for _, a := range areas {
		for _, o := range a.Operations {
			served[o.ID] = o
			ids = append(ids, o.ID)
		}
	}
	for _, block := range blocks {
		for _, id := range block.Operations {
			if served[id].ID == "" {
				return nil, fmt.Errorf("a block of Terraform calls %s, which is not served", id)
			}
			terraform[id] = append(terraform[id], block.Source)
		}
	}
	for id, example := range examples {
		switch d := data.Operations[id]; {
		case served[id].ID == "":
			return nil, fmt.Errorf("there is an example of %s, which is not served", id)
		case d.RequestBody == "":
			return nil, fmt.Errorf("the example of %s has a body, which the operation has not", id)
		case !json.Valid([]byte(example)):
			return nil, fmt.Errorf("the example of %s is not JSON", id)
		}
	}
	slices.Sort(ids)
	var b bytes.Buffer
	b.WriteString(mark + "package api\n\n// documented is what the description tells of operations besides their forms, by id.\nvar documented = map[string]documentation{\n")
	for _, id := range ids {
		o, d := served[id], data.Operations[id]
		fmt.Fprintf(&b, "%q: {area: %q%s%s%s%s},\n", id, d.Area, texts("jobs", o.Jobs), texts("dependencies", o.Dependencies), raw("example", examples[id]), texts("terraform", terraform[id]))
	}
	b.WriteString("}\n")
	return b.Bytes(), nil
}

// texts is a field that is a list of texts, unless there are none.
func texts(field string, all []string) string {
	if len(all) == 0 {
		return ""
	}
	var b strings.Builder
	for _, text := range all {
		fmt.Fprintf(&b, "`%s`,", text)
	}
	return fmt.Sprintf(", %s: []string{%s}", field, b.String())
}

// raw is a field that is JSON in one line, unless there is none.
func raw(field, text string) string {
	if text == "" {
		return ""
	}
	var compact bytes.Buffer
	_ = json.Compact(&compact, []byte(text)) // it is valid
	return fmt.Sprintf(", %s: `%s`", field, compact.String())
}
