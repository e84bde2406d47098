package directory

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"unicode"

	"carrel/internal/store"
	"carrel/internal/workspace"
)

// MaxGroupsOfNewUser limits the groups that a new user is added to.
const MaxGroupsOfNewUser = 5

// Group is a group of users. It is not related to UserGroup, the privilege of a user inside a desktop.
type Group struct {
	store.BaseModel `bun:"table:people_groups,alias:people_groups"`
	workspace.Meta
	Description string

	People   int `bun:",scanonly"` // number of members; read by Groups
	Desktops int `bun:",scanonly"` // number of desktops assigned to the group or its members; read by Groups
}

var groups = store.Table{Name: "people_groups", Noun: "group", Field: "group_name", Missing: workspace.CodeGroupNotFound}

// GroupQuery selects groups of one project.
type GroupQuery struct {
	ProjectID string
	IDs       []string
	Names     []string // exact, ignoring case
	Keyword   string   // part of the name or the description, ignoring case
	workspace.Page
}

// checkGroupName returns why name is not valid for a group, or nil: letters of any script, digits, spaces, hyphens, underscores and dots,
// without spaces at its ends. Its length was checked with the request.
func checkGroupName(field, name string) error {
	if strings.TrimSpace(name) != name {
		return workspace.Invalid(field, "must not start or end with a space")
	}
	return CheckTitle(field, name, name)
}

// CheckTitle returns an error for characters in part of a name that are not valid in names of groups and units.
func CheckTitle(field, name, part string) error {
	for _, r := range part {
		if !unicode.IsLetter(r) && !unicode.IsDigit(r) && !strings.ContainsRune(" -_.", r) {
			return workspace.Invalid(field, "%q is not allowed in %q: use letters, digits, spaces, hyphens, underscores and dots", r, name)
		}
	}
	return nil
}

// CreateGroup adds a group and returns its id. CodeNameTaken, CodeInvalid.
func (s *Service) CreateGroup(ctx context.Context, c workspace.Caller, name, description string) (string, error) {
	if err := checkGroupName("group_name", name); err != nil {
		return "", err
	}
	return store.Update(ctx, s.Store, store.As(c, func(tx *store.Tx) (string, error) {
		if err := store.RequireSubscription(ctx, tx, c.ProjectID); err != nil {
			return "", err
		}
		g := Group{Meta: workspace.NewMeta(c, name), Description: description}
		return g.ID, InsertGroup(ctx, tx, g)
	}))
}

// UpdateGroup changes what is not nil. A rename changes nothing else: everything refers to a group by id. CodeGroupNotFound,
// CodeNameTaken, CodeInvalid.
func (s *Service) UpdateGroup(ctx context.Context, c workspace.Caller, id string, name, description *string) error {
	return s.Store.Update(ctx, store.By(c, func(tx *store.Tx) error {
		g, err := LockGroup(ctx, tx, c.ProjectID, id)
		if err != nil {
			return err
		}
		if name != nil {
			if err := checkGroupName("group_name", *name); err != nil {
				return err
			}
		}
		workspace.Set(&g.Name, name)
		workspace.Set(&g.Description, description)
		return SaveGroup(ctx, tx, g)
	}))
}

// ListGroups reads a page of groups and counts all that match.
func (s *Service) ListGroups(ctx context.Context, q GroupQuery) ([]Group, int, error) {
	return store.List(ctx, s.Store, func(tx *store.Tx) ([]Group, int, error) { return Groups(ctx, tx, q) })
}

// MemberAction is a change of who is in a group.
type MemberAction string

// The actions.
const (
	AddToGroup      MemberAction = "ADD"
	RemoveFromGroup MemberAction = "DELETE"
)

func UsersExist(ctx context.Context, tx *store.Tx, projectID string, ids []string) error {
	found, _, err := Users(ctx, tx, UserQuery{ProjectID: projectID, IDs: ids, Page: workspace.Page{Limit: len(ids)}})
	if err != nil {
		return err
	}
	for i, id := range ids {
		if !slices.ContainsFunc(found, func(u User) bool { return u.ID == id }) {
			return workspace.Errorf(workspace.CodeUserNotFound, "user_ids[%d]: user %q does not exist", i, id)
		}
	}
	return nil
}

// MembersOf is ListUsers for the group with the query's GroupID. CodeGroupNotFound if it does not exist.
func (s *Service) MembersOf(ctx context.Context, q UserQuery) ([]User, int, error) {
	return store.List(ctx, s.Store, func(tx *store.Tx) ([]User, int, error) {
		_, total, err := Groups(ctx, tx, GroupQuery{ProjectID: q.ProjectID, IDs: []string{q.GroupID}})
		if err != nil {
			return nil, 0, err
		}
		if total == 0 {
			return nil, 0, workspace.Errorf(workspace.CodeGroupNotFound, "group %q does not exist", q.GroupID)
		}
		return Users(ctx, tx, q)
	})
}

// CheckGroupIDs returns which of a new user's group ids is not valid, or nil.
func CheckGroupIDs(ids []string) error {
	if len(ids) > MaxGroupsOfNewUser {
		return workspace.Invalid("group_ids", "%d groups, at most %d are allowed", len(ids), MaxGroupsOfNewUser)
	}
	for i, id := range ids {
		if slices.Contains(ids[:i], id) {
			return workspace.Invalid(fmt.Sprintf("group_ids[%d]", i), "%s is listed twice", id)
		}
	}
	return nil
}

// GroupsAmong returns which of several groups exist.
func GroupsAmong(ctx context.Context, tx *store.Tx, projectID string, ids []string) (map[string]bool, error) {
	there := map[string]bool{}
	if len(ids) == 0 {
		return there, nil
	}
	found, _, err := Groups(ctx, tx, GroupQuery{ProjectID: projectID, IDs: ids, Page: workspace.Page{Limit: len(ids)}})
	for _, g := range found {
		there[g.ID] = true
	}
	return there, err
}
