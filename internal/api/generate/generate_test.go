package main

import (
	"os"
	"path/filepath"
	"reflect"
	"strings"
	"testing"

	"carrel/internal/api/overlay"
)

// TestTheGeneratedFilesAreWhatIsGenerated fails when somebody changed a generated file, or the overlay without `make generate`.
func TestTheGeneratedFilesAreWhatIsGenerated(t *testing.T) {
	if err := run("../../..", options{check: true}); err != nil {
		t.Error(err)
	}
}

// sample is a little of an API: PUT and GET of a thing with a list of parts.
func sample() *apiData {
	return &apiData{
		Operations: map[string]operation{
			"UpdateThing": {Method: "PUT", Path: "/v2/{project_id}/things/{thing_id}", RequestBody: "UpdateThingReq", ResponseBody: "none", Parameters: []field{{JSON: "thing_id", Type: "string", In: "path", Required: true}}},
			"ListThings": {Method: "GET", Path: "/v2/{project_id}/things", Response: "ListThingsResponse", ResponseBody: "object", Parameters: []field{
				{JSON: "limit", Type: "int32", In: "query", Max: new(100.0), Default: 10.0}, {JSON: "is_new", Type: "bool", In: "query"},
				{JSON: "names", Type: "[]string", In: "query", MaxItems: new(50.0)},
				{JSON: "states", Type: "[]ListThingsRequestStates", In: "query", Enum: []any{"NEW", "OLD"}},
			}},
			"RenewThing":  {Method: "GET", Path: "/v2/{project_id}/things/renew", RequestBody: "RenewThingReq", ResponseBody: "none"},
			"UploadThing": {Method: "POST", Path: "/v2/{project_id}/things/upload", RequestBody: "UploadThingReq", ResponseBody: "none"},
		},
		Types: map[string]typeData{
			"UpdateThingReq":     {Kind: "object", Fields: []field{{JSON: "thing_name", Type: "string", Required: true, MinLen: new(1.0), MaxLen: new(30.0)}, {JSON: "kind", Type: "ThingKind", Enum: []any{"A", "B"}}, {JSON: "parts", Type: "[]Part"}, {JSON: "spare", Type: "Part"}, {JSON: "colour", Type: "string", Required: true}, {JSON: "seal", Type: "string", Required: true}, {JSON: "copies", Type: "[]Copy"}}},
			"ListThingsResponse": {Kind: "object", Fields: []field{{JSON: "total_count", Type: "int32"}, {JSON: "parts", Type: "[]Part"}, {JSON: "bill", Type: "string"}, {JSON: "age", Type: "int32"}, {JSON: "next", Type: "Copy"}, {JSON: "by_place", Type: "map[string][]Copy"}, {JSON: "remark", Type: "string"}}},
			"Copy":               {Kind: "object", Fields: []field{{JSON: "of", Type: "string"}}},
			"RenewThingReq":      {Kind: "object", Fields: []field{{JSON: "key", Type: "string"}, {JSON: "note", Type: "string", MinLen: new(1.0), MaxLen: new(20.0)}, {JSON: "mark", Type: "string", MaxLen: new(5.0)}, {JSON: "ids", Type: "[]string", Required: true, MinItems: new(1.0)}}},
			"UploadThingReq":     {Kind: "object", Fields: []field{{JSON: "file", Type: "file"}}},
			"Part":               {Kind: "object", Fields: []field{{JSON: "id", Type: "string", Required: true}, {JSON: "kms_id", Type: "string"}}},
			"ThingKind":          {Kind: "enum", Base: "string"},
		},
	}
}

func sampleArea() overlay.Area {
	return overlay.Area{
		Name: "things", File: "things",
		Operations: []overlay.Operation{
			{ID: "UpdateThing", Handler: "updateThing", Action: "workspace:things:update", Status: 204, Summary: "Update a thing"},
			{ID: "ListThings", Handler: "listThings", Action: "workspace:things:list", Summary: "List things", Query: overlay.Fields{"is_new": {Present: true}, "names": {MaxLength: 9}}},
			{ID: "RenewThing", Handler: "renewThing", Action: "workspace:things:renew", Summary: "Renew a thing", Bodyless: true, File: true, Writes: true},
			{ID: "UploadThing", Handler: "uploadThing", Action: "workspace:things:upload", Summary: "Upload a thing"},
		},
		Types: map[string]overlay.Fields{
			"Part":               {"kms_id": {Refuse: "disks cannot be encrypted", SameAs: "id", Doc: "The id, if given"}},
			"ListThingsResponse": {"bill": {Omit: "nothing is billed"}, "age": {Present: true}, "remark": {Sparse: true}},
			"UpdateThingReq":     {"colour": {Loose: true}, "seal": {Refuse: "nothing is sealed", Unless: "KEEP,NONE", Loose: true}, "copies": {Refuse: "nothing is copied"}, "parts": {Present: true}},
			"RenewThingReq":      {"key": {Refuse: "there are no keys"}, "mark": {InRoom: "it depends on the thing"}, "ids": {Max: new(7)}},
		},
	}
}

