package pool_test

import (
	"fmt"
	"reflect"
	"slices"
	"strings"
	"testing"
	"time"

	"pgregory.net/rapid"

	"carrel/internal/catalog"
	"carrel/internal/desktop"
	"carrel/internal/pool"
	"carrel/internal/pool/autoscale"
	"carrel/internal/workspace"
	"carrel/internal/workspace/workspacetest"
)

var noon = time.Date(2026, 3, 2, 12, 0, 0, 0, time.UTC)

func poolRequest() pool.CreatePool {
	return pool.CreatePool{
		Name: "POOL01", Type: pool.Dynamic, Size: 50, ProductID: "workspace.c2.large.linux", ImageType: catalog.ImageGold, ImageID: "gold-1",
		Root: desktop.VolumeSpec{Type: "SAS", GB: 80}, Data: []desktop.VolumeSpec{{Type: "SSD", GB: 10}, {Type: "SAS", GB: 20}},
		SubnetIDs: []string{"a", "b"}, SecurityGroups: []string{"g"}, Description: "of the library", Zone: "az1", OUName: "ou", NamePolicyID: "policy",
		Tags: []workspace.Tag{{Key: "room", Value: "7"}}, Autoscaling: true,
		Policy: &pool.PolicyChange{Type: new(autoscale.AutoCreated), MaxAutoCreated: new(9), MinIdle: new(3)},
		People: []pool.Grant{{Type: pool.GrantUser, ObjectID: "u1", Group: "sudo"}},
	}
}

