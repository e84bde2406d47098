package assignment

import (
	"cmp"
	"context"
	"fmt"
	"maps"
	"slices"
	"strings"

	"carrel/internal/assignment/plan"
	"carrel/internal/desktop"
	"carrel/internal/directory"
	"carrel/internal/quota"
	"carrel/internal/store"
	"carrel/internal/workspace"
)

// parties is all users and groups that a request to attach desktops names.
type parties struct {
	users     map[string]directory.User // by id
	userIDs   map[string]string
	groups    map[string]directory.Group // by id
	groupIDs  map[string]string
	added     []directory.User          // unknown users whose mail address the request has, to be added and invited
	reached   map[string]directory.User // by id; existing users without an address whose address the request has
	projectID string
}

// findParties finds the users and groups of a request. An unknown user is added if the request has their mail address; add writes
// them. CodeUserNotFound, CodeGroupNotFound; CodeInvalid if an id and a name do not belong to the same user or group.
func findParties(ctx context.Context, tx *store.Tx, r AttachDesktops) (parties, error) {
	c := parties{
		users: map[string]directory.User{}, userIDs: map[string]string{}, groups: map[string]directory.Group{}, groupIDs: map[string]string{},
		reached: map[string]directory.User{}, projectID: r.ProjectID,
	}
	var all []AttachPerson
	var fields []string
	for i, p := range r.Users {
		all, fields = append(all, p), append(fields, fmt.Sprintf("users[%d].", i))
	}
	for i, d := range r.Desktops {
		for n, p := range d.Named() {
			field := fmt.Sprintf("desktops[%d].", i)
			if len(d.People) > 0 {
				field = fmt.Sprintf("desktops[%d].attach_user_infos[%d].", i, n)
			}
			all, fields = append(all, p), append(fields, field)
		}
	}
	if err := c.readUsers(ctx, tx, all); err != nil {
		return c, err
	}
	if err := c.readGroups(ctx, tx, all); err != nil {
		return c, err
	}
	for _, d := range r.Desktops {
		c.introduce(d, tx)
	}
	for i, p := range all {
		if err := c.check(fields[i], p); err != nil {
			return c, err
		}
	}
	return c, nil
}

func (c *parties) readUsers(ctx context.Context, tx *store.Tx, all []AttachPerson) error {
	ids, names := identities(all, plan.HolderUser)
	read := func(q directory.UserQuery) error {
		q.ProjectID, q.Page.Limit = c.projectID, readAtOnce
		users, _, err := directory.Users(ctx, tx, q)
		for _, u := range users {
			c.users[u.ID] = u
			c.userIDs[strings.ToLower(u.Name)] = u.ID
		}
		return err
	}
	for part := range slices.Chunk(ids, readAtOnce) {
		if err := read(directory.UserQuery{IDs: part}); err != nil {
			return err
		}
	}
	for part := range slices.Chunk(names, readAtOnce) {
		if err := read(directory.UserQuery{Names: part}); err != nil {
			return err
		}
	}
	return nil
}

func (c *parties) readGroups(ctx context.Context, tx *store.Tx, all []AttachPerson) error {
	ids, names := identities(all, plan.HolderGroup)
	read := func(q directory.GroupQuery) error {
		q.ProjectID, q.Page.Limit = c.projectID, readAtOnce
		groups, _, err := directory.Groups(ctx, tx, q)
		for _, g := range groups {
			c.groups[g.ID] = g
			c.groupIDs[strings.ToLower(g.Name)] = g.ID
		}
		return err
	}
	for part := range slices.Chunk(ids, readAtOnce) {
		if err := read(directory.GroupQuery{IDs: part}); err != nil {
			return err
		}
	}
	for part := range slices.Chunk(names, readAtOnce) {
		if err := read(directory.GroupQuery{Names: part}); err != nil {
			return err
		}
	}
	return nil
}

// identities returns the ids of those of a type who are given by id, and the names of the others, without duplicates.
func identities(all []AttachPerson, t plan.HolderType) (ids, names []string) {
	byID, byName := map[string]bool{}, map[string]bool{}
	for _, p := range all {
		switch {
		case cmp.Or(p.Type, plan.HolderUser) != t:
		case p.ID != "":
			byID[p.ID] = true
		default:
			byName[strings.ToLower(p.Name)] = true
		}
	}
	return slices.Sorted(maps.Keys(byID)), slices.Sorted(maps.Keys(byName))
}

