package api_test

import (
	"fmt"
	"slices"
	"time"

	"carrel/internal/catalog"
	"carrel/internal/desktop"
	"carrel/internal/store"
	"carrel/internal/workspace"
)

// addSubnet adds a subnet to the project's VPC and returns its id.
func (e *env) addSubnet(id, cidr, gateway string) string {
	e.Helper()
	e.update(func(tx *store.Tx) error {
		return catalog.InsertSubnet(e.Context(), tx, catalog.Subnet{
			ID: id, ProjectID: e.first.ProjectID, VPCID: e.vpcID, Name: id, CIDR: cidr, Gateway: gateway, Network: "net-" + id[:4],
		})
	})
	return id
}

// poolOrder is a request for a pool that is right; changes make it wrong.
func (e *env) poolOrder(changes object) object {
	o := object{
		"name": "POOL01", "type": "DYNAMIC", "size": 2, "product_id": product, "image_type": "gold", "image_id": image,
		"root_volume": object{"type": "SAS", "size": 80}, "subnet_ids": []string{e.subnetID},
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

// pool makes a pool whose desktops run and are idle, and returns its id and theirs.
func (e *env) pool(changes object) (string, []string) {
	e.Helper()
	o := e.poolOrder(changes)
	e.ok(e.post("/desktop-pools", o))
	id := e.ok(e.get("/desktop-pools?name="+o["name"].(string))).text("desktop_pools", 0, "id")
	ids := e.poolDesktops(id, "limit=100")
	e.settle(ids...)
	return id, ids
}

func (e *env) poolDesktops(poolID, query string) []string {
	e.Helper()
	var ids []string
	for _, d := range e.ok(e.get("/desktop-pools/" + poolID + "/desktops?" + query)).list("pool_desktops") {
		ids = append(ids, answer{body: d}.text("desktop_id"))
	}
	return ids
}

// somebody adds a person.
func (e *env) somebody(name string) string {
	e.Helper()
	return e.ok(e.post("/users", object{"user_name": name, "user_email": name + "@example.org"})).text("id")
}

// change writes what a desktop has only in a pool.
func (e *env) change(desktopID string, group workspace.UserGroup, change func(*desktop.Member)) {
	e.Helper()
	e.update(func(tx *store.Tx) error {
		m, err := desktop.ReadMember(e.Context(), tx, desktopID)
		if err != nil {
			return err
		}
		was := m.Binding
		change(&m)
		saved, err := desktop.SaveMember(e.Context(), tx, m, was, group)
		if err == nil && !saved {
			err = fmt.Errorf("desktop %s is not as it was", desktopID)
		}
		return err
	})
}

func (e *env) bind(desktopID, userID string) {
	e.Helper()
	e.change(desktopID, workspace.GroupDefault, func(m *desktop.Member) { *m = m.AfterBinding(userID, time.Now()) })
}

// set changes a desktop's own row.
func (e *env) set(desktopID string, change func(*desktop.Desktop)) {
	e.Helper()
	e.update(func(tx *store.Tx) error {
		d, err := desktop.ReadDesktop(e.Context(), tx, e.first.ProjectID, desktopID)
		if err != nil {
			return err
		}
		change(&d)
		return desktop.SaveDesktop(e.Context(), tx, d)
	})
}

func sameSet(a, b []string) bool {
	a, b = slices.Clone(a), slices.Clone(b)
	slices.Sort(a)
	slices.Sort(b)
	return slices.Equal(a, b)
}
