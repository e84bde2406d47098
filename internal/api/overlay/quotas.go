package overlay

func quotas() Area {
	return Area{
		Name: "quotas", File: "quotas",
		Operations: []Operation{
			{ID: "ShowQuotas", Handler: "showQuotas", Action: "workspace:quotas:get", Summary: "Show the project's quotas and what it uses of them"},
			{
				ID: "ShowQuotaDetails", Handler: "showQuotaDetails", Action: "workspace:quotas:getDetails", Summary: "Show the project's quotas and what it uses of them in a zone",
				Query: Fields{
					"site_id": {Refuse: "there is one site; leave it out"},
					"az_code": {Doc: "Count as used only the desktops in this availability zone. Quotas are the project's, not the zone's"},
				},
			},
		},
		Types: map[string]Fields{
			"ShowQuotasResponse":       {"site_quotas": {Omit: "there is one site"}},
			"ShowQuotaDetailsResponse": {"site_id": {Omit: "there is one site"}},
			"ResourceNoLimit": {
				"type":  {Doc: "general_instances (desktops in every state, also of pools), cores, Memory, volumes, volume_gigabytes, users. There are no GPU desktops and dedicated hosts"},
				"quota": {Doc: "-1: no limit. The operator sets it, with carrel quota set"},
				"unit":  {Sparse: true, Doc: "MB or GB; absent for numbers of things"},
			},
		},
	}
}
