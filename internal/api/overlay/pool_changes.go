package overlay

// Why fields of disks and products are refused.
const (
	noKeys    = "disks cannot be encrypted with a key service here; leave it out"
	noDiskID  = "a new disk gets its id here; leave it out"
	typeAlone = "must be the disk's type here; leave it out"
)

func poolChanges() Area {
	return Area{
		Name: "pool changes", File: "pool_changes",
		Operations: []Operation{
			{ID: "RebuildDesktopPool", Handler: "rebuildPool", Action: "workspace:desktopPools:rebuild", Jobs: []string{"rebuildDesktopPool"}, Summary: "Rebuild a pool's desktops with a new image"},
			{ID: "RevertDesktopPool", Handler: "revertPool", Action: "workspace:desktopPools:revert", Jobs: []string{"rebuildDesktopPool"}, Summary: "Cancel a pool's rebuild, or roll back to the previous image"},
			{ID: "ResizeDesktopPool", Handler: "resizePool", Action: "workspace:desktopPools:resize", Jobs: []string{"resizeDesktopPool"}, Summary: "Change the product of a pool's desktops"},
			{ID: "AddDesktopPoolVolumes", Handler: "addPoolVolumes", Action: "workspace:desktopPools:addVolumes", Jobs: []string{"addDesktopPoolVolumes"}, Summary: "Add data disks to a pool's desktops"},
			{ID: "DeleteDesktopPoolVolumes", Handler: "deletePoolVolumes", Action: "workspace:desktopPools:deleteVolumes", Jobs: []string{"deleteDesktopPoolVolumes"}, Summary: "Delete data disks of a pool's desktops"},
			{ID: "ExpandDesktopPoolVolumes", Handler: "expandPoolVolumes", Action: "workspace:desktopPools:expandVolumes", Jobs: []string{"expandVolumes"}, Summary: "Enlarge disks of a pool's desktops"},
		},
		Types: map[string]Fields{
			"RebuildDesktopPoolReq": reaching(Fields{
				"image_type":   {Doc: "gold, private, market or shared: where the image was found; the type of the image if absent"},
				"os_type":      {Doc: "Linux or Windows; the image's own"},
				"delay_time":   {Doc: "0 to 1440 minutes for connected users to save their work"},
				"message":      {Doc: "Shown to connected users, with a countdown; at most 1024 characters"},
				"order_id":     {Doc: "Stored; at most 64 characters"},
				"is_fix":       {Doc: "Only desktops with another image"},
				"encrypt_type": {Doc: "KEEP and UNENCRYPTED have no effect", Refuse: "not offered here; leave it out", Unless: "KEEP,UNENCRYPTED"},
				"kms_id":       {Refuse: noKeys},
			}),
			"ResizeDesktopPoolReq": reaching(Fields{
				"flavor_id": {Doc: "The product, if given", Refuse: "must be the product here; leave it out", SameAs: "product_id"},
				"mode":      {Enum: []string{"STOP_DESKTOP"}, Doc: "Stop running desktops and start them again; without it they are refused"},
			}),
			"ResizeDesktopPoolResponse": {"jobs": {Doc: "The desktops concerned"}},
			"AddDesktopPoolVolumesReq":  reaching(Fields{"volumes": {Doc: "A pool has 10 at most"}}),
			"VolumeAddInfo": {
				"type":               {Doc: "A type that ListVolumeProductInfo lists"},
				"size":               {Doc: "GB, a multiple of 10"},
				"id":                 {Refuse: noDiskID},
				"iops":               {Doc: ordered + "3000 to 128000, and at most 500 for each GB"},
				"throughput":         {Doc: ordered + "125 to 1000 MiB/s, and at most a quarter of iops"},
				"kms_id":             {Refuse: noKeys},
				"resource_spec_code": {Doc: "The type, if given", Refuse: typeAlone, SameAs: "type"},
			},
			"DeleteDesktopPoolVolumesReq":        reaching(Fields{"volumes": {Doc: "Ids of data disks in the pool; their content is lost"}}),
			"ExpandDesktopPoolVolumesReq":        reaching(Fields{"volumes": {Doc: "Ids of disks in the pool, which may include the system disk"}}),
			"ExpandDesktopPoolVolumesReqVolumes": {"size": {Doc: "GB, more than now"}},
		},
	}
}

// reaching adds the fields that say which desktops of a pool are changed.
func reaching(more Fields) Fields {
	more["handle_type"] = Field{Doc: "ONLY_FOR_EXPAND: desktops created later; FOR_EXPAND_AND_IDLE: also idle ones; FOR_EXPAND_AND_ALL (default): all"}
	more["desktop_ids"] = Field{Doc: "At most 1000 desktops of the pool; all if absent"}
	return more
}
