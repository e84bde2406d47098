package pool

import (
	"fmt"
	"slices"
	"time"

	"carrel/internal/desktop"
	"carrel/internal/directory"
	"carrel/internal/workspace"
)

// Grant gives a user, or all members of a group, access to a pool. It refers to them by id: a rename changes nothing.
type Grant struct {
	PoolID   string
	Type     GranteeType
	ObjectID string
	Name     string // as sent; on reading, the current name of the user or group
	Domain   string // as sent; not stored, since there is only one directory
	Group    workspace.UserGroup
	Created  time.Time
}

// GranteeType says whether a grant is for a user or a group.
type GranteeType string

// The grantee types.
const (
	GrantUser  GranteeType = "USER"
	GrantGroup GranteeType = "USER_GROUP"
)

// GrantAction is a change to a pool's grants.
type GrantAction string

// The grant actions.
const (
	GrantAdd    GrantAction = "ADD"
	GrantRemove GrantAction = "REMOVE"
	GrantChange GrantAction = "CHANGE_PRIVILEGE"
)

// MaxGrants is the maximum number of users and groups in one request.
const MaxGrants = 500

// ChangeGrants is a request to change a pool's grants.
type ChangeGrants struct {
	workspace.Caller
	PoolID  string
	Action  GrantAction
	Objects []Grant
}

// Check validates the request on its own, without the database.
func (r *ChangeGrants) Check() error {
	switch r.Action {
	case GrantAdd, GrantRemove, GrantChange:
	default:
		return workspace.Invalid("action", "%q is unknown, use ADD, REMOVE or CHANGE_PRIVILEGE", r.Action)
	}
	if len(r.Objects) == 0 {
		return workspace.Invalid("objects", "must list 1 to %d users or groups", MaxGrants)
	}
	return checkGrants("objects", r.Objects)
}

func checkGrants(field string, grants []Grant) error {
	if len(grants) > MaxGrants {
		return workspace.Invalid(field, "%d users and groups, at most %d are allowed", len(grants), MaxGrants)
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
			return workspace.Invalid(at+"object_id", "%s is listed twice", g.ObjectID)
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

// Apply returns a pool's grants after the change. Adding an existing grantee sets their privilege; removing a missing one
// succeeds. Changing the privilege of a missing one returns CodeUserNotFound or CodeGroupNotFound. Call Check first.
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

// GroupIn says whether a user may use a pool, and with which privilege. The user's own grant decides; without one, the grants of
// the groups they are in, of which one for administrators wins.
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
