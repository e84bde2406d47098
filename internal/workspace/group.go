package workspace

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"
)

// Limits of groups. Names and descriptions count in characters.
const (
	MaxGroupName        = 64
	MaxGroupDescription = 255
	MaxGroupsOfNewUser  = 5
)

// Group is a group of people. It has nothing to do with the UserGroup that a person is in inside a desktop.
type Group struct {
	ID          string
	ProjectID   string
	Name        string // unique in the project whatever its case
	Description string
	Created     time.Time
	Updated     time.Time

	People   int // how many are in it; read, not stored
	Desktops int // how many are assigned to the group or its people; read, not stored
}

// GroupQuery selects groups of one project.
type GroupQuery struct {
	ProjectID string
	IDs       []string
	Names     []string // exact, whatever their case
	Keyword   string   // part of the name or the description, whatever its case
	Page
}

// GroupRows is what the domain asks of the store about groups of people.
type GroupRows interface {
	// InsertGroup fails with CodeNameTaken.
	InsertGroup(ctx context.Context, g Group) error
	// LockGroup reads a group and holds its row until the transaction ends; CodeGroupNotFound.
	LockGroup(ctx context.Context, projectID, id string) (Group, error)
	// Groups are in the order in which they were made.
	Groups(ctx context.Context, q GroupQuery) ([]Group, int, error)
	// SaveGroup writes name and description. CodeNameTaken.
	SaveGroup(ctx context.Context, g Group) error
	// DeleteGroup removes a group; its people stay. A missing row is a success.
	DeleteGroup(ctx context.Context, id string) error

	// AddMembers puts people into a group; those who are in it stay. CodeConflict when one was deleted meanwhile.
	AddMembers(ctx context.Context, groupID string, userIDs []string) error
	// RemoveMembers takes people out of a group; those who are not in it do not matter.
	RemoveMembers(ctx context.Context, groupID string, userIDs []string) error
	// GroupNames lists the names of the groups that each of several people is in.
	GroupNames(ctx context.Context, userIDs []string) (map[string][]string, error)
}

// CheckGroupName says why name cannot be a group's, or nil: 1-64 letters of any script, digits, spaces, hyphens, underscores and
// dots, without spaces at its ends.
func CheckGroupName(field, name string) error {
	if n := utf8.RuneCountInString(name); n < 1 || n > MaxGroupName {
		return Invalid(field, "use 1 to %d characters", MaxGroupName)
	}
	if strings.TrimSpace(name) != name {
		return Invalid(field, "must not start or end with a space")
	}
	return CheckTitle(field, name, name)
}

// CheckTitle refuses characters in part of a name that titles of groups and units do not have.
func CheckTitle(field, name, part string) error {
	for _, r := range part {
		if !unicode.IsLetter(r) && !unicode.IsDigit(r) && !strings.ContainsRune(" -_.", r) {
			return Invalid(field, "%q is not allowed in %q: use letters, digits, spaces, hyphens, underscores and dots", r, name)
		}
	}
	return nil
}

func checkGroupDescription(text string) error {
	if utf8.RuneCountInString(text) > MaxGroupDescription {
		return Invalid("description", "at most %d characters are allowed", MaxGroupDescription)
	}
	return nil
}

// CreateGroup adds a group and returns its id. CodeNameTaken, CodeInvalid.
func (s *DirectoryService) CreateGroup(ctx context.Context, c Caller, name, description string) (string, error) {
	if err := CheckGroupName("group_name", name); err != nil {
		return "", err
	}
	if err := checkGroupDescription(description); err != nil {
		return "", err
	}
	return update(ctx, s.Store, Once(ctx, c, "CreateUserGroup", []string{name, description}, func(tx Tx) (string, error) {
		if err := requireSubscription(ctx, tx, c.ProjectID); err != nil {
			return "", err
		}
		g := Group{ID: NewID(), ProjectID: c.ProjectID, Name: name, Description: description, Created: tx.Now(), Updated: tx.Now()}
		return g.ID, tx.InsertGroup(ctx, g)
	}))
}

