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
			{
				ID: "ListDesktopActions", Handler: "listDesktopActions", Action: "workspace:desktops:listActions", Summary: "List what was done with a desktop",
				Query: Fields{"limit": limited(100, "10"), "offset": offset()},
			},
			{
				ID: "ExportDesktopListNew", Handler: "exportDesktops", Action: "workspace:desktops:export", Summary: "Export desktops to a file",
				Query: Fields{
					"computer_name":             {Doc: "Part of the computer name"},
					"desktop_id":                {Doc: "Several separated by commas"},
					"pool_id":                   {Doc: "Several separated by commas"},
					"tag":                       {Doc: "key=value; several separated by commas, all of which must match"},
					"desktop_type":              {Doc: "DEDICATED, SHARED or POOLED; several separated by commas"},
					"status":                    {Doc: "ACTIVE, SHUTOFF, HIBERNATED, ERROR and transitional states; several separated by commas"},
					"user_names":                {Doc: "Exact names of users of the desktop"},
					"sort_field":                {Default: "created"},
					"sort_type":                 {Default: "ASC"},
					"user_attached":             {Present: true, Doc: "Only desktops with a user, or only those without"},
					"in_maintenance_mode":       {Present: true},
					"charge_mode":               {Enum: []string{"0", "1"}, Doc: "0: yearly or monthly, 1: on demand; always 1"},
					"connection_status_version": {Doc: "OLD has no effect", Refuse: "connections have one kind of state here; leave it out", Unless: "OLD"},
				},
			},
			{
				ID: "ChangeDesktopToImage", Handler: "desktopToImage", Action: "workspace:desktops:desktopToImage", Jobs: []string{"desktopToImage"},
				Summary: "Make a private image of a desktop that is off",
			},
			{ID: "ShowSysprepInfo", Handler: "showSysprep", Action: "workspace:desktops:getSysprep", Summary: "Show whether an image can be made of a desktop now"},
			{ID: "CheckSysprepInfo", Handler: "checkSysprep", Action: "workspace:desktops:checkSysprep", Summary: "Show what prepares desktops for becoming images", Reads: true},
			{ID: "CheckDesktopImages", Handler: "desktopImages", Action: "workspace:desktops:checkImages", Summary: "Show the images of desktops", Reads: true},
		},
		Types: merged(desktopToImageTypes(oneHundred), map[string]Fields{
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
			"ListDesktopActionsResponse": {},
			"DesktopAction": {
				"action":      {Doc: "The operation"},
				"message":     {Doc: "Who did it"},
				"finish_time": {Doc: "Empty until it has ended"},
				"result":      {Enum: []string{"WAITING", "RUNNING", "SUCCESS", "FAILED"}},
				"traceback":   {Doc: "Why it failed, or what holds it up"},
			},
			"ExportDesktopListNewResponse": {"task_id": {Doc: "Fetch the file with DownloadExportFile, within 7 days"}},
			"CheckDesktopImagesReq":        {"desktop_ids": {Needed: true, Doc: oneHundred}},
			"BatchSetMaintenanceModeReq":   {"desktop_ids": {Doc: oneHundred}, "in_maintenance_mode": {Present: true}},
			"SendNotificationsReq":         {"desktop_ids": {Doc: oneHundred}, "notifications": {Doc: "1 to 1024 characters"}},
			"SendNotificationsResponse":    {"job_id": {Doc: "Its sub-jobs show the message on one desktop each; where nobody is connected they have ended"}},
		}),
	}
}

// desktopToImageTypes are the forms of making images of desktops.
func desktopToImageTypes(count string) map[string]Fields {
	return map[string]Fields{
		"DesktopToImageReq": {
			"image_name":            {Doc: "1 to 128 characters: letters, digits, spaces and - _ . ( ) / +"},
			"image_description":     {Doc: "At most 1024 characters, without < and >"},
			"desktop_id":            {Doc: "It must be off"},
			"execute_sysprep":       {Present: true, Doc: "true or absent: the image is always prepared; false is refused"},
			"is_clear_data":         {Present: true, Doc: "true or absent: accounts and files of people are never in an image; false is refused"},
			"image_tags":            {Refuse: "images have no tags; leave it out"},
			"enterprise_project_id": {Refuse: "images are in the default enterprise project; leave it out", Unless: "0"},
			"max_ram":               {Refuse: "images have no such limit; leave it out", Unless: "0"},
			"min_ram":               {Doc: "MB of memory of desktops that get the image; at least what the desktop's own image needs"},
		},
		"ChangeDesktopToImageResponse": {"job_id": pollable()},
		"ShowSysprepInfoResponse": {
			"sysprep_version":      {Doc: "Of what removes what is personal, which is Carrel's own and needs nothing in the desktop"},
			"support_create_image": {Doc: "The desktop is off, has nothing to do and is a container"},
		},
		"CheckSysprepInfoRequestBody": {"desktop_ids": {Needed: true, Doc: count}},
		"DesktopSysprepInfo": {
			"sysprep_version":      {Doc: "As with ShowSysprepInfo; empty if no image can be made of the desktop now"},
			"support_hibernate":    {Doc: "Always true"},
			"support_update_route": {Doc: "Always false: a desktop's routes are those of its network"},
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
