package api_test

import (
	"flag"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"carrel/internal/api"
	"carrel/internal/catalog"
	"carrel/internal/core"
	"carrel/internal/desktop"
	"carrel/internal/directory"
	"carrel/internal/store"
	"carrel/internal/workspace"
)

// company fills the project with desktops by writing their rows: each with two disks, a tag and a person, all of a name and
// time that their number tells. The last one lacks whatever a desktop can lack.
func (e *env) company(desktops int) {
	e.Helper()
	ctx := e.Context()
	base := time.Date(2026, 11, 21, 8, 0, 0, 123456000, time.UTC)
	var people []directory.User
	var made []desktop.Desktop
	for n := range desktops {
		id, created := fmt.Sprintf("%032x", n), base.Add(time.Duration(n)*time.Second)
		people = append(people, directory.User{ID: "user-" + id, ProjectID: e.first.ProjectID, Name: fmt.Sprintf("Person-%05d", n), Created: created})
		d := desktop.Desktop{
			ID: id, ProjectID: e.first.ProjectID, Type: workspace.Dedicated, Name: fmt.Sprintf("PC-%05d", n), HostName: fmt.Sprintf("pc-%05d", n),
			SubnetID: "wide", Address: fmt.Sprintf("10.64.%d.%d", n/256, n%256), ProductID: product, ImageID: image, Zone: zone, EnterpriseID: "0",
			Root:   desktop.Volume{ID: id + "-a", Type: "SSD", GB: 80, Device: "/dev/sda", Name: "system", Created: created},
			Status: desktop.StatusActive, Login: desktop.LoginRegistered, Created: created, Updated: created,
		}
		if n < desktops-1 {
			d.Tags, d.SecurityGroups = []workspace.Tag{{Key: "team", Value: fmt.Sprintf("<%d> & \"ß\"", n%20)}}, []string{"narrow"}
			d.Data = []desktop.Volume{{ID: id + "-b", Type: "SAS", GB: 10, Device: "/dev/sdb", Name: "data-1", Created: created}}
			d.Assignments = []desktop.Assignment{{UserID: "user-" + id, Group: workspace.GroupSudo, Created: created}}
		}
		made = append(made, d)
	}
	e.update(func(tx *store.Tx) error {
		subnet := catalog.Subnet{ID: "wide", ProjectID: e.first.ProjectID, VPCID: e.vpcID, CIDR: "10.64.0.0/10", Gateway: "10.127.0.1"}
		if err := catalog.InsertSubnet(ctx, tx, subnet); err != nil {
			return err
		}
		if err := catalog.InsertSecurityGroup(ctx, tx, catalog.SecurityGroup{ID: "narrow", ProjectID: e.first.ProjectID}); err != nil {
			return err
		}
		if err := directory.InsertUsers(ctx, tx, people); err != nil {
			return err
		}
		return desktop.InsertDesktops(ctx, tx, made)
	})
}

// An answer that is meant to change is written anew by go test ./internal/api -run TestListsOfDesktops -update.
func TestListsOfDesktopsAreTheSameToTheByte(t *testing.T) {
	e := newEnv(t)
	e.company(3)
	for file, target := range map[string]string{
		"desktops.json":        "/desktops",
		"desktops_detail.json": "/desktops/detail?sort_field=computer_name&sort_type=DESC",
		"desktops_none.json":   "/desktops?computer_name=nobody",
		"desktops_count.json":  "/desktops?limit=0",
	} {
		t.Run(file, func(t *testing.T) {
			path := filepath.Join("testdata", file)
			raw := e.ok(e.get(target)).raw
			raw = strings.NewReplacer(e.first.ProjectID, "PROJECT", e.first.DomainID, "ACCOUNT").Replace(raw)
			if flag.Lookup("update").Value.String() == "true" {
				if err := os.WriteFile(path, []byte(raw), 0o644); err != nil {
					t.Fatal(err)
				}
			}
			want, err := os.ReadFile(path)
			if err != nil {
				t.Fatal(err)
			}
			if raw != string(want) {
				t.Errorf("got  %s\nwant %s", raw, want)
			}
		})
	}
}

// BenchmarkListDesktops answers a page of 100 among 10,000 desktops to a caller with a token: all that a request costs but
// the network.
func BenchmarkListDesktops(b *testing.B) {
	e := newEnv(b)
	e.company(10_000)
	log := slog.New(slog.NewJSONHandler(io.Discard, nil)) //nolint:sloglint // making a line of log is part of what a request costs
	server, err := api.New(api.Config{Services: core.NewServices(core.Config{Store: e.store}), IAM: e.iam, Log: log, Metrics: prometheus.NewRegistry(), CallTime: time.Minute})
	if err != nil {
		b.Fatal(err)
	}
	for _, target := range []string{"/desktops?limit=100", "/desktops/detail?limit=100"} {
		b.Run(strings.TrimPrefix(target, "/"), func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				r := httptest.NewRequestWithContext(b.Context(), "GET", e.path(target), nil)
				r.Header.Set("X-Auth-Token", e.token)
				answer := discarded{http.Header{}, 0, 0}
				server.ServeHTTP(&answer, r)
				if answer.status != http.StatusOK || answer.bytes < 10_000 {
					b.Fatalf("answered %d with %d bytes", answer.status, answer.bytes)
				}
			}
		})
	}
}

// discarded counts an answer and forgets it.
type discarded struct {
	header http.Header
	status int
	bytes  int
}

func (d *discarded) Header() http.Header    { return d.header }
func (d *discarded) WriteHeader(status int) { d.status = status }
func (d *discarded) Write(b []byte) (int, error) {
	d.bytes += len(b)
	return len(b), nil
}
