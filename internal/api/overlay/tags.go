package overlay

func tags() Area {
	const (
		listed = "List desktops by their tags"
		one    = "a tag with one of the values; with any value if there are none"
		gone   = "A tag with a value is deleted only if it has that value"
	)
	most := new(20)
	return Area{
		Name: "tags", File: "tags",
		Operations: []Operation{
			{ID: "ListDesktopsByTags", Handler: "listDesktopsByTags", Action: "workspace:desktops:listByTags", Summary: listed, Reads: true},
			{ID: "ListDesktopByTags", Handler: "listDesktopsByTagsFormerly", Action: "workspace:desktops:listByTags", Summary: listed + " (former path)", Reads: true},
			{
				ID: "ListProjectTags", Handler: "listProjectTags", Action: "workspace:desktops:listProjectTags", Summary: "List the tags of all desktops",
				Query: Fields{
					"key":    {Doc: "Only tags with this key, or with the value if that is given too"},
					"value":  {Doc: "Only tags with this value, or with the key if that is given too"},
					"limit":  limited(1000, "1000"),
					"offset": offset(),
				},
			},
			{ID: "ShowTagByDesktopId", Handler: "showTags", Action: "workspace:desktops:listTags", Summary: "List the tags of a desktop"},
			{ID: "CreateTag", Handler: "addTag", Action: "workspace:desktops:tag", Status: 204, Summary: "Add a tag to a desktop, or replace the one with its key"},
			{ID: "DeleteTag", Handler: "deleteTag", Action: "workspace:desktops:untag", Status: 204, Summary: "Delete a tag of a desktop"},
			{ID: "BatchChangeTags", Handler: "changeTags", Action: "workspace:desktops:operateTags", Status: 204, Summary: "Add or delete tags of a desktop"},
			{ID: "BatchAddDesktopsTags", Handler: "addTagsToDesktops", Action: "workspace:desktops:tag", Status: 204, Summary: "Add tags to desktops"},
			{ID: "BatchDeleteDesktopsTags", Handler: "deleteTagsOfDesktops", Action: "workspace:desktops:untag", Status: 204, Summary: "Delete tags of desktops"},
		},
		Types: map[string]Fields{
			"QueryDesktopByTagReq": {
				"offset":          {Doc: "A number from 0; 0 if absent"},
				"limit":           {Doc: "A number from 0 to 1000; 1000 if absent"},
				"action":          {Enum: []string{"filter", "count"}, Doc: "filter: the desktops; count: only how many there are"},
				"without_any_tag": {Doc: "Only desktops without a tag"},
				"matches":         {Max: new(1), Doc: "resource_name, and a part of the computer name"},
				"tags":            {Max: most, Doc: "All of which a desktop has"},
				"tags_any":        {Max: most, Doc: "Of which a desktop has at least one"},
				"not_tags":        {Max: most, Doc: "Of which a desktop lacks at least one"},
				"not_tags_any":    {Max: most, Doc: "None of which a desktop has"},
			},
			"Match":       {"key": {Enum: []string{"resource_name"}}},
			"Tag":         {"key": {MinLength: 1, MaxLength: 128}, "value": {MaxLength: 43}},
			"Tags":        {"key": {Needed: true, MinLength: 1}, "values": {Max: new(200), Doc: "In a request: " + one + ". In an answer: the first 200"}},
			"TagResource": {"resource_detail": {Omit: "ShowDesktopDetail has the details"}},
			"TagsReq": {
				"action":   {Needed: true, Enum: []string{"create", "delete"}, Doc: gone},
				"tags":     {Needed: true, Min: new(1), Max: most},
				"sys_tags": {Refuse: "tags of the system are not set by callers; leave it out"},
			},
			"DesktopTagsInfo":            {"tags": {Min: new(1), Max: most, Doc: "To delete: " + gone}},
			"BatchAddDesktopsTagsReq":    {"desktops": {Doc: "1 to 100; desktops that do not exist are ignored"}},
			"BatchDeleteDesktopsTagsReq": {"desktops": {Doc: "1 to 100; desktops that do not exist are ignored"}},
		},
	}
}
