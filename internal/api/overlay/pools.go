package overlay

func pools() Area {
	return Area{
		Name: "pools", File: "pools",
		Operations: []Operation{
			{ID: "CreateDesktopPool", Handler: "createPool", Action: "workspace:desktopPools:create", Jobs: []string{"createDesktopPool"}, Summary: "Create a pool with its first desktops"},
			{
				ID: "ListDesktopPools", Handler: "listPools", Action: "workspace:desktopPools:list", Summary: "List pools",
				Query: Fields{
					"name":                {MaxLength: 255, Doc: "Part of the name"},
					"type":                {Enum: []string{"DYNAMIC", "STATIC"}},
					"in_maintenance_mode": {Present: true},
					"offset":              offset(), "limit": limited(1000, "1000"),
				},
			},
			{
				ID: "ListDesktopPoolsByUsers", Handler: "listPoolsByUsers", Action: "workspace:desktopPools:listByUsers", Summary: "List users with the pools they have access to",
				Query: Fields{"user_ids": {Max: new(100), Doc: "All users if absent"}, "offset": offset(), "limit": limited(100, "10")},
			},
			{ID: "ShowDesktopPoolDetail", Handler: "showPool", Action: "workspace:desktopPools:get", Summary: "Show a pool"},
			{ID: "UpdateDesktopPool", Handler: "updatePool", Action: "workspace:desktopPools:update", Summary: "Update a pool's settings, for desktops created later"},
			{ID: "DeleteDesktopPool", Handler: "deletePool", Action: "workspace:desktopPools:delete", Status: 204, Summary: "Delete a pool without desktops"},
			{ID: "ExpandDesktopPool", Handler: "expandPool", Action: "workspace:desktopPools:expand", Jobs: []string{"expandDesktopPool"}, Summary: "Add desktops to a pool"},
			{ID: "ExecuteDesktopPoolAction", Handler: "operatePool", Action: "workspace:desktopPools:operate", Jobs: []string{"operateDesktops"}, Summary: "Start, stop, restart or hibernate all desktops of a pool"},
			{
				ID: "ListPoolDesktopsDetail", Handler: "listPoolDesktops", Action: "workspace:desktopPools:listDesktops", Summary: "List a pool's desktops with all details",
				Query: poolDesktopFilter(),
			},
			{ID: "ListInconsistentStatics", Handler: "countPoolDifferences", Action: "workspace:desktopPools:listInconsistentStatics", Summary: "Count the desktops that differ from the pool's present settings"},
			{
				ID: "ListDesktopPoolAuthorizedObjects", Handler: "listGrants", Action: "workspace:desktopPools:listUsers", Summary: "List the users and groups with access to a pool",
				Query: Fields{"offset": offset(), "limit": limited(100, "10")},
			},
			{ID: "CreateDesktopPoolAuthorizedObjects", Handler: "changeGrants", Action: "workspace:desktopPools:authorizeUsers", Jobs: []string{"changeUserPrivilegeGroup"}, Summary: "Grant or revoke access to a pool"},
			{ID: "SendDesktopPoolNotifications", Handler: "notifyPool", Action: "workspace:desktopPools:sendNotifications", Jobs: []string{"notifyDesktopPool"}, Summary: "Show a message to all users connected to a pool"},
			{ID: "ShrinkDesktopPool", Handler: "shrinkPool", Action: "workspace:desktopPools:shrink", Jobs: []string{"deleteDesktops"}, Summary: "Delete a number of a pool's desktops without a user"},
			{ID: "TakeBackPoolDesktops", Handler: "takeBack", Action: "workspace:desktopPools:takeBack", Summary: "Put isolated desktops back into a pool"},
			{
				ID: "ListDesktopPoolDecisions", Handler: "listDecisions", Action: "workspace:desktopPools:listDecisions", Summary: "List the decisions about a pool, with reasons",
				Query: Fields{"offset": offset(), "limit": limited(100, "10")},
			},
		},
		Types: merged(poolRequests(), poolAnswers(), poolSettings()),
	}
}

// poolDesktopFilter is the filter of lists of desktops, but for the pool, which is in the path.
func poolDesktopFilter() Fields {
	filter := desktopDetailFilter(Fields{
		"inconsistent_type": {Doc: "Only desktops that differ in this from the pool's present settings, or are isolated"},
		"isolated":          {Present: true, Doc: "Only isolated desktops, or only the others"},
		"limit":             limited(100, "10"),
	})
	delete(filter, "pool_id")
	delete(filter, "desktop_pool_id")
	return filter
}

