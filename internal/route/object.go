package route

import (
	"encoding/json"

	"github.com/danielgtaylor/huma/v2"
)

// Object is a JSON object that is kept as its text.
type Object string

// MarshalJSON implements json.Marshaler.
func (o Object) MarshalJSON() ([]byte, error) { return json.RawMessage(o), nil }

// UnmarshalJSON implements json.Unmarshaler.
func (o *Object) UnmarshalJSON(text []byte) error {
	*o = Object(text)
	return nil
}

// Schema implements huma.SchemaProvider. Without a type the schema is one of anything: what is in the object is described in words.
func (Object) Schema(huma.Registry) *huma.Schema { return &huma.Schema{Description: "A JSON object"} }
