package pool

import (
	"fmt"
	"slices"
	"time"

	"carrel/internal/desktop"
	"carrel/internal/directory"
	"carrel/internal/workspace"
)

// Grant lets a person, or everybody in a group, use a pool. It is keyed by ids: a rename changes nothing.
type Grant struct {
	PoolID   string
	Type     GranteeType
	ObjectID string
	Name     string // as sent; read with the row of the person or group
	Domain   string // as sent; not kept, since there is one directory
	Group    workspace.UserGroup
	Created  time.Time
}

// GranteeType says to whom a grant is made.
type GranteeType string

// The kinds of grantee.
const (
	GrantUser  GranteeType = "USER"
	GrantGroup GranteeType = "USER_GROUP"
)

// GrantAction is a change to a pool's people.
type GrantAction string

// The changes.
const (
	GrantAdd    GrantAction = "ADD"
	GrantRemove GrantAction = "REMOVE"
	GrantChange GrantAction = "CHANGE_PRIVILEGE"
)

// MaxGrants is how many people and groups one request may name.
const MaxGrants = 500

// ChangeGrants asks for a change to a pool's people.
type ChangeGrants struct {
	workspace.Caller
	PoolID  string
	Action  GrantAction
	Objects []Grant
}

// Check refuses what is wrong with the request by itself.
func (r *ChangeGrants) Check() error {
	switch r.Action {
	case GrantAdd, GrantRemove, GrantChange:
	default:
		return workspace.Invalid("action", "%q is unknown, use ADD, REMOVE or CHANGE_PRIVILEGE", r.Action)
	}
	if len(r.Objects) == 0 {
		return workspace.Invalid("objects", "must hold 1 to %d people or groups", MaxGrants)
	}
	return checkGrants("objects", r.Objects)
}

func checkGrants(field string, grants []Grant) error {
	if len(grants) > MaxGrants {
		return workspace.Invalid(field, "%d people and groups, at most %d are allowed", len(grants), MaxGrants)
	}
	type key struct {
		of GranteeType
		id string
	}
	seen := map[key]bool{}
	for i, g := range grants {
		at := fmt.Sprintf("%s[%d].", field, i)
		switch {
		case g.Type != GrantUser && g.Type != GrantGroup:
			return workspace.Invalid(at+"object_type", "%q is unknown, use USER or USER_GROUP", g.Type)
		case g.ObjectID == "" || len(g.ObjectID) > 64:
			return workspace.Invalid(at+"object_id", "must be an id of 1 to 64 characters")
		case len(g.Name) > 255:
			return workspace.Invalid(at+"object_name", "%d bytes, at most 255 are allowed", len(g.Name))
		case seen[key{g.Type, g.ObjectID}]:
			return workspace.Invalid(at+"object_id", "%s is there twice", g.ObjectID)
		}
		if _, _, err := desktop.GroupFor(at+"user_group", g.Group); err != nil {
			return err
		}
		if err := directory.CheckDomain(at+"domain", g.Domain); err != nil {
			return err
		}
		seen[key{g.Type, g.ObjectID}] = true
	}
	return nil
}

// Apply returns a pool's people after the change. Adding who is there gives them the new privilege, removing who is not
// succeeds. Check comes first. CodeUserNotFound or CodeGroupNotFound when the privilege of somebody is changed who is not there.
func (r *ChangeGrants) Apply(people []Grant, now time.Time) ([]Grant, error) {
	next := slices.Clone(people)
	for i, g := range r.Objects {
		same := func(o Grant) bool { return o.Type == g.Type && o.ObjectID == g.ObjectID }
		at := slices.IndexFunc(next, same)
		group, _, err := desktop.GroupFor(fmt.Sprintf("objects[%d].user_group", i), g.Group)
		switch {
		case err != nil:
			return nil, err
		case r.Action == GrantRemove:
			next = slices.DeleteFunc(next, same)
		case at >= 0:
			next[at].Group = group
		case r.Action == GrantAdd:
			next = append(next, Grant{PoolID: r.PoolID, Type: g.Type, ObjectID: g.ObjectID, Name: g.Name, Group: group, Created: now})
		default:
			code := workspace.CodeUserNotFound
			if g.Type == GrantGroup {
				code = workspace.CodeGroupNotFound
			}
			return nil, workspace.Errorf(code, "objects[%d].object_id: %s may not use the pool, add it first", i, g.ObjectID)
		}
	}
	return next, nil
}

// GroupIn says whether a person may use a pool, and in which privilege group: their own grant decides; otherwise those of the
// groups they are in, of which one that administers wins.
func GroupIn(people []Grant, userID string, groupIDs []string) (workspace.UserGroup, bool) {
	var group workspace.UserGroup
	found := false
	for _, g := range people {
		switch {
		case g.Type == GrantUser && g.ObjectID == userID:
			return g.Group, true
		case g.Type != GrantGroup || !slices.Contains(groupIDs, g.ObjectID):
		case !found, g.Group.Admin() && !group.Admin(), g.Group.Admin() == group.Admin() && g.Group < group:
			group, found = g.Group, true
		}
	}
	return group, found
}
