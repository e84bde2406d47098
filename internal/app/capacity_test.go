package app_test

import (
	"context"
	"encoding/json"
	"io"
	"log/slog"
	"net/http"
	"strings"
	"testing"
	"time"

	"carrel/internal/app"
	"carrel/internal/capacity"
	"carrel/internal/store"
)

// TestANearlyFullPoolIsToldAndOrdersForItRefused asks over HTTP: an order that does not fit is a conflict with the figures, and what
// is left is told in /readyz, which stays 200.
func TestANearlyFullPoolIsToldAndOrdersForItRefused(t *testing.T) {
	config := app.Defaults()
	config.Data, config.Listen, config.Engine = t.TempDir(), "127.0.0.1:0", "sim"
	config.Sim.Storage, config.Overcommit.Disk = map[string]int{"SAS": 100, "SSD": 100}, 1
	begin := func() *app.App {
		a, err := app.Start(t.Context(), config, slog.New(slog.DiscardHandler))
		if err != nil {
			t.Fatal(err)
		}
		return a
	}
	a := begin()
	token := ""
	call := func(method, path, body string) (int, http.Header, string) {
		t.Helper()
		request, err := http.NewRequestWithContext(t.Context(), method, a.URL+path, strings.NewReader(body))
		if err != nil {
			t.Fatal(err)
		}
		request.Header.Set("X-Auth-Token", token)
		request.Header.Set("Content-Type", "application/json")
		answer, err := http.DefaultClient.Do(request)
		if err != nil {
			t.Fatal(err)
		}
		defer answer.Body.Close()
		text, err := io.ReadAll(answer.Body)
		if err != nil {
			t.Fatal(err)
		}
		return answer.StatusCode, answer.Header, string(text)
	}
	b := a.Bootstrap
	_, header, _ := call("POST", "/v3/auth/tokens", `{"auth":{"identity":{"methods":["password"],"password":{"user":{"name":"`+b.UserName+
		`","password":"`+b.Password+`","domain":{"name":"`+b.DomainName+`"}}}},"scope":{"project":{"id":"`+b.ProjectID+`"}}}}`)
	token = header.Get("X-Subject-Token")
	order := `{"desktop_type":"DEDICATED","product_id":"` + b.ProductID + `","image_type":"gold","image_id":"` + b.ImageID +
		`","root_volume":{"type":"SAS","size":80},"desktop_name":"lab","size":1}`
	known := func() (known bool) {
		err := a.Services.Pools.Store.View(t.Context(), func(tx *store.Tx) error {
			all, err := capacity.Capacities(t.Context(), tx)
			known = len(all) > 0
			return err
		})
		return known && err == nil
	}
	for !known() {
		pause(t, 20*time.Millisecond)
	}
	if status, _, text := call("POST", "/v2/"+b.ProjectID+"/desktops", order); status != http.StatusOK {
		t.Fatalf("the first order: %d %s", status, text)
	}
	status, _, text := call("POST", "/v2/"+b.ProjectID+"/desktops", strings.Replace(order, "lab", "den", 1))
	var refused struct {
		Code    string `json:"error_code"`
		Message string `json:"error_msg"`
	}
	if err := json.Unmarshal([]byte(text), &refused); err != nil || status != http.StatusConflict || refused.Code != "WKS.00010041" ||
		!strings.Contains(refused.Message, "80 GiB are asked for, 20 of 100 GiB are left") {
		t.Errorf("the second order: %d %s", status, text)
	}

	a.Stop(context.WithoutCancel(t.Context())) // the next start looks at once
	a = begin()
	t.Cleanup(func() { a.Stop(context.WithoutCancel(t.Context())) })
	for {
		status, _, text = call("GET", "/readyz", "")
		if status != http.StatusOK {
			t.Fatalf("/readyz: %d %s", status, text)
		}
		if strings.Contains(text, "warnings") {
			break
		}
		pause(t, 20*time.Millisecond)
	}
	if !strings.Contains(text, "capacity: 1 of the storage pools and memory are nearly used up or promised") {
		t.Errorf("/readyz: %s", text)
	}
}
