package main

import (
	"bytes"
	"fmt"
	"net/http"
	"slices"

	"carrel/internal/api/overlay"
)

// reads says whether an operation changes nothing.
func reads(o overlay.Operation, d operation) bool {
	return o.Reads || d.Method == http.MethodGet && !o.Writes
}

// checkManaging returns an error if the overlay says of an operation what it manages, and there is none.
func checkManaging(data *apiData) error {
	for id := range overlay.Managing() {
		if _, known := data.Operations[id]; !known {
			return fmt.Errorf("the data has no operation %s, which manages something", id)
		}
	}
	return nil
}

// manages writes which operations need the agency of a project.
func manages(data *apiData, areas []overlay.Area) []byte {
	var lines []string
	for _, a := range areas {
		for _, o := range a.Operations {
			if of := overlay.Manages(a.Name, o.ID); of != "" && !reads(o, data.Operations[o.ID]) {
				lines = append(lines, fmt.Sprintf("\t%q: %q,\n", o.ID, of))
			}
		}
	}
	slices.Sort(lines)
	var b bytes.Buffer
	b.WriteString(mark + "package api\n\n// manages is what a project must have authorized the service to manage before it does an operation.\nvar manages = map[string]string{\n")
	for _, line := range lines {
		b.WriteString(line)
	}
	b.WriteString("}\n")
	return b.Bytes()
}
