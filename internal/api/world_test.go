package api_test

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"carrel/internal/api"
	"carrel/internal/catalog"
	"carrel/internal/core"
	"carrel/internal/desktop"
	"carrel/internal/iam"
	"carrel/internal/secret"
	"carrel/internal/store"
	"carrel/internal/store/storetest"
	"carrel/internal/workspace"
)

// world is a server over a database of its own, with a project, a catalogue and nobody who runs jobs.
type world struct {
	testing.TB
	server   *api.Server
	store    *store.Store
	iam      *iam.Service
	registry *prometheus.Registry
	log      bytes.Buffer
	first    iam.Credentials
	token    string
	subnetID string
	vpcID    string
}

type object = map[string]any

const (
	zone    = "default"
	product = "workspace.c2.large.linux"
	image   = "image-1"
)

func newWorld(t testing.TB) *world {
	t.Helper()
	return newWorldOn(t, storetest.SQLitePath(t))
}

// newWorldOn makes a world on an empty database.
func newWorldOn(t testing.TB, database string) *world {
	t.Helper()
	w := &world{TB: t, registry: prometheus.NewRegistry()}
	db := storetest.Open(t, database, nil)
	box, err := secret.ParseBox(strings.Repeat("5a", 32))
	if err != nil {
		t.Fatal(err)
	}
	passwords, err := secret.NewPasswords(secret.Cost{MemoryKiB: 8, Passes: 1, Lanes: 1})
	if err != nil {
		t.Fatal(err)
	}
	log := slog.New(slog.NewJSONHandler(io.MultiWriter(&w.log, t.Output()), nil))
	w.store = db
	w.iam = &iam.Service{Store: db, Box: box, Passwords: passwords, Log: log, Region: "local-1", Catalog: api.Catalog}
	service := core.NewServices(core.Config{Store: db, Passwords: passwords, Box: box})
	w.first, err = w.iam.Bootstrap(t.Context(), iam.First{Region: "local-1", Account: "carrel", User: "admin"})
	if err != nil {
		t.Fatal(err)
	}
	w.update(putCatalog)
	subnets := []catalog.NewSubnet{{Name: "subnet", CIDR: "10.9.0.0/24", Gateway: "10.9.0.1", Network: "net"}}
	if err := service.Catalog.Subscribe(t.Context(), w.first.ProjectID, "10.9.0.0/16", subnets); err != nil {
		t.Fatal(err)
	}
	if w.server, err = api.New(api.Config{Services: service, IAM: w.iam, Log: log, Metrics: w.registry, CallTime: time.Minute}); err != nil {
		t.Fatal(err)
	}
	w.token = w.tokenOf(w.first.UserName, w.first.Password)
	w.subnetID = w.ok(w.get("/subnets")).text("subnets", 0, "id")
	w.vpcID = w.ok(w.get("/vpcs")).text("vpcs", 0, "id")
	return w
}

func putCatalog(tx *store.Tx) error {
	ctx := context.Background()
	if err := catalog.PutZones(ctx, tx, []catalog.Zone{{ID: zone, Default: true}}); err != nil {
		return err
	}
	if err := catalog.PutVolumeTypes(ctx, tx, []catalog.VolumeType{{ID: "SAS"}, {ID: "SSD"}}); err != nil {
		return err
	}
	err := catalog.PutProducts(ctx, tx, []catalog.Product{{
		ID: product, CPUs: 2, MemoryMiB: 4096, Architecture: "x86", OSType: "Linux", DiskType: "SAS", DiskGB: 80,
		PackageType: "general", Description: "2 processors, 4 GB", Status: "normal",
	}})
	if err != nil {
		return err
	}
	return catalog.PutImages(ctx, tx, []catalog.Image{{
		ID: image, Type: catalog.ImageGold, Name: "Debian XFCE", OSType: "Linux", OSVersion: "Debian GNU/Linux 12",
		Architecture: "x86", MinDiskGB: 40, MinMemoryMiB: 512, EngineID: "sim", Created: tx.Now(),
	}})
}

func (w *world) update(f func(*store.Tx) error) {
	w.Helper()
	if err := w.store.Update(w.Context(), f); err != nil {
		w.Fatal(err)
	}
}

func (w *world) tokenOf(user, password string) string {
	w.Helper()
	body := object{"auth": object{"identity": object{"methods": []string{"password"}, "password": object{"user": object{
		"name": user, "password": password, "domain": object{"name": w.first.DomainName},
	}}}}}
	a := w.do("POST", "/v3/auth/tokens", body, func(r *http.Request) { r.Header.Del("X-Auth-Token") })
	if a.status != http.StatusCreated {
		w.Fatalf("no token: %s", a.raw)
	}
	return a.header.Get("X-Subject-Token")
}

// answer is a response.
type answer struct {
	status int
	header http.Header
	raw    string
	body   any
}

