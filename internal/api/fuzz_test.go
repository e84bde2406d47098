package api

import (
	"context"
	"encoding/json"
	"errors"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/danielgtaylor/huma/v2"
	"github.com/danielgtaylor/huma/v2/adapters/humago"

	"carrel/internal/workspace"
)

// endOfTheRoad is a store that nothing gets into: who reaches it has passed every check of the request itself.
type endOfTheRoad struct{ workspace.Store }

var errReached = errors.New("the request reached the store")

func (endOfTheRoad) Update(context.Context, func(workspace.Tx) error) error { return errReached }

// FuzzCreateDesktopBody proves that whatever a body holds, it is refused in words or reaches the store within the limits.
func FuzzCreateDesktopBody(f *testing.F) {
	for _, seed := range []string{
		``, `null`, `{}`, `{"desktop_type":`, `[[[[`,
		`{"desktop_type":"DEDICATED","product_id":"p","image_type":"gold","image_id":"i","root_volume":{"type":"SAS","size":80},
			"desktops":[{"user_name":"ann","computer_name":"ann-pc"}],"tags":[{"key":"a","value":"b"}],"data_volumes":[{"type":"SSD","size":10}]}`,
		`{"desktop_type":"SHARED","product_id":"p","image_type":"gold","image_id":"i","root_volume":{"type":"SAS","size":1e99},"size":1,"desktop_name":"桌"}`,
		`{"desktop_type":"DEDICATED","root_volume":{"iops":-1,"size":null},"eip":{"a":{}},"desktops":[null,1]}`,
	} {
		f.Add(seed)
	}
	s := &Server{Config: Config{
		Service: &workspace.Service{Store: endOfTheRoad{}}, Log: slog.New(slog.DiscardHandler),
	}}
	mux := http.NewServeMux()
	answering(s.createDesktops)(s, humago.New(mux, humaConfig()), huma.Operation{
		Method: "POST", Path: "/v2/{project_id}/desktops", OperationID: "CreateDesktop", MaxBodyBytes: maxJSONBody + 1,
	})
	f.Fuzz(func(t *testing.T, body string) {
		rec := httptest.NewRecorder()
		mux.ServeHTTP(rec, httptest.NewRequest("POST", "/v2/p/desktops", strings.NewReader(body)))
		var refusal Refusal
		if err := json.Unmarshal(rec.Body.Bytes(), &refusal); err != nil || refusal.Code == "" || refusal.Message == "" {
			t.Fatalf("%d %q is no refusal: %v", rec.Code, rec.Body, err)
		}
		if rec.Code == http.StatusInternalServerError {
			var in createDesktopBody
			if err := json.Unmarshal([]byte(body), &in); err != nil {
				t.Fatalf("a body that cannot be decoded reached the store: %v", err)
			}
			r := in.request(workspace.Caller{})
			if err := r.Check(); err != nil {
				t.Fatalf("a bad request reached the store: %v", err)
			}
			return
		}
		if rec.Code != http.StatusBadRequest && rec.Code != http.StatusRequestEntityTooLarge {
			t.Fatalf("status %d: %s", rec.Code, rec.Body)
		}
	})
}