func TestGenerate(t *testing.T) {
	files, err := generate(sample(), []overlay.Area{sampleArea()})
	if err != nil {
		t.Fatal(err)
	}
	got := string(files["wire/things_gen.go"])
	for what, want := range map[string]string{
		"optional fields of PUT are pointers":       "Kind *string `json:\"kind,omitempty\" enum:\"A,B\"`",
		"required ones are not":                     "ThingName string `json:\"thing_name\" required:\"true\" minLength:\"1\" maxLength:\"30\"`",
		"parameters have the data's limits":         "Limit int `query:\"limit\" maximum:\"100\" default:\"10\"`",
		"a parameter may tell absent from zero":     "IsNew Optional[bool] `query:\"is_new\"`",
		"fields of both directions stay in answers": "KMSID string `json:\"kms_id\" required:\"false\" doc:\"The id, if given; otherwise refused: disks cannot be encrypted\"`",
		"fields of answers are there":               "TotalCount int `json:\"total_count\"`",
		"the path's parameters are taken":           "ThingID string `path:\"thing_id\"`",
		"a refused field is found in a list":        "for i := range *r.Parts {\n\t\t\tif not := (*r.Parts)[i].refused(prefix + at(\"parts\", i)); not != nil",
		"and in an object":                          "if not := r.Spare.refused(prefix + \"spare.\"); not != nil",
		"the keys of lists are repeated":            "Names []string `query:\"names,explode\" maxItems:\"50\" maxLength:\"9\"`",
		"what is required may be loosened":          "Colour *string `json:\"colour,omitempty\"`",
		"values of a refused field may pass":        "if r.Seal != \"\" && r.Seal != \"KEEP\" && r.Seal != \"NONE\" {",
		"another field's value may be repeated":     "if r.KMSID != \"\" && r.KMSID != r.ID {",
		"objects in a refused list are not known":   "Copies []any `json:\"copies,omitempty\"",
		"objects of answers are not pointers":       "Next Copy `json:\"next\"`",
		"maps of lists of objects are known":        "ByPlace map[string][]Copy `json:\"by_place\"`",
		"fields of answers are left out when zero":  "Remark string `json:\"remark,omitempty\"`",
		"values of parameters need no type":         "States []string `query:\"states,explode\" enum:\"NEW,OLD\"`",
		"fields of answers may be absent":           "Age *int `json:\"age,omitempty\"`",
		"what may be absent has no least length":    "Note string `json:\"note,omitempty\" maxLength:\"20\"`",
		"the room may keep a limit":                 "Mark string `json:\"mark,omitempty\"`",
		"the overlay adds limits":                   "IDs []string `json:\"ids\" required:\"true\" minItems:\"1\" maxItems:\"7\"`",
		"a body may be absent":                      "Project\n\tAccepted\n\tBody *RenewThingReq\n",
		"one that is absent asks for nothing":       "if in.Body == nil {\n\t\treturn nil\n\t}\n\treturn in.Body.refused(\"\")",
		"a file is taken as a form":                 "RawBody multipart.Form\n",
		"the operation tells what is refused":       "func (in *UpdateThingInput) Refused() *Refusal {\n\t\treturn in.Body.refused(\"\")",
	} {
		if !strings.Contains(got, want) {
			t.Errorf("%s: no %q in\n%s", what, want, got)
		}
	}
	if strings.Contains(got, "bill") {
		t.Errorf("what an answer leaves out is there:\n%s", got)
	}
	if want := `{"GET", "/v2/{project_id}/things/renew", "RenewThing", "workspace:things:renew", iam.Write, filing(s.renewThing), `; !strings.Contains(string(files["routes_gen.go"]), want) {
		t.Errorf("no route %s in\n%s", want, files["routes_gen.go"])
	}
	if want := `{"PUT", "/v2/{project_id}/things/{thing_id}", "UpdateThing", "workspace:things:update", iam.Write, silent(http.StatusNoContent, s.updateThing), "Update a thing"}`; !strings.Contains(string(files["routes_gen.go"]), want) {
		t.Errorf("no route %s in\n%s", want, files["routes_gen.go"])
	}
}

