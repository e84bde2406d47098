package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"path/filepath"
	"time"

	"carrel/internal/app"
	"carrel/internal/catalog"
	"carrel/internal/store"
)

var poolOf50 = measurement{
	name: "pool", about: "a pool of 50, the example of the API's reference, from its POST until all desktops are ready", run: measurePool,
}

// poolExample is the body of the reference's example, word for word.
const poolExample = `{ "name" : "POOL01", "type" : "STATIC", "size" : 50, "image_type" : "gold", "image_id" : "a866298d-67db-44b0-a1f1-9d09bdddc20f", "root_volume" : { "type" : "SAS", "size" : 80 }, "availability_zone" : "az3.manage.x86", "subnet_ids" : [ "5dee0216-2260-47c2-9368-98a27d910e55" ], "product_id" : "workspace.c2.large.windows.2" }`

// What the example names.
const (
	exampleZone    = "az3.manage.x86"
	exampleProduct = "workspace.c2.large.windows.2"
	exampleImage   = "a866298d-67db-44b0-a1f1-9d09bdddc20f"
	exampleSubnet  = "5dee0216-2260-47c2-9368-98a27d910e55"
)

func measurePool(ctx context.Context, l *lab) ([]row, error) {
	server, err := l.serveExample(ctx)
	if err != nil {
		return nil, err
	}
	defer server.stop()
	return l.compareWithBest(ctx, server, pooled{server}, "a pool of %d, one POST to STEADY with every desktop set up for its person to come, mean of %d")
}

// serveExample starts a control plane on Incus that has what the example names.
func (l *lab) serveExample(ctx context.Context) (*server, error) {
	if _, err := l.incus(ctx); err != nil {
		return nil, err
	}
	server, err := l.serve(ctx, "incus", map[string]any{
		"incus":    map[string]any{"zone": exampleZone},
		"products": []app.Product{{ID: exampleProduct, CPUs: 2, MemoryMiB: 4096}},
	})
	if err != nil {
		return nil, err
	}
	if err := server.offerExample(ctx); err != nil {
		server.stop()
		return nil, fmt.Errorf("offering what the example names: %w", err)
	}
	return server, nil
}

// offerExample gives the image and the subnet of the first project the ids of the example too, as no call can: Carrel makes ids.
func (s *server) offerExample(ctx context.Context) (err error) {
	db, err := store.Open(ctx, filepath.Join(s.data, "carrel.db"))
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, db.Close()) }()
	return db.Update(ctx, func(tx *store.Tx) error {
		image, err := catalog.ReadImage(ctx, tx, s.ProjectID, s.ImageID)
		if err != nil {
			return err
		}
		image.ID = exampleImage
		if err := catalog.PutImages(ctx, tx, []catalog.Image{image}); err != nil {
			return err
		}
		subnets, err := catalog.Subnets(ctx, tx, s.ProjectID)
		if err != nil {
			return err
		}
		subnet := subnets[0]
		subnet.ID, subnet.Name, subnet.Default = exampleSubnet, "example", false
		return catalog.InsertSubnet(ctx, tx, subnet)
	})
}

// pooled are desktops of a pool, by the example of the reference.
type pooled struct{ *server }

// examplePool is the example's.
const examplePool = "POOL01"

func (p pooled) order(ctx context.Context, _, count int) (string, error) {
	var body map[string]any
	if err := json.Unmarshal([]byte(poolExample), &body); err != nil {
		return "", fmt.Errorf("reading the example: %w", err)
	}
	var in any = json.RawMessage(poolExample)
	if body["size"] != float64(count) { // fewer, to try things out
		body["size"] = count
		in = body
	}
	var reply struct {
		Job string `json:"job_id"`
	}
	err := p.call(ctx, "POST", "/desktop-pools", in, &reply)
	return reply.Job, err
}

func (p pooled) ready(ctx context.Context) error {
	_, err := p.steadyPool(ctx, examplePool)
	return err
}

func (p pooled) remove(ctx context.Context, desktops []string) error {
	if err := p.deleteDesktops(ctx, desktops); err != nil {
		return err
	}
	found, err := p.steadyPool(ctx, examplePool)
	if err != nil {
		return err
	}
	return p.call(ctx, "DELETE", "/desktop-pools/"+found.ID, nil, nil)
}

func (pooled) account(int) string { return "" }

// poolSummary is what a list says of a pool, as far as it matters here.
type poolSummary struct {
	ID     string
	Status string
}

// steadyPool waits until no job of the pool is under way.
func (a *caller) steadyPool(ctx context.Context, name string) (poolSummary, error) {
	for {
		var reply struct {
			Pools []poolSummary `json:"desktop_pools"`
		}
		if err := a.call(ctx, "GET", "/desktop-pools?name="+name, nil, &reply); err != nil {
			return poolSummary{}, err
		}
		if len(reply.Pools) != 1 {
			return poolSummary{}, fmt.Errorf("there are %d pools like %s", len(reply.Pools), name)
		}
		if reply.Pools[0].Status == "STEADY" {
			return reply.Pools[0], nil
		}
		select {
		case <-time.After(20 * time.Millisecond):
		case <-ctx.Done():
			return poolSummary{}, ctx.Err()
		}
	}
}
