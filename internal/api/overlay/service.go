package overlay

func service() Area {
	return Area{
		Name: "service", File: "service",
		Operations: []Operation{
			{ID: "ApplyWorkspace", Handler: "openService", Action: "workspace:tenants:open", Jobs: []string{"applyWorkspace"}, Summary: "Open the project's Workspace service"},
			{ID: "UpdateWorkspace", Handler: "updateService", Action: "workspace:tenants:update", Jobs: []string{"updateWorkspace"}, Summary: "Change the project's Workspace service"},
			{ID: "CancelWorkspace", Handler: "closeService", Action: "workspace:tenants:cancel", Jobs: []string{"cancelWorkspace"}, Summary: "Close the project's Workspace service, which must have no desktops and pools"},
			{ID: "ShowWorkspaceLock", Handler: "showLock", Action: "workspace:tenants:getLock", Summary: "Show whether the project's Workspace service is locked"},
			{ID: "UnlockWorkspace", Handler: "unlockService", Action: "workspace:tenants:unlock", Jobs: []string{"unlockWorkspace"}, Summary: "Unlock the project's Workspace service"},
			{ID: "CheckEnterpriseId", Handler: "checkEnterprise", Action: "workspace:tenants:checkEnterpriseIds", Summary: "Tell whether another project has an enterprise id", Reads: true},
			{ID: "UpdateEnterpriseId", Handler: "updateEnterpriseID", Action: "workspace:tenants:updateEnterpriseId", Summary: "Change the project's enterprise id"},
			{
				ID: "ListTenantConfigs", Handler: "listSettings", Action: "workspace:tenants:listConfig", Summary: "List the settings of the project's Workspace service",
				Query: Fields{"name": {Doc: "Exact"}},
			},
			{ID: "UpdateTenantConfig", Handler: "updateSetting", Action: "workspace:tenants:updateConfig", Summary: "Switch a setting of the project's Workspace service"},
			{ID: "ShowHibernateType", Handler: "showHibernateType", Action: "workspace:desktops:getHibernateType", Summary: "Show how desktops hibernate"},
			{
				ID: "ListAgencies", Handler: "listAgencies", Action: "workspace:agencies:list", Summary: "List what the project authorizes the service to manage",
				Query: Fields{
					"scene":  {Enum: []string{"WORKSPACE"}, Doc: "Only the agency of this scene"},
					"action": {Enum: []string{"CREATE", "FIX"}, Doc: "FIX: only agencies that lack a permission; CREATE: all"},
				},
			},
			{
				ID: "CreateAgencies", Handler: "createAgencies", Action: "workspace:agencies:create", Bodyless: true,
				Summary: "Authorize the service to manage networks, images and desktops of the project",
			},
			{ID: "ListWorkspaces", Handler: "showService", Action: "workspace:tenants:listTenantConfig", Summary: "Show the project's Workspace service"},
		},
		Types: serviceTypes(),
	}
}

// serviceTypes are the forms of requests and answers.
func serviceTypes() map[string]Fields { return merged(serviceRequests(), serviceAnswers()) }

func serviceRequests() map[string]Fields {
	const (
		dedicated = "there is no dedicated access"
		sites     = "there is one site"
		directory = "there is no external directory: users are Carrel's own; leave it out"
		shared    = "shared VPCs are not offered here; leave it out"
		mails     = "mail is set up by the operator"
		agents    = "agents are part of the images"
		snapshots = "users take no snapshots themselves, administrators do"
	)
	return map[string]Fields{
		"CreateAgenciesReq": {
			"scene":  {Enum: []string{"WORKSPACE"}, Doc: "WORKSPACE (default): networks, images and desktops, which are all that is managed"},
			"action": {Doc: "CREATE (default): nothing happens if there is an agency; FIX: give the agency what it lacks"},
		},
		"ApplyWorkspaceReq": {
			"ad_domains":                       {Doc: "The directory of the users"},
			"enterprise_id":                    {Doc: "By which users name the project when they sign in: 1 to 32 letters, digits, _ and -; no other project may have it. If absent, the project's name, or its id"},
			"vpc_id":                           {Doc: "One that GET /vpcs lists. If absent, the one that the project has, or a new one with a subnet"},
			"subnet_ids":                       {Doc: "Of the VPC, at most 50; all if absent"},
			"access_mode":                      {Enum: []string{"DEDICATED", "BOTH", "INTERNET"}, Doc: "INTERNET", Refuse: "desktops are reached through the portal, by INTERNET: there is no dedicated access", Unless: "INTERNET"},
			"manage_subnet_cidr":               {Refuse: "there is no subnet for management; leave it out"},
			"apply_shared_vpc_dedicated_param": {Refuse: shared},
			"dedicated_subnets":                {Refuse: dedicated + "; leave it out"},
			"is_send_email":                    {Refuse: mails + "; leave it out"},
		},
		"ApplyWorkspaceAdDomain": adDomain(directory),
		"ModifyWorkspaceAttributesReq": {
			"ad_info":                               {Refuse: directory},
			"ad_domains":                            {Doc: "Nothing but LITE_AS"},
			"access_mode":                           {Enum: []string{"DEDICATED", "BOTH", "INTERNET"}, Doc: "INTERNET", Refuse: "desktops are reached through the portal, by INTERNET: there is no dedicated access", Unless: "INTERNET"},
			"dedicated_subnets":                     {Refuse: dedicated + "; leave it out"},
			"adn_conflict_network":                  {Refuse: dedicated + "; leave it out"}, //nolint:misspell // as the API has it
			"subnet_ids":                            {Doc: "The subnets of the service's VPC that it uses from now on, at most 50: the first is the default unless the present one is among them. One that has desktops, or in which pools create desktops, cannot be left out"},
			"internet_access_port":                  {Doc: "Only the present one: the operator chooses it"},
			"enterprise_id":                         {Doc: "As in UpdateEnterpriseId"},
			"is_send_email":                         {Refuse: mails + "; leave it out"},
			"dc_vnc_ip":                             {Refuse: sites + "; leave it out"},
			"authorized_collect_log":                {Refuse: "nobody else collects logs; leave it out"},
			"authorized_hda_upgrade":                {Refuse: agents + "; leave it out"},
			"is_authorized_install_agent":           {Refuse: agents + "; leave it out"},
			"enable_user_create_snapshot":           {Refuse: snapshots + "; leave it out"},
			"apply_shared_vpc_dedicated_param":      {Refuse: shared},
			"apply_dedicated_standby_network_param": {Refuse: dedicated + "; leave it out"},
		},
		"UnlockWorkspaceRequestBody": {"operate_type": {Enum: []string{"unlock"}, Doc: "unlock, also if absent"}},
		"CheckEnterpriseIdReq":       {"enterprise_id": {Needed: true}},
		"ModifyEnterpriseIdReq":      {"enterprise_id": {Doc: "1 to 32 letters, digits, _ and -; no other project may have it"}},
		"UpdateTenantConfigReq":      {"function_config": {Needed: true}},
	}
}

