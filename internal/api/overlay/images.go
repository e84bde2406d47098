package overlay

// cloudImages are operations of the neighbour service IMS, which clients call on the same host. They are about the project that the caller's token is
// for, or that X-Project-Id names.
func cloudImages() Area {
	const (
		imageType = "Where it may be used: gold and market by every project, private by the caller's, shared by it since another shares it"
		constant  = "Every image has the same value; another one finds nothing"
		moments   = "A time in RFC 3339 with an operator before it: gt, gte, lt, lte, eq or neq and a colon, as in gte:2026-01-31T12:00:00Z; several are separated by commas"
	)
	filters := Fields{
		"__imagetype":      {Doc: imageType + ". market finds gold images"},
		"__isregistered":   {Doc: constant},
		"__os_bit":         {Doc: constant},
		"__platform":       {Doc: "The beginning of the system's version, ignoring case, as Debian"},
		"container_format": {Doc: constant + ": bare"},
		"disk_format":      {Doc: constant + ": qcow2"},
		"limit":            {Min: new(1), Max: new(1000), Default: "500"},
		"marker":           {Doc: "The images after this one"},
		"member_status":    {Doc: "What the caller's project has said to images that others share with it; accepted if absent"},
		"min_disk":         {Present: true, Doc: "GB, exact"},
		"min_ram":          {Present: true, Doc: "MB, exact"},
		"name":             {Doc: "Exact"},
		"owner":            {Doc: "A project"},
		"protected":        {Present: true},
		"status":           {Doc: "active finds all that are listed, another value none"},
		"tag":              {Doc: "Images have no tags: a tag finds nothing"},
		"visibility":       {Doc: "public: gold images; private and shared: those types"},
		"created_at":       {Doc: moments},
		"updated_at":       {Doc: moments},
	}
	for _, name := range []string{
		"__support_diskintensive", "__support_highperformance", "__support_kvm_gpu_type", "__support_kvm_infiniband", "__support_largememory",
		"__support_xen", "__support_xen_gpu_type", "__support_xen_hana",
	} {
		filters[name] = Field{Doc: "No image has it: a value finds nothing"}
	}
	filters["__support_kvm"] = Field{Doc: constant + ": true"}
	more := merged(filters, Fields{
		"enterprise_project_id": {Doc: "Images are in the default one, 0", Filters: true},
		"flavor_id":             {Doc: "A product: images for its architecture and memory"},
		"architecture":          {Doc: constant + ": x86"},
		"virtual_env_type":      {Doc: constant + ": FusionCompute"},
	})
	members := Fields{
		"images":        {Doc: "1 to 128 images of the caller's project"},
		"projects":      {Doc: "1 to 128 projects of the account"},
		"domains":       {Refuse: "images are shared with projects; name them in projects"},
		"organizations": {Refuse: "images are shared with projects; name them in projects"},
	}
	return Area{
		Name: "cloud images", File: "images",
		Operations: []Operation{
			{ID: "ListCloudImages", Handler: "listCloudImages", Action: "ims:images:list", Summary: "List images, newest first", Query: more},
			{ID: "ListGlanceImages", Handler: "listGlanceImages", Action: "ims:images:list", Summary: "List images in the form of Glance", Query: filters},
			{ID: "ShowGlanceImage", Handler: "showGlanceImage", Action: "ims:images:get", Summary: "Show an image"},
			{ID: "UpdateCloudImage", Handler: "updateCloudImage", Action: "ims:images:update", Summary: "Change an image's name, description, minima or protection"},
			{ID: "DeleteGlanceImage", Handler: "deleteGlanceImage", Action: "ims:images:delete", Status: 204, Bodyless: true, Summary: "Delete an image that nothing uses"},
			{ID: "CreateCloudImage", Handler: "createCloudImage", Action: "ims:serverImages:create", Jobs: []string{"desktopToImage"}, Summary: "Make an image of a desktop that is off"},
			{ID: "ShowImageJob", Handler: "showImageJob", Action: "ims:jobs:get", Summary: "Show a job of images"},
			{ID: "ListImageOsVersions", Handler: "listImageSystems", Action: "ims:images:listOsVersion", Summary: "List the systems that images have"},
			{ID: "AddImageMembers", Handler: "shareImages", Action: "ims:images:share", Summary: "Share images with other projects, which accept or reject them"},
			{ID: "UpdateImageMembers", Handler: "answerImages", Action: "ims:images:updateMember", Summary: "Accept or reject images that others share with the project"},
			{ID: "DeleteImageMembers", Handler: "unshareImages", Action: "ims:images:deleteMember", Summary: "End that images are shared with projects; their desktops stay"},
		},
		Types: merged(createdImageTypes(), map[string]Fields{
			"CloudImage": {
				"__imagetype":           {Doc: imageType},
				"__image_size":          {Doc: "Bytes"},
				"__image_source_type":   {Doc: "Always uds"},
				"__isregistered":        {Doc: "Always true"},
				"__originalimagename":   {Doc: "The image in the engine"},
				"min_disk":              {Doc: "GB of a system disk"},
				"min_ram":               {Doc: "MB of memory"},
				"max_ram":               {Doc: "No limit: empty"},
				"owner":                 {Doc: "The project; of a gold image the installation's region"},
				"enterprise_project_id": {Doc: "Always 0", Filters: true},
				"size":                  {Doc: "Always 0, as with the service; __image_size has the size"},
				"status":                {Doc: "Always active: others are not listed"},
				"tags":                  {Doc: "Images have none"},
			},
			"CloudImageChange": {
				"path":  {Doc: "/name, /__description, /min_ram, /min_disk or /protected"},
				"value": {Type: "any", Doc: "A text or what the field holds; remove needs none"},
			},
			"DeleteGlanceImageReq": {"delete_backup": {Doc: "Images have no backups: it changes nothing"}},
			"ImageMembers":         members,
			"ImageMembersAnswer": {
				"images":     {Doc: "1 to 128 images"},
				"project_id": {Doc: "The caller's project"},
				"vault_id":   {Refuse: "images are not kept in backup vaults; leave it out"},
			},
			"ImageMembersResponse": {"job_id": {Doc: "Poll it with ShowImageJob; sharing takes no time, so its job has ended"}},
		}),
	}
}

