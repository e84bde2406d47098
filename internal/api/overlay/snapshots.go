package overlay

func snapshots() Area {
	return Area{
		Name: "snapshots", File: "snapshots",
		Operations: []Operation{
			{
				ID: "ListDesktopSnapshot", Handler: "listSnapshots", Action: "workspace:snapshots:list", Summary: "List snapshots of disks",
				Query: Fields{
					"offset": offset(), "limit": limited(1000, "1000"),
					"desktop_name": {Doc: "Part of the name"}, "desktop_names": {Doc: "Whole names"}, "snapshot_name": {Doc: "Part of the name"}, "snapshot_names": {Doc: "Whole names"},
					"create_type": {Doc: "AUTO: taken before another one was restored"},
				},
			},
			{ID: "BatchCreateDesktopSnapshot", Handler: "takeSnapshots", Action: "workspace:snapshots:create", Jobs: []string{"createWksSnapshot"}, Summary: "Take snapshots of desktops, which keep running"},
			{ID: "BatchRestoreDesktopSnapshot", Handler: "restoreSnapshots", Action: "workspace:snapshots:restore", Jobs: []string{"restoreDesktopBySnapshot"}, Summary: "Give disks the content of snapshots; what was on them is kept"},
			{ID: "BatchDeleteDesktopSnapshot", Handler: "deleteSnapshots", Action: "workspace:snapshots:delete", Jobs: []string{"deleteWksSnapshot"}, Summary: "Delete snapshots"},
		},
		Types: map[string]Fields{
			"BatchCreateDesktopSnapshotReq": {
				"desktop_ids":          {Doc: "1 to 100; nothing happens if one of them cannot be changed now"},
				"disk_type":            {Doc: "If absent, of the disks whose names are given"},
				"system_disk_snapshot": {Present: true, Doc: "What the snapshot of the system disk is called"},
				"data_disk_snapshot":   {Present: true, Doc: "What the one snapshot of all data disks is called"},
			},
			"DiskSnapshotInfo":              {"name": {Doc: "At most 64 characters; the desktop's name and the time if absent"}, "description": {Doc: "At most 255 characters"}},
			"BatchRestoreSnapshotReq":       {"snapshot_ids": {Doc: "1 to 100; of a desktop at most one of the system disk and one of the data disks"}},
			"BatchDeleteDesktopSnapshotReq": {"snapshot_ids": {Doc: "1 to 100. Those that are gone are ignored"}},
			"DesktopSnapshotDetailInfo": {
				"desktop_sid":         {Doc: "The desktop's id in the directory"},
				"desktop_pool_id":     {Sparse: true},
				"process":             {Present: true, Doc: "0 until it is there, then 100"},
				"last_restore_time":   {Sparse: true},
				"restore_fail_reason": {Sparse: true},
			},
		},
	}
}