func TestCreatePoolCheck(t *testing.T) {
	cases := []struct {
		name   string
		change func(*pool.CreatePool)
		code   workspace.Code
		why    string
	}{
		{"an empty name", func(r *pool.CreatePool) { r.Name = "" }, workspace.CodeInvalid, "name: must not be empty"},
		{"a name of 256 characters", func(r *pool.CreatePool) { r.Name = strings.Repeat("n", 256) }, workspace.CodeInvalid, "name: 256 characters, at most 255"},
		{"a name with a space", func(r *pool.CreatePool) { r.Name = "my pool" }, workspace.CodeInvalid, `name: ' ' is not allowed`},
		{"an unknown type", func(r *pool.CreatePool) { r.Type = "HALF" }, workspace.CodeInvalid, `type: "HALF" is unknown, use DYNAMIC or STATIC`},
		{"size 0", func(r *pool.CreatePool) { r.Size = 0 }, workspace.CodeInvalid, "size: 0 is out of range, use 1 to 1000"},
		{"size 1001", func(r *pool.CreatePool) { r.Size = 1001 }, workspace.CodeInvalid, "size: 1001"},
		{"no product", func(r *pool.CreatePool) { r.ProductID = "" }, workspace.CodeInvalid, "product_id: must not be empty"},
		{"no image", func(r *pool.CreatePool) { r.ImageID = "" }, workspace.CodeInvalid, "image_id: must not be empty"},
		{"an unknown image type", func(r *pool.CreatePool) { r.ImageType = "silver" }, workspace.CodeInvalid, "image_type: "},
		{"a system disk of 85 GB", func(r *pool.CreatePool) { r.Root.GB = 85 }, workspace.CodeInvalid, "root_volume.size: 85 GB"},
		{"a data disk of 5 GB", func(r *pool.CreatePool) { r.Data[1].GB = 5 }, workspace.CodeInvalid, "data_volumes[1].size: 5 GB"},
		{"eleven data disks", func(r *pool.CreatePool) { r.Data = make([]desktop.VolumeSpec, 11) }, workspace.CodeInvalid, "data_volumes: 11 volumes, at most 10"},
		{"no subnet", func(r *pool.CreatePool) { r.SubnetIDs = nil }, workspace.CodeInvalid, "subnet_ids: must hold 1 to 50"},
		{"a subnet twice", func(r *pool.CreatePool) { r.SubnetIDs = []string{"a", "b", "a"} }, workspace.CodeInvalid, "subnet_ids[2]: a is listed twice"},
		{"a security group twice", func(r *pool.CreatePool) { r.SecurityGroups = []string{"a", "a"} }, workspace.CodeInvalid, "security_groups[1].id: "},
		{"a person of an unknown kind", func(r *pool.CreatePool) { r.People[0].Type = "ROBOT" }, workspace.CodeInvalid, "authorized_objects[0].object_type: "},
		{"a person twice", func(r *pool.CreatePool) { r.People = append(r.People, r.People[0]) }, workspace.CodeInvalid, "authorized_objects[1].object_id: u1 is listed twice"},
		{"an unknown privilege group", func(r *pool.CreatePool) { r.People[0].Group = "king" }, workspace.CodeInvalid, "authorized_objects[0].user_group: "},
		{"an unknown directory", func(r *pool.CreatePool) { r.Domain = "corp.example" }, workspace.CodeInvalid, "domain: "},
		{"a retention of 9 minutes", func(r *pool.CreatePool) { r.Retention = new(9) }, workspace.CodeInvalid, "disconnected_retention_period: 9 minutes is out of range, use 10 to 43200"},
		{"a retention of 43201 minutes", func(r *pool.CreatePool) { r.Retention = new(43201) }, workspace.CodeInvalid, "disconnected_retention_period: 43201"},
		{"a retention in a static pool", func(r *pool.CreatePool) { r.Type = pool.Static; r.Retention = new(10) }, workspace.CodeInvalid, "disconnected_retention_period: is for DYNAMIC pools only"},
		{"an unknown way to scale", func(r *pool.CreatePool) { r.Policy.Type = new(autoscale.Type("MAGIC")) }, workspace.CodeInvalid, "autoscale_policy.autoscale_type: "},
		{"a policy without a type", func(r *pool.CreatePool) { r.Policy.Type = nil }, workspace.CodeInvalid, "autoscale_policy.autoscale_type: must be"},
		{"scaling without a cap", func(r *pool.CreatePool) { r.Policy.MaxAutoCreated = nil }, workspace.CodeInvalid, "autoscale_policy.max_auto_created: is needed"},
		{"a cap of 0", func(r *pool.CreatePool) { r.Policy.MaxAutoCreated = new(0) }, workspace.CodeInvalid, "autoscale_policy.max_auto_created: 0 is out of range, use 1 to 5000"},
		{"a negative min_idle", func(r *pool.CreatePool) { r.Policy.MinIdle = new(-1) }, workspace.CodeInvalid, "autoscale_policy.min_idle: -1"},
		{"101 at a time", func(r *pool.CreatePool) { r.Policy.OnceCreated = new(101) }, workspace.CodeInvalid, "autoscale_policy.once_auto_created: 101 is out of range, use 1 to 100"},
		{"min_retention 5001", func(r *pool.CreatePool) { r.Policy.MinRetention = new(5001) }, workspace.CodeInvalid, "autoscale_policy.min_retention: "},
		{"idle for more than 30 days", func(r *pool.CreatePool) { r.Policy.IdleMinutes = new(43201) }, workspace.CodeInvalid, "autoscale_policy.idle_retention_duration: 43201"},
		{"1001 put aside", func(r *pool.CreatePool) { r.Policy.MaxIsolated = new(1001) }, workspace.CodeInvalid, "autoscale_policy.auto_isolation_max_num: 1001 is out of range, use 1 to 1000"},
		{"101 resets a day", func(r *pool.CreatePool) { r.Reset = &pool.ResetChange{PerDay: new(101)} }, workspace.CodeInvalid, "user_reset_policy.reset_count_per_day: 101"},
		{"a tag with a key that is not allowed", func(r *pool.CreatePool) { r.Tags[0].Key = "a=b" }, workspace.CodeInvalid, "tags[0].key: "},
	}
	for _, c := range cases {
		t.Run("refuses "+c.name, func(t *testing.T) {
			r := poolRequest()
			c.change(&r)
			workspacetest.Refused(t, r.Check(), c.code, c.why)
		})
	}
	t.Run("accepts a pool with everything", func(t *testing.T) {
		r := poolRequest()
		if err := r.Check(); err != nil {
			t.Fatal(err)
		}
		p := r.Pool(noon)
		if p.RetentionMinutes != pool.DefaultRetention || p.Policy.MinIdle != 3 || len(p.Data) != 2 || p.Data[0].ID == "" || p.EnterpriseID != "0" {
			t.Errorf("made %+v", p)
		}
	})
	t.Run("accepts the reference's own example", func(t *testing.T) {
		r := pool.CreatePool{
			Name: "POOL01", Type: pool.Static, Size: 50, ImageType: catalog.ImageGold, ImageID: "a866298d-67db-44b0-a1f1-9d09bdddc20f",
			Root: desktop.VolumeSpec{Type: "SAS", GB: 80}, Zone: "az3.manage.x86", SubnetIDs: []string{"5dee0216-2260-47c2-9368-98a27d910e55"},
			ProductID: "workspace.c2.large.windows.2",
		}
		if err := r.Check(); err != nil {
			t.Fatal(err)
		}
		if p := r.Pool(noon); p.RetentionMinutes != 0 || p.Policy != (autoscale.Policy{}) {
			t.Errorf("made %+v", p)
		}
	})
}