func TestGenerateRefusesAnOverlayThatDoesNotFit(t *testing.T) {
	for _, c := range []struct {
		name   string
		change func(*overlay.Area)
		why    string
	}{
		{"an unknown operation", func(a *overlay.Area) { a.Operations[0].ID = "UpdateThink" }, "the data has no operation UpdateThink"},
		{"an unknown parameter", func(a *overlay.Area) { a.Operations[1].Query["limits"] = overlay.Field{} }, "has no parameter limits"},
		{"an unknown type", func(a *overlay.Area) { a.Types["Bolt"] = overlay.Fields{} }, "the data has no type Bolt"},
		{"an unknown field", func(a *overlay.Area) { a.Types["Part"]["size"] = overlay.Field{} }, "type Part has no field size"},
		{"a field that is refused and left out", func(a *overlay.Area) { a.Types["Part"]["kms_id"] = overlay.Field{Refuse: "x", Omit: "y"} }, "Part.kms_id is refused and left out"},
		{"a field that does not exist and may be repeated", func(a *overlay.Area) { a.Types["Part"]["kms_id"] = overlay.Field{Refuse: "x", SameAs: "y"} }, "has no field y"},
		{"a value that passes of a field that is not refused", func(a *overlay.Area) { a.Types["Part"]["id"] = overlay.Field{Unless: "x"} }, "is not refused itself"},
		{"a type that no operation has", func(a *overlay.Area) { a.Operations = a.Operations[1:]; a.Types["UpdateThingReq"] = overlay.Fields{} }, "type UpdateThingReq is in the overlay, and no operation has it"},
		{"an operation without an action", func(a *overlay.Area) { a.Operations[0].Action = "" }, "UpdateThing: it has no action"},
		{"an operation without a summary", func(a *overlay.Area) { a.Operations[0].Summary = "" }, "UpdateThing: it has no summary"},
	} {
		a := sampleArea()
		c.change(&a)
		if _, err := generate(sample(), []overlay.Area{a}); err == nil || !strings.Contains(err.Error(), c.why) {
			t.Errorf("%s: %v, want %q", c.name, err, c.why)
		}
	}
}

func TestOwnFieldsAreAddedToTheTypesOfTheAPI(t *testing.T) {
	data := sample()
	own := &apiData{Types: map[string]typeData{"Part": {Fields: []field{{JSON: "weight", Type: "int32"}}}}}
	if err := data.add(own); err != nil || data.Types["Part"].Fields[2].JSON != "weight" || data.Types["Part"].Kind != "object" {
		t.Errorf("%v: %+v", err, data.Types["Part"])
	}
	if err := data.add(own); err == nil || !strings.Contains(err.Error(), "field weight of type Part is Carrel's own and the API's") {
		t.Errorf("a field that the API has too: %v", err)
	}
}

func TestOwnParametersAreAddedToTheOperationsOfTheAPI(t *testing.T) {
	data := sample()
	own := &apiData{Parameters: map[string][]field{"ListThings": {{JSON: "place", Type: "string", In: "query"}}}}
	if err := data.add(own); err != nil || data.Operations["ListThings"].Parameters[4].JSON != "place" {
		t.Errorf("%v: %+v", err, data.Operations["ListThings"])
	}
	for want, own := range map[string]*apiData{
		"parameter place of operation ListThings is Carrel's own and the API's": own,
		"no operation ShowBolt to add parameters to":                            {Parameters: map[string][]field{"ShowBolt": nil}},
	} {
		if err := data.add(own); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%v, want %q", err, want)
		}
	}
}

func TestCoverage(t *testing.T) {
	data := &apiData{Operations: map[string]operation{
		"ListThings":  {Method: "GET", Path: "/v2/{project_id}/things", Area: "things"},
		"UpdateThing": {Method: "PUT", Path: "/v2/{project_id}/things/{thing_id}", Area: "things"},
		"BuyThing":    {Method: "POST", Path: "/v2/{project_id}/things/order", Area: "orders"},
	}}
	areas := []overlay.Area{{Operations: []overlay.Operation{{ID: "ListThings"}}}}
	never := map[string]overlay.Reason{"BuyThing": overlay.BillsMoney}
	page, err := coverage(data, areas, never, calledData{"sdk": {"ListThings"}})
	if err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{
		"Of 3 operations, 1 are served, 1 are planned and 1 will never be served.",
		"| things | ListThings | `GET /v2/{project_id}/things` | served | ● |  |",
		"| things | UpdateThing | `PUT /v2/{project_id}/things/{thing_id}` | planned |  |  |",
		"| orders | BuyThing | `POST /v2/{project_id}/things/order` | never: bills money |  |  |",
	} {
		if !strings.Contains(string(page), want) {
			t.Errorf("no %q in\n%s", want, page)
		}
	}
	if _, err := coverage(data, areas, map[string]overlay.Reason{"ListThings": overlay.NeedsWindows}, nil); err == nil {
		t.Error("an operation is served, and never to be served")
	}
	if _, err := coverage(data, areas, map[string]overlay.Reason{"Unheard": overlay.NeedsWindows}, nil); err == nil {
		t.Error("an operation that does not exist is never to be served")
	}
}

func TestWhatWasCalledIsTaken(t *testing.T) {
	notes := filepath.Join(t.TempDir(), "called")
	if err := os.WriteFile(notes, []byte("sdk\tB\nsdk\tA\nsdk\tB\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	got, err := takeCalled(calledData{"sdk": {"C"}, "incus": {"D"}}, notes)
	if want := (calledData{"sdk": {"A", "B"}, "incus": {"D"}}); err != nil || !reflect.DeepEqual(got, want) {
		t.Errorf("%v, %v, want %v: what ran replaces the former, the rest stays", got, err, want)
	}
}
