package overlay

func desktops() Area {
	const (
		byMail    = "Notify the users by mail"
		lastUsers = "Also delete the users who have no other desktop"
		byForce   = "Cut the power at once, instead of letting the system shut down first, for at most a minute"
	)
	return Area{
		Name: "desktops", File: "desktops",
		Operations: []Operation{
			{ID: "CreateDesktop", Handler: "createDesktops", Action: "workspace:desktops:create", Jobs: []string{"createDesktops"}, Summary: "Create desktops"},
			{
				ID: "ListDesktops", Handler: "listDesktops", Action: "workspace:desktops:list", Summary: "List desktops",
				Query: desktopFilter(Fields{
					"user_name": {Doc: "Exact names of users of the desktop"},
					"limit":     limited(1000, "1000"),
				}),
			},
			{
				ID: "ListDesktopsDetail", Handler: "listDesktopDetails", Action: "workspace:desktops:listDetail", Summary: "List desktops with all details",
				Query: desktopDetailFilter(Fields{"limit": limited(500, "500")}),
			},
			{ID: "ShowDesktopDetail", Handler: "showDesktop", Action: "workspace:desktops:get", Summary: "Show a desktop"},
			{
				ID: "DeleteDesktop", Handler: "deleteDesktop", Action: "workspace:desktops:delete", Jobs: []string{"deleteDesktops"}, Status: 204, Summary: "Delete a desktop",
				Query: Fields{"delete_users": {Doc: lastUsers}, "email_notification": {Doc: byMail}, "is_force_delete": {Doc: byForce}},
			},
			{ID: "BatchDeleteDesktops", Handler: "deleteDesktops", Action: "workspace:desktops:batchDelete", Jobs: []string{"deleteDesktops"}, Summary: "Delete desktops"},
			{ID: "BatchRunDesktops", Handler: "operateDesktops", Action: "workspace:desktops:operate", Jobs: []string{"operateDesktops"}, Summary: "Start, stop, restart or hibernate desktops"},
		},
		Types: merged(desktopRequests(), desktopAnswers(), map[string]Fields{
			"DeleteDesktopsReq": {
				"desktop_ids":        {Doc: "1 to 100"},
				"delete_users":       {Doc: lastUsers},
				"email_notification": {Present: true, Doc: byMail + "; true by default"},
				"is_force_delete":    {Doc: byForce},
			},
			"BatchDeleteDesktopsResponse": {"job_id": pollable()},
			"BatchActionDesktopsReq": {
				"desktop_ids": {Doc: "1 to 100"},
				"op_type":     {Enum: []string{"os-start", "os-stop", "reboot", "os-hibernate"}},
				"type":        {Doc: "SOFT (default) shuts the guest system down, HARD powers off"},
			},
			"BatchRunDesktopsResponse": {"job_id": {Sparse: true, Doc: "Absent if every desktop was refused"}},
			"VmOperateResult":          {"desktop_name": {Sparse: true}},
		}),
	}
}

// desktopFilter adds the parameters that all lists of desktops have.
func desktopFilter(more Fields) Fields {
	return merged(more, Fields{
		"computer_name":    {Doc: "Part of the computer name"},
		"desktop_type":     {Doc: "DEDICATED, SHARED or POOLED; several separated by commas"},
		"is_share_desktop": {Present: true, Doc: "Only shared desktops, or only the others"},
		"status":           {Doc: "ACTIVE, SHUTOFF, HIBERNATED, ERROR and transitional states; several separated by commas"},
		"desktop_id":       {Max: new(100)},
		"tag":              {Doc: "key=value; several separated by commas, all of which must match"},
		"pool_id":          {Doc: "Several separated by commas"},
		"desktop_pool_id":  {Doc: "Another name for pool_id, which some clients use"},
		"offset":           offset(),
	})
}

// desktopDetailFilter adds those that lists with details have on top.
func desktopDetailFilter(more Fields) Fields {
	return desktopFilter(merged(more, Fields{
		"user_name":           {Doc: "Part of the name of a user of the desktop"},
		"user_names":          {Doc: "Exact names of users of the desktop"},
		"computer_names":      {Doc: "Exact computer names"},
		"sort_field":          {Default: "created"},
		"sort_type":           {Default: "ASC"},
		"user_attached":       {Present: true, Doc: "Only desktops with a user, or only those without"},
		"charge_mode":         {Enum: []string{"0", "1"}, Doc: "0: yearly or monthly, 1: on demand; always 1"},
		"in_maintenance_mode": {Present: true},
		"is_support_internet": {Present: true, Doc: "Whether it has a public address: always false"},
	}))
}

