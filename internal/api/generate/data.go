package main

import (
	"encoding/json"
	"fmt"
	"maps"
	"os"
	"reflect"
	"slices"
)

// apiData is models.json.
type apiData struct {
	Operations map[string]operation `json:"operations"`
	Types      map[string]typeData  `json:"types"`
	Parameters map[string][]field   `json:"parameters"` // only of Carrel's own: what it adds to operations of the API
}

type operation struct {
	Method       string  `json:"method"`
	Path         string  `json:"path"`
	Area         string  `json:"area"`
	RequestBody  string  `json:"request_body"`
	Response     string  `json:"response"`
	ResponseBody string  `json:"response_body"`
	Parameters   []field `json:"parameters"`
}

type typeData struct {
	Kind   string  `json:"kind"` // object or enum
	Base   string  `json:"base"` // of an enum
	Values []any   `json:"values"`
	Fields []field `json:"fields"`
}

type field struct {
	JSON     string   `json:"json"`
	Type     string   `json:"type"`
	In       string   `json:"in"` // of a parameter: path or query
	Required bool     `json:"required"`
	Enum     []any    `json:"enum"`
	Min      *float64 `json:"min"`
	Max      *float64 `json:"max"`
	MinLen   *float64 `json:"min_len"` // characters
	MaxLen   *float64 `json:"max_len"`
	MinItems *float64 `json:"min_items"`
	MaxItems *float64 `json:"max_items"`
	Default  any      `json:"default"`
}

func readData(path string) (*apiData, error) {
	text, err := os.ReadFile(path)
	if err != nil {
		return nil, err
	}
	var data apiData
	if err := json.Unmarshal(text, &data); err != nil {
		return nil, fmt.Errorf("%s: %w", path, err)
	}
	return &data, nil
}

// add adds the operations and types that are Carrel's own, and what it adds to the API's: fields of types, parameters of operations.
func (d *apiData) add(own *apiData) error {
	for name, o := range own.Operations {
		if _, there := d.Operations[name]; there {
			return fmt.Errorf("operation %s is Carrel's own and the API's", name)
		}
		d.Operations[name] = o
	}
	for name, t := range own.Types {
		all := d.Types[name]
		for _, f := range t.Fields {
			if slices.ContainsFunc(all.Fields, func(a field) bool { return a.JSON == f.JSON }) {
				return fmt.Errorf("field %s of type %s is Carrel's own and the API's", f.JSON, name)
			}
		}
		if all.Kind == "" {
			all.Kind = t.Kind
		}
		all.Fields = append(slices.Clip(all.Fields), t.Fields...)
		d.Types[name] = all
	}
	for name, more := range own.Parameters {
		o, there := d.Operations[name]
		if !there {
			return fmt.Errorf("the data has no operation %s to add parameters to", name)
		}
		for _, p := range more {
			if slices.ContainsFunc(o.Parameters, func(a field) bool { return a.JSON == p.JSON }) {
				return fmt.Errorf("parameter %s of operation %s is Carrel's own and the API's", p.JSON, name)
			}
		}
		o.Parameters = slices.Concat(o.Parameters, more)
		d.Operations[name] = o
	}
	return nil
}

// take replaces the data by a newer version and prints the operations and types that differ.
func take(path string, former *apiData, newer string) (*apiData, error) {
	data, err := readData(newer)
	if err != nil {
		return nil, err
	}
	differences("operation", former.Operations, data.Operations)
	differences("type", former.Types, data.Types)
	text, err := os.ReadFile(newer)
	if err != nil {
		return nil, err
	}
	return data, os.WriteFile(path, text, 0o644)
}

func differences[V any](kind string, former, next map[string]V) {
	names := slices.Sorted(maps.Keys(former))
	for name := range next {
		if _, was := former[name]; !was {
			names = append(names, name)
		}
	}
	slices.Sort(names)
	for _, name := range names {
		a, was := former[name]
		b, is := next[name]
		switch {
		case !was:
			fmt.Printf("+ %s %s\n", kind, name)
		case !is:
			fmt.Printf("- %s %s\n", kind, name)
		case !reflect.DeepEqual(a, b):
			was, _ := json.Marshal(a) // what was read can be written
			is, _ := json.Marshal(b)
			fmt.Printf("~ %s %s\n    was %s\n    is  %s\n", kind, name, was, is)
		}
	}
}
