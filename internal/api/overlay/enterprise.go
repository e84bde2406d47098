package overlay

// enterpriseProjects are operations of the neighbour service EPS, which clients call on the same host. They are about the account.
func enterpriseProjects() Area {
	const (
		id   = "0 is the default one, which cannot be changed or disabled"
		name = "1 to 64 Chinese and English letters, digits, underscores and hyphens; unique in the account, ignoring case; not default"
		kind = "For readers: prod (default), or poc for a trial"
	)
	return Area{
		Name: "enterprise projects", File: "enterprise",
		Operations: []Operation{
			{
				ID: "ListEnterpriseProject", Handler: "listEnterprises", Action: "eps:enterpriseProjects:list", Summary: "List enterprise projects",
				Query: Fields{
					"name":   {Doc: "Part of the name, ignoring case"},
					"status": {Doc: "1: enabled; 2: disabled", Min: new(1), Max: new(2)},
				},
			},
			{ID: "CreateEnterpriseProject", Handler: "createEnterprise", Action: "eps:enterpriseProjects:create", Summary: "Create an enterprise project"},
			{ID: "ShowEnterpriseProject", Handler: "showEnterprise", Action: "eps:enterpriseProjects:get", Summary: "Show an enterprise project"},
			{ID: "UpdateEnterpriseProject", Handler: "updateEnterprise", Action: "eps:enterpriseProjects:update", Summary: "Update an enterprise project's name, description or type"},
			{
				ID: "EnableEnterpriseProject", Handler: "enableEnterprise", Action: "eps:enterpriseProjects:enable", Status: 204,
				Summary: "Enable an enterprise project, or disable it: then it takes nothing new, and what is in it stays",
			},
			{ID: "ShowEnterpriseProjectQuota", Handler: "showEnterpriseQuota", Action: "eps:quotas:list", Summary: "Show how many enterprise projects there are and may be"},
			{ID: "ShowEpConfigs", Handler: "showEnterpriseConfigs", Action: "eps:configs:list", Summary: "Show what enterprise projects support"},
			{
				ID: "ShowResourceBindEnterpriseProject", Handler: "listEnterpriseResources", Action: "eps:resources:list", Reads: true,
				Summary: "List the desktops and pools in an enterprise project",
			},
			{
				ID: "MigrateResource", Handler: "moveResource", Action: "eps:resources:add", Status: 204,
				Summary: "Move a desktop or a pool into the enterprise project of the path; needs eps:resources:remove where it was",
			},
		},
		Types: map[string]Fields{
			"EnterpriseProject":       {"name": {Doc: name}, "type": {Doc: kind}},
			"UpdateEnterpriseProject": {"name": {Doc: name}, "description": {Doc: "Absent: it stays"}, "type": {Doc: kind}},
			"EnterpriseProjectAction": {"action": {Doc: "disable needs the permission eps:enterpriseProjects:disable"}},
			"EpDetail": {
				"id":          {Doc: id},
				"status":      {Doc: "1: enabled; 2: disabled"},
				"delete_flag": {Doc: "Always false: enterprise projects are disabled, never deleted"},
			},
			"EpQuotas":                {"type": {Doc: "enterprise_project"}, "used": {Doc: "Without the default one"}},
			"EnterpriseProjectConfig": {"delete_ep_support": {Doc: "Always false"}},
			"MigrateResource": {
				"region_id":     {Doc: "Nothing depends on it: there is one region"},
				"project_id":    {Needed: true, Doc: "The project of the resource"},
				"resource_type": {Enum: []string{"workspace-desktop", "workspace-desktop-pool"}},
				"associated":    {Doc: "Of a pool: its desktops move, too. A desktop's disks always do"},
			},
			"EnterpriseResourceFilter": {
				"projects":       {Doc: "At most 200; all of the account if absent"},
				"resource_types": {Doc: "workspace-desktop, workspace-desktop-pool"},
				"limit":          {Doc: "1000 if absent"},
				"matches":        {Doc: "At most 10, which all hold"},
			},
			"EnterpriseResourceMatch": {"value": {Doc: "Part of the name, ignoring case"}},
			"ShowResourceBindEnterpriseProjectResponse": {
				"errors": {Omit: "there is one database, which answers for all or for none"},
			},
			"EnterpriseResource": {"resource_detail": {Omit: "the operations on desktops and pools have it"}},
		},
	}
}
