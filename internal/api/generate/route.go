package main

import (
	"bytes"
	"fmt"
	"net/http"
	"slices"
	"strings"

	"carrel/internal/api/overlay"
)

// routes writes the table of routes.
func routes(data *apiData, areas []overlay.Area) []byte {
	var b bytes.Buffer
	b.WriteString(mark + "package api\n\nimport (\n\t\"net/http\"\n\n\t\"carrel/internal/iam\"\n)\n\n")
	b.WriteString("// operations returns the route table, by area.\nfunc (s *Server) operations() map[string][]operation {\n\treturn map[string][]operation{\n")
	for _, a := range slices.SortedFunc(slices.Values(areas), func(a, b overlay.Area) int { return strings.Compare(a.Name, b.Name) }) {
		fmt.Fprintf(&b, "\t\t%q: {\n", a.Name)
		for _, o := range a.Operations {
			d := data.Operations[o.ID]
			needs := "iam.Write"
			if reads(o, d) {
				needs = "iam.Read"
			}
			handler := fmt.Sprintf("answering(s.%s)", o.Handler)
			switch {
			case o.File:
				handler = fmt.Sprintf("filing(s.%s)", o.Handler)
			case d.ResponseBody == "none":
				status := o.Status
				if status == 0 {
					status = http.StatusOK
				}
				handler = fmt.Sprintf("silent(%s, s.%s)", statusNames[status], o.Handler)
			}
			fmt.Fprintf(&b, "\t\t\t{%q, %q, %q, %q, %s, %s, %q},\n", d.Method, d.Path, o.ID, o.Action, needs, handler, o.Summary)
		}
		b.WriteString("\t\t},\n")
	}
	b.WriteString("\t}\n}\n")
	return b.Bytes()
}

var statusNames = map[int]string{http.StatusOK: "http.StatusOK", http.StatusAccepted: "http.StatusAccepted", http.StatusNoContent: "http.StatusNoContent"}
