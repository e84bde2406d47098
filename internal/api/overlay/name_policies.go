package overlay

func namePolicies() Area {
	const (
		name   = "1 to 30 letters, digits and underscores, not starting with a digit"
		prefix = "Letters, digits, hyphens and at most one $DomainUser$, a placeholder for the user's name; at most 15 characters including the digits"
		unit   = "1: numbers start at start_number for each user; 0: one sequence for all desktops of the policy"
	)
	yesNo := []string{"0", "1"}
	return Area{
		Name: "name policies", File: "name_policies",
		Operations: []Operation{
			{ID: "CreateDesktopNamePolicy", Handler: "createNamePolicy", Action: "workspace:desktopNamePolicies:create", Summary: "Create a desktop name policy"},
			{
				ID: "ListDesktopNamePolicy", Handler: "listNamePolicies", Action: "workspace:desktopNamePolicies:list", Summary: "List desktop name policies",
				Query: Fields{
					"is_contain_user": {Present: true, Doc: "Only policies that use the user's name, or only those that do not"},
					"policy_name":     {Doc: "Part of the name"},
					"offset":          offset(),
					"limit":           limited(100, "100"),
				},
			},
			{ID: "UpdateDesktopNamePolicy", Handler: "updateNamePolicy", Action: "workspace:desktopNamePolicies:update", Status: 204, Summary: "Update a desktop name policy"},
			{ID: "BatchDeleteDesktopNamePolicy", Handler: "deleteNamePolicies", Action: "workspace:desktopNamePolicies:delete", Status: 204, Summary: "Delete desktop name policies"},
		},
		Types: map[string]Fields{
			"CreateDesktopNamePolicyReq": {
				"policy_name":               {Doc: name},
				"name_prefix":               {Doc: prefix},
				"digit_number":              {Doc: "1 to 5"},
				"start_number":              {Doc: "From 1 to the highest number with this many digits"},
				"single_domain_user_inc":    {Doc: unit, Enum: yesNo},
				"is_default_policy":         {Doc: "Use it for requests without names; it replaces the present default policy"},
				"prefix_truncation_enabled": {Doc: "Truncate a user name that is too long, instead of refusing it"},
			},
			"UpdateDesktopNamePolicyReq":      {"single_domain_user_inc": {Doc: unit, Enum: yesNo}},
			"BatchDeleteDesktopNamePolicyReq": {"policy_ids": {Needed: true, InRoom: inRoomWithMore, Doc: "1 to 50"}},
		},
	}
}
