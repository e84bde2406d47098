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
	"net/netip"
	"strings"
	"testing"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"carrel/internal/address"
	"carrel/internal/api"
	"carrel/internal/catalog"
	"carrel/internal/core"
	"carrel/internal/desktop"
	"carrel/internal/iam"
	"carrel/internal/secret"
	"carrel/internal/signin"
	"carrel/internal/store"
	"carrel/internal/store/storetest"
	"carrel/internal/work"
	"carrel/internal/workspace"
)

// env is a server over a database of its own, with a project, a catalogue and nobody who runs jobs.
type env struct {
	testing.TB
	server   *api.Server
	service  *core.Services
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

func newEnv(t testing.TB) *env {
	t.Helper()
	return newEnvOn(t, storetest.SQLitePath(t))
}

// newEnvOn makes an env on an empty database.
func newEnvOn(t testing.TB, database string) *env {
	t.Helper()
	e := &env{TB: t, registry: prometheus.NewRegistry()}
	db := storetest.Open(t, database, nil)
	box, err := secret.ParseBox(strings.Repeat("5a", 32))
	if err != nil {
		t.Fatal(err)
	}
	passwords, err := secret.NewPasswords(secret.Cost{MemoryKiB: 8, Passes: 1, Lanes: 1})
	if err != nil {
		t.Fatal(err)
	}
	log := slog.New(slog.NewJSONHandler(io.MultiWriter(&e.log, t.Output()), nil))
	e.store = db
	e.iam = &iam.Service{Store: db, Box: box, Passwords: passwords, Log: log, Region: "local-1", Catalog: api.Catalog, Actions: api.Actions(), ProjectHolds: work.ProjectHolds, ReleaseProject: work.ReleaseProject}
	e.service = core.NewServices(core.Config{
		Store: db, Passwords: passwords, Box: box, SecondFactor: signin.SecondFactorOptional, LockProject: iam.LockNamedProject,
		Networks: catalog.Range{Prefix: netip.MustParsePrefix("10.200.0.0/16"), Bits: 24}, Addresses: address.Ranges{netip.MustParsePrefix("198.51.100.0/28")},
	})
	e.first, err = e.iam.Bootstrap(t.Context(), iam.First{Region: "local-1", Account: "carrel", User: "admin"})
	if err != nil {
		t.Fatal(err)
	}
	e.update(putCatalog)
	subnets := []catalog.NewSubnet{{Name: "subnet", CIDR: "10.9.0.0/24", Gateway: "10.9.0.1", Network: "net"}}
	if err := e.service.Catalog.Subscribe(t.Context(), e.first.ProjectID, e.first.DomainName, "10.9.0.0/16", subnets); err != nil {
		t.Fatal(err)
	}
	if e.server, err = api.New(api.Config{Services: e.service, IAM: e.iam, Log: log, Metrics: e.registry, CallTime: time.Minute}); err != nil {
		t.Fatal(err)
	}
	e.token = e.tokenOf(e.first.UserName, e.first.Password)
	e.subnetID = e.ok(e.get("/subnets")).text("subnets", 0, "id")
	e.vpcID = e.ok(e.get("/vpcs")).text("vpcs", 0, "id")
	return e
}

func putCatalog(tx *store.Tx) error {
	ctx := context.Background()
	if err := catalog.PutZones(ctx, tx, []catalog.Zone{{ID: zone, Default: true}}); err != nil {
		return err
	}
	if err := catalog.PutVolumeTypes(ctx, tx, []catalog.VolumeType{{ID: "SAS"}, {ID: "SSD"}, {ID: "GPSSD2"}}); err != nil {
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

func (e *env) update(f func(*store.Tx) error) {
	e.Helper()
	if err := e.store.Update(e.Context(), f); err != nil {
		e.Fatal(err)
	}
}

// addAdmin adds a caller of the API.
func (e *env) addAdmin(name, password string, role iam.Role) {
	e.Helper()
	if _, err := e.iam.CreateUser(e.Context(), workspace.Caller{ProjectID: e.first.DomainID}, iam.NewUser{Name: name, Password: password, Role: role}); err != nil {
		e.Fatal(err)
	}
}

func (e *env) tokenOf(user, password string) string {
	e.Helper()
	body := object{"auth": object{"identity": object{"methods": []string{"password"}, "password": object{"user": object{
		"name": user, "password": password, "domain": object{"name": e.first.DomainName},
	}}}}}
	a := e.do("POST", "/v3/auth/tokens", body, func(r *http.Request) { r.Header.Del("X-Auth-Token") })
	if a.status != http.StatusCreated {
		e.Fatalf("no token: %s", a.raw)
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
func (e *env) do(method, target string, body any, change ...func(*http.Request)) answer {
	e.Helper()
	var reader io.Reader
	switch body := body.(type) {
	case nil:
	case string:
		reader = strings.NewReader(body)
	default:
		text, err := json.Marshal(body)
		if err != nil {
			e.Fatal(err)
		}
		reader = bytes.NewReader(append(text, '\n'))
	}
	r := httptest.NewRequestWithContext(e.Context(), method, "http://carrel.test"+target, reader)
	r.Header.Set("Content-Type", "application/json;charset=utf8")
	r.Header.Set("X-Auth-Token", e.token)
	if strings.Contains(target, "/cloudimages") || strings.HasPrefix(target, "/v2/images") { // paths of IMS name no project
		r.Header.Set("X-Project-Id", e.first.ProjectID)
	}
	for _, c := range change {
		c(r)
	}
	rec := httptest.NewRecorder()
	e.server.ServeHTTP(rec, r)
	a := answer{status: rec.Code, header: rec.Header(), raw: rec.Body.String()}
	if strings.Contains(rec.Header().Get("Content-Type"), "json") {
		if err := json.Unmarshal(rec.Body.Bytes(), &a.body); err != nil {
			e.Fatalf("%s %s answered %q: %v", method, target, a.raw, err)
		}
	}
	return a
}

func (e *env) path(target string) string { return "/v2/" + e.first.ProjectID + target }

func (e *env) get(target string) answer { e.Helper(); return e.do("GET", e.path(target), nil) }

func (e *env) post(target string, body any) answer {
	e.Helper()
	return e.do("POST", e.path(target), body)
}

func (e *env) ok(a answer) answer {
	e.Helper()
	if a.status != http.StatusOK {
		e.Fatalf("status %d: %s", a.status, a.raw)
	}
	return a
}

// refused checks that an answer is a refusal that clients understand.
func (e *env) refused(a answer, status int, code workspace.Code, message string) {
	e.Helper()
	if a.status != status || a.text("error_code") != string(code) || !strings.Contains(a.text("error_msg"), message) {
		e.Errorf("got %d %s, want %d %s %q", a.status, a.raw, status, code, message)
	}
	if a.header.Get("X-Request-Id") == "" {
		e.Error("the refusal has no X-Request-Id")
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
func (e *env) create(changes object) []string {
	e.Helper()
	job := e.ok(e.post("/desktops", order(changes))).text("job_id")
	var ids []string
	for _, sub := range e.ok(e.get("/workspace-jobs/" + job)).list("sub_jobs") {
		ids = append(ids, answer{body: sub}.text("entities", "desktop_id"))
	}
	return ids
}

// settle makes new desktops ACTIVE, as the job runner does when their machines run.
func (e *env) settle(ids ...string) {
	e.Helper()
	e.update(func(tx *store.Tx) error {
		for _, id := range ids {
			d, err := desktop.ReadDesktop(e.Context(), tx, e.first.ProjectID, id)
			if err != nil {
				return err
			}
			if err := desktop.MarkCreated(e.Context(), tx, d, desktop.CreateParams{}, ""); err != nil {
				return err
			}
		}
		return nil
	})
}

func (e *env) nothingWritten() {
	e.Helper()
	if n := e.ok(e.get("/desktops")).number("total_count"); n != 0 {
		e.Errorf("%d desktops were written", n)
	}
	if n := e.ok(e.get("/workspace-sub-jobs")).number("total_count"); n != 0 {
		e.Errorf("%d sub-jobs were written", n)
	}
	if n := e.ok(e.get("/users")).number("total_count"); n != 0 {
		e.Errorf("%d users were written", n)
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
