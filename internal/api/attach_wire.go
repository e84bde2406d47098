package api

import (
	"maps"
	"slices"
	"strings"

	"carrel/internal/assignment"
	"carrel/internal/assignment/plan"
	"carrel/internal/desktop"
	"carrel/internal/workspace"
)

// The bodies of the operations that assign and detach desktops.
type (
	attachDesktopBody struct {
		DesktopID    string              `json:"desktop_id,omitempty"`
		UserName     string              `json:"user_name,omitempty" doc:"The user who gets the desktop; ignored if attach_user_infos is not empty"`
		UserID       string              `json:"user_id,omitempty" doc:"Instead of user_name, or in addition to it"`
		UserEmail    string              `json:"user_email,omitempty" doc:"Address for notifications; with it, an unknown user is created"`
		Group        workspace.UserGroup `json:"user_group,omitempty" doc:"sudo or default; administrators or users on Windows. Also applied to users named by the desktop who already have it"`
		ComputerName string              `json:"computer_name,omitempty" doc:"The desktop's new name, 1 to 15 characters"`
		ClearData    *bool               `json:"is_clear_data,omitempty" doc:"Whether to erase the data of a former user who gets the desktop again; true by default"`
		People       []attachPersonBody  `json:"attach_user_infos,omitempty" doc:"Users and groups who get the desktop: at most 500, several only for SHARED desktops"`
	}
	attachPersonBody struct {
		UserID   string              `json:"user_id,omitempty" doc:"Of a user or, by type, of a group"`
		UserName string              `json:"user_name,omitempty"`
		Domain   string              `json:"domain,omitempty" doc:"The directory"`
		Group    workspace.UserGroup `json:"user_group,omitempty" doc:"sudo or default; administrators or users on Windows"`
		Type     plan.HolderType     `json:"type,omitempty" enum:"USER,GROUP" doc:"USER by default"`
	}
	assignModelBody struct {
		Dimension       plan.Dimension `json:"assign_dimension,omitempty" doc:"USER or DESKTOP"`
		Strategy        plan.Strategy  `json:"priority_strategy,omitempty" doc:"USER_NO_DESKTOP, USER_FIXED_DESKTOP_NUM, DESKTOP_ASSIGN_USER_PRIORITY, DESKTOP_ASSIGN_FIXED_USER, DESKTOP_ASSIGN_USERS_OR_GROUPS or FIXED_RELATION"`
		UsersPerDesktop int            `json:"desktop_assigin_user_num,omitempty" doc:"0 to 100"`
		DesktopsPerUser int            `json:"user_assigin_desktop_num,omitempty" doc:"0 to 100"`
		NamePolicyID    string         `json:"desktop_name_policy_id,omitempty" doc:"Generates new names for desktops without computer_name"`
	}
	detachDesktopBody struct {
		DesktopID string             `json:"desktop_id,omitempty"`
		All       bool               `json:"is_detach_all_users,omitempty"`
		People    []attachPersonBody `json:"detach_user_infos,omitempty" doc:"At most 500; required for desktops with several users"`
		ClearData bool               `json:"is_clear_data,omitempty" doc:"Erase the data of the detached users at once; by default it stays in the desktop, inaccessible, until the desktop is assigned again"`
	}
	privilegeChangeBody struct {
		DesktopID string                `json:"desktop_id" required:"true"`
		People    []privilegePersonBody `json:"attach_user_infos,omitempty" doc:"At most 500; all users of the desktop if absent"`
	}
	privilegePersonBody struct {
		UserName string              `json:"user_name" required:"true"`
		Domain   string              `json:"domain,omitempty" doc:"The directory"`
		Group    workspace.UserGroup `json:"user_privilege_group,omitempty" doc:"Overrides the common one"`
		Type     plan.HolderType     `json:"type,omitempty" enum:"USER,GROUP" doc:"USER by default"`
	}
)

func (b attachDesktopBody) request() assignment.AttachDesktop {
	return assignment.AttachDesktop{
		DesktopID: b.DesktopID, UserName: b.UserName, UserID: b.UserID, UserEmail: b.UserEmail, Group: b.Group,
		ComputerName: b.ComputerName, ClearData: b.ClearData == nil || *b.ClearData, People: people(b.People),
	}
}

func (b attachPersonBody) request() assignment.AttachPerson {
	return assignment.AttachPerson{Type: b.Type, ID: b.UserID, Name: b.UserName, Domain: b.Domain, Group: b.Group}
}

func (b detachDesktopBody) request() assignment.DetachDesktop {
	return assignment.DetachDesktop{DesktopID: b.DesktopID, All: b.All, People: people(b.People), ClearData: b.ClearData}
}

func (b privilegeChangeBody) request() assignment.PrivilegeChange {
	return assignment.PrivilegeChange{DesktopID: b.DesktopID, People: each(b.People, func(p privilegePersonBody) assignment.AttachPerson {
		return assignment.AttachPerson{Type: p.Type, Name: p.UserName, Domain: p.Domain, Group: p.Group}
	})}
}

