package architecture

import (
	"fmt"
	"go/ast"
	"go/constant"
	"go/parser"
	"go/token"
	"io/fs"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"
)

// code is what the Go files of the product declare.
type code struct {
	files    map[string]names             // by path from the root; methods are "Type.Method"
	packages map[string]names             // by package name
	folders  map[string]names             // by path from the root
	values   map[string]ast.Expr          // of constants and variables, by "package.Name"
	strings  map[string]bool              // literals, such as paths of routes
	comments map[string]*ast.CommentGroup // of packages, by folder; nil without one
}

type names map[string]bool

func readCode(t *testing.T) *code {
	t.Helper()
	c := &code{
		files: map[string]names{}, packages: map[string]names{}, folders: map[string]names{},
		values: map[string]ast.Expr{}, strings: map[string]bool{}, comments: map[string]*ast.CommentGroup{},
	}
	for _, tree := range []string{"internal", "cmd"} {
		err := filepath.WalkDir(filepath.Join(root, tree), func(path string, entry fs.DirEntry, err error) error {
			if err != nil || entry.IsDir() || !strings.HasSuffix(path, ".go") || strings.HasSuffix(path, "_test.go") {
				return err
			}
			file, err := parser.ParseFile(token.NewFileSet(), path, nil, parser.ParseComments|parser.SkipObjectResolution)
			if err != nil {
				return err
			}
			c.add(filepath.ToSlash(strings.TrimPrefix(path, root+"/")), file)
			return nil
		})
		if err != nil {
			t.Fatal(err)
		}
	}
	return c
}

func (c *code) add(path string, file *ast.File) {
	folder := filepath.Dir(path)
	if file.Doc != nil || c.comments[folder] == nil {
		c.comments[folder] = file.Doc
	}
	for _, all := range []struct {
		of map[string]names
		as string
	}{{c.files, path}, {c.packages, file.Name.Name}, {c.folders, folder}} {
		if all.of[all.as] == nil {
			all.of[all.as] = names{}
		}
		for _, name := range declared(file) {
			all.of[all.as][name] = true
		}
	}
	ast.Inspect(file, func(n ast.Node) bool {
		switch n := n.(type) {
		case *ast.BasicLit:
			if text, err := strconv.Unquote(n.Value); err == nil && n.Kind == token.STRING {
				c.strings[text] = true
			}
		case *ast.ValueSpec:
			for i, name := range n.Names {
				if len(n.Values) == len(n.Names) {
					c.values[file.Name.Name+"."+name.Name] = n.Values[i]
				}
			}
		}
		return true
	})
}

// declared lists the names that a file declares for its package.
func declared(file *ast.File) (all []string) {
	for _, d := range file.Decls {
		switch d := d.(type) {
		case *ast.FuncDecl:
			name := d.Name.Name
			if d.Recv != nil {
				name = receiver(d.Recv.List[0].Type) + "." + name
			}
			all = append(all, name)
		case *ast.GenDecl:
			for _, spec := range d.Specs {
				switch spec := spec.(type) {
				case *ast.TypeSpec:
					all = append(append(all, spec.Name.Name), membersOf(spec)...)
				case *ast.ValueSpec:
					for _, name := range spec.Names {
						all = append(all, name.Name)
					}
				}
			}
		}
	}
	return all
}

// membersOf lists the fields of a struct and the methods of an interface.
func membersOf(spec *ast.TypeSpec) (all []string) {
	var fields *ast.FieldList
	switch t := spec.Type.(type) {
	case *ast.StructType:
		fields = t.Fields
	case *ast.InterfaceType:
		fields = t.Methods
	default:
		return nil
	}
	for _, f := range fields.List {
		for _, name := range f.Names {
			all = append(all, spec.Name.Name+"."+name.Name)
		}
	}
	return all
}

func receiver(t ast.Expr) string {
	switch t := t.(type) {
	case *ast.StarExpr:
		return receiver(t.X)
	case *ast.IndexExpr: // of a generic type
		return receiver(t.X)
	case *ast.Ident:
		return t.Name
	default:
		return ""
	}
}

// value is what a constant of the code is: "12 hours" for a duration, else the number.
func (c *code) value(name string) (string, error) {
	pkg, _, _ := strings.Cut(name, ".")
	expr, there := c.values[name]
	if !there {
		return "", fmt.Errorf("there is no constant %s", name)
	}
	v, timed, err := c.evaluate(pkg, expr)
	if err != nil {
		return "", fmt.Errorf("%s: %w", name, err)
	}
	n, exact := constant.Int64Val(v)
	if !exact {
		return "", fmt.Errorf("%s is no integer", name)
	}
	if !timed {
		return strconv.FormatInt(n, 10), nil
	}
	return inWords(time.Duration(n)), nil
}

// evaluate computes an expression of integers and units of time, and says whether it has such a unit.
func (c *code) evaluate(pkg string, e ast.Expr) (v constant.Value, timed bool, err error) {
	switch e := e.(type) {
	case *ast.BasicLit:
		return constant.MakeFromLiteral(e.Value, e.Kind, 0), false, nil
	case *ast.Ident:
		if of, there := c.values[pkg+"."+e.Name]; there {
			return c.evaluate(pkg, of)
		}
	case *ast.SelectorExpr:
		if of, there := units[e.Sel.Name]; there {
			return constant.MakeInt64(int64(of)), true, nil
		}
	case *ast.BinaryExpr:
		x, timedX, err := c.evaluate(pkg, e.X)
		if err != nil {
			return nil, false, err
		}
		y, timedY, err := c.evaluate(pkg, e.Y)
		if err != nil {
			return nil, false, err
		}
		return constant.BinaryOp(x, e.Op, y), timedX || timedY, nil
	}
	return nil, false, fmt.Errorf("%T is not understood here", e)
}

var units = map[string]time.Duration{"Second": time.Second, "Minute": time.Minute, "Hour": time.Hour}

// inWords is a duration in the largest unit that it is a whole number of.
func inWords(d time.Duration) string {
	unit, name := time.Second, "second"
	for _, larger := range []struct {
		unit time.Duration
		name string
	}{{time.Minute, "minute"}, {time.Hour, "hour"}, {24 * time.Hour, "day"}} {
		if d%larger.unit == 0 && d >= larger.unit {
			unit, name = larger.unit, larger.name
		}
	}
	if n := int64(d / unit); n != 1 {
		return fmt.Sprintf("%d %ss", n, name)
	}
	return "1 " + name
}
