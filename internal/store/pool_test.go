package store_test

import (
	"path/filepath"
	"testing"
	"time"

	"carrel/internal/catalog"
	"carrel/internal/pool"
	"carrel/internal/pool/autoscale"
	"carrel/internal/store"
	"carrel/internal/workspace"
)

// The JSON in the columns of pools has the names of Go's fields. A field that is renamed would be read as zero from the rows of
// an earlier version; this is such a row.
func TestPoolsOfAnEarlierVersionAreReadWhole(t *testing.T) {
	s, err := store.Open(t.Context(), filepath.Join(t.TempDir(), "carrel.db"))
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	row := map[string]any{
		"id": "p", "project_id": "x", "name": "p", "name_folded": "p", "type": "DYNAMIC", "description": "", "zone": "", "product_id": "",
		"image_type": "", "image_id": "", "vpc_id": "", "enterprise_id": "", "domain": "", "name_policy_id": "",
		"retention_minutes": 0, "autoscaling": true, "in_maintenance": false, "frozen": false,
		"created": "2026-03-01T12:00:00.000000Z", "updated": "2026-03-01T12:00:00.000000Z",
		"root": `{"ID":"v0","Type":"SSD","GB":80}`, "data": `[{"ID":"v1","Type":"SAS","GB":10}]`,
		"subnet_ids": `["s1"]`, "security_groups": `["g1"]`, "tags": `[{"Key":"k","Value":"v"}]`,
		"policy": `{"Type":"AUTO_CREATED","MaxAutoCreated":1,"MinIdle":2,"OnceCreated":3,"MinRetention":4,"IdleMinutes":5,"AutoIsolation":true,"MaxIsolated":6}`,
		"reset":  `{"Enabled":true,"PerDay":2}`, "history": `[{"ImageID":"i","Type":"gold","JobID":"j","Since":"2026-03-01T12:00:00Z"}]`,
		"scale": `{"Created":"2026-03-01T12:00:00Z","Deleted":"2026-03-01T12:00:00Z","Failures":3,"Failed":"2026-03-01T12:00:00Z"}`,
	}
	noon := time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)
	var p pool.Pool
	err = s.Update(t.Context(), func(x *store.Tx) (err error) {
		if _, err = x.NewInsert().Model(&row).TableExpr("pools").Exec(t.Context()); err != nil {
			return err
		}
		p, err = pool.ReadPool(t.Context(), x, "x", "p")
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	five := *p.Policy.IdleMinutes
	p.Policy.IdleMinutes = nil
	for name, ok := range map[string]bool{
		"root": p.Root == pool.PoolVolume{ID: "v0", Type: "SSD", GB: 80}, "data": p.Data[0] == pool.PoolVolume{ID: "v1", Type: "SAS", GB: 10},
		"subnets": p.SubnetIDs[0] == "s1", "security groups": p.SecurityGroups[0] == "g1", "tags": p.Tags[0] == workspace.Tag{Key: "k", Value: "v"},
		"policy": five == 5 && p.Policy == autoscale.Policy{
			Type: autoscale.AutoCreated, MaxAutoCreated: 1, MinIdle: 2, OnceCreated: 3, MinRetention: 4, AutoIsolation: true, MaxIsolated: 6,
		},
		"resets":  p.Reset == pool.UserResetPolicy{Enabled: true, PerDay: 2},
		"history": p.History[0] == pool.PoolImage{ImageID: "i", Type: catalog.ImageGold, JobID: "j", Since: noon},
		"scale":   p.Scale == autoscale.History{Created: noon, Deleted: noon, Failures: 3, Failed: noon},
	} {
		if !ok {
			t.Errorf("%s: %+v", name, p)
		}
	}
}