func poolRequests() map[string]Fields {
	return map[string]Fields{
		"CreateDesktopPoolReq": {
			"name":                          {InRoom: "the reference allows more than the data", Doc: "1 to 255 letters, digits and hyphens; unique in the project, case-insensitive"},
			"type":                          {Doc: "DYNAMIC: any desktop, temporarily; STATIC: one desktop, permanently"},
			"size":                          {Doc: "1 to 1000 desktops"},
			"description":                   {Doc: "At most 255 characters"},
			"availability_zone":             {Doc: "The default zone if absent"},
			"product_id":                    {Doc: "A product that ListProducts lists"},
			"flavor_id":                     {Doc: "The product, if given", Refuse: "must be the product here; leave it out", SameAs: "product_id"},
			"image_type":                    {Loose: true, Doc: "gold, private, market or shared: where the image was found; private if absent"},
			"image_id":                      {Doc: "An image that ListImages lists, of this type"},
			"root_volume":                   {Doc: "80 to 32760 GB"},
			"data_volumes":                  {Doc: "At most 10, of 10 to 32760 GB"},
			"vpc_id":                        {Doc: "The subnets' if absent"},
			"subnet_ids":                    {Doc: "1 to 50; desktops are spread over them"},
			"security_groups":               {Doc: "The default group if absent"},
			"authorized_objects":            {Doc: "Users and groups with access to the pool; at most 500 here, more with CreateDesktopPoolAuthorizedObjects"},
			"ou_name":                       {Doc: "An organisational unit that AddOu has added"},
			"tags":                          {Max: new(20), Doc: "At most 20; also applied to the pool's desktops"},
			"enterprise_project_id":         {Doc: "0 by default"},
			"disconnected_retention_period": {Present: true, Doc: "DYNAMIC: minutes for which a disconnected user keeps the desktop; 10 to 43200, 30 if absent"},
			"enable_autoscale":              {Doc: "Whether autoscale_policy is in effect; false by default"},
			"autoscale_policy":              {Doc: "When to create and delete desktops automatically; no effect without autoscale_type"},
			"user_reset_policy":             {Doc: "Whether users may reset their desktops"},
			"desktop_name_policy_id":        {Doc: "Generates the computer names; derived from the pool's name if absent"},
			"domain":                        {Doc: "The directory; the built-in one if absent"},
		},
		"UpdateDesktopPoolAttributesReq": {
			"name":                {InRoom: "the reference allows more than the data"},
			"tags":                {Present: true, Max: new(20), Doc: "Cleared if absent, unless the request contains only in_maintenance_mode"},
			"autoscale_policy":    {Doc: "Replaces the policy; an empty object clears it"},
			"in_maintenance_mode": {Doc: "No user gets a desktop of the pool, and autoscaling is suspended"},
			"root_volume":         {Doc: "Another type for the system disk of desktops created later"},
			"data_volumes":        {Present: true, Doc: "Other types for data disks of desktops created later; disks that are not named keep theirs"},
			"subnet_ids":          {Present: true},
			"security_groups":     {Present: true, Doc: "None: the default group"},
		},
		"DesktopPoolVolumeInfo": {
			"id":         {Doc: "The disk's id in the pool"},
			"type":       {Doc: "A type that ListVolumeProductInfo lists"},
			"iops":       {Doc: ordered + "3000 to 128000, and at most 500 for each GB"},
			"throughput": {Doc: ordered + "125 to 1000 MiB/s, and at most a quarter of iops"},
			"kms_id":     {Refuse: noKeys},
		},
		"ExpandDesktopPoolReq": {"size": {Doc: "1 to 1000"}},
		"ShrinkDesktopPoolReq": {"size": {Doc: "1 to 1000"}},
		"DesktopPoolActionReq": {
			"op_type": {Enum: []string{"os-start", "os-stop", "reboot", "hibernate", "os-hibernate"}, Doc: "os-hibernate, as for single desktops, means hibernate"},
			"type":    {Doc: "SOFT (default) shuts the guest system down, HARD powers off"},
		},
		"SendDesktopPoolNotificationsReq":               {"notifications": {Doc: "1 to 1024 characters"}},
		"TakeBackPoolDesktopsReq":                       {"desktop_ids": {Doc: "1 to 100 desktops of the pool"}},
		"CreateDesktopPoolAuthorizedObjectsRequestBody": {"objects": {Doc: "1 to 500"}},
	}
}

