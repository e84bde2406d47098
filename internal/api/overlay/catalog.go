package overlay

func catalog() Area {
	const (
		billed     = "nothing is billed"
		noPackage  = "There is none with any code: nothing is sold"
		restricted = "everything is offered to all accounts"
	)
	architectures := Field{Enum: []string{"x86", "arm"}}
	return Area{
		Name: "catalog", File: "catalog",
		Operations: []Operation{
			{
				ID: "ListProducts", Handler: "listProducts", Action: "workspace:products:list", Summary: "List products",
				Query: Fields{
					"os_type":      {Enum: []string{"Windows", "Linux"}},
					"charge_mode":  {Enum: []string{"0", "1"}, Doc: "0: yearly or monthly, 1: on demand; always 1"},
					"architecture": architectures,
					"limit":        limited(100, "100"), "offset": offset(),
				},
			},
			{
				ID: "ListImages", Handler: "listImages", Action: "workspace:images:list", Summary: "List images",
				Query: Fields{
					"os_type":      {Enum: []string{"Linux", "Windows", "Other"}},
					"image_type":   {Enum: []string{"gold", "private", "market", "shared"}},
					"platform":     {Doc: "Beginning of the operating system's name, such as Debian"},
					"architecture": architectures,
					"package_type": {Doc: "No effect: every image fits every package"},
					"sort_field":   {Enum: []string{"name", "created_at"}, Default: "name"},
					"sort_type":    {Enum: []string{"asc", "desc"}, Default: "asc"},
					"limit":        limited(100, "100"), "offset": offset(),
				},
			},
			{
				ID: "ListHourPackagesType", Handler: "hourPackages", Action: "workspace:products:listHourPackages",
				Summary: "List hour packages: none, since desktops may be used for as many hours as wanted",
				Query: Fields{
					"desktop_resource_spec_code": {Doc: noPackage}, "resource_spec_code": {Doc: noPackage}, "limit": limited(100, "100"), "offset": offset(),
				},
			},
			{
				ID: "ListResourcePackages", Handler: "resourcePackages", Action: "workspace:products:listResourcePackages",
				Summary: "List resource packages: none, since desktops may be used for as many hours as wanted", Query: Fields{"resource_spec_code": {Doc: noPackage}},
			},
			{
				ID: "ListMarketImages", Handler: "listMarketImages", Action: "workspace:images:listMarket", Summary: "Show market images, which are the gold ones",
				Query: Fields{"image_ids": {Doc: "1 to 100; those that are no gold images are left out"}},
			},
			{ID: "ListVolumeProductInfo", Handler: "listVolumeTypes", Action: "workspace:volumes:listProducts", Summary: "List disk types"},
			{ID: "ListAvailabilityZones", Handler: "listZones", Action: "workspace:availabilityZones:list", Summary: "List availability zones"},
			{ID: "ShowAzDetails", Handler: "showZone", Action: "workspace:availabilityZones:get", Summary: "Show an availability zone"},
			{
				ID: "ListTimeZones", Handler: "listTimeZones", Action: "workspace:timezones:list", Summary: "List the time zones that desktops know",
				Query: Fields{"time_zone_name": {Doc: "Exact, such as Asia/Shanghai"}},
			},
			{ID: "ListAzs", Handler: "summariseZones", Action: "workspace:availabilityZones:listSummary", Summary: "List availability zones by type of site"},
		},
		Types: map[string]Fields{
			"ListProductsResponse": {"os_type": {Sparse: true}, "architecture": {Sparse: true}, "availability_zone": {Sparse: true}},
			"Product": {
				"memory":           {Doc: "MB"},
				"system_disk_size": {Doc: "GB"},
				"product_desc":     {Doc: "By language"},
				"cpu_desc":         {Omit: "the CPU has no name"},
				"vram":             {Omit: "no product has a GPU"},
				"gpu_desc":         {Omit: "no product has a GPU"},
				"data_disk_size":   {Omit: "no product has a data disk"},
				"bill_switch":      {Omit: billed},
				"domain_ids":       {Omit: restricted},
				"share_space_size": {Omit: "desktops have no shared space"},
			},
			"ImageInfo": {
				"min_ram":      {Doc: "MB"},
				"min_disk":     {Doc: "GB"},
				"disk_format":  {Sparse: true, Doc: "Only for images of virtual machines; container images are not disks"},
				"product_code": {Omit: billed},
				"kms_id":       {Omit: "disks cannot be encrypted"},
			},
			"VolumeProductInfo": {
				"domain_ids": {Omit: restricted},
				"iops":       {Present: true, Doc: "Of GPSSD2, whose speed is ordered"},
				"throughput": {Present: true, Doc: "Likewise; MiB per second"},
			},
			"Iops":       {"range_by_size": {Doc: "At most this many for each GB; all disks may have the minimum"}},
			"Throughput": {"range_by_iops": {Doc: "At most this much for each operation; all disks may have the minimum"}},
			"ShowAzDetailsResponse": {
				"category":            {Enum: []string{"0"}, Doc: "0: an ordinary zone"},
				"mode":                {Omit: "there are no edge sites"},
				"alias":               {Omit: "zones have no other name"},
				"public_border_group": {Omit: "there are no edge sites"},
			},
			"Timezones": {
				"time_zone":         {Doc: "The offset without summer time, such as UTC+08:00"},
				"time_zone_name":    {Doc: "The IANA name, such as Asia/Shanghai"},
				"time_zone_desc":    {Doc: "Offset and name"},
				"time_zone_desc_us": {Doc: "Offset and name: places have no other names here"},
				"time_zone_desc_cn": {Doc: "Offset and name: places have no other names here"},
			},
			"ListAzsResponse": {"azs": {Doc: "By type of site"}},
			"AzInfo":          {"i18n": {Type: "map[string]string", Doc: "By language"}},
		},
	}
}