func desktopRequests() map[string]Fields {
	const (
		noPackages = "hour packages are not sold here; leave it out"
		noTakeOver = "disks of other desktops cannot be taken over here; leave it out"
		noCopies   = "disks of other desktops cannot be copied here; leave it out"
	)
	return map[string]Fields{
		"CreateDesktopReq": {
			"desktop_type":           {Enum: []string{}, Doc: "DEDICATED: one user; SHARED: several users"},
			"availability_zone":      {Doc: "The default zone if absent"},
			"buy_type":               {Enum: []string{"speed", "custom"}, Doc: "The console form of the order; no effect"},
			"image_type":             {Doc: "gold, private, market or shared: where the image was found"},
			"root_volume":            {Doc: "80 to 32760 GB"},
			"data_volumes":           {Doc: "At most 10, of 10 to 32760 GB"},
			"nics":                   {Doc: "At most 1; the default subnet if absent"},
			"security_groups":        {Doc: "The default group if absent"},
			"desktops":               {InRoom: inRoomWithMore, Doc: "1 to 100, each for one user; not together with size"},
			"desktop_name":           {Doc: "With size: the name of one desktop, the prefix of several"},
			"desktop_ips":            {InRoom: inRoomWithMore, Doc: "One per desktop, or none"},
			"size":                   {Present: true, Doc: "1 to 100 desktops without a user; not together with desktops"},
			"email_notification":     {Present: true, Doc: "Notify users by mail when their desktop is ready; true by default"},
			"enterprise_project_id":  {Doc: "0 by default"},
			"tags":                   {Max: new(20)},
			"ou_name":                {Doc: "An organisational unit that AddOu has added"},
			"domain":                 {Doc: "The directory; the built-in one if absent"},
			"desktop_name_policy_id": {Doc: "Generates the names that the request omits"},
			"order_id":               {Doc: "Kept with the desktops; at most 64 characters"},

			"eip":                              {Present: true, Doc: "Public addresses: one that the project has, or new ones, which are released with their desktops"},
			"apply_shared_vpc_dedicated_param": {Refuse: "shared VPCs are not offered here; leave it out"},
			"hour_package_product_id":          {Refuse: noPackages},
			"hour_package_offering_id":         {Refuse: noPackages},
			"if_mount_old_desktop_disk":        {Refuse: noTakeOver},
		},
		"CreateDesktopResponse": {"job_id": pollable()},
		"Volume": {
			"type":       {Doc: "A type that ListVolumeProductInfo lists"},
			"size":       {Doc: "GB, a multiple of 10"},
			"iops":       {Doc: ordered + "3000 to 128000, and at most 500 for each GB"},
			"throughput": {Doc: ordered + "125 to 1000 MiB/s, and at most a quarter of iops"},
			"kms_id":     {Refuse: "disks cannot be encrypted with a key service here; leave it out"},
		},
		"Desktop": {
			"user_name":           {Doc: "An unknown user is created"},
			"user_phone":          {Doc: "Digits, with spaces, hyphens and parentheses between them and a plus before them; at most 32 characters"},
			"user_group":          {Doc: privilege},
			"computer_name":       {InRoom: inRoomForOthers, Doc: "1 to 15 characters"},
			"os_host_name":        {Doc: "The computer name if absent"},
			"desktop_name_prefix": {Doc: "Used if computer_name is absent"},

			"copy_volume_desktop_id": {Refuse: noCopies},
			"copy_volume_ids":        {Refuse: noCopies},
			"if_delete_old_desktop":  {Refuse: noTakeOver},
		},
	}
}

// ordered begins the meaning of fields with the speed of a disk.
const ordered = "For type GPSSD2 only, which needs it: "

// privilege is what user_group means.
const privilege = "sudo or default; administrators or users on Windows"

func desktopAnswers() map[string]Fields {
	const (
		noNodes    = "there are no shared resources to name"
		noPackages = "hour packages are not sold"
		task       = "The task in progress; empty when idle"
		directory  = "The desktop's id in the directory"
		bill       = "The billing id: the desktop's id"
	)
	return map[string]Fields{
		"SimpleDesktopInfo": {
			"task_status": {Doc: task}, "sid": {Doc: directory}, "bill_resource_id": {Doc: bill},
			"share_resource_sku":  {Omit: noNodes},
			"desktop_detail_type": {Omit: "desktop_type tells the same"},
		},
		"DesktopDetailInfo": {
			"addresses":           {Doc: "By subnet"},
			"task_status":         {Doc: task},
			"site_name":           {Doc: "The one site"},
			"sid":                 {Doc: directory},
			"bill_resource_id":    {Doc: bill},
			"is_support_internet": {Doc: "Whether it has a public address: always false; the internet is reached by NAT"},
			"domain":              {Doc: "The directory"},
			"isolated":            {Doc: "Whether it is broken and isolated in its pool"},
			"is_freeze":           {Doc: "Always false: nothing is frozen, as there is no billing"},
			"process":             {Present: true, Doc: "Progress of task_status in percent; absent when idle"},
			"order_id":            {Sparse: true, Doc: "Order id of the last rebuild of its pool that had one, otherwise of the order that the desktop was created for"},
			"fault":               {Sparse: true, Doc: "The last error"},
			"ipv6":                {Omit: "desktops have no IPv6 addresses"},
			"share_resource_sku":  {Omit: noNodes},
			"root_resource_id":    {Omit: noPackages},
			"hour_package_info":   {Omit: noPackages},
		},
		"AddressInfo": {"OS-EXT-IPS:type": {Name: "Type"}, "OS-EXT-IPS-MAC:mac_addr": {Omit: "network addresses of desktops are internal"}},
		"FlavorInfo":  {"links": {Doc: "None: a product has no address of its own"}},
		"VolumeDetail": {
			"resource_spec_code":   {Doc: "The type, as in ListVolumeProductInfo"},
			"desktop_pool_disk_id": {Sparse: true, Doc: "Id of the disk in the pool"},
			"bill_resource_id":     {Doc: "The billing id: the disk's id"},
			"kms_id":               {Omit: "disks cannot be encrypted with a key service"},
			"iops":                 {Sparse: true, Doc: "As ordered for a disk of type GPSSD2"},
			"throughput":           {Sparse: true, Doc: "Likewise; MiB/s"},
		},
		"ProductInfo": {"memory": {Doc: "MB"}, "system_disk_size": {Doc: "GB"}},
	}
}