// introduce records the mail address that a desktop of the request has for its user: an unknown user is added with it, an
// existing user without an address gets it.
func (c *parties) introduce(d AttachDesktop, tx *store.Tx) {
	if len(d.People) > 0 || d.UserEmail == "" {
		return
	}
	id := cmp.Or(d.UserID, c.userIDs[strings.ToLower(d.UserName)])
	u, known := c.users[id]
	switch {
	case !known && d.UserID == "":
		u = desktop.NewUser(c.projectID, desktop.NewDesktop{UserName: d.UserName, UserEmail: d.UserEmail}, tx.Now())
		c.users[u.ID], c.userIDs[strings.ToLower(u.Name)] = u, u.ID
		c.added = append(c.added, u)
	case known && u.Email == "":
		u.Email = d.UserEmail
		c.users[u.ID], c.reached[u.ID] = u, u
	}
}

// check returns an error for a user or group that does not exist, or whose id and name do not match.
func (c *parties) check(field string, p AttachPerson) error {
	id, name := c.find(p)
	switch {
	case id == "" && p.Type == plan.HolderGroup && p.ID != "":
		return workspace.Errorf(workspace.CodeGroupNotFound, "%suser_id: group %q does not exist", field, p.ID)
	case id == "" && p.Type == plan.HolderGroup:
		return workspace.Errorf(workspace.CodeGroupNotFound, "%suser_name: group %q does not exist", field, p.Name)
	case id == "" && p.ID != "":
		return workspace.Errorf(workspace.CodeUserNotFound, "%suser_id: user %q does not exist", field, p.ID)
	case id == "":
		return workspace.Errorf(workspace.CodeUserNotFound, "%suser_name: user %q does not exist: add them first, or name one desktop with user_name and user_email", field, p.Name)
	case p.Name != "" && !strings.EqualFold(p.Name, name):
		return workspace.Invalid(field+"user_name", "%q is not the name of %s, which is %q", p.Name, p.ID, name)
	}
	return nil
}

// find returns the user or group; an empty id if there is none.
func (c *parties) find(p AttachPerson) (id, name string) {
	if p.Type == plan.HolderGroup {
		g := c.groups[cmp.Or(p.ID, c.groupIDs[strings.ToLower(p.Name)])]
		return g.ID, g.Name
	}
	u := c.users[cmp.Or(p.ID, c.userIDs[strings.ToLower(p.Name)])]
	return u.ID, u.Name
}

func (c *parties) nameOf(p AttachPerson) string {
	_, name := c.find(p)
	return name
}

// holder returns the user or group as a plan has it, and a remark on their privilege, if any.
func (c *parties) holder(p AttachPerson) (h plan.Holder, remark string, err error) {
	h = plan.Holder{Type: cmp.Or(p.Type, plan.HolderUser)}
	h.ID, h.Name = c.find(p)
	if p.Type == plan.HolderGroup {
		h.People = c.groups[h.ID].People
	}
	if p.Group != "" {
		h.Group, remark, err = desktop.GroupFor("user_group", p.Group)
	}
	return h, remark, err
}

// reach writes the addresses of existing users that the request has, and invites them.
func (c *parties) reach(ctx context.Context, tx *store.Tx) error {
	var invited []directory.User
	for _, id := range slices.Sorted(maps.Keys(c.reached)) {
		u, err := directory.LockUser(ctx, tx, c.projectID, id)
		if err != nil {
			return err
		}
		u.Email, u.Updated = c.reached[id].Email, tx.Now()
		if err := directory.SaveUser(ctx, tx, u); err != nil {
			return err
		}
		invited = append(invited, u)
	}
	return invite(ctx, tx, invited)
}

// add writes the new users, and invites them. CodeQuotaExceeded.
func (c *parties) add(ctx context.Context, tx *store.Tx, a *quota.Allowance) error {
	if len(c.added) == 0 {
		return nil
	}
	if err := a.Admit(ctx, tx, quota.Amounts{quota.Users: int64(len(c.added))}); err != nil {
		return err
	}
	if err := directory.InsertUsers(ctx, tx, c.added); err != nil {
		return err
	}
	return invite(ctx, tx, c.added)
}

func invite(ctx context.Context, tx *store.Tx, people []directory.User) error {
	if len(people) == 0 {
		return nil
	}
	return directory.InsertMails(ctx, tx, directory.FirstPasswordMails(people, tx.Now()))
}

// recipients returns the users who get a desktop, with the address that the request has for its user.
func (c *parties) recipients(gained []desktop.Assignment, d AttachDesktop) []desktop.Recipient {
	var all []desktop.Recipient
	for _, g := range gained {
		r := desktop.Recipient{UserID: g.UserID}
		if id := cmp.Or(d.UserID, c.userIDs[strings.ToLower(d.UserName)]); id == g.UserID && len(d.People) == 0 {
			r.Email = d.UserEmail
		}
		all = append(all, r)
	}
	return all
}
