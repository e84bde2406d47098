package api

import (
	"go/ast"
	"go/parser"
	"go/token"
	"io/fs"
	"path/filepath"
	"strconv"
	"strings"
	"testing"

	"carrel/internal/workspace"
)

func TestTheCatalogueHasEveryCodeOnce(t *testing.T) {
	known := map[workspace.Code]bool{codeUnknownPath: true}
	for _, code := range codesInCode(t) {
		known[code] = true
	}
	for _, c := range catalogue {
		if !known[c.code] {
			t.Errorf("%s is no code, or is there twice", c.code)
		}
		delete(known, c.code)
		if c.status < 400 || c.status > 599 || c.meaning == "" || c.message == "" || c.remedy == "" {
			t.Errorf("%s lacks something: %+v", c.code, c)
		}
	}
	for code := range known {
		t.Errorf("%s is not in the catalogue", code)
	}
}

// codesInCode are the constants of package workspace that are codes, by name.
func codesInCode(t *testing.T) map[string]workspace.Code {
	t.Helper()
	file, err := parser.ParseFile(token.NewFileSet(), "../workspace/errors.go", nil, 0)
	if err != nil {
		t.Fatal(err)
	}
	codes := map[string]workspace.Code{}
	ast.Inspect(file, func(n ast.Node) bool {
		if spec, is := n.(*ast.ValueSpec); is && len(spec.Values) == 1 && strings.HasPrefix(spec.Names[0].Name, "Code") {
			value, err := strconv.Unquote(spec.Values[0].(*ast.BasicLit).Value)
			if err != nil {
				t.Fatal(err)
			}
			codes[spec.Names[0].Name] = workspace.Code(value)
		}
		return true
	})
	if len(codes) < 40 {
		t.Fatalf("found only %d codes", len(codes))
	}
	return codes
}

func TestEveryCodeIsUsed(t *testing.T) {
	unused := codesInCode(t)
	err := filepath.WalkDir("..", func(path string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() || !strings.HasSuffix(path, ".go") || strings.HasSuffix(path, "_test.go") || d.Name() == "catalogue.go" {
			return err
		}
		file, err := parser.ParseFile(token.NewFileSet(), path, nil, 0)
		if err != nil {
			return err
		}
		ast.Inspect(file, func(n ast.Node) bool {
			switch n := n.(type) {
			case *ast.SelectorExpr:
				delete(unused, n.Sel.Name)
			case *ast.CallExpr: // within package workspace
				for _, argument := range n.Args {
					if name, is := argument.(*ast.Ident); is {
						delete(unused, name.Name)
					}
				}
			case *ast.KeyValueExpr:
				if name, is := n.Value.(*ast.Ident); is {
					delete(unused, name.Name)
				}
			}
			return true
		})
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	for name, code := range unused {
		t.Errorf("%s (%s) is not used", name, code)
	}
}
