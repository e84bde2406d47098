package overlay

func organisationalUnits() Area {
	paging := func(more Fields) Fields {
		more["limit"], more["offset"] = limited(1000, "100"), offset()
		return more
	}
	name := Field{MinLength: 1, MaxLength: 64, Doc: "1 to 64 characters, up to 5 levels separated by slashes"}
	return Area{
		Name: "OUs", File: "ous",
		Operations: []Operation{
			{ID: "AddOu", Handler: "createOU", Action: "workspace:ou:create", Summary: "Create an organisational unit"},
			{
				ID: "ListOuDetails", Handler: "listOUs", Action: "workspace:ou:list", Summary: "List organisational units",
				Query: paging(Fields{"ou_name": {Doc: "Part of the name"}}),
			},
			{ID: "UpdateOuInfo", Handler: "updateOU", Action: "workspace:ou:update", Summary: "Update an organisational unit's name or description"},
			{ID: "DeleteOu", Handler: "deleteOU", Action: "workspace:ou:delete", Status: 204, Summary: "Delete an organisational unit without desktops"},
			{
				ID: "ListAdOus", Handler: "listDirectoryOUs", Action: "workspace:ou:listAdOus", Summary: "List the organisational units of the directory",
				Query: paging(Fields{"domain": {Doc: "The directory"}}),
			},
			{
				ID: "ListAdOuUsers", Handler: "listOUPeople", Action: "workspace:ou:listOuUsers", Summary: "List the users at a location in the directory",
				Query: paging(Fields{
					"ou_dn":       {Doc: "A distinguished name; all users are at the directory's root, DC=carrel,DC=local"},
					"user_name":   {Doc: "Part of the name"},
					"has_existed": {Present: true, Doc: "Only users who exist in Carrel, as all of the built-in directory do, or only the others"},
				}),
			},
		},
		Types: map[string]Fields{
			"AddOuNameInfoV2Req": {
				"domain":      {Doc: "The directory"},
				"ou_name":     name,
				"description": {MaxLength: 255, Doc: "At most 255 characters"},
			},
			"ModifyOuNameInfoV2Req": {
				"id":          {Doc: "The id in the path, or absent"},
				"ou_name":     name,
				"description": {MaxLength: 255, Doc: "At most 255 characters; none if absent"},
			},
			"OuNameInfo":            {"domain_id": {Doc: "The directory, which is the project's: the project's id"}},
			"ListAdOuUsersResponse": {"enable_create_count": {Doc: "Number of users who could be added from the directory: 0 for the built-in one"}},
			"AdOuUserInfo":          {"expired_time": {Doc: "Milliseconds since 1970, 0 for never"}},
		},
	}
}