// createdImageTypes are the forms of making images.
func createdImageTypes() map[string]Fields {
	const (
		noImageTags  = "images have no tags; leave it out"
		ofTheDesktop = "it is that of the desktop; leave it out"
	)
	return map[string]Fields{
		"CreateCloudImageReq": {
			"name":                  {Doc: "1 to 128 characters: letters, digits, spaces and - _ . ( ) / +"},
			"description":           {Doc: "At most 1024 characters, without < and >"},
			"instance_id":           {Doc: "Must be given. The desktop: it must be off. Accounts and files of its people, logs, keys and its name are not in the image, nor are data disks"},
			"min_ram":               {Doc: "MB of memory of desktops that get the image; at least what the desktop's own image needs"},
			"max_ram":               {Refuse: "images have no such limit; leave it out"},
			"min_disk":              {Refuse: "it is the size of the desktop's system disk; change it afterwards with UpdateCloudImage"},
			"enterprise_project_id": {Refuse: "images are in the default enterprise project; leave it out", Unless: "0"},
			"image_tags":            {Refuse: noImageTags},
			"tags":                  {Refuse: noImageTags},
			"data_images":           {Refuse: "an image is of a system disk; leave it out"},
			"image_url":             {Refuse: "there is no object store to fetch it from: who runs the installation imports image files with carrel image import"},
			"os_version":            {Refuse: ofTheDesktop},
			"is_config":             {Refuse: ofTheDesktop},
			"cmk_id":                {Refuse: noKeys},
			"type":                  {Doc: "ECS has no effect", Refuse: "images are of desktops; leave it out", Unless: "ECS"},
			"is_quick_import":       {Refuse: "image files are imported with carrel image import; leave it out"},
			"architecture":          {Refuse: ofTheDesktop},
			"volume_id":             {Refuse: "an image is made of a desktop: name it in instance_id"},
			"hw_firmware_type":      {Refuse: ofTheDesktop},
		},
		"ImageJob":         {"status": {Doc: "INIT until it begins"}, "end_time": {Sparse: true}, "error_code": {Sparse: true}, "fail_reason": {Sparse: true}},
		"ImageJobEntities": {"image_id": {Sparse: true, Doc: "When the job has succeeded"}, "image_name": {Sparse: true}, "current_task": {Sparse: true}, "process_percent": {Doc: "0 to 100"}},
	}
}
