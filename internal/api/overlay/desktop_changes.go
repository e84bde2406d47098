package overlay

// desktopChanges are the operations on single desktops besides creating, listing, power and deleting.
func desktopChanges() Area {
	const oneHundred = "1 to 100"
	return Area{
		Name: "desktop changes", File: "desktop_changes",
		Operations: []Operation{
			{ID: "UpdateDesktop", Handler: "renameDesktop", Action: "workspace:desktops:update", Jobs: []string{"updateDesktops"}, Summary: "Rename a desktop"},
			{
				ID: "BatchRebuildDesktopsSystemDisk", Handler: "rebuildDesktops", Action: "workspace:desktops:rebuild", Jobs: []string{"rebuildDesktops"},
				Summary: "Rebuild desktops with an image",
			},
			{ID: "ResizeDesktop", Handler: "resizeDesktops", Action: "workspace:desktops:resize", Jobs: []string{"resizeDesktops"}, Summary: "Change the product of desktops"},
			{ID: "BatchLogoffDesktops", Handler: "logOffDesktops", Action: "workspace:desktops:logoff", Jobs: []string{"logoffDesktops"}, Summary: "End the sessions in desktops"},
			{ID: "SetMaintenanceMode", Handler: "setMaintenance", Action: "workspace:desktops:setMaintenanceMode", Summary: "Begin or end the maintenance of desktops"},
			{
				ID: "SendNotifications", Handler: "notifyDesktops", Action: "workspace:desktops:sendNotifications", Jobs: []string{"notifyDesktops"},
				Summary: "Show a message to all users connected to desktops",
			},
		},
		Types: map[string]Fields{
			"ModifyDesktopAttributesReq": {"desktop": {Needed: true}},
			"ModifyDesktopAttributesReqDesktop": {
				"computer_name":          {Needed: true, InRoom: inRoomForOthers, Doc: "1 to 15 characters, of which Chinese ones count two: letters, digits and hyphens"},
				"self_backup_management": {Refuse: "users make no backups by themselves here; leave it out"},
			},
			"UpdateDesktopResponse": noErrorInside(nil),
			"RebuildDesktopsReq": {
				"desktop_ids":           {Doc: oneHundred + "; none of a pool"},
				"image_type":            {Enum: []string{}, Doc: "gold, private, market or shared: where the image was found"},
				"os_type":               {Doc: "Linux or Windows; the image's own"},
				"delay_time":            {Doc: "0 to 1440 minutes for people with a session to save their work; 0 by default"},
				"message":               {Doc: "Shown to people with a session, with a countdown; at most 1024 characters"},
				"encrypt_type":          {Doc: "KEEP and UNENCRYPTED have no effect", Refuse: "not offered here; leave it out", Unless: "KEEP,UNENCRYPTED"},
				"kms_id":                {Refuse: noKeys},
				"order_id":              {Refuse: "nothing is ordered for money here; leave it out"},
				"enterprise_project_id": {Refuse: "the desktops stay in theirs; leave it out", Unless: "0"},
				"handle_type":           {Refuse: "it chooses desktops of pools, which are rebuilt with RebuildDesktopPool; leave it out"},
			},
			"BatchRebuildDesktopsSystemDiskResponse": noErrorInside(Fields{"job_id": pollable()}),
			"ResizeDesktopReq": {
				"desktops":        {InRoom: inRoomWithMore, Doc: oneHundred + "; none of a pool"},
				"mode":            {Enum: []string{"STOP_DESKTOP"}, Doc: "STOP_DESKTOP: running desktops are stopped and started again"},
				"auto_placement":  {Doc: "off has no effect", Refuse: "the engine places desktops by itself; leave it out", Unless: "off"},
				"desktop_pool_id": {Refuse: "the desktops of a pool are resized with ResizeDesktopPool; leave it out"},
			},
			"ResizeDesktopData":     {"desktop_id": {Needed: true}},
			"ResizeDesktopResponse": {"job_id": pollable(), "jobs": {Doc: "The desktops concerned"}},
			"LogoffDesktopsReq": {
				"desktop_ids": {Needed: true, Doc: oneHundred},
				"message":     {Doc: "Shown to people with a session for a minute before it ends; at most 1024 characters. Without it sessions end at once"},
			},
			"BatchSetMaintenanceModeReq": {"desktop_ids": {Doc: oneHundred}, "in_maintenance_mode": {Present: true}},
			"SendNotificationsReq":       {"desktop_ids": {Doc: oneHundred}, "notifications": {Doc: "1 to 1024 characters"}},
			"SendNotificationsResponse":  {"job_id": {Doc: "Its sub-jobs show the message on one desktop each; where nobody is connected they have ended"}},
		},
	}
}

// noErrorInside leaves out the fields of errors of an answer that tells of success: errors have a status of their own.
func noErrorInside(more Fields) Fields {
	const why = "an error has a status of its own"
	return merged(more, Fields{
		"error_code": {Omit: why}, "error_msg": {Omit: why}, "error_detail": {Omit: why}, "encoded_authorization_message": {Omit: why},
	})
}