func serviceAnswers() map[string]Fields {
	const (
		dedicated = "there is no dedicated access"
		external  = "there is no external directory"
		sites     = "there is one site"
		directory = "there is no external directory: users are Carrel's own; leave it out"
		mails     = "mail is set up by the operator"
		agents    = "agents are part of the images"
	)
	sparse := Field{Sparse: true}
	return map[string]Fields{
		"ListWorkspacesResponse": {
			"id":                            sparse,
			"status":                        {Enum: []string{"SUBSCRIBING", "SUBSCRIBED", "SUBSCRIPTION_FAILED", "CLOSED"}, Doc: "Nothing else is told of a service that is closed"},
			"closable":                      {Doc: "Whether it can be closed: it has no desktops and no pools"},
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
			"job_id":                        {Sparse: true, Doc: "The job that opened it through the API"},
			"fail_code":                     {Omit: "fail_reason says it"},
			"fail_reason":                   {Sparse: true, Doc: "Why it could not be opened"},
			"is_send_email":                 {Omit: mails},
			"authorized_collect_log":        {Omit: "nobody else collects logs"},
			"authorized_hda_upgrade":        {Omit: agents},
			"is_authorized_install_agent":   {Omit: agents},
			"site_configs":                  {Omit: sites},
			"dc_vnc_ip":                     {Omit: sites},
		},
		"AgenciesPermissionInfo": {
			"system_permission_display_names":             {Doc: "What the service may manage"},
			"wanted_system_permission_display_names":      {Doc: "What the agency lacks; the action FIX gives it"},
			"should_have_system_permission_display_names": {Doc: "What the agency should have"},
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
		"AdDomain": merged(adDomain(directory), Fields{
			"id":                 {Refuse: directory},
			"domain_controllers": {Refuse: directory},
		}),
		"ApplyWorkspaceResponse":  {"job_id": pollable()},
		"CancelWorkspaceResponse": {"job_id": {Doc: "A job that has ended"}},
		"UnlockWorkspaceResponse": {"job_id": {Doc: "A job that has ended"}},
		"UpdateWorkspaceResponse": {
			"job_id":        {Doc: "A job that has ended"},
			"enterprise_id": {Sparse: true, Doc: "If the request has one"},
			"dc_vnc_ip":     {Omit: sites},
		},
		"ShowWorkspaceLockResponse": {
			"is_lock":     {Doc: "0: it is not locked, 1: it is"},
			"lock_time":   {Doc: "As 2026-01-31 12:00:00, in UTC; empty if it is not locked"},
			"lock_reason": {Doc: "What the operator gave as the reason"},
		},
		"CheckEnterpriseIdResponse": {"is_used": {Doc: "Whether another project has it"}},
		"FunctionConfig": {
			"id":     {Doc: "The name"},
			"name":   {Doc: "create_unknown_users: whether a user who does not exist is created when a desktop is ordered for them or assigned to them. run_scripts: whether scripts and commands may run in desktops"},
			"values": {Refuse: "settings are on or off; leave it out", Sparse: true},
		},
		"ShowHibernateTypeResponse": {
			"tenant_id":      {Doc: "The project"},
			"hibernate_type": {Doc: "PAUSE: the memory is kept, which containers do. SUSPEND: it is written to disk, which virtual machines do; only where all images are of virtual machines"},
			"shutdown_days":  {Omit: "hibernated desktops stay hibernated"},
		},
		"VpcConfigInfo": {"used_subnet_ids": {Doc: "Subnets with desktops, or in which pools create desktops"}},
	}
}

// adDomain refuses all of an external directory.
func adDomain(why string) Fields {
	f := Fields{
		"domain_type": {Enum: []string{"LOCAL_AD", "LITE_AS"}, Doc: "LITE_AS", Refuse: "users are Carrel's own, which is LITE_AS: there is no external directory", Unless: "LITE_AS"},
		"domain_name": {Doc: "carrel.local", Refuse: why, Unless: "carrel.local"},
	}
	for _, name := range []string{
		"domain_admin_account", "domain_password", "active_domain_ip", "active_domain_name", "standby_domain_ip", "standby_domain_name", "active_dns_ip", "standby_dns_ip",
		"delete_computer_object", "certificate_id", "tls_config",
	} {
		f[name] = Field{Refuse: why}
	}
	for _, name := range []string{"use_ldaps", "cba_enabled"} {
		f[name] = Field{Refuse: why}
	}
	return f
}
