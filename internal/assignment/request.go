package assignment

import (
	"cmp"
	"fmt"
	"strings"

	"carrel/internal/assignment/plan"
	"carrel/internal/desktop"
	"carrel/internal/directory"
	"carrel/internal/workspace"
)

// Limits of a request that assigns desktops.
const (
	maxObjectName = 255
	maxObjectID   = 255
)

// AttachDesktops is a request to assign desktops: to the users and groups that each desktop names, or to Users by a strategy.
type AttachDesktops struct {
	workspace.Caller
	Desktops []AttachDesktop
	Users    []AttachPerson
	Model    plan.Model
}

// AttachDesktop is a desktop of the request, with the users and groups that it names. Named returns those that count.
type AttachDesktop struct {
	DesktopID    string
	UserName     string
	UserID       string
	UserEmail    string
	Group        workspace.UserGroup // for those without one of their own; empty: default
	ComputerName string              // the desktop's new name; empty: unchanged
	ClearData    bool                // true by default in the API
	People       []AttachPerson
}

// AttachPerson is a user or group of the request, given by id, by name or by both.
type AttachPerson struct {
	Type   plan.HolderType // empty: USER
	ID     string
	Name   string
	Domain string
	Group  workspace.UserGroup // empty: the desktop's
}

// Named returns the users and groups that the desktop names: attach_user_infos if there are any, otherwise user_name and user_id.
func (d AttachDesktop) Named() []AttachPerson {
	switch {
	case len(d.People) > 0:
		return d.People
	case d.UserName == "" && d.UserID == "":
		return nil
	default:
		return []AttachPerson{{Type: plan.HolderUser, ID: d.UserID, Name: d.UserName, Group: d.Group}}
	}
}

// Check validates the request on its own, without the database. Two entries may still be the same user, by id in one and by name
// in the other: plan.Make returns an error for that.
func (r *AttachDesktops) Check() error {
	if err := r.Model.Check(); err != nil {
		return err
	}
	if len(r.Desktops) == 0 || len(r.Desktops) > plan.MaxAttachedDesktops {
		return workspace.Invalid("desktops", "%d desktops, give 1 to %d", len(r.Desktops), plan.MaxAttachedDesktops)
	}
	strategy := r.Model.Resolve().Strategy
	if err := r.checkUsers(strategy); err != nil {
		return err
	}
	ids, names := map[string]bool{}, map[string]bool{}
	for i, d := range r.Desktops {
		at := fmt.Sprintf("desktops[%d].", i)
		if err := d.check(at, strategy); err != nil {
			return err
		}
		name := strings.ToLower(d.ComputerName)
		switch {
		case ids[d.DesktopID]:
			return workspace.Invalid(at+"desktop_id", "%s is listed twice", d.DesktopID)
		case name != "" && names[name]:
			return workspace.Invalid(at+"computer_name", "%q is listed twice", d.ComputerName)
		}
		ids[d.DesktopID], names[name] = true, true
	}
	return nil
}

func (r *AttachDesktops) checkUsers(strategy plan.Strategy) error {
	limit := plan.MaxAttachedPeople
	if strategy == plan.StrategyUsersOrGroups {
		limit = plan.MaxPeoplePerDesktop // each desktop is assigned to all of them
	}
	switch {
	case len(r.Users) > limit:
		return workspace.Invalid("users", "%d users and groups, at most %d are allowed with %s", len(r.Users), limit, strategy)
	case len(r.Users) == 0 && r.Model.Strategy != "" && strategy != plan.StrategyRelation:
		return workspace.Invalid("users", "must list 1 to %d users with %s", limit, strategy)
	case len(r.Users) > 0 && r.Model.Strategy == "":
		return workspace.Invalid("assign_model.priority_strategy", "must be given with users: it determines how they get desktops")
	}
	for i, u := range r.Users {
		if u.Type == plan.HolderGroup && strategy.Chooses() {
			return workspace.Invalid(fmt.Sprintf("users[%d].type", i), "a group cannot be used with %s: use DESKTOP_ASSIGN_USERS_OR_GROUPS, or list its users", strategy)
		}
	}
	return checkPeople("users", r.Users)
}

