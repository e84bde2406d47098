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
		},
		Types: map[string]Fields{
			"SingleSubnetInfo": {
				"checked":                {Doc: "Always true: desktops may be created on every listed type"},
				"unused":                 {Doc: "No desktop is in it, and no pool creates desktops in it"},
				"availability_zone":      {Omit: "every subnet spans all zones"},
				"neutron_ipv6_subnet_id": {Omit: "subnets have no IPv6"},
				"description":            {Omit: "subnets have no description"},
			},
			"SimpleSecurityGroupsInfo": {
				"security_group_rules": {Omit: "the rules are not listed"},
				"updated_at":           {Omit: "it is not recorded"},
			},
		},
	}
}
