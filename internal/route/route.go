// Package route has routes of net/http that describe themselves. The types of a handler's request and answer decode the one, encode the other
// and make the operation of the OpenAPI document, so that nothing is served that is not described. They have huma's form: a request is a struct
// of parameters and a Body, an answer one of headers and a Body. How callers sign in, what errors look like and which limits apply is the
// business of the server that has the routes.
package route

import (
	"encoding/json"
	"net/http"
	"reflect"
	"strconv"

	"github.com/danielgtaylor/huma/v2"
)

// Route is an operation of a net/http.ServeMux.
type Route struct {
	Pattern  string // "POST /v3/auth/tokens"
	ID       string // operationId
	Summary  string // one line, imperative
	About    string // more lines, if one is not enough
	Tag      string // the section of the documentation
	Security []Scheme
	Failure  any   // the body of errors; nil: a text
	Failures []int // the statuses of errors
	Form     Form
	Token    int  // the operation takes ClientTokenHeader of at most this length; 0: not
	DryRun   bool // the operation takes DryRunHeader
}

// The headers with which a client asks for more of a request that changes something.
const (
	ClientTokenHeader = "X-Client-Token" // the client may repeat the request
	DryRunHeader      = "X-Dry-Run"      // the request is to change nothing
)

// Scheme is a way in which callers prove who they are. An operation wants one of its schemes; the zero value means that it goes without, too.
type Scheme struct{ Name, In, Key, About string }

// Body is an answer without headers.
type Body[T any] struct{ Body T }

// Nothing is the request of an operation that takes nothing, or the answer of one that has only a status.
type Nothing struct{}

// Present is a query parameter of which only the presence counts.
type Present bool

// Schema implements huma.SchemaProvider.
func (Present) Schema(huma.Registry) *huma.Schema { return &huma.Schema{Type: huma.TypeString} }

// Read fills a struct of parameters and a Body: parameters, which are strings or Present, from path, query and headers, and the Body by a
// function of the server's, whose error it returns. What is absent stays empty.
func Read(r *http.Request, into any, readBody func(any) error) error {
	v := reflect.ValueOf(into).Elem()
	query := r.URL.Query()
	for i := range v.NumField() {
		field, of := v.Field(i), v.Type().Field(i)
		if of.Name == "Body" {
			if err := readBody(field.Addr().Interface()); err != nil {
				return err
			}
			continue
		}
		switch name := of.Tag.Get("query"); {
		case name != "" && field.Kind() == reflect.Bool:
			field.SetBool(query.Has(name))
		case name != "":
			field.SetString(query.Get(name))
		case of.Tag.Get("path") != "":
			field.SetString(r.PathValue(of.Tag.Get("path")))
		default:
			field.SetString(r.Header.Get(of.Tag.Get("header")))
		}
	}
	return nil
}

// Write answers with a status and a struct of headers and a Body; nil has neither. A field with the tag status is the answer, with that status,
// in place of Body, unless it is nil. If writing fails, the caller is gone and nobody is left to tell.
func Write[O any](w http.ResponseWriter, status int, out *O) {
	var body any
	if out != nil {
		v := reflect.ValueOf(out).Elem()
		for i := range v.NumField() {
			field, of := v.Field(i), v.Type().Field(i)
			header, other := of.Tag.Get("header"), of.Tag.Get("status")
			switch {
			case header != "":
				if field.String() != "" {
					w.Header().Set(header, field.String())
				}
			case other == "":
				body = field.Interface()
			case !field.IsNil():
				status, _ = strconv.Atoi(other) // FormOf has read it
				WriteJSON(w, status, field.Interface())
				return
			}
		}
	}
	if body == nil {
		w.WriteHeader(status)
		return
	}
	WriteJSON(w, status, body)
}

// WriteJSON answers with a value. If writing fails, the caller is gone and nobody is left to tell.
func WriteJSON(w http.ResponseWriter, status int, body any) {
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(status)
	_ = json.NewEncoder(w).Encode(body)
}