// poolSettings are the types of requests and answers.
func poolSettings() map[string]Fields {
	return map[string]Fields{
		"VolumeInfo": {
			"id":                 {Refuse: noDiskID, Doc: "In answers: identifies the disk in calls about the pool's disks"},
			"type":               {Doc: "A type that ListVolumeProductInfo lists"},
			"size":               {Doc: "GB, a multiple of 10"},
			"iops":               {Sparse: true, Doc: ordered + "3000 to 128000, and at most 500 for each GB"},
			"throughput":         {Sparse: true, Doc: ordered + "125 to 1000 MiB/s, and at most a quarter of iops"},
			"kms_id":             {Sparse: true, Refuse: noKeys},
			"resource_spec_code": {Doc: "The type, if given", Refuse: typeAlone, SameAs: "type"},
		},
		"AuthorizedObjects": {
			"object_id":   {Doc: "Id of the user or group; the name is not compared"},
			"object_name": {Loose: true, Sparse: true, Doc: "In responses: its present name"},
			"domain":      {Sparse: true, Doc: "The directory; the built-in one if absent"},
			"user_group":  {Loose: true, Sparse: true, Doc: privilege},
			"created_at":  {Sparse: true, Doc: "In responses only"},
		},
		"AutoscalePolicy": {
			"autoscale_type":          {Present: true, Sparse: true, Doc: "ACCESS_CREATED: create desktops for users who find no idle one; AUTO_CREATED: also keep min_idle ready"},
			"max_auto_created":        {Present: true, Sparse: true, Doc: "Limit of desktops created by autoscaling, in all states, 1 to 5000; required with enable_autoscale"},
			"min_idle":                {Present: true, Sparse: true, Doc: "AUTO_CREATED: 0 to 5000 idle desktops are kept ready; 0 if absent"},
			"once_auto_created":       {Present: true, Sparse: true, Doc: "Batch size of scale-out, 1 to 100; 100 if absent"},
			"min_retention":           {Present: true, Sparse: true, Doc: "Number of desktops that scale-in keeps, 0 to 5000; 0 if absent"},
			"idle_retention_duration": {Present: true, Sparse: true, Doc: "0 to 43200 minutes after which scale-in deletes an idle desktop; no scale-in if absent"},
			"auto_isolation_enable":   {Present: true, Sparse: true, Doc: "Isolate broken desktops"},
			"auto_isolation_max_num":  {Present: true, Sparse: true, Doc: "Limit of isolated desktops, 1 to 1000; 1000 if absent"},
		},
		"UserResetPolicy": {
			"enable":              {Present: true, Sparse: true, Doc: "Users may reset their desktop to its image"},
			"reset_count_per_day": {Present: true, Sparse: true, Doc: "1 to 100 times in any 24 hours; 1 if absent"},
		},
	}
}

func poolAnswers() map[string]Fields {
	const bought = "images are free of charge"
	pool := Fields{
		"charging_mode":                 {Doc: "1: on demand"},
		"desktop_count":                 {Doc: "Desktops in all states"},
		"desktop_used":                  {Doc: "Number of desktops with a user"},
		"subnet_id":                     {Doc: "The first of subnet_ids"},
		"image_id":                      {Doc: "The image of new desktops"},
		"data_volumes":                  {Doc: "In the order of the request"},
		"disconnected_retention_period": {Doc: "Minutes; 0 in STATIC pools"},
		"autoscale_policy":              {Present: true},
		"status":                        {Enum: []string{"STEADY", "TEMPORARY", "EXIST_FROZEN"}, Doc: "TEMPORARY while a job of the pool is running"},
		"isolation_num":                 {Doc: "Number of isolated desktops"},
		"image_history":                 {Doc: "Images of the pool, oldest first; the last is the present one"},
		"image_product_code":            {Omit: bought},
		"image_cloud_service_type":      {Omit: bought},
		"image_resource_type":           {Omit: bought},
	}
	return map[string]Fields{
		"SimpleDesktopPoolInfo":         pool,
		"ShowDesktopPoolDetailResponse": pool,
		"DesktopPoolImage":              {"job_id": {Doc: "Job of the rebuild that introduced the image; empty for the first"}},
		"AttachDesktopPoolsInfo":        {"is_attached": {Doc: "Whether the user has a desktop of the pool"}},
		"ListPoolDesktopsDetailResponse": {
			"pool_desktops":                     {Type: "[]PoolDesktop"},
			"on_demand_desktops_num":            {Doc: "All desktops: there is only on-demand charging"},
			"on_demand_free_image_desktops_num": {Doc: "All desktops: images are free of charge"},
			"inconsistent_type":                 {Sparse: true, Doc: "The requested difference"},
		},
		"SendDesktopPoolNotificationsResponse": {"job_id": {Doc: "Its sub-jobs show the message on one desktop each; none if no user is connected"}},
		"DesktopPoolDecision": {
			"reasons": {Doc: "Why actions were taken, and why others were not"},
			"inputs":  {Sparse: true, Doc: "The inputs of the decision"},
			"actions": {Sparse: true, Doc: "The actions that were ordered"},
		},
	}
}
