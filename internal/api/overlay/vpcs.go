package overlay

// Why fields of the neighbour services VPC, DNS, ECS and EVS are refused.
const (
	noTags       = "tags are those of desktops (POST /v2/{project_id}/desktops/{desktop_id}/tags)"
	noIPv6       = "subnets have no IPv6"
	noAddressSet = "there are no address groups: make a rule for each range"
	inHeader     = "the header X-Request-Id has it"
	dryRun       = "send the header X-Dry-Run: true instead"
	marker       = "The id of the last one of the page before"
)

// vpcs are operations of the neighbour service VPC, which clients call on the same host.
func vpcs() Area {
	var (
		name = Field{Doc: "At most 64 Chinese and English letters, digits, _, - and ."}
		tags = Field{Refuse: noTags}
		page = Fields{"limit": {Doc: "0 or absent: all"}, "marker": {Doc: marker}}
		ids  = Fields{"limit": {Doc: "0 or absent: all"}, "marker": {Doc: marker}, "name": {Doc: "Whole names"}, "description": {Doc: "Whole descriptions"}}
	)
	return Area{
		Name: "VPCs", File: "vpcs",
		Operations: []Operation{
			{ID: "CreateVpc", Handler: "createVPC", Action: "vpc:vpcs:create", Summary: "Create a VPC: a range in which subnets reach each other, and those of other VPCs do not"},
			{ID: "ListVpcs", Handler: "listVPCsV1", Action: "vpc:vpcs:list", Summary: "List VPCs", Query: page},
			{ID: "ShowVpc", Handler: "showVPC", Action: "vpc:vpcs:get", Summary: "Show a VPC"},
			{ID: "UpdateVpc", Handler: "updateVPC", Action: "vpc:vpcs:update", Summary: "Update a VPC's name, description or range"},
			{ID: "DeleteVpc", Handler: "deleteVPC", Action: "vpc:vpcs:delete", Status: 204, Summary: "Delete a VPC without subnets"},
			{ID: "CreateVpcSubnet", Handler: "createSubnet", Action: "vpc:subnets:create", Summary: "Create a subnet, which is ACTIVE once the engine has its network"},
			{ID: "ListVpcSubnets", Handler: "listSubnetsV1", Action: "vpc:subnets:list", Summary: "List the subnets of VPCs", Query: page},
			{ID: "ShowVpcSubnet", Handler: "showSubnet", Action: "vpc:subnets:get", Summary: "Show a subnet"},
			{ID: "UpdateVpcSubnet", Handler: "updateSubnet", Action: "vpc:subnets:update", Summary: "Update a subnet's name, description or name servers"},
			{ID: "DeleteVpcSubnet", Handler: "deleteSubnet", Action: "vpc:subnets:delete", Status: 204, Summary: "Delete a subnet without desktops, and its network in the engine"},
			{ID: "ShowVpcTags", Handler: "showVPCTags", Action: "vpc:vpcTags:get", Summary: "List the tags of a VPC: it has none"},
			{ID: "ShowSubnetTags", Handler: "showSubnetTags", Action: "vpc:subnetTags:get", Summary: "List the tags of a subnet: it has none"},
			{ID: "ListVpcsV3", Handler: "listVPCsV3", Action: "vpc:vpcs:list", Summary: "List VPCs, in the form of version 3", Query: ids},
			{ID: "ShowVpcV3", Handler: "showVPCV3", Action: "vpc:vpcs:get", Summary: "Show a VPC, in the form of version 3"},
			{ID: "ListVirsubnets", Handler: "listVirsubnets", Action: "vpc:subnets:list", Summary: "List subnets, in the form of version 3", Query: ids},
		},
		Types: map[string]Fields{
			"VpcSpec": {
				"name": name, "tags": tags,
				"cidr": {Doc: "In 10.0.0.0/8, 172.16.0.0/12 or 192.168.0.0/16, at most 28 bits; VPCs may have the same"},
			},
			"VpcUpdate": {
				"name": {Doc: name.Doc, Present: true}, "description": {Present: true}, "cidr": {Present: true, Doc: "Contains the VPC's subnets"},
			},
			"SubnetSpec": {
				"name": name, "tags": tags,
				"cidr":              {Doc: "In the VPC's range; has nothing in common with other subnets, also of other projects"},
				"gateway_ip":        {Loose: true, Doc: "The first address if absent"},
				"dhcp_enable":       {Present: true, Doc: "Only true: desktops get their addresses from Carrel"},
				"ipv6_enable":       {Refuse: noIPv6},
				"availability_zone": {Doc: "Every subnet spans all zones; the zone must exist"},
				"dnsList":           {Doc: "At most 2, in place of primary_dns and secondary_dns; the gateway if none is given"},
				"extra_dhcp_opts":   {Refuse: "desktops get no options by DHCP: the time comes from the host, and the domain is one for all"},
			},
			"SubnetUpdate": {
				"name": {Doc: name.Doc, Present: true, Loose: true}, "description": {Present: true},
				"dhcp_enable":     {Present: true, Doc: "Only true: desktops get their addresses from Carrel"},
				"ipv6_enable":     {Refuse: noIPv6},
				"primary_dns":     {Present: true, Doc: "Of desktops that are created afterwards"},
				"secondary_dns":   {Present: true},
				"dnsList":         {Present: true},
				"extra_dhcp_opts": {Refuse: "desktops get no options by DHCP: the time comes from the host, and the domain is one for all"},
			},
			"SubnetDetail": {
				"status":            {Doc: "UNKNOWN until the engine has made its network, then ACTIVE; ERROR while it cannot: see fault"},
				"fault":             {Doc: "Why the engine cannot make the network; it is tried again", Sparse: true},
				"availability_zone": {Omit: "every subnet spans all zones"},
				"extra_dhcp_opts":   {Omit: "desktops get no options by DHCP"},
			},
			"Virsubnet": {
				"zone_id": {Omit: "every subnet spans all zones"},
				"scope":   {Doc: "center"},
			},
			"VpcDetail":         {"enable_network_address_usage_metrics": {Omit: "there are no such metrics"}},
			"ShowVpcV3Response": {"request_id": {Omit: inHeader}}, "ListVpcsV3Response": {"request_id": {Omit: inHeader}},
			"ListVirsubnetsResponse": {"request_id": {Omit: inHeader}},
			"VpcPageInfo":            {"next_marker": {Sparse: true}},
		},
	}
}

