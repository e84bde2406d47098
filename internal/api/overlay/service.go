package overlay

func service() Area {
	const (
		dedicated = "there is no dedicated access"
		external  = "there is no external directory"
		sites     = "there is one site"
	)
	sparse := Field{Sparse: true}
	return Area{
		Name: "service", File: "service",
		Operations: []Operation{
			{ID: "ListWorkspaces", Handler: "showService", Action: "workspace:tenants:listTenantConfig", Summary: "Show the project's Workspace service"},
		},
		Types: map[string]Fields{
			"ListWorkspacesResponse": {
				"id":                            sparse,
				"status":                        {Enum: []string{"SUBSCRIBED", "CLOSED"}, Doc: "Nothing else is told of a service that was never opened"},
				"is_global":                     {Doc: "Always false: the service belongs to a project"},
				"ad_domains":                    {Present: true},
				"vpc_id":                        sparse,
				"vpc_name":                      sparse,
				"access_mode":                   sparse,
				"access_status":                 sparse,
				"internet_access_address":       {Sparse: true, Doc: "Address of the portal: the host name or address in base_url"},
				"internet_access_port":          sparse,
				"subnet_ids":                    sparse,
				"vpc_config_infos":              sparse,
				"desktop_security_group":        {Present: true},
				"infrastructure_security_group": {Present: true},
				"config_status":                 {Sparse: true, Doc: "3: no external directory"},
				"progress":                      sparse,
				"enterprise_id":                 sparse,
				"enterprise_project_id":         sparse,
				"adn_conflict_network":          {Omit: dedicated}, //nolint:misspell // as the API has it
				"dedicated_subnets":             {Omit: dedicated},
				"dedicated_access_address":      {Omit: dedicated},
				"management_subnet_cidr":        {Omit: "there is no subnet for management"},
				"job_id":                        {Omit: "opening the service is no job"},
				"fail_code":                     {Omit: "opening the service does not fail"},
				"fail_reason":                   {Omit: "opening the service does not fail"},
				"is_send_email":                 {Omit: "mail is set up by the operator"},
				"authorized_collect_log":        {Omit: "nobody else collects logs"},
				"authorized_hda_upgrade":        {Omit: "agents are part of the images"},
				"is_authorized_install_agent":   {Omit: "agents are part of the images"},
				"site_configs":                  {Omit: sites},
				"dc_vnc_ip":                     {Omit: sites},
			},
			"AdInfo": {
				"delete_computer_object": {Doc: "A string here, a number in requests"},
				"domain_admin_account":   {Omit: external},
				"active_domain_name":     {Omit: external},
				"active_domain_ip":       {Omit: external},
				"standby_domain_name":    {Omit: external},
				"standby_domain_ip":      {Omit: external},
				"active_dns_ip":          {Omit: external},
				"standby_dns_ip":         {Omit: external},
				"use_ldaps":              {Omit: external},
				"tls_config":             {Omit: external},
				"cba_enabled":            {Omit: external},
				"certificate_id":         {Omit: external},
				"domain_controllers":     {Omit: external},
			},
			"VpcConfigInfo": {"used_subnet_ids": {Doc: "Subnets with desktops, or in which pools create desktops"}},
		},
	}
}
