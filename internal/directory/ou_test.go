package directory_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"carrel/internal/catalog"
	"carrel/internal/desktop"
	"carrel/internal/directory"
	"carrel/internal/pool"
	"carrel/internal/store"
	"carrel/internal/store/storetest"
	"carrel/internal/workspace"
)

func TestCheckOUName(t *testing.T) {
	for _, good := range []string{"Sales", "Berlin/Sales 1", "柏林/销售", "a/b/c/d/e", strings.Repeat("x", 64), "a.b_c-d"} {
		if err := directory.CheckOUName("ou_name", good); err != nil {
			t.Errorf("%q is refused: %v", good, err)
		}
	}
	for bad, why := range map[string]string{
		"": "use 1 to 64", strings.Repeat("x", 65): "use 1 to 64", "a/b/c/d/e/f": "6 levels, at most 5", "a//b": "a level that is empty",
		"/a": "a level that is empty", "a /b": "a level that is empty", "a,b": "',' is not allowed", "a=b": "'=' is not allowed",
	} {
		if err := directory.CheckOUName("ou_name", bad); !strings.Contains(workspace.MessageOf(err), why) || !strings.HasPrefix(workspace.MessageOf(err), "ou_name: ") {
			t.Errorf("%q: %v, want %q", bad, err, why)
		}
	}
}

func TestTheDistinguishedNameOfAUnitBeginsWithTheInnermostLevel(t *testing.T) {
	if dn := (directory.OU{Meta: workspace.Meta{Name: "Berlin/Sales"}}).DN(); dn != "OU=Sales,OU=Berlin,DC=carrel,DC=local" {
		t.Error(dn)
	}
}

func TestUnits(t *testing.T) {
	onDatabases(t, func(t *testing.T, s *directory.Service, clock *storetest.Clock) {
		ctx, other := t.Context(), workspace.Caller{ProjectID: "other"}
		add := func(name string) string {
			t.Helper()
			id, err := s.CreateOU(ctx, caller, directory.BuiltInDomain, name, "of the house")
			if err != nil {
				t.Fatal(err)
			}
			return id
		}
		list := func(part string) (names []string) {
			t.Helper()
			units, total, err := s.ListOUs(ctx, directory.OUQuery{ProjectID: caller.ProjectID, Name: part, Page: workspace.Page{Limit: 10}})
			if err != nil || total != len(units) {
				t.Errorf("%d of %d: %v", len(units), total, err)
			}
			for _, o := range units {
				names = append(names, o.Name+" "+o.Description)
			}
			return names
		}
		press, sales := add("Press"), add("berlin/Sales_1")
		if got := list(""); !slices.Equal(got, []string{"berlin/Sales_1 of the house", "Press of the house"}) {
			t.Errorf("units by name: %q", got)
		}
		if got := list("S_1"); !slices.Equal(got, []string{"berlin/Sales_1 of the house"}) {
			t.Errorf("units with a part of a name: %q", got)
		}
		if err := s.UpdateOU(ctx, caller, sales, "Bonn", ""); err != nil {
			t.Error(err)
		}
		if got := list("bonn"); !slices.Equal(got, []string{"Bonn "}) {
			t.Errorf("a changed unit: %q", got)
		}

		_, err := s.CreateOU(ctx, other, "", "Press", "")
		refused(t, err, workspace.CodeNotSubscribed, `the Workspace service is not open for project "other", open it first`)
		_, err = s.CreateOU(ctx, caller, "", "PRESS", "")
		refused(t, err, workspace.CodeNameTaken, `ou_name: "PRESS" is in use`)
		_, err = s.CreateOU(ctx, caller, "elsewhere", "x", "")
		refused(t, err, workspace.CodeInvalid, `domain: "elsewhere" is unknown, the only directory is carrel.local`)
		_, err = s.CreateOU(ctx, caller, "", "x", strings.Repeat("x", 256))
		refused(t, err, workspace.CodeInvalid, "description: at most 255 characters are allowed")
		refused(t, s.UpdateOU(ctx, caller, press, "bonn", ""), workspace.CodeNameTaken, `ou_name: "bonn" is in use`)
		refused(t, s.UpdateOU(ctx, caller, "nowhere", "x", ""), workspace.CodeOUNotFound, `organisational unit "nowhere" does not exist`)
		refused(t, s.UpdateOU(ctx, other, press, "x", ""), workspace.CodeOUNotFound, fmt.Sprintf("organisational unit %q does not exist", press))
	})
}

func TestDesktopsAndPoolsFollowTheNameOfTheirUnit(t *testing.T) {
	onDatabases(t, func(t *testing.T, s *directory.Service, clock *storetest.Clock) {
		ctx := t.Context()
		ids := map[string]string{}
		for _, name := range []string{"old", "other"} {
			id, err := s.CreateOU(ctx, caller, "", name, "")
			if err != nil {
				t.Fatal(err)
			}
			ids[name] = id
		}
		update(t, s.Store, func(tx *store.Tx) error {
			if err := catalog.InsertVPC(ctx, tx, catalog.VPC{ID: "v", ProjectID: caller.ProjectID, CIDR: "10.0.0.0/8"}); err != nil {
				return err
			}
			subnet := catalog.Subnet{ID: "s", ProjectID: caller.ProjectID, VPCID: "v", Name: "s", CIDR: "10.0.0.0/16", Gateway: "10.0.0.1"}
			if err := catalog.InsertSubnet(ctx, tx, subnet); err != nil {
				return err
			}
			for i, unit := range []string{"old", "other", ""} {
				d := desktop.Desktop{ID: fmt.Sprint(i), ProjectID: caller.ProjectID, Type: workspace.Dedicated, Name: fmt.Sprint("pc", i), HostName: fmt.Sprint("pc", i),
					SubnetID: "s", Address: fmt.Sprint("10.0.0.", 10+i), OUName: unit, Created: tx.Now()}
				if err := desktop.InsertDesktops(ctx, tx, []desktop.Desktop{d}); err != nil {
					return err
				}
				p := pool.Pool{ID: fmt.Sprint(i), ProjectID: caller.ProjectID, Name: fmt.Sprint("pool", i), Type: pool.Dynamic, EnterpriseID: "0", OUName: unit}
				if err := pool.InsertPool(ctx, tx, p, nil); err != nil {
					return err
				}
			}
			return nil
		})
		if err := s.UpdateOU(ctx, caller, ids["old"], "new", ""); err != nil {
			t.Fatal(err)
		}
		update(t, s.Store, func(tx *store.Tx) error {
			for unit, want := range map[string]int{"old": 0, "new": 1, "other": 1} {
				_, desktops, err := desktop.Desktops(ctx, tx, desktop.DesktopQuery{ProjectID: caller.ProjectID, OUName: unit})
				if err != nil {
					return err
				}
				_, pools, err := pool.Pools(ctx, tx, pool.PoolQuery{ProjectID: caller.ProjectID, OUName: unit})
				if err != nil {
					return err
				}
				if desktops != want || pools != want {
					t.Errorf("%s has %d desktops and %d pools, want %d of each", unit, desktops, pools, want)
				}
			}
			return nil
		})
	})
}
