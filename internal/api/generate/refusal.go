package main

import (
	"bytes"
	"fmt"
	"strings"
)

// refusing says whether something in a type is refused.
func (g *generator) refusing(name string) bool {
	if r, known := g.refuses[name]; known {
		return r
	}
	g.refuses[name] = false // a type that holds itself
	for _, d := range g.data.Types[name].Fields {
		f := g.overlay[name][d.JSON]
		if f.Refuse != "" || f.Omit == "" && g.data.Types[element(d.Type)].Kind == "object" && g.refusing(element(d.Type)) {
			g.refuses[name] = true
		}
	}
	return g.refuses[name]
}

// refusals writes the method that finds the first field that is refused.
func (g *generator) refusals(b *bytes.Buffer, name string, present bool) {
	fmt.Fprintf(b, "func (r *%s) refused(prefix string) *Refusal {\n", name)
	for _, d := range g.data.Types[name].Fields {
		f := g.overlay[name][d.JSON]
		at := "r." + nameOf(d, f)
		kind, _ := g.fieldType(name, d, f, present) // written before
		switch of := element(d.Type); {
		case f.Omit != "":
		case f.Refuse != "":
			fmt.Fprintf(b, "\tif %s {\n\t\treturn &Refusal{prefix + %q, %q}\n\t}\n", given(at, kind, f.Unless, g.sibling(name, f.SameAs)), d.JSON, f.Refuse)
		case g.data.Types[of].Kind != "object" || strings.HasPrefix(d.Type, "map[") || !g.refusing(of):
		case strings.HasPrefix(kind, "*[]"):
			fmt.Fprintf(b, "\tif %s != nil {\n\t\tfor i := range *%s {\n\t\t\tif not := (*%s)[i].refused(prefix + at(%q, i)); not != nil {\n\t\t\t\treturn not\n\t\t\t}\n\t\t}\n\t}\n", at, at, at, d.JSON)
		case strings.HasPrefix(d.Type, "[]"):
			fmt.Fprintf(b, "\tfor i := range %s {\n\t\tif not := %s[i].refused(prefix + at(%q, i)); not != nil {\n\t\t\treturn not\n\t\t}\n\t}\n", at, at, d.JSON)
		case strings.HasPrefix(kind, "*"):
			fmt.Fprintf(b, "\tif %s != nil {\n\t\tif not := %s.refused(prefix + %q); not != nil {\n\t\t\treturn not\n\t\t}\n\t}\n", at, at, d.JSON+".")
		default:
			fmt.Fprintf(b, "\tif not := %s.refused(prefix + %q); not != nil {\n\t\treturn not\n\t}\n", at, d.JSON+".")
		}
	}
	b.WriteString("\treturn nil\n}\n\n")
}

// sibling is another field of a type, in Go.
func (g *generator) sibling(of, wire string) string {
	if wire == "" {
		return ""
	}
	return "r." + nameOf(field{JSON: wire}, g.overlay[of][wire])
}

// given is the condition under which a field of this type asks for something: unless it has a value that does not, or that of its
// sibling.
func given(at, kind, unless, sibling string) string {
	var condition string
	switch {
	case strings.HasPrefix(kind, "Optional["):
		condition = at + ".Given"
	case strings.HasPrefix(kind, "*") || kind == "any":
		condition = at + " != nil"
	case strings.HasPrefix(kind, "[]") || strings.HasPrefix(kind, "map["):
		condition = "len(" + at + ") > 0"
	case kind == "string":
		condition = at + ` != ""`
	case kind == "bool":
		condition = at
	default:
		condition = at + " != 0"
	}
	for value := range strings.FieldsFuncSeq(unless, func(r rune) bool { return r == ',' }) {
		condition += fmt.Sprintf(" && %s != %q", at, value)
	}
	if sibling != "" {
		condition += " && " + at + " != " + sibling
	}
	return condition
}
