package architecture

import (
	"go/ast"
	"go/parser"
	"go/token"
	"path/filepath"
	"strings"
	"testing"
)

// TestChangesNameTheirCaller fails for each method of a room that gets a caller and updates rows without store.By, As or Once: what it
// changes would leave no audit record.
func TestChangesNameTheirCaller(t *testing.T) {
	found := 0
	for _, room := range arrows {
		if !strings.Contains(" "+room.imports+" ", " store ") {
			continue
		}
		files, err := filepath.Glob(filepath.Join(root, "internal", room.pkg, "*.go"))
		if err != nil {
			t.Fatal(err)
		}
		var parsed []*ast.File
		set := token.NewFileSet()
		for _, path := range files {
			if strings.HasSuffix(path, "_test.go") {
				continue
			}
			file, err := parser.ParseFile(set, path, nil, parser.SkipObjectResolution)
			if err != nil {
				t.Fatal(err)
			}
			parsed = append(parsed, file)
		}
		requests := withCaller(parsed)
		for _, file := range parsed {
			for _, d := range file.Decls {
				f, is := d.(*ast.FuncDecl)
				if !is || f.Body == nil || !getsCaller(f, requests) {
					continue
				}
				found++
				ast.Inspect(f.Body, func(n ast.Node) bool {
					call, is := n.(*ast.CallExpr)
					if is && isUpdate(call) && !actsForCaller(call.Args[len(call.Args)-1]) {
						t.Errorf("%s: %s has a caller and changes rows in nobody's name", set.Position(call.Pos()), f.Name)
					}
					return true
				})
			}
		}
	}
	if found < 30 {
		t.Errorf("only %d functions get a caller", found)
	}
}

// withCaller are the structs of a package that embed workspace.Caller.
func withCaller(files []*ast.File) map[string]bool {
	found := map[string]bool{}
	for _, file := range files {
		ast.Inspect(file, func(n ast.Node) bool {
			spec, is := n.(*ast.TypeSpec)
			if !is {
				return true
			}
			if s, is := spec.Type.(*ast.StructType); is {
				for _, f := range s.Fields.List {
					found[spec.Name.Name] = found[spec.Name.Name] || len(f.Names) == 0 && isCaller(f.Type)
				}
			}
			return false
		})
	}
	return found
}

func isCaller(e ast.Expr) bool {
	s, is := e.(*ast.SelectorExpr)
	return is && s.Sel.Name == "Caller"
}

// getsCaller reports whether a parameter is a caller, or a request that embeds one.
func getsCaller(f *ast.FuncDecl, requests map[string]bool) bool {
	for _, p := range f.Type.Params.List {
		name, is := p.Type.(*ast.Ident)
		if isCaller(p.Type) || is && requests[name.Name] {
			return true
		}
	}
	return false
}

// isUpdate reports whether a call is s.Store.Update or store.Update.
func isUpdate(call *ast.CallExpr) bool {
	s, is := call.Fun.(*ast.SelectorExpr)
	if !is || s.Sel.Name != "Update" || len(call.Args) < 2 {
		return false
	}
	switch x := s.X.(type) {
	case *ast.Ident:
		return x.Name == "store"
	case *ast.SelectorExpr:
		return x.Sel.Name == "Store"
	}
	return false
}

func actsForCaller(f ast.Expr) bool {
	call, is := f.(*ast.CallExpr)
	if !is {
		return false
	}
	s, is := call.Fun.(*ast.SelectorExpr)
	return is && (s.Sel.Name == "By" || s.Sel.Name == "As" || s.Sel.Name == "Once")
}