// securityGroups are the other operations of the neighbour service VPC.
func securityGroups() Area {
	const (
		ports     = "Ports and ranges of the destination, such as 22,8000-8080; only with tcp and udp; absent: all"
		protocol  = "tcp, udp, icmp or their numbers; absent or any: all"
		remote    = "A range of addresses; absent, without a group: all"
		remoteOne = "The desktops of a security group in the same VPC"
	)
	ids := Fields{"limit": {Doc: "0 or absent: all"}, "marker": {Doc: marker}}
	return Area{
		Name: "security groups", File: "security_groups",
		Operations: []Operation{
			{ID: "CreateVpcSecurityGroup", Handler: "createGroupV1", Action: "vpc:securityGroups:create", Summary: "Create a security group, whose desktops reach everything and each other"},
			{
				ID: "ListVpcSecurityGroups", Handler: "listGroupsV1", Action: "vpc:securityGroups:list", Summary: "List security groups with their rules",
				Query: Fields{"limit": {Doc: "0 or absent: all"}, "marker": {Doc: marker}, "vpc_id": {Refuse: "security groups are of the project, not of a VPC"}},
			},
			{ID: "ShowVpcSecurityGroup", Handler: "showGroupV1", Action: "vpc:securityGroups:get", Summary: "Show a security group with its rules"},
			{ID: "DeleteVpcSecurityGroup", Handler: "deleteGroupV1", Action: "vpc:securityGroups:delete", Status: 204, Summary: "Delete a security group that no desktop and no pool has"},
			{ID: "CreateVpcSecurityGroupRule", Handler: "createRuleV1", Action: "vpc:securityGroupRules:create", Summary: "Add a rule to a security group"},
			{ID: "ListVpcSecurityGroupRules", Handler: "listRulesV1", Action: "vpc:securityGroupRules:list", Summary: "List the rules of security groups", Query: ids},
			{ID: "ShowVpcSecurityGroupRule", Handler: "showRuleV1", Action: "vpc:securityGroupRules:get", Summary: "Show a rule of a security group"},
			{ID: "DeleteVpcSecurityGroupRule", Handler: "deleteRuleV1", Action: "vpc:securityGroupRules:delete", Status: 204, Summary: "Delete a rule of a security group"},
			{ID: "ShowSecurityGroupTags", Handler: "showGroupTags", Action: "vpc:securityGroupTags:get", Summary: "List the tags of a security group: it has none"},
			{ID: "CreateSecurityGroup", Handler: "createGroupV3", Action: "vpc:securityGroups:create", Summary: "Create a security group, in the form of version 3"},
			{ID: "ListSecurityGroupsV3", Handler: "listGroupsV3", Action: "vpc:securityGroups:list", Summary: "List security groups, in the form of version 3", Query: ids},
			{ID: "ShowSecurityGroup", Handler: "showGroupV3", Action: "vpc:securityGroups:get", Summary: "Show a security group, in the form of version 3"},
			{ID: "UpdateSecurityGroup", Handler: "updateGroupV3", Action: "vpc:securityGroups:update", Summary: "Update a security group's name or description"},
			{ID: "DeleteSecurityGroup", Handler: "deleteGroupV3", Action: "vpc:securityGroups:delete", Status: 204, Summary: "Delete a security group that no desktop and no pool has"},
			{ID: "CreateSecurityGroupRule", Handler: "createRuleV3", Action: "vpc:securityGroupRules:create", Summary: "Add a rule to a security group, in the form of version 3"},
			{
				ID: "ListSecurityGroupRules", Handler: "listRulesV3", Action: "vpc:securityGroupRules:list", Summary: "List the rules of security groups, in the form of version 3",
				Query: Fields{"limit": {Doc: "0 or absent: all"}, "marker": {Doc: marker}, "direction": {Enum: []string{"ingress", "egress"}}},
			},
			{ID: "ShowSecurityGroupRule", Handler: "showRuleV3", Action: "vpc:securityGroupRules:get", Summary: "Show a rule of a security group, in the form of version 3"},
			{ID: "DeleteSecurityGroupRule", Handler: "deleteRuleV3", Action: "vpc:securityGroupRules:delete", Status: 204, Summary: "Delete a rule of a security group"},
		},
		Types: map[string]Fields{
			"SecurityGroupSpec": {"vpc_id": {Refuse: "security groups are of the project, not of a VPC"}},
			"VpcSecurityGroupRuleSpec": {
				"ethertype":               {Refuse: noIPv6, Unless: "IPv4"},
				"protocol":                {Doc: protocol},
				"port_range_min":          {Min: new(1), Max: new(65535), Present: true, Doc: "With port_range_max, of tcp and udp; absent: all"},
				"port_range_max":          {Min: new(1), Max: new(65535), Present: true},
				"remote_ip_prefix":        {Doc: remote},
				"remote_group_id":         {Doc: remoteOne},
				"remote_address_group_id": {Refuse: noAddressSet},
			},
			"VpcSecurityGroupRule": {
				"port_range_min": {Present: true, Doc: "Absent for all ports, and for a rule of several ranges, which version 3 shows"},
				"port_range_max": {Present: true},
			},
			"SecurityGroupV3Spec":    {"tags": {Refuse: noTags}},
			"SecurityGroupV3Update":  {"name": {Present: true}, "description": {Present: true}},
			"CreateSecurityGroupReq": {"dry_run": {Refuse: dryRun}},
			"UpdateSecurityGroupReq": {"dry_run": {Refuse: dryRun}},
			"CreateSecurityGroupRuleReq": {
				"dry_run": {Refuse: dryRun},
			},
			"SecurityGroupV3RuleSpec": {
				"ethertype":               {Refuse: noIPv6, Unless: "IPv4,ipv4"},
				"protocol":                {Doc: protocol},
				"multiport":               {Doc: ports},
				"remote_ip_prefix":        {Doc: remote},
				"remote_group_id":         {Doc: remoteOne},
				"remote_address_group_id": {Refuse: noAddressSet},
				"action":                  {Refuse: "all rules allow, and what none allows is dropped: leave out what is to be denied", Unless: "allow"},
				"priority":                {Doc: "For readers: all rules allow, so their order makes no difference"},
				"enabled":                 {Present: true, Doc: "Only true: a rule that is there is enabled"},
			},
			"ShowSecurityGroupResponse": {"request_id": {Omit: inHeader}}, "ListSecurityGroupsV3Response": {"request_id": {Omit: inHeader}},
			"ShowSecurityGroupRuleResponse": {"request_id": {Omit: inHeader}}, "ListSecurityGroupRulesResponse": {"request_id": {Omit: inHeader}},
			"SecurityGroupV3Rule": {"action": {Doc: "allow"}, "updated_at": {Doc: "Rules are never changed"}},
		},
	}
}

// neighbours are single operations of the services ECS, DNS and EVS that clients call on the same host.
func neighbours() Area {
	return Area{
		Name: "neighbours", File: "neighbours",
		Operations: []Operation{
			{ID: "NovaListAvailabilityZones", Handler: "novaZones", Action: "ecs:availabilityZones:list", Summary: "List availability zones, as the service ECS does"},
			{
				ID: "ListNameServers", Handler: "listNameServers", Action: "dns:nameservers:list", Summary: "List the name servers of desktops, as the service DNS does",
				Query: Fields{"region": {Doc: "There is one region; another has none"}, "type": {Doc: "private: those that desktops ask; there are no public ones"}},
			},
			{ID: "CinderListVolumeTypes", Handler: "cinderTypes", Action: "evs:types:get", Summary: "List the types of disks, as the service EVS does"},
		},
		Types: map[string]Fields{
			"VolumeTypeSpecs": {"RESKEY:availability_zones": {Name: "Zones"}, "HW:availability_zone": {Name: "Zone"}},
			"NovaZone":        {"hosts": {Omit: "hosts are the operator's"}},
		},
	}
}
