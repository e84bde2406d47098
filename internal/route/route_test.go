package route_test

import (
	"encoding/json"
	"errors"
	"net/http"
	"net/http/httptest"
	"strconv"
	"strings"
	"testing"

	"carrel/internal/route"
)

type thingInput struct {
	ID    string        `path:"id"`
	Name  string        `query:"name" doc:"Part of the name"`
	Brief route.Present `query:"brief"`
	Token string        `header:"X-Token"`
	Body  thing
}

type thing struct {
	Name string `json:"name" required:"true"`
	Note string `json:"note,omitempty"`
}

type thingAnswer struct {
	Cookie string `header:"Set-Cookie"`
	Body   *thing
	Later  *promise `status:"202" hidden:"true"`
}

type promise struct {
	Wait   int     `json:"wait"`
	Reason *string `json:"reason"`
	Note   string  `json:"note,omitempty"`
}

type fault struct {
	Code string `json:"error_code"`
}

func TestReadFillsParametersAndBody(t *testing.T) {
	r := httptest.NewRequest("PUT", "/things/7?name=a&brief", strings.NewReader("x"))
	r.SetPathValue("id", "7")
	r.Header.Set("X-Token", "secret")
	var in thingInput
	if err := route.Read(r, &in, func(body any) error { body.(*thing).Note = "read"; return nil }); err != nil {
		t.Fatal(err)
	}
	if want := (thingInput{ID: "7", Name: "a", Brief: true, Token: "secret", Body: thing{Note: "read"}}); in != want {
		t.Errorf("%+v, want %+v", in, want)
	}
	broken := errors.New("broken")
	if err := route.Read(r, &in, func(any) error { return broken }); !errors.Is(err, broken) {
		t.Errorf("the body's error became %v", err)
	}
}

func TestWrite(t *testing.T) {
	for name, c := range map[string]struct {
		write  func(http.ResponseWriter)
		status int
		body   string
		cookie string
	}{
		"a body with a header": {func(w http.ResponseWriter) { route.Write(w, 200, &thingAnswer{Cookie: "a=b", Body: &thing{Name: "x"}}) }, 200, `{"name":"x"}`, "a=b"},
		"another status":       {func(w http.ResponseWriter) { route.Write(w, 200, &thingAnswer{Later: &promise{Wait: 3}}) }, 202, `{"wait":3,"reason":null}`, ""},
		"a status alone":       {func(w http.ResponseWriter) { route.Write[route.Nothing](w, 204, nil) }, 204, "", ""},
		"a header alone": {func(w http.ResponseWriter) {
			route.Write(w, 204, &struct {
				Cookie string `header:"Set-Cookie"`
			}{"c=d"})
		}, 204, "", "c=d"},
	} {
		w := httptest.NewRecorder()
		c.write(w)
		if w.Code != c.status || strings.TrimSpace(w.Body.String()) != c.body || w.Header().Get("Set-Cookie") != c.cookie {
			t.Errorf("%s: %d %s %v", name, w.Code, w.Body, w.Header())
		}
		if kind := w.Header().Get("Content-Type"); (kind == "application/json") != (c.body != "") {
			t.Errorf("%s has the type %q", name, kind)
		}
	}
}

func TestDocument(t *testing.T) {
	session := route.Scheme{Name: "session", In: "cookie", Key: "sid"}
	document, err := route.Document([]route.Route{
		{
			Pattern: "PUT /things/{id}", ID: "UpdateThing", Summary: "Update a thing", Tag: "things", Security: []route.Scheme{{}, session},
			Failure: fault{}, Failures: []int{404, 503}, Form: route.FormOf[thingInput, thingAnswer](200),
		},
		{Pattern: "GET /things/events", ID: "FollowThings", Summary: "Follow", Tag: "things", Form: route.StreamOf[route.Nothing](route.Event{Name: "thing", Data: thing{}})},
		{Pattern: "GET /display", ID: "OpenDisplay", Summary: "Open", Tag: "things", Failures: []int{403}, Form: route.FormOf[route.Nothing, route.Nothing](101)},
	})
	if err != nil {
		t.Fatal(err)
	}
	var got any
	if err := json.Unmarshal(document, &got); err != nil {
		t.Fatal(err)
	}
	const update = "paths./things/{id}.put."
	for path, want := range map[string]string{
		update + "operationId":                                               `"UpdateThing"`,
		update + "security":                                                  `[{},{"session":[]}]`,
		update + "parameters.1.in":                                           `"query"`,
		update + "parameters.2.schema.type":                                  `"string"`,
		update + "requestBody.content.application/json.schema.$ref":          `"#/components/schemas/Thing"`,
		update + "responses.200.content.application/json.schema.$ref":        `"#/components/schemas/Thing"`,
		update + "responses.200.headers.Set-Cookie.schema.type":              `"string"`,
		update + "responses.202.content.application/json.schema.$ref":        `"#/components/schemas/Promise"`,
		update + "responses.404.$ref":                                        `"#/components/responses/Fault404"`,
		"components.responses.Fault404.content.application/json.schema.$ref": `"#/components/schemas/Fault"`,
		"components.responses.Fault503.headers.Retry-After.schema.type":      `"integer"`,
		update + "responses.422":                                             `null`,
		"components.schemas.Thing.required":                                  `["name"]`, // as the request says
		"components.schemas.Promise.required":                                `["wait","reason"]`,
		"components.schemas.Promise.properties.reason.type":                  `["string","null"]`,
		"components.schemas.Promise.additionalProperties":                    `null`,
		"components.securitySchemes.session.in":                              `"cookie"`,
		"paths./things/events.get.responses.200.content.text/event-stream.schema.oneOf.0.properties.data.$ref": `"#/components/schemas/Thing"`,
		"paths./display.get.responses.101.description":                                                         `"Switching Protocols"`,
		"components.responses.Text403.content.text/plain.schema.type":                                          `"string"`,
	} {
		text, err := json.Marshal(at(got, path))
		if err != nil {
			t.Fatal(err)
		}
		if string(text) != want {
			t.Errorf("%s is %s, want %s", path, text, want)
		}
	}
}

// at finds what a path of names and numbers leads to; nil if nothing.
func at(value any, path string) any {
	for name := range strings.SplitSeq(path, ".") {
		switch v := value.(type) {
		case map[string]any:
			value = v[name]
		case []any:
			i, err := strconv.Atoi(name)
			if err != nil || i >= len(v) {
				return nil
			}
			value = v[i]
		default:
			return nil
		}
	}
	return value
}