func TestPoolStatus(t *testing.T) {
	p := pool.Pool{}
	if p.Status() != pool.PoolSteady {
		t.Error("a pool at rest is not STEADY")
	}
	if p.Counts.Working = 1; p.Status() != pool.PoolTemporary {
		t.Error("a pool with a job under way is not TEMPORARY")
	}
	if p.Frozen = true; p.Status() != pool.PoolFrozen {
		t.Error("a frozen pool is not EXIST_FROZEN")
	}
}

func TestPoolNamePrefix(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		name := rapid.StringMatching(`[A-Za-z0-9设计部][A-Za-z0-9设计部-]{0,20}`).Draw(t, "name")
		prefix := pool.Pool{Name: name}.NamePrefix()
		names, err := workspace.NameSequence("name", prefix, 500, nil)
		if err != nil {
			t.Fatal(err)
		}
		if err := workspace.CheckComputerName("computer_name", names[499], workspace.MaxComputerName); err != nil {
			t.Error(err)
		}
	})
}

func TestPoolSpreadsNewDesktopsOverItsSubnets(t *testing.T) {
	p := pool.Pool{SubnetIDs: []string{"a", "b", "c"}, Counts: pool.PoolCounts{Desktops: 1}}
	if got := p.Subnet(0) + p.Subnet(1) + p.Subnet(2) + p.Subnet(3); got != "bcab" {
		t.Errorf("got %s", got)
	}
}

func TestPoolImageHistory(t *testing.T) {
	r := poolRequest()
	p := r.Pool(noon)
	if _, err := p.FormerImage(); workspace.CodeOf(err) != workspace.CodeConflict {
		t.Errorf("a pool that never changed has a former image: %v", err)
	}
	p = p.AfterImage(catalog.Image{ID: "gold-2", Type: catalog.ImageGold}, "job", noon)
	former, err := p.FormerImage()
	if err != nil || former.ImageID != "gold-1" {
		t.Errorf("goes back to %+v, %v", former, err)
	}
	back := p.AfterImage(catalog.Image{ID: former.ImageID, Type: former.Type}, "job-2", noon)
	if again, err := back.FormerImage(); err != nil || again.ImageID != "gold-2" {
		t.Errorf("going back cannot be taken back: %+v, %v", again, err)
	}
	if len(p.History) != 2 || len(back.History) != 3 || len(back.AfterImage(catalog.Image{ID: "gold-1"}, "", noon).History) != 3 {
		t.Error("the history was changed in place, or remembers what is no change")
	}
	for i := range 100 {
		back = back.AfterImage(catalog.Image{ID: fmt.Sprint("i", i)}, "", noon)
	}
	if n := len(back.History); n != 20 || back.History[n-1].ImageID != back.ImageID {
		t.Errorf("remembers %d images", n)
	}
}

