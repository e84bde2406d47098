package overlay

func userGroups() Area {
	var (
		name        = Field{MinLength: 1, MaxLength: 64, Doc: "1 to 64 characters"}
		description = Field{MaxLength: 255, Doc: "At most 255 characters"}
	)
	return Area{
		Name: "groups", File: "groups",
		Operations: []Operation{
			{ID: "CreateUserGroup", Handler: "createGroup", Action: "workspace:userGroups:create", Summary: "Create a user group"},
			{
				ID: "ListUserGroups", Handler: "listGroups", Action: "workspace:userGroups:list", Summary: "List user groups",
				Query: Fields{
					"keyword":       {Doc: "Part of the name or the description"},
					"limit":         {Default: "100", Doc: "A number from 0 to 2000"},
					"offset":        {Default: "0", Doc: "A number from 0"},
					"domain":        {Doc: "The directory"},
					"platform_type": {Doc: "AD, LOCAL or UOS; all groups are LOCAL"},
				},
			},
			{ID: "UpdateUserGroup", Handler: "updateGroup", Action: "workspace:userGroups:update", Summary: "Update a user group's name or description"},
			{ID: "DeleteUserGroup", Handler: "deleteGroup", Action: "workspace:userGroups:delete", Jobs: []string{"detachDesktops"}, Status: 204, Summary: "Delete a user group; its users are kept"},
			{ID: "BatchDeleteUserGroups", Handler: "deleteGroups", Action: "workspace:userGroups:batchDelete", Jobs: []string{"detachDesktops"}, Status: 204, Summary: "Delete user groups; their users are kept"},
			{ID: "RunActionsOnGroup", Handler: "changeMembers", Action: "workspace:userGroups:changeUsers", Jobs: []string{"attachDesktops", "detachDesktops"}, Status: 204, Summary: "Add users to a group or remove them"},
			{
				ID: "ListUsersOfGroup", Handler: "listMembers", Action: "workspace:userGroups:listUsers", Summary: "List the users of a group",
				Query: Fields{
					"user_name":   {Doc: "Part of the name"},
					"description": {Doc: "Part of the description"},
					"limit":       limited(2000, "2000"),
					"offset":      offset(),
				},
			},
		},
		Types: map[string]Fields{
			"CreateUserGroupReq": {
				"group_name":    name,
				"platform_type": {Enum: []string{"LOCAL", "AD"}, Doc: "AD is refused: the built-in directory is the only one"},
				"description":   description,
			},
			"UserGroupInfo": {
				"platform_type":  {Enum: []string{"LOCAL"}},
				"total_desktops": {Doc: "Desktops assigned to its users"},
				"group_dn":       {Doc: "The group's distinguished name in the directory"},
				"sid":            {Doc: "The group's id in the directory"},
				"parent":         {Omit: "groups do not hold groups"},
				"realm_id":       {Omit: "the built-in directory has no realm"},
			},
			"EditUserGroupRequest":         {"group_name": name, "description": description},
			"BatchDeleteUserGroupsReq":     {"group_ids": {Doc: "1 to 100"}},
			"ActionsOfUsersInGroupRequest": {"user_ids": {Doc: "1 to 100"}},
		},
	}
}