func people(bodies []attachPersonBody) []assignment.AttachPerson {
	return each(bodies, attachPersonBody.request)
}

// attachPreviewReply is a plan: by user, by desktop, and as a body for AttachInstances.
type attachPreviewReply struct {
	Dimension    string              `json:"assign_dimension"`
	Desktops     []previewedDesktop  `json:"desktop" doc:"All desktops of the request"`
	Users        []previewedUser     `json:"user" doc:"All users of the request"`
	Pairs        []attachDesktopBody `json:"desktops_attach_infos" doc:"The planned assignments and changes, in the form that AttachInstances takes"`
	LeftDesktops []leftOver          `json:"left_desktops" doc:"Desktops that get no user, or fewer than requested, with the reason"`
	LeftUsers    []leftOver          `json:"left_users" doc:"Users who get no desktop, or fewer than requested, with the reason"`
}

type previewedDesktop struct {
	Name      string `json:"desktop_name"`
	ID        string `json:"desktop_id"`
	Users     int    `json:"user_num" doc:"Number of users who would get it"`
	UserNames string `json:"user_name" doc:"Names of the holders, separated by commas"`
}

type previewedUser struct {
	Name         string `json:"user_name"`
	ID           string `json:"user_id" doc:"Empty for a user who would be created"`
	Desktops     int    `json:"desktop_num" doc:"Number of desktops the user would get"`
	DesktopNames string `json:"desktop_name" doc:"Names of the desktops, separated by commas"`
}

type leftOver struct {
	ID     string `json:"id"`
	Name   string `json:"name"`
	Reason string `json:"reason"`
}

func previewReplyOf(p assignment.AttachPreview, asked []attachDesktopBody) attachPreviewReply {
	holders := make(map[string]plan.Holder, len(p.Holders))
	for _, h := range p.Holders {
		holders[h.ID] = h
	}
	newcomers := make(map[string]bool, len(p.Newcomers))
	for _, id := range p.Newcomers {
		newcomers[id] = true
	}
	idOf := func(id string) string { // an id that callers can use
		if newcomers[id] {
			return ""
		}
		return id
	}
	names := make(map[string]string, len(p.Desktops))
	for _, d := range p.Desktops {
		names[d.ID] = d.Name
	}
	gets, given := map[string][]string{}, map[string][]plan.Pair{}
	for _, pair := range p.Pairs {
		gets[pair.HolderID] = append(gets[pair.HolderID], names[pair.DesktopID])
		given[pair.DesktopID] = append(given[pair.DesktopID], pair)
	}
	entries := maps.Clone(given) // and existing holders, if something else about the desktop changes
	for _, pair := range slices.Concat(p.Regroups, p.Renames) {
		entries[pair.DesktopID] = append(slices.Clip(entries[pair.DesktopID]), pair)
	}
	reply := attachPreviewReply{
		Dimension: string(p.Dimension),
		Desktops:  each(p.Desktops, func(d desktop.Desktop) previewedDesktop { return previewDesktop(d, given[d.ID], holders) }),
		Users: each(p.Holders, func(h plan.Holder) previewedUser {
			return previewedUser{Name: h.Name, ID: idOf(h.ID), Desktops: len(gets[h.ID]), DesktopNames: strings.Join(gets[h.ID], ",")}
		}),
		Pairs:        []attachDesktopBody{},
		LeftDesktops: each(p.LeftDesktops, func(l plan.Left) leftOver { return leftOver{l.ID, names[l.ID], l.Reason} }),
		LeftUsers:    each(p.LeftPeople, func(l plan.Left) leftOver { return leftOver{l.ID, holders[l.ID].Name, l.Reason} }),
	}
	for _, a := range asked {
		people := each(entries[a.DesktopID], func(p plan.Pair) attachPersonBody {
			return attachPersonBody{UserID: idOf(p.HolderID), UserName: holders[p.HolderID].Name, Group: p.Group, Type: p.Type}
		})
		if len(people) > 0 {
			reply.Pairs = append(reply.Pairs, a.with(people))
		}
	}
	return reply
}

// with returns the entry of AttachInstances that assigns the desktop to these users and groups.
func (b attachDesktopBody) with(people []attachPersonBody) attachDesktopBody {
	one := attachDesktopBody{DesktopID: b.DesktopID, ComputerName: b.ComputerName, ClearData: b.ClearData}
	if len(b.People) > 0 || b.UserEmail == "" {
		one.People = people
		return one
	}
	// attach_user_infos has no field for a mail address.
	one.UserID, one.UserName, one.UserEmail, one.Group = people[0].UserID, people[0].UserName, b.UserEmail, people[0].Group
	return one
}

func previewDesktop(d desktop.Desktop, given []plan.Pair, holders map[string]plan.Holder) previewedDesktop {
	var names []string
	for _, p := range given {
		names = append(names, holders[p.HolderID].Name)
	}
	return previewedDesktop{Name: d.Name, ID: d.ID, Users: len(given), UserNames: strings.Join(names, ",")}
}