func TestUpdatePool(t *testing.T) {
	cases := []struct {
		name   string
		change pool.PoolChange
		want   func(*pool.Pool)
	}{
		{"changes nothing when nothing is sent", pool.PoolChange{}, func(*pool.Pool) {}},
		{"keeps the tags when only the maintenance mode is sent", pool.PoolChange{InMaintenance: new(true)}, func(p *pool.Pool) { p.InMaintenance = true }},
		{"clears the tags when settings are sent without them", pool.PoolChange{Description: new("new"), InMaintenance: new(true)},
			func(p *pool.Pool) { p.Description, p.Tags, p.InMaintenance = "new", nil, true }},
		{"replaces the tags", pool.PoolChange{Tags: &[]workspace.Tag{{Key: "b"}}}, func(p *pool.Pool) { p.Tags = []workspace.Tag{{Key: "b"}} }},
		{"clears what empty strings clear", pool.PoolChange{Zone: new(""), OUName: new(""), NamePolicyID: new(""), Description: new(""), Tags: &[]workspace.Tag{{Key: "room", Value: "7"}}},
			func(p *pool.Pool) { p.Zone, p.OUName, p.NamePolicyID, p.Description = "", "", "", "" }},
		{"clears the policy when an empty one is sent", pool.PoolChange{Policy: &pool.PolicyChange{}},
			func(p *pool.Pool) { p.Policy, p.Tags = autoscale.Policy{}, nil }},
		{"replaces the policy as a whole", pool.PoolChange{Policy: &pool.PolicyChange{Type: new(autoscale.AccessCreated), MaxAutoCreated: new(4)}},
			func(p *pool.Pool) {
				p.Policy, p.Tags = autoscale.Policy{Type: autoscale.AccessCreated, MaxAutoCreated: 4}, nil
			}},
		{"lets people reset their desktops", pool.PoolChange{Reset: &pool.ResetChange{Enabled: new(true), PerDay: new(2)}},
			func(p *pool.Pool) { p.Reset, p.Tags = pool.UserResetPolicy{Enabled: true, PerDay: 2}, nil }},
		{"moves a disk to another type", pool.PoolChange{Data: &[]pool.VolumeTypeChange{{ID: "d2", Type: "GPSSD"}}},
			func(p *pool.Pool) { p.Data[1].Type, p.Tags = "GPSSD", nil }},
		{"makes an empty enterprise project the default one", pool.PoolChange{EnterpriseID: new("")}, func(p *pool.Pool) { p.Tags = nil }},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			before, want := samplePool(), samplePool()
			c.want(&want)
			got, err := c.change.Apply(before)
			if err != nil {
				t.Fatal(err)
			}
			if !reflect.DeepEqual(got, want) {
				t.Errorf("got  %+v\nwant %+v", got, want)
			}
			if !reflect.DeepEqual(before, samplePool()) {
				t.Error("the pool that was given has changed")
			}
		})
	}
	refused := []struct {
		name   string
		change pool.PoolChange
		why    string
	}{
		{"an empty name", pool.PoolChange{Name: new("")}, "name: must not be empty"},
		{"no subnets", pool.PoolChange{SubnetIDs: &[]string{}}, "subnet_ids: 0 subnets"},
		{"a retention of a minute", pool.PoolChange{Retention: new(1)}, "disconnected_retention_period: 1 minutes"},
		{"scaling without a cap", pool.PoolChange{Policy: &pool.PolicyChange{Type: new(autoscale.AutoCreated)}}, "autoscale_policy.max_auto_created: is needed"},
		{"another pool's disk", pool.PoolChange{Data: &[]pool.VolumeTypeChange{{ID: "other", Type: "SAS"}}}, `data_volumes[0].id: "other" is not a data disk`},
		{"another pool's system disk", pool.PoolChange{Root: &pool.VolumeTypeChange{ID: "other", Type: "SAS"}}, `root_volume.id: "other" is not`},
	}
	for _, c := range refused {
		t.Run("refuses "+c.name, func(t *testing.T) {
			got, err := c.change.Apply(samplePool())
			workspacetest.Refused(t, err, workspace.CodeInvalid, c.why)
			if !reflect.DeepEqual(got, samplePool()) {
				t.Error("a refusal changed the pool")
			}
		})
	}
}

// samplePool is the pool of poolRequest with ids that are known.
func samplePool() pool.Pool {
	r := poolRequest()
	p := r.Pool(noon)
	p.ID, p.Root.ID, p.Data[0].ID, p.Data[1].ID = "p", "r", "d1", "d2"
	return p
}

