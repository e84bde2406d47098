package overlay

func networks() Area {
	return Area{
		Name: "networks", File: "networks",
		Operations: []Operation{
			{ID: "ListVpcInfo", Handler: "listVPCs", Action: "workspace:vpcs:list", Summary: "List private networks"},
			{
				ID: "ListSubnets", Handler: "listSubnets", Action: "workspace:subnets:list", Summary: "List subnets",
				Query: Fields{"availability_zone_id": {Doc: "No effect: every subnet spans all zones"}},
			},
			{ID: "ListSecurityGroups", Handler: "listSecurityGroups", Action: "workspace:securityGroups:list", Summary: "List security groups"},
			{ID: "ShowAvailableIp", Handler: "showAvailableIP", Action: "workspace:subnets:get", Summary: "Count the addresses of a subnet that desktops can get"},
			{
				ID: "ShowUsingSubnets", Handler: "showUsingSubnets", Action: "workspace:subnets:list", Summary: "List the subnets that desktops are in, or that pools create desktops in",
				Query: Fields{"subnet_ids": {Doc: "Which of these, separated by commas; absent: of all"}},
			},
			{ID: "CheckCidr", Handler: "checkCIDR", Action: "workspace:subnets:check", Reads: true, Summary: "Check which ranges a subnet cannot have, because another one overlaps them"},
			{
				ID: "ListPorts", Handler: "listPorts", Action: "workspace:ports:list", Summary: "List where desktops are attached to subnets",
				Query: Fields{
					"marker": {Doc: marker}, "limit": {Min: new(1), Max: new(2000), Default: "2000"},
					"is_used": {Present: true, Doc: "Every port is a desktop's and in use: false has none"},
				},
			},
			{ID: "ShowDesktopNetwork", Handler: "showDesktopNetwork", Action: "workspace:desktops:getNetwork", Summary: "Show the subnet, address and security groups of a desktop"},
			{
				ID: "ShowDesktopNetworks", Handler: "showDesktopNetworks", Action: "workspace:desktops:listNetworks", Summary: "Show the subnets, addresses and security groups of desktops",
				Query: Fields{"desktop_ids": {Doc: "At most 100; absent: all, if there are at most 100"}},
			},
			{
				ID: "ChangeDesktopNetwork", Handler: "changeDesktopNetwork", Action: "workspace:desktops:changeNetwork", Jobs: []string{"changeDesktopNetwork"},
				Summary: "Give a desktop another subnet, address or other security groups; it is restarted for a new address",
			},
			{
				ID: "BatchChangeDesktopNetwork", Handler: "batchChangeDesktopNetwork", Action: "workspace:desktops:batchChangeNetworks", Jobs: []string{"changeDesktopNetwork", "batchChangeDesktopNetwork"},
				Summary: "Give desktops another subnet or other security groups; they are restarted for new addresses",
			},
		},
		Types: map[string]Fields{
			"SingleSubnetInfo": {
				"checked":                {Doc: "Always true: desktops may be created on every listed type"},
				"unused":                 {Doc: "No desktop is in it, and no pool creates desktops in it"},
				"availability_zone":      {Omit: "every subnet spans all zones"},
				"neutron_ipv6_subnet_id": {Omit: "subnets have no IPv6"},
				"description":            {Omit: "subnets have no description"},
			},
			"ChangeDesktopNetworkReq": {
				"vpc_id":             {Doc: "That of the subnet"},
				"subnet_id":          {Doc: "One that the service uses; absent: the one that the desktop is in"},
				"private_ip":         {Doc: "In the subnet; absent: the present one in the same subnet, a free one in another"},
				"security_group_ids": {Doc: "All that the desktop is to have, at least one"},
			},
			"BatchChangeDesktopNetworkReq": {
				"vpc_id":             {Doc: "That of the subnet"},
				"subnet_id":          {Doc: "One that the service uses; absent: the one that a desktop is in"},
				"security_group_ids": {Present: true, Doc: "All that the desktops are to have, at least one; absent: those that they have"},
			},
			"CheckCidrRequestBody": {
				"tenant_cidrs":      {Needed: true, Doc: "1 to 100 ranges, such as 172.20.0.0/16"},
				"availability_zone": {Doc: "No effect: every subnet spans all zones"},
			},
			"CheckCidrResponse": {"manage_cidrs": {Omit: "desktops are managed over the engine, not over a network with a range"}},
			"NeutronPort": {
				"id":        {Doc: "The desktop's id: it has one port"},
				"status":    {Doc: "ACTIVE; BUILD while the desktop is being created"},
				"device_id": {Doc: "The desktop's id"},
			},
			"Port":        {"id": {Doc: "The desktop's id: it has one port"}},
			"NetworkInfo": {"public_ip_info": {Present: true, Doc: "Absent without a public address"}},
			"SimpleSecurityGroupsInfo": {
				"security_group_rules": {Omit: "the rules are not listed"},
				"updated_at":           {Omit: "it is not recorded"},
			},
		},
	}
}
