package wire

import (
	"cmp"
	"fmt"
	"reflect"

	"github.com/danielgtaylor/huma/v2"
)

// Project is the part that all paths have.
type Project struct {
	ProjectID string `path:"project_id" doc:"The project"`
}

// Accepted is the header with which a client chooses the format of a file.
type Accepted struct {
	Accept string `header:"Accept" doc:"text/csv for a CSV file in UTF-8; otherwise the file is XLSX"`
}

// Optional is a query parameter that can be absent.
type Optional[T any] struct {
	Value T
	Given bool
}

// Schema implements huma.SchemaProvider.
func (Optional[T]) Schema(r huma.Registry) *huma.Schema {
	return huma.SchemaFromType(r, reflect.TypeFor[T]())
}

// Receiver implements huma.ParamWrapper.
func (o *Optional[T]) Receiver() reflect.Value { return reflect.ValueOf(&o.Value).Elem() }

// OnParamSet implements huma.ParamReactor.
func (o *Optional[T]) OnParamSet(given bool, _ any) { o.Given = given }

// Pointer is nil when the parameter is absent.
func (o *Optional[T]) Pointer() *T {
	if !o.Given {
		return nil
	}
	return &o.Value
}

// Refusal is a field of a request that Carrel does not honour, and why.
type Refusal struct{ Field, Why string }

// Refuser is a request of which some fields may be refused. Fields that are absent or zero ask for nothing.
type Refuser interface {
	// Refused returns the first field that is refused, or nil.
	Refused() *Refusal
}

// EnterpriseNamer is a request that names enterprise projects.
type EnterpriseNamer interface {
	// Enterprises returns those that the request puts something into, and those that it asks a list of.
	Enterprises() (put, listed []string)
}

// named adds an id to others, unless it is empty.
func named(ids []string, id string) []string {
	if id == "" {
		return ids
	}
	return append(ids, id)
}

// orDefault is the enterprise project that a field means which is there and empty.
func orDefault(id string) string { return cmp.Or(id, "0") }

// at is where an item of a list stands.
func at(list string, i int) string { return fmt.Sprintf("%s[%d].", list, i) }