// at finds a value by its path of keys and indexes.
func (a answer) at(path ...any) any {
	v := a.body
	for _, step := range path {
		switch step := step.(type) {
		case string:
			m, _ := v.(map[string]any)
			v = m[step]
		case int:
			l, _ := v.([]any)
			if step >= len(l) {
				return nil
			}
			v = l[step]
		}
	}
	return v
}

func (a answer) text(path ...any) string {
	s, _ := a.at(path...).(string)
	return s
}

func (a answer) list(path ...any) []any {
	l, _ := a.at(path...).([]any)
	return l
}

func (a answer) number(path ...any) int {
	n, ok := a.at(path...).(float64)
	if !ok {
		return -1
	}
	return int(n)
}

// do sends a request with the administrator's token. A body that is a string goes as it is.
func (w *world) do(method, target string, body any, change ...func(*http.Request)) answer {
	w.Helper()
	var reader io.Reader
	switch body := body.(type) {
	case nil:
	case string:
		reader = strings.NewReader(body)
	default:
		text, err := json.Marshal(body)
		if err != nil {
			w.Fatal(err)
		}
		reader = bytes.NewReader(append(text, '\n'))
	}
	r := httptest.NewRequestWithContext(w.Context(), method, "http://carrel.test"+target, reader)
	r.Header.Set("Content-Type", "application/json;charset=utf8")
	r.Header.Set("X-Auth-Token", w.token)
	for _, c := range change {
		c(r)
	}
	rec := httptest.NewRecorder()
	w.server.ServeHTTP(rec, r)
	a := answer{status: rec.Code, header: rec.Header(), raw: rec.Body.String()}
	if strings.Contains(rec.Header().Get("Content-Type"), "json") {
		if err := json.Unmarshal(rec.Body.Bytes(), &a.body); err != nil {
			w.Fatalf("%s %s answered %q: %v", method, target, a.raw, err)
		}
	}
	return a
}

func (w *world) path(target string) string { return "/v2/" + w.first.ProjectID + target }

func (w *world) get(target string) answer { w.Helper(); return w.do("GET", w.path(target), nil) }

func (w *world) post(target string, body any) answer {
	w.Helper()
	return w.do("POST", w.path(target), body)
}

func (w *world) ok(a answer) answer {
	w.Helper()
	if a.status != http.StatusOK {
		w.Fatalf("status %d: %s", a.status, a.raw)
	}
	return a
}

// refused checks that an answer is a refusal that clients understand.
func (w *world) refused(a answer, status int, code workspace.Code, message string) {
	w.Helper()
	if a.status != status || a.text("error_code") != string(code) || !strings.Contains(a.text("error_msg"), message) {
		w.Errorf("got %d %s, want %d %s %q", a.status, a.raw, status, code, message)
	}
	if a.header.Get("X-Request-Id") == "" {
		w.Error("the refusal has no X-Request-Id")
	}
}

// order is a request for desktops that is right; changes make it wrong.
func order(changes object) object {
	o := object{
		"desktop_type": "DEDICATED", "product_id": product, "image_type": "gold", "image_id": image,
		"root_volume": object{"type": "SAS", "size": 80},
	}
	for k, v := range changes {
		if v == nil {
			delete(o, k)
		} else {
			o[k] = v
		}
	}
	return o
}

// create orders desktops and returns their ids.
func (w *world) create(changes object) []string {
	w.Helper()
	job := w.ok(w.post("/desktops", order(changes))).text("job_id")
	var ids []string
	for _, sub := range w.ok(w.get("/workspace-jobs/" + job)).list("sub_jobs") {
		ids = append(ids, answer{body: sub}.text("entities", "desktop_id"))
	}
	return ids
}

// settle makes new desktops ACTIVE, as the job runner does when their machines run.
func (w *world) settle(ids ...string) {
	w.Helper()
	w.update(func(tx *store.Tx) error {
		for _, id := range ids {
			d, err := desktop.ReadDesktop(w.Context(), tx, w.first.ProjectID, id)
			if err != nil {
				return err
			}
			if err := desktop.MarkCreated(w.Context(), tx, d, desktop.CreateParams{}, ""); err != nil {
				return err
			}
		}
		return nil
	})
}

func (w *world) nothingWritten() {
	w.Helper()
	if n := w.ok(w.get("/desktops")).number("total_count"); n != 0 {
		w.Errorf("%d desktops were written", n)
	}
	if n := w.ok(w.get("/workspace-sub-jobs")).number("total_count"); n != 0 {
		w.Errorf("%d sub-jobs were written", n)
	}
	if n := w.ok(w.get("/users")).number("total_count"); n != 0 {
		w.Errorf("%d users were written", n)
	}
}

func desktopsFor(users ...string) []object {
	var out []object
	for _, u := range users {
		out = append(out, object{"user_name": u, "user_group": "sudo"})
	}
	return out
}

func people(n int) []object {
	var out []object
	for i := range n {
		out = append(out, object{"user_name": fmt.Sprintf("u%03d", i)})
	}
	return out
}
