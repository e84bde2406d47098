package api

import (
	"maps"
	"slices"
	"strings"

	"carrel/internal/api/wire"
	"carrel/internal/assignment"
	"carrel/internal/assignment/plan"
	"carrel/internal/desktop"
	"carrel/internal/directory"
	"carrel/internal/workspace"
)

func attachDesktop(b wire.AttachInstancesDesktopInfo) assignment.AttachDesktop {
	return assignment.AttachDesktop{
		DesktopID: b.DesktopID, UserName: b.UserName, UserID: b.UserID, UserEmail: b.UserEmail, Group: workspace.UserGroup(b.UserGroup),
		ComputerName: b.ComputerName, ClearData: b.IsClearData == nil || *b.IsClearData, People: each(b.AttachUserInfos, attachPerson),
	}
}

func attachPerson(b wire.AttachInstancesUserInfo) assignment.AttachPerson {
	return assignment.AttachPerson{Type: plan.HolderType(b.Type), ID: b.UserID, Name: b.UserName, Domain: b.Domain, Group: workspace.UserGroup(b.UserGroup)}
}

func detachDesktop(b wire.DetachInstancesDesktopInfo) assignment.DetachDesktop {
	return assignment.DetachDesktop{
		DesktopID: b.DesktopID, All: b.IsDetachAllUsers, ClearData: b.IsClearData,
		People: each(b.DetachUserInfos, func(p wire.DetachInstancesUserInfo) assignment.AttachPerson {
			return attachPerson(wire.AttachInstancesUserInfo(p))
		}),
	}
}

func privilegeChange(b wire.ChangeUserPrivilegeGroupDesktopInfo) assignment.PrivilegeChange {
	return assignment.PrivilegeChange{DesktopID: b.DesktopID, People: each(b.AttachUserInfos, func(p wire.ChangeUserPrivilegeGroupUserInfo) assignment.AttachPerson {
		return assignment.AttachPerson{Type: plan.HolderType(p.Type), Name: p.UserName, Domain: p.Domain, Group: workspace.UserGroup(p.UserPrivilegeGroup)}
	})}
}

// attachPreview shows a plan by user, by desktop, and as a body for AttachInstances.
func attachPreview(p assignment.AttachPreview, asked []wire.AttachInstancesDesktopInfo) wire.BatchAssociateInstancesResponse {
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
	reply := wire.BatchAssociateInstancesResponse{
		AssignDimension: string(p.Dimension),
		Desktop: each(p.Desktops, func(d desktop.Desktop) wire.DesktopDimensionAttachInfo {
			return previewDesktop(d, given[d.ID], holders)
		}),
		User: each(p.Holders, func(h plan.Holder) wire.UserDimensionAttachInfo {
			return wire.UserDimensionAttachInfo{UserName: h.Name, UserID: idOf(h.ID), DesktopNum: len(gets[h.ID]), DesktopName: strings.Join(gets[h.ID], ",")}
		}),
		DesktopsAttachInfos: []wire.AttachInstancesDesktopInfo{},
		LeftDesktops: each(p.LeftDesktops, func(l plan.Left) wire.AttachLeftOver {
			return wire.AttachLeftOver{ID: l.ID, Name: names[l.ID], Reason: l.Reason}
		}),
		LeftUsers: each(p.LeftPeople, func(l plan.Left) wire.AttachLeftOver {
			return wire.AttachLeftOver{ID: l.ID, Name: holders[l.ID].Name, Reason: l.Reason}
		}),
	}
	for _, a := range asked {
		people := each(entries[a.DesktopID], func(p plan.Pair) wire.AttachInstancesUserInfo {
			return wire.AttachInstancesUserInfo{
				UserID: idOf(p.HolderID), UserName: holders[p.HolderID].Name, Domain: directory.BuiltInDomain, UserGroup: string(p.Group), Type: string(p.Type),
			}
		})
		if len(people) > 0 {
			reply.DesktopsAttachInfos = append(reply.DesktopsAttachInfos, withUsers(a, people))
		}
	}
	return reply
}

// withUsers returns the entry of AttachInstances that assigns the desktop of b to these users and groups.
func withUsers(b wire.AttachInstancesDesktopInfo, people []wire.AttachInstancesUserInfo) wire.AttachInstancesDesktopInfo {
	one := wire.AttachInstancesDesktopInfo{DesktopID: b.DesktopID, ComputerName: b.ComputerName, IsClearData: b.IsClearData}
	if len(b.AttachUserInfos) > 0 || b.UserEmail == "" {
		one.AttachUserInfos = people
		return one
	}
	// attach_user_infos has no field for a mail address.
	one.UserID, one.UserName, one.UserEmail, one.UserGroup = people[0].UserID, people[0].UserName, b.UserEmail, people[0].UserGroup
	return one
}

func previewDesktop(d desktop.Desktop, given []plan.Pair, holders map[string]plan.Holder) wire.DesktopDimensionAttachInfo {
	var names []string
	for _, p := range given {
		names = append(names, holders[p.HolderID].Name)
	}
	return wire.DesktopDimensionAttachInfo{DesktopName: d.Name, DesktopID: d.ID, UserNum: len(given), UserName: strings.Join(names, ",")}
}
