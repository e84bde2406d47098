package main

import (
	"bytes"
	"fmt"
	"strings"

	"carrel/internal/api/overlay"
)

// enterpriseField is the field that names an enterprise project, wherever it stands in the data. A parameter with the name, and a field that the overlay
// says so of (Filters), asks a list of one; every other field puts something into one.
const enterpriseField = "enterprise_project_id"

// enterprises writes the method that returns which enterprise projects a request names, if it can name any.
func (g *generator) enterprises(b *bytes.Buffer, o overlay.Operation, d operation) {
	var listed string
	for _, p := range d.Parameters {
		if p.JSON == enterpriseField && p.In == "query" && o.Query[p.JSON].Refuse == "" {
			listed = "\tlisted = named(listed, in." + nameOf(p, o.Query[p.JSON]) + ")\n"
		}
	}
	inBody := d.RequestBody != "" && !g.upload(d) && g.naming(d.RequestBody)
	if listed == "" && !inBody {
		return
	}
	fmt.Fprintf(b, "// Enterprises implements EnterpriseNamer.\nfunc (in *%sInput) Enterprises() (put, listed []string) {\n%s", o.ID, listed)
	switch {
	case inBody && o.Bodyless:
		b.WriteString("\tif in.Body != nil {\n\t\tin.Body.enterprises(&put, &listed)\n\t}\n")
	case inBody:
		b.WriteString("\tin.Body.enterprises(&put, &listed)\n")
	}
	b.WriteString("\treturn put, listed\n}\n\n")
}

// naming says whether something in a type names an enterprise project.
func (g *generator) naming(name string) bool {
	if n, known := g.names[name]; known {
		return n
	}
	g.names[name] = false // a type that holds itself
	for _, d := range g.data.Types[name].Fields {
		f := g.overlay[name][d.JSON]
		of := element(d.Type)
		if f.Omit == "" && f.Refuse == "" && (d.JSON == enterpriseField || g.data.Types[of].Kind == "object" && f.Type == "" && g.naming(of)) {
			g.names[name] = true
		}
	}
	return g.names[name]
}

// enterprisesIn writes the method that adds what a type names. A field that can tell absent from empty puts into the default one when it is empty.
func (g *generator) enterprisesIn(b *bytes.Buffer, name string, present bool) {
	fmt.Fprintf(b, "func (r *%s) enterprises(put, listed *[]string) {\n", name)
	for _, d := range g.data.Types[name].Fields {
		f := g.overlay[name][d.JSON]
		if f.Omit != "" || f.Refuse != "" {
			continue
		}
		at := "r." + nameOf(d, f)
		kind, _ := g.fieldType(name, d, f, present) // written before
		of := element(d.Type)
		list := "put"
		if f.Filters {
			list = "listed"
		}
		switch {
		case d.JSON == enterpriseField && strings.HasPrefix(kind, "*"):
			fmt.Fprintf(b, "\tif %s != nil {\n\t\t*%s = named(*%s, orDefault(*%s))\n\t}\n", at, list, list, at)
		case d.JSON == enterpriseField:
			fmt.Fprintf(b, "\t*%s = named(*%s, %s)\n", list, list, at)
		case g.data.Types[of].Kind != "object" || f.Type != "" || !g.naming(of):
		case strings.HasPrefix(d.Type, "[]") && !strings.HasPrefix(kind, "*"):
			fmt.Fprintf(b, "\tfor i := range %s {\n\t\t%s[i].enterprises(put, listed)\n\t}\n", at, at)
		case strings.HasPrefix(kind, "*[]"):
			fmt.Fprintf(b, "\tif %s != nil {\n\t\tfor i := range *%s {\n\t\t\t(*%s)[i].enterprises(put, listed)\n\t\t}\n\t}\n", at, at, at)
		case strings.HasPrefix(kind, "*"):
			fmt.Fprintf(b, "\tif %s != nil {\n\t\t%s.enterprises(put, listed)\n\t}\n", at, at)
		default:
			fmt.Fprintf(b, "\t%s.enterprises(put, listed)\n", at)
		}
	}
	b.WriteString("}\n\n")
}