func (d AttachDesktop) check(at string, strategy plan.Strategy) error {
	if d.DesktopID == "" || len(d.DesktopID) > maxObjectID {
		return workspace.Invalid(at+"desktop_id", "must be an id of 1 to %d characters", maxObjectID)
	}
	if d.ComputerName != "" {
		if err := checkAttachedName(at+"computer_name", d.ComputerName); err != nil {
			return err
		}
	}
	if _, _, err := desktop.GroupFor(at+"user_group", d.Group); err != nil {
		return err
	}
	if err := directory.CheckEmail(at+"user_email", d.UserEmail); err != nil {
		return err
	}
	named := d.Named()
	if strategy != plan.StrategyRelation {
		if len(named) > 0 || d.UserEmail != "" {
			field := "user_name"
			if len(d.People) > 0 {
				field = "attach_user_infos"
			}
			return workspace.Invalid(at+field, "%s takes its users from the field users: leave this out, or use FIXED_RELATION", strategy)
		}
		return nil
	}
	if len(named) == 0 {
		return workspace.Invalid(at+"user_name", "must be given, or attach_user_infos with 1 to %d users", plan.MaxPeoplePerDesktop)
	}
	if len(d.People) == 0 {
		return named[0].check(at, d.ComputerName)
	}
	if len(named) > plan.MaxPeoplePerDesktop {
		return workspace.Invalid(at+"attach_user_infos", "%d users and groups, at most %d are allowed", len(named), plan.MaxPeoplePerDesktop)
	}
	for i, p := range named {
		if err := p.check(fmt.Sprintf("%sattach_user_infos[%d].", at, i), d.ComputerName); err != nil {
			return err
		}
	}
	return checkPeople(at+"attach_user_infos", named)
}

// checkPeople returns an error for users and groups that are malformed or duplicate.
func checkPeople(field string, people []AttachPerson) error {
	type key struct {
		of       plan.HolderType
		id, name string
	}
	seen := make(map[key]bool, 2*len(people))
	for i, p := range people {
		at := fmt.Sprintf("%s[%d].", field, i)
		if err := p.check(at, ""); err != nil {
			return err
		}
		of := cmp.Or(p.Type, plan.HolderUser)
		byID, byName := key{of: of, id: p.ID}, key{of: of, name: strings.ToLower(p.Name)}
		switch {
		case p.ID != "" && seen[byID]:
			return workspace.Invalid(at+"user_id", "%s is listed twice", p.ID)
		case p.Name != "" && seen[byName]:
			return workspace.Invalid(at+"user_name", "%q is listed twice", p.Name)
		}
		seen[byID], seen[byName] = true, true
	}
	return nil
}

func (p AttachPerson) check(at, computerName string) error {
	switch {
	case p.Type != "" && p.Type != plan.HolderUser && p.Type != plan.HolderGroup:
		return workspace.Invalid(at+"type", "%q is unknown, use USER or GROUP", p.Type)
	case p.ID == "" && p.Name == "":
		return workspace.Invalid(at+"user_name", "must not be empty")
	case len(p.ID) > maxObjectID:
		return workspace.Invalid(at+"user_id", "%d characters, at most %d are allowed", len(p.ID), maxObjectID)
	case len(p.Name) > maxObjectName:
		return workspace.Invalid(at+"user_name", "%d bytes, at most %d are allowed", len(p.Name), maxObjectName)
	}
	if p.Type != plan.HolderGroup && p.Name != "" {
		if err := workspace.CheckUserName(at+"user_name", p.Name); err != nil {
			return err
		}
		if strings.EqualFold(p.Name, computerName) {
			return workspace.Invalid(at+"user_name", "%q is the name of the desktop, which must differ from its user's name", p.Name)
		}
	}
	if _, _, err := desktop.GroupFor(at+"user_group", p.Group); err != nil {
		return err
	}
	return directory.CheckDomain(at+"domain", p.Domain)
}

// checkAttachedName returns why a desktop cannot be renamed to name, or nil. Unlike CheckComputerName it allows underscores, but
// no Chinese characters and no digit at the start.
func checkAttachedName(field, name string) error {
	if len(name) > workspace.MaxComputerName {
		return workspace.Invalid(field, "%q has more than %d characters", name, workspace.MaxComputerName)
	}
	for _, r := range name {
		if !workspace.IsASCIILetter(r) && !workspace.IsDigit(r) && r != '-' && r != '_' {
			return workspace.Invalid(field, "%q is not allowed in %q: use letters, digits, hyphens and underscores", r, name)
		}
	}
	switch {
	case !workspace.IsASCIILetter(rune(name[0])):
		return workspace.Invalid(field, "%q must start with a letter", name)
	case strings.HasSuffix(name, "-"):
		return workspace.Invalid(field, "%q must not end with a hyphen", name)
	}
	return nil
}
