package overlay

// publicAddresses are the public addresses of desktops, and the operations of the neighbour service EIP, which clients call on the same host.
func publicAddresses() Area {
	const (
		kind    = "Kept as it is asked for: all addresses are alike"
		charge  = "Kept as it is asked for: nothing is charged"
		mbit    = "Mbit/s in each direction, 1 to 2000"
		own     = "the address has a bandwidth of its own"
		ownOnly = "only PER: each address has a bandwidth of its own, with its id"
	)
	modes := []string{"traffic", "bandwidth", "TRAFFIC", "BANDWIDTH"}
	page := Fields{"limit": {Max: new(2000), Doc: "0 or absent: 2000"}, "marker": {Doc: marker}}
	return Area{
		Name: "public addresses", File: "eips",
		Operations: []Operation{
			{
				ID: "ListDesktopsEips", Handler: "listDesktopsEIPs", Action: "workspace:eips:list", Summary: "List public addresses and the desktops that they lead to",
				Query: Fields{
					"offset": offset(), "limit": limited(1000, "1000"), "state": {Enum: []string{"bind", "unbind"}}, "desktop_name": {Doc: "Part of the name"},
					"user_name": {Doc: "Part of the name of one who has the desktop"}, "address": {Doc: "Part of it"},
				},
			},
			{ID: "ApplyDesktopsInternet", Handler: "applyDesktopsInternet", Action: "workspace:eips:create", Jobs: []string{"applyDesktopsInternet"}, Summary: "Give desktops public addresses, or the project some that lead to none"},
			{ID: "AssociateDesktopsEip", Handler: "associateDesktopsEIP", Action: "workspace:eips:bind", Summary: "Have a public address lead to a desktop"},
			{ID: "BatchDisassociateDesktopsEip", Handler: "disassociateDesktopsEIPs", Action: "workspace:eips:unbind", Summary: "Have the public addresses of desktops lead to none; they stay the project's"},

			{ID: "CreatePublicip", Handler: "createPublicIP", Action: "eip:publicIps:create", Summary: "Get a public address, which leads to a desktop if port_id names one"},
			{ID: "ListPublicips", Handler: "listPublicIPs", Action: "eip:publicIps:list", Summary: "List public addresses", Query: page},
			{ID: "ShowPublicip", Handler: "showPublicIP", Action: "eip:publicIps:get", Summary: "Show a public address"},
			{ID: "UpdatePublicip", Handler: "updatePublicIP", Action: "eip:publicIps:update", Summary: "Have a public address lead to a desktop, or to none"},
			{ID: "DeletePublicip", Handler: "deletePublicIP", Action: "eip:publicIps:delete", Status: 204, Summary: "Release a public address that leads to no desktop"},
			{ID: "ListBandwidths", Handler: "listBandwidths", Action: "eip:bandwidths:list", Summary: "List the bandwidths of public addresses, which have the addresses' ids", Query: page},
			{ID: "ShowBandwidth", Handler: "showBandwidth", Action: "eip:bandwidths:get", Summary: "Show the bandwidth of a public address"},
			{ID: "UpdateBandwidth", Handler: "updateBandwidth", Action: "eip:bandwidths:update", Summary: "Change the bandwidth of a public address"},
			{ID: "ShowPublicipV3", Handler: "showPublicIPV3", Action: "eip:publicIps:get", Summary: "Show a public address, in the form of version 3"},
			{ID: "AssociatePublicips", Handler: "associatePublicIP", Action: "eip:publicIps:associateInstance", Summary: "Have a public address lead to a desktop, in the form of version 3"},
			{ID: "DisassociatePublicips", Handler: "disassociatePublicIP", Action: "eip:publicIps:disassociateInstance", Summary: "Have a public address lead to none, in the form of version 3"},
		},
		Types: map[string]Fields{
			"ApplyDesktopsInternetReq": {
				"desktop_ids":           {Doc: "1 to 100, each of which gets an address; absent: count addresses that lead to none"},
				"eip_type":              {Doc: "5_bgp or 5_sbgp. " + kind},
				"eip_charge_mode":       {Doc: charge},
				"bandwidth_size":        {Doc: mbit},
				"count":                 {Doc: "1 to 100; without desktop_ids"},
				"enterprise_project_id": {Doc: "0 by default"},
			},
			"BatchDisassociateDesktopsEipReq": {"desktop_ids": {Needed: true, Doc: "1 to 100, all with an address"}},
			"CreatePublicipReq":               {"enterprise_project_id": {Doc: "0 by default"}},
			"CreatePublicipOption": {
				"type":       {Doc: "5_bgp or 5_sbgp. " + kind},
				"ip_version": {Min: new(4), Max: new(4), Doc: "Addresses are IPv4"},
				"ip_address": {Refuse: "addresses are chosen by Carrel: leave it out"},
				"alias":      {Doc: "At most 64 letters, digits, _, - and ."},
				"port_id":    {Doc: "The id of a desktop"},
			},
			"CreatePublicipBandwidthOption": {
				"share_type":  {Enum: []string{"PER"}, Doc: ownOnly},
				"id":          {Refuse: own + ": leave it out, and give its size"},
				"charge_mode": {Enum: modes, Doc: charge + "; traffic by default"},
				"name":        {Doc: "No effect: " + own + ", and its name"},
				"size":        {Doc: mbit},
			},
			"UpdatePublicipOption": {
				"port_id":    {Present: true, Doc: "The id of a desktop; empty or null: none"},
				"ip_version": {Min: new(4), Max: new(4), Doc: "Addresses are IPv4"},
				"alias":      {Present: true},
			},
			"UpdateBandwidthOption": {
				"name":        {Present: true, Doc: "Of the address, too"},
				"size":        {Present: true, Doc: mbit},
				"charge_mode": {Present: true, Enum: modes, Doc: charge},
			},
			"AssociatePublicipsOption": {
				"associate_instance_type": {Refuse: "addresses lead to desktops, whose ports are theirs", Unless: "PORT,DESKTOP"},
				"associate_instance_id":   {Doc: "The id of a desktop"},
			},
			"PublicipDetail": {
				"port_id":            {Sparse: true, Doc: "The id of the desktop"},
				"private_ip_address": {Sparse: true},
				"status":             {Doc: "ACTIVE if it leads to a desktop, else DOWN"},
				"bandwidth_id":       {Doc: "The id of the address"},
			},
			"PublicipV3":              {"vnic": {Present: true}, "associate_instance_id": {Sparse: true}, "associate_instance_type": {Sparse: true}},
			"EipBandwidth":            {"id": {Doc: "The id of the address"}},
			"PublicipV3Response":      {"request_id": {Omit: inHeader}},
			"Eip":                     {"id": {Doc: "One that the project has and that leads to no desktop, for a single desktop; in place of the rest"}, "type": {Doc: "5_bgp or 5_sbgp. " + kind}, "charge_mode": {Doc: charge}, "bandwidth_size": {Doc: mbit}},
			"AssociateDesktopsEipReq": {"eip_id": {Doc: "Leads to no desktop, or to this one already"}, "desktop_id": {Doc: "Has no address, or this one already"}},
		},
	}
}
