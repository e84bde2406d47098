package overlay

func volumes() Area {
	return Area{
		Name: "volumes", File: "volumes",
		Operations: []Operation{
			{ID: "AddDesktopVolumes", Handler: "addDesktopVolumes", Action: "workspace:desktops:addVolumes", Jobs: []string{"addVolumes"}, Summary: "Add data disks to a desktop"},
			{ID: "AddVolumes", Handler: "addVolumes", Action: "workspace:volumes:add", Jobs: []string{"addVolumes"}, Summary: "Add data disks to desktops"},
			{ID: "ExpandDesktopVolume", Handler: "expandDesktopVolume", Action: "workspace:desktops:expandVolume", Jobs: []string{"expandVolumes"}, Summary: "Enlarge a disk of a desktop, which may run"},
			{ID: "ExpandVolumes", Handler: "expandVolumes", Action: "workspace:volumes:expand", Jobs: []string{"expandVolumes"}, Summary: "Enlarge disks of desktops, which may run"},
			{ID: "DeleteDesktopVolumes", Handler: "deleteDesktopVolumes", Action: "workspace:desktops:deleteVolumes", Jobs: []string{"deleteVolumes"}, Summary: "Delete data disks of a desktop with their content"},
			{ID: "BatchModifyQosVolumes", Handler: "modifyVolumesQoS", Action: "workspace:volumes:modifyQos", Jobs: []string{"modifyVolumesQos"}, Summary: "Change the speed of disks of type GPSSD2"},
		},
		Types: map[string]Fields{
			"AddVolumesReq": {
				"volumes":               {Doc: "1 to 10; a desktop has 10 data disks at most"},
				"enterprise_project_id": {Doc: "0 has no effect", Refuse: "disks are in the enterprise project of their desktop; leave it out", Unless: "0"},
			},
			"AddDesktopsVolumesReq":    {"desktop_volumes": {Doc: "1 to 100 desktops; nothing changes if one of them cannot be changed now"}},
			"AddDesktopVolumesReq":     {"volumes": {Doc: "1 to 10; a desktop has 10 data disks at most"}},
			"ExpandVolumeReq":          {"new_size": {Doc: "GB, more than now and a multiple of 10"}},
			"ExpandDesktopsVolumesReq": {"desktop_volumes_expansion": {Doc: "1 to 100 disks, of one or several desktops; nothing changes if one of them cannot be changed now"}},
			"ExpandVolumesReq":         {"volume_id": {Doc: "May be the system disk"}, "new_size": {Doc: "GB, more than now and a multiple of 10"}},
			"DeleteVolumesReq":         {"volume_ids": {Doc: "Data disks of the desktop. Those that are gone are ignored; the system disk is refused"}},
			"BatchModifyQosVolumesReq": {"volume_ids": {Doc: "Disks of type GPSSD2, of any desktops; nothing changes if one of them cannot be changed now"}},
			"Qos": {
				"iops":       {Doc: "3000 to 128000, and at most 500 for each GB"},
				"throughput": {Doc: "125 to 1000 MiB/s, and at most a quarter of iops"},
			},
		},
	}
}