func TestPoolVolumes(t *testing.T) {
	p := samplePool()
	added, err := p.AddVolumes([]desktop.VolumeSpec{{Type: "SAS", GB: 30}})
	if err != nil || len(added.Data) != 3 || added.Data[2].GB != 30 || added.Data[2].ID == "" || len(p.Data) != 2 {
		t.Errorf("adding: %+v, %v", added.Data, err)
	}
	_, err = p.AddVolumes(make([]desktop.VolumeSpec, 9))
	workspacetest.Refused(t, err, workspace.CodeInvalid, "volumes: 9 volumes, give 1 to 8: the pool has 2")
	fewer, err := p.DeleteVolumes([]string{"d1"})
	if err != nil || len(fewer.Data) != 1 || fewer.Data[0].ID != "d2" || len(p.Data) != 2 {
		t.Errorf("deleting: %+v, %v", fewer.Data, err)
	}
	_, err = p.DeleteVolumes([]string{"r"})
	workspacetest.Refused(t, err, workspace.CodeInvalid, `volumes[0].id: "r" is not a data disk`)
	larger, err := p.ExpandVolumes([]pool.VolumeGrowth{{ID: "d1", GB: 50}, {ID: "r", GB: 100}})
	if err != nil || larger.Data[0].GB != 50 || larger.Root.GB != 100 || p.Data[0].GB != 10 || p.Root.GB != 80 {
		t.Errorf("growing: %+v, %v", larger, err)
	}
	_, err = p.ExpandVolumes([]pool.VolumeGrowth{{ID: "d2", GB: 20}})
	workspacetest.Refused(t, err, workspace.CodeInvalid, "volumes[0].size: 20 GB is not more than the 20 GB")
	_, err = p.ExpandVolumes([]pool.VolumeGrowth{{ID: "d2", GB: 25}})
	workspacetest.Refused(t, err, workspace.CodeInvalid, "volumes[0].size: 25 GB is not a multiple of 10")
}

func TestPoolDifferences(t *testing.T) {
	p := samplePool()
	same := desktop.Desktop{
		ProductID: p.ProductID, ImageID: p.ImageID, Root: desktop.Volume{GB: 80}, Data: []desktop.Volume{{GB: 10}, {GB: 20}},
	}
	for name, c := range map[string]struct {
		change func(*desktop.Desktop)
		want   []desktop.Difference
	}{
		"nothing":          {func(*desktop.Desktop) {}, nil},
		"the product":      {func(d *desktop.Desktop) { d.ProductID = "x" }, []desktop.Difference{desktop.DiffersInProduct}},
		"the image":        {func(d *desktop.Desktop) { d.ImageID = "x" }, []desktop.Difference{desktop.DiffersInImage}},
		"a disk more":      {func(d *desktop.Desktop) { d.Data = append(d.Data, desktop.Volume{}) }, []desktop.Difference{desktop.DiffersInDisks}},
		"the system disk":  {func(d *desktop.Desktop) { d.Root.GB = 90 }, []desktop.Difference{desktop.DiffersInDiskSize}},
		"a disk's size":    {func(d *desktop.Desktop) { d.Data = []desktop.Volume{{GB: 20}, {GB: 20}} }, []desktop.Difference{desktop.DiffersInDiskSize}},
		"image and a disk": {func(d *desktop.Desktop) { d.ImageID, d.Data = "x", nil }, []desktop.Difference{desktop.DiffersInImage, desktop.DiffersInDisks}},
	} {
		t.Run("finds "+name, func(t *testing.T) {
			d := same
			c.change(&d)
			if got := p.Differences(d); !slices.Equal(got, c.want) {
				t.Errorf("got %v, want %v", got, c.want)
			}
		})
	}
}

