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
	"unicode/utf8"

	"github.com/danielgtaylor/huma/v2"
	"github.com/danielgtaylor/huma/v2/adapters/humago"

	"carrel/internal/api/wire"
	"carrel/internal/core"
	"carrel/internal/store"
	"carrel/internal/workspace"
)

// endOfTheRoad is a store that nothing gets into: who reaches it has passed every check of the request itself.
type endOfTheRoad struct{ store.Transactions }

var errReached = errors.New("the request reached the store")

func (endOfTheRoad) Update(context.Context, func(*store.Tx) error) error { return errReached }

// FuzzCreateDesktopBody proves that whatever a body holds, it is refused in words or reaches the store within the limits.
func FuzzCreateDesktopBody(f *testing.F) {
	for _, seed := range []string{
		``, `null`, `{}`, `{"desktop_type":`, `[[[[`,
		`{"desktop_type":"DEDICATED","product_id":"p","image_type":"gold","image_id":"i","root_volume":{"type":"SAS","size":80},
			"desktops":[{"user_name":"ann","computer_name":"ann-pc"}],"tags":[{"key":"a","value":"b"}],"data_volumes":[{"type":"SSD","size":10}]}`,
		`{"desktop_type":"SHARED","product_id":"p","image_type":"gold","image_id":"i","root_volume":{"type":"SAS","size":1e99},"size":1,"desktop_name":"桌"}`,
		"{\"desktop_type\":\"DEDICATED\",\"desktop_name\":\"\xff\"}", `{"desktop_type":"DEDICATED","desktop_name":"\ud800"}`,
		`{"desktop_type":"DEDICATED","root_volume":{"iops":-1,"size":null},"eip":{"a":{}},"desktops":[null,1]}`,
	} {
		f.Add(seed)
	}
	s := &Server{Config: Config{
		Services: core.NewServices(core.Config{Store: endOfTheRoad{}}), Log: slog.New(slog.DiscardHandler),
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
			if !utf8.ValidString(body) {
				t.Fatal("a body that is not UTF-8 reached the store")
			}
			var in wire.CreateDesktopReq
			if err := json.Unmarshal([]byte(body), &in); err != nil {
				t.Fatalf("a body that cannot be decoded reached the store: %v", err)
			}
			r := desktopOrder(workspace.Caller{}, &in)
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

// FuzzPoolBodies proves the same of the bodies that make and change a pool, as far as they can be checked by themselves.
func FuzzPoolBodies(f *testing.F) {
	for _, seed := range []string{
		``, `null`, `{}`, `{"name":`, `{"in_maintenance_mode":true}`, `{"autoscale_policy":{},"tags":[]}`,
		`{"name":"POOL01","type":"STATIC","size":50,"image_type":"gold","image_id":"i","root_volume":{"type":"SAS","size":80},"subnet_ids":["s"],"product_id":"p"}`,
		`{"name":"销售","type":"DYNAMIC","size":1e3,"image_type":"gold","image_id":"i","root_volume":{"type":"SAS","size":80,"id":""},"subnet_ids":["s","t"],
			"product_id":"p","disconnected_retention_period":10,"enable_autoscale":true,"user_reset_policy":{"enable":true,"reset_count_per_day":100},
			"autoscale_policy":{"autoscale_type":"AUTO_CREATED","max_auto_created":5000,"idle_retention_duration":0},
			"authorized_objects":[{"object_type":"USER","object_id":"u","user_group":"USER"}]}`,
		`{"root_volume":{"id":"x","type":"SSD"},"data_volumes":[{"id":"y","type":null}],"subnet_ids":[null,1]}`,
	} {
		f.Add(seed)
	}
	s := &Server{Config: Config{Services: core.NewServices(core.Config{Store: endOfTheRoad{}}), Log: slog.New(slog.DiscardHandler)}}
	mux := http.NewServeMux()
	api := humago.New(mux, humaConfig())
	op := huma.Operation{Method: "POST", Path: "/v2/{project_id}/desktop-pools", OperationID: "CreateDesktopPool", MaxBodyBytes: maxJSONBody + 1}
	answering(s.createPool)(s, api, op)
	op.Method, op.Path, op.OperationID = "PUT", op.Path+"/{pool_id}", "UpdateDesktopPool"
	silent(http.StatusOK, s.updatePool)(s, api, op)
	f.Fuzz(func(t *testing.T, body string) {
		for method, path := range map[string]string{"POST": "/v2/p/desktop-pools", "PUT": "/v2/p/desktop-pools/x"} {
			rec := httptest.NewRecorder()
			mux.ServeHTTP(rec, httptest.NewRequest(method, path, strings.NewReader(body)))
			var refusal Refusal
			if err := json.Unmarshal(rec.Body.Bytes(), &refusal); err != nil || refusal.Code == "" || refusal.Message == "" {
				t.Fatalf("%s: %d %q is no refusal: %v", method, rec.Code, rec.Body, err)
			}
			if rec.Code != http.StatusBadRequest && rec.Code != http.StatusRequestEntityTooLarge && rec.Code != http.StatusInternalServerError {
				t.Fatalf("%s: status %d: %s", method, rec.Code, rec.Body)
			}
			if rec.Code != http.StatusInternalServerError || method == "PUT" {
				continue
			}
			var in wire.CreateDesktopPoolReq
			if err := json.Unmarshal([]byte(body), &in); err != nil {
				t.Fatalf("a body that cannot be decoded reached the store: %v", err)
			}
			r := poolOrder(workspace.Caller{}, &in)
			if err := r.Check(); err != nil {
				t.Fatalf("a bad request reached the store: %v", err)
			}
		}
	})
}