// UpdateGroup changes what is not nil. A rename changes nothing else: everything knows a group by its id. CodeGroupNotFound,
// CodeNameTaken, CodeInvalid.
func (s *DirectoryService) UpdateGroup(ctx context.Context, c Caller, id string, name, description *string) error {
	return s.Store.Update(ctx, func(tx Tx) error {
		g, err := tx.LockGroup(ctx, c.ProjectID, id)
		if err != nil {
			return err
		}
		if name != nil {
			if err := CheckGroupName("group_name", *name); err != nil {
				return err
			}
		}
		Set(&g.Name, name)
		Set(&g.Description, description)
		if err := checkGroupDescription(g.Description); err != nil {
			return err
		}
		g.Updated = tx.Now()
		return tx.SaveGroup(ctx, g)
	})
}

// ListGroups reads a page of groups and counts all that match.
func (s *DirectoryService) ListGroups(ctx context.Context, q GroupQuery) ([]Group, int, error) {
	return list(ctx, s.Store, func(tx Tx) ([]Group, int, error) { return tx.Groups(ctx, q) })
}

// DeleteEach deletes by ids, in one order for all callers. Those of which there is none are left out, since their deletion is a success
// already; if none is left it fails with the code missing.
func DeleteEach(field string, ids []string, missing Code, remove func(id string) error) error {
	found := 0
	for _, id := range slices.Sorted(slices.Values(ids)) {
		err := remove(id)
		if CodeOf(err) == missing {
			continue
		}
		if err != nil {
			return err
		}
		found++
	}
	if found == 0 {
		return Errorf(missing, "%s: %q does not exist", field, ids[0])
	}
	return nil
}

// MemberAction changes who is in a group.
type MemberAction string

// The actions.
const (
	AddToGroup      MemberAction = "ADD"
	RemoveFromGroup MemberAction = "DELETE"
)

func UsersExist(ctx context.Context, tx Tx, projectID string, ids []string) error {
	found, _, err := tx.Users(ctx, UserQuery{ProjectID: projectID, IDs: ids, Page: Page{Limit: len(ids)}})
	if err != nil {
		return err
	}
	for i, id := range ids {
		if !slices.ContainsFunc(found, func(u User) bool { return u.ID == id }) {
			return Errorf(CodeUserNotFound, "user_ids[%d]: user %q does not exist", i, id)
		}
	}
	return nil
}

// MembersOf is ListUsers of a group that exists; CodeGroupNotFound otherwise. The query's GroupID names it.
func (s *DirectoryService) MembersOf(ctx context.Context, q UserQuery) ([]User, int, error) {
	return list(ctx, s.Store, func(tx Tx) ([]User, int, error) {
		_, total, err := tx.Groups(ctx, GroupQuery{ProjectID: q.ProjectID, IDs: []string{q.GroupID}})
		if err != nil {
			return nil, 0, err
		}
		if total == 0 {
			return nil, 0, Errorf(CodeGroupNotFound, "group %q does not exist", q.GroupID)
		}
		return tx.Users(ctx, q)
	})
}

// CheckGroupIDs says which of a new person's groups cannot be, or nil.
func CheckGroupIDs(ids []string) error {
	if len(ids) > MaxGroupsOfNewUser {
		return Invalid("group_ids", "%d groups, at most %d are allowed", len(ids), MaxGroupsOfNewUser)
	}
	for i, id := range ids {
		if slices.Contains(ids[:i], id) {
			return Invalid(fmt.Sprintf("group_ids[%d]", i), "%s is there twice", id)
		}
	}
	return nil
}

// GroupsAmong says which of several groups there are.
func GroupsAmong(ctx context.Context, tx Tx, projectID string, ids []string) (map[string]bool, error) {
	there := map[string]bool{}
	if len(ids) == 0 {
		return there, nil
	}
	groups, _, err := tx.Groups(ctx, GroupQuery{ProjectID: projectID, IDs: ids, Page: Page{Limit: len(ids)}})
	for _, g := range groups {
		there[g.ID] = true
	}
	return there, err
}