func TestGrants(t *testing.T) {
	user := pool.Grant{Type: pool.GrantUser, ObjectID: "u", Group: "sudo"}
	group := pool.Grant{Type: pool.GrantGroup, ObjectID: "g", Group: "USERS"}
	add := pool.ChangeGrants{PoolID: "p", Action: pool.GrantAdd, Objects: []pool.Grant{user, group}}
	if err := add.Check(); err != nil {
		t.Fatal(err)
	}
	people, err := add.Apply(nil, noon)
	if err != nil || len(people) != 2 || people[1].Group != workspace.GroupUsers || people[0].PoolID != "p" {
		t.Fatalf("added %+v, %v", people, err)
	}
	if twice, err := add.Apply(people, noon); err != nil || !reflect.DeepEqual(twice, people) {
		t.Errorf("adding again gives %+v, %v", twice, err)
	}
	change := pool.ChangeGrants{Action: pool.GrantChange, Objects: []pool.Grant{{Type: pool.GrantUser, ObjectID: "u", Group: "default"}}}
	if got, err := change.Apply(people, noon); err != nil || got[0].Group != workspace.GroupDefault || people[0].Group != workspace.GroupSudo {
		t.Errorf("changed to %+v, %v", got, err)
	}
	_, err = change.Apply(nil, noon)
	workspacetest.Refused(t, err, workspace.CodeUserNotFound, "objects[0].object_id: u may not use the pool")
	remove := pool.ChangeGrants{Action: pool.GrantRemove, Objects: []pool.Grant{group}}
	left, err := remove.Apply(people, noon)
	if err != nil || len(left) != 1 || left[0].ObjectID != "u" {
		t.Errorf("left %+v, %v", left, err)
	}
	if again, err := remove.Apply(left, noon); err != nil || len(again) != 1 {
		t.Errorf("removing who is not there: %+v, %v", again, err)
	}
	workspacetest.Refused(t, (&pool.ChangeGrants{Action: "STEAL"}).Check(), workspace.CodeInvalid, "action: ")
	workspacetest.Refused(t, (&pool.ChangeGrants{Action: pool.GrantAdd}).Check(), workspace.CodeInvalid, "objects: must list 1 to 500")
}

func TestGroupIn(t *testing.T) {
	people := []pool.Grant{
		{Type: pool.GrantGroup, ObjectID: "g1", Group: workspace.GroupDefault},
		{Type: pool.GrantGroup, ObjectID: "g2", Group: workspace.GroupSudo},
		{Type: pool.GrantUser, ObjectID: "u1", Group: workspace.GroupDefault},
	}
	for name, c := range map[string]struct {
		user   string
		groups []string
		want   workspace.UserGroup
		may    bool
	}{
		"an unknown user may not":                {"u2", []string{"g3"}, "", false},
		"a member may":                           {"u2", []string{"g1"}, workspace.GroupDefault, true},
		"of two groups the one that administers": {"u2", []string{"g1", "g2"}, workspace.GroupSudo, true},
		"a grant of one's own decides":           {"u1", []string{"g2"}, workspace.GroupDefault, true},
		"a group's id is no person's":            {"g2", nil, "", false},
	} {
		t.Run(name, func(t *testing.T) {
			if got, may := pool.GroupIn(people, c.user, c.groups); got != c.want || may != c.may {
				t.Errorf("got %q, %t", got, may)
			}
		})
	}
}

func TestShrinkTakesWhatIsMissedLeast(t *testing.T) {
	members := readyMembers(5, func(m *desktop.Member) { m.AutoCreated = m.DesktopID == "d03" })
	members[1].Task = desktop.TaskRebuilding
	members[2].IdleSince = noon.Add(-2 * time.Hour)
	members[4].Status = desktop.StatusError
	for n, want := range []string{1: "d04", 2: "d04 d03", 3: "d04 d03 d02", 4: "d04 d03 d02 d00", 5: "d04 d03 d02 d00 d01"} {
		if n == 0 {
			continue
		}
		if got, err := desktop.Shrink(members, n); err != nil || strings.Join(got, " ") != want {
			t.Errorf("of %d go %v, %v, want %s", n, got, err, want)
		}
	}
	members[0] = members[0].AfterBinding("ann", noon)
	_, err := desktop.Shrink(members, 5)
	workspacetest.Refused(t, err, workspace.CodeConflict, "only 4 of the pool's desktops are free, but 5 were to be deleted")
}

func TestShrinkTakesNobodysDesktop(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		members := drawMembers(t, pool.Dynamic)
		n := rapid.IntRange(1, 40).Draw(t, "n")
		ids, err := desktop.Shrink(members, n)
		if err != nil {
			if code := workspace.CodeOf(err); code != workspace.CodeConflict && code != workspace.CodeInvalid {
				t.Fatal(err)
			}
			return
		}
		if len(ids) != n {
			t.Fatalf("%d of %d go", len(ids), n)
		}
		for _, m := range members {
			if slices.Contains(ids, m.DesktopID) {
				if m.Bound() || m.Connected() || m.Leaving() {
					t.Fatalf("takes %+v", m)
				}
				continue
			}
			for _, o := range members {
				if m.Idle() && slices.Contains(ids, o.DesktopID) && o.Coming() {
					t.Fatalf("takes %+v before the idle %+v", o, m)
				}
			}
		}
	})
}
