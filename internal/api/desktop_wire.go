package api

import (
	"strconv"
	"time"

	"carrel/internal/catalog"
	"carrel/internal/desktop"
	"carrel/internal/directory"
	"carrel/internal/workspace"
)

// The body of CreateDesktop. It includes fields that Carrel does not support, so that they are refused rather than ignored
// silently.
type (
	createDesktopBody struct {
		Type           workspace.DesktopType `json:"desktop_type" required:"true" doc:"DEDICATED: one user; SHARED: several users"`
		Zone           string                `json:"availability_zone,omitempty" doc:"The default zone if absent"`
		ProductID      string                `json:"product_id" required:"true"`
		BuyType        string                `json:"buy_type,omitempty" enum:"speed,custom" doc:"The console form of the order; no effect"`
		ImageType      catalog.ImageType     `json:"image_type" required:"true" doc:"gold, private or market"`
		ImageID        string                `json:"image_id" required:"true"`
		Root           VolumeBody            `json:"root_volume" required:"true" doc:"80 to 32760 GB"`
		Data           []VolumeBody          `json:"data_volumes,omitempty" doc:"At most 10, of 10 to 32760 GB"`
		VPCID          string                `json:"vpc_id,omitempty"`
		NICs           []nicBody             `json:"nics,omitempty" doc:"At most 1; the default subnet if absent"`
		SecurityGroups []idBody              `json:"security_groups,omitempty" doc:"The default group if absent"`
		Desktops       []newDesktopBody      `json:"desktops,omitempty" doc:"1 to 100, each for one user; not together with size"`
		Name           string                `json:"desktop_name,omitempty" doc:"With size: the name of one desktop, the prefix of several"`
		Addresses      []string              `json:"desktop_ips,omitempty" doc:"One per desktop, or none"`
		Size           *int                  `json:"size,omitempty" doc:"1 to 100 desktops without a user; not together with desktops"`
		Notify         *bool                 `json:"email_notification,omitempty" doc:"Notify users by mail when their desktop is ready; true by default"`
		EnterpriseID   string                `json:"enterprise_project_id,omitempty" doc:"0 by default"`
		OUName         string                `json:"ou_name,omitempty" doc:"An organisational unit that AddOu has added"`
		Tags           []tagBody             `json:"tags,omitempty"`
		Domain         string                `json:"domain,omitempty" doc:"The directory; the built-in one if absent"`
		NamePolicyID   string                `json:"desktop_name_policy_id,omitempty" doc:"Generates the names that the request omits"`

		EIP              map[string]any `json:"eip,omitempty" doc:"Refused: public addresses are not offered"`
		SharedVPC        map[string]any `json:"apply_shared_vpc_dedicated_param,omitempty" doc:"Refused"`
		HourPackageID    string         `json:"hour_package_product_id,omitempty" doc:"Refused"`
		HourPackageOffer string         `json:"hour_package_offering_id,omitempty" doc:"Refused"`
		MountOldDisk     bool           `json:"if_mount_old_desktop_disk,omitempty" doc:"Refused"`
	}
	// VolumeBody is a requested disk.
	VolumeBody struct {
		Type       string `json:"type" required:"true" doc:"A type that ListVolumeProductInfo lists"`
		Size       int    `json:"size" required:"true" doc:"GB, a multiple of 10"`
		IOPS       int    `json:"iops,omitempty" doc:"Refused: the disk type determines the speed"`
		Throughput int    `json:"throughput,omitempty" doc:"Refused: the disk type determines the speed"`
		KeyID      string `json:"kms_id,omitempty" doc:"Refused"`
	}
	nicBody struct {
		SubnetID string `json:"subnet_id" required:"true"`
	}
	idBody struct {
		ID string `json:"id" required:"true"`
	}
	tagBody struct {
		Key   string `json:"key" required:"true"`
		Value string `json:"value,omitempty"`
	}
	newDesktopBody struct {
		UserName  string              `json:"user_name" required:"true" doc:"An unknown user is created"`
		Domain    string              `json:"domain,omitempty"`
		UserEmail string              `json:"user_email,omitempty"`
		UserPhone string              `json:"user_phone,omitempty" doc:"Digits, with spaces, hyphens and parentheses between them and a plus before them; at most 32 characters"`
		Group     workspace.UserGroup `json:"user_group,omitempty" doc:"sudo or default; administrators or users on Windows"`
		Name      string              `json:"computer_name,omitempty" doc:"1 to 15 characters"`
		HostName  string              `json:"os_host_name,omitempty" doc:"The computer name if absent"`
		Prefix    string              `json:"desktop_name_prefix,omitempty" doc:"Used if computer_name is absent"`

		CopyDesktopID string   `json:"copy_volume_desktop_id,omitempty" doc:"Refused"`
		CopyVolumeIDs []string `json:"copy_volume_ids,omitempty" doc:"Refused"`
		DeleteOld     bool     `json:"if_delete_old_desktop,omitempty" doc:"Refused"`
	}
)

func (b *createDesktopBody) request(c workspace.Caller) desktop.CreateDesktops {
	return desktop.CreateDesktops{
		Caller: c, Type: b.Type, Zone: b.Zone, ProductID: b.ProductID, ImageType: b.ImageType, ImageID: b.ImageID,
		Root: b.Root.spec(), Data: each(b.Data, VolumeBody.spec), VPCID: b.VPCID,
		SubnetIDs:      each(b.NICs, func(n nicBody) string { return n.SubnetID }),
		SecurityGroups: each(b.SecurityGroups, func(i idBody) string { return i.ID }),
		Desktops:       each(b.Desktops, newDesktopBody.spec),
		Size:           b.Size, Name: b.Name, Addresses: b.Addresses, Notify: b.Notify == nil || *b.Notify,
		EnterpriseID: b.EnterpriseID, Tags: each(b.Tags, func(t tagBody) workspace.Tag { return workspace.Tag(t) }),
		Domain: b.Domain, OUName: b.OUName, NamePolicyID: b.NamePolicyID, Unsupported: b.unsupported(),
	}
}

func (v VolumeBody) spec() desktop.VolumeSpec {
	return desktop.VolumeSpec{Type: v.Type, GB: v.Size}
}

func (d newDesktopBody) spec() desktop.NewDesktop {
	return desktop.NewDesktop{
		UserName: d.UserName, UserEmail: d.UserEmail, UserPhone: d.UserPhone, Group: d.Group,
		Name: d.Name, Prefix: d.Prefix, HostName: d.HostName, Domain: d.Domain,
	}
}

// unsupported returns the fields that Carrel does not support. Zero values do not count.
func (b *createDesktopBody) unsupported() []string {
	var names given
	names.add("eip", b.EIP != nil)
	names.add("apply_shared_vpc_dedicated_param", b.SharedVPC != nil)
	names.add("hour_package_product_id", b.HourPackageID != "")
	names.add("hour_package_offering_id", b.HourPackageOffer != "")
	names.add("if_mount_old_desktop_disk", b.MountOldDisk)
	names.addVolume("root_volume.", b.Root)
	for i, v := range b.Data {
		names.addVolume(at("data_volumes", i, ""), v)
	}
	for i, d := range b.Desktops {
		names.add(at("desktops", i, "copy_volume_desktop_id"), d.CopyDesktopID != "")
		names.add(at("desktops", i, "copy_volume_ids"), len(d.CopyVolumeIDs) > 0)
		names.add(at("desktops", i, "if_delete_old_desktop"), d.DeleteOld)
	}
	return names
}

// given collects the names of the fields that a request has.
type given []string

func (g *given) add(name string, there bool) {
	if there {
		*g = append(*g, name)
	}
}

func (g *given) addVolume(prefix string, v VolumeBody) {
	g.add(prefix+"iops", v.IOPS != 0)
	g.add(prefix+"throughput", v.Throughput != 0)
	g.add(prefix+"kms_id", v.KeyID != "")
}

// desktopSummary is a desktop in ListDesktops.
type desktopSummary struct {
	DomainID      string         `json:"domain_id"`
	ProjectID     string         `json:"project_id"`
	ID            string         `json:"desktop_id"`
	Name          string         `json:"computer_name"`
	HostName      string         `json:"os_host_name"`
	Created       string         `json:"created"`
	Address       string         `json:"ip_address"`
	UserName      string         `json:"user_name"`
	Users         []attachedUser `json:"attach_user_infos"`
	UserGroup     string         `json:"user_group"`
	OUName        string         `json:"ou_name"`
	EnterpriseID  string         `json:"enterprise_project_id"`
	Tags          []tagBody      `json:"tags"`
	InMaintenance bool           `json:"in_maintenance_mode"`
	Type          string         `json:"desktop_type"`
	SubnetID      string         `json:"subnet_id"`
	Status        string         `json:"status"`
	Task          string         `json:"task_status" doc:"The task in progress; empty when idle"`
	Zone          string         `json:"availability_zone"`
	Login         string         `json:"connect_status"`
	PoolID        string         `json:"pool_id"`
	SID           string         `json:"sid" doc:"The desktop's id in the directory"`
	BillID        string         `json:"bill_resource_id" doc:"The billing id: the desktop's id"`
}

type attachedUser struct {
	ID     string `json:"user_id"`
	Name   string `json:"user_name"`
	Domain string `json:"domain"`
	Group  string `json:"user_group"`
	Type   string `json:"type"`
}

func summaryOf(d desktop.Desktop, accountID string) desktopSummary {
	return desktopSummary{
		DomainID: accountID, ProjectID: d.ProjectID, ID: d.ID, Name: d.Name, HostName: d.HostName, Created: stamp(d.Created),
		Address: d.Address, UserName: d.FirstUser(), Users: usersOf(d), UserGroup: firstGroup(d), OUName: d.OUName,
		EnterpriseID: d.EnterpriseID, Tags: tagsOf(d), InMaintenance: d.InMaintenance, Type: string(d.Type), SubnetID: d.SubnetID,
		Status: string(d.Status), Task: string(d.Task), Zone: d.Zone, Login: string(d.Login), PoolID: d.PoolID,
		SID: d.ID, BillID: d.ID,
	}
}

func usersOf(d desktop.Desktop) []attachedUser {
	users := each(d.Assignments, func(a desktop.Assignment) attachedUser {
		return attachedUser{ID: a.UserID, Name: a.UserName, Domain: directory.BuiltInDomain, Group: string(a.Group), Type: "USER"}
	})
	return append(users, each(d.GroupAssignments, func(a desktop.GroupAssignment) attachedUser {
		return attachedUser{ID: a.GroupID, Name: a.GroupName, Domain: directory.BuiltInDomain, Group: string(a.Group), Type: "GROUP"}
	})...)
}

// attachState returns whether the desktop has a user, or whether that is changing.
func attachState(d desktop.Desktop) string {
	switch {
	case d.Task == workspace.TaskAttaching:
		return "ATTACHING"
	case d.Task == workspace.TaskDetaching:
		return "DEATTACHING"
	case len(d.Assignments)+len(d.GroupAssignments) > 0:
		return "ATTACHED"
	default:
		return "UNATTACH"
	}
}

func firstGroup(d desktop.Desktop) string {
	if len(d.Assignments) == 0 {
		return ""
	}
	return string(d.Assignments[0].Group)
}

func tagsOf(d desktop.Desktop) []tagBody {
	return each(d.Tags, func(t workspace.Tag) tagBody { return tagBody(t) })
}

// DesktopDetail is a desktop in ShowDesktopDetail and ListDesktopsDetail.
type DesktopDetail struct {
	ID             string                   `json:"desktop_id"`
	Name           string                   `json:"computer_name"`
	HostName       string                   `json:"os_host_name"`
	Addresses      map[string][]addressBody `json:"addresses" doc:"By subnet"`
	IPs            []string                 `json:"ip_addresses"`
	IPv4           string                   `json:"ipv4"`
	UserNames      []string                 `json:"user_list"`
	UserGroups     []string                 `json:"user_group_list"`
	Type           string                   `json:"desktop_type"`
	Metadata       map[string]string        `json:"metadata"`
	Flavor         flavorBody               `json:"flavor"`
	Status         string                   `json:"status"`
	Task           string                   `json:"task_status" doc:"The task in progress; empty when idle"`
	InMaintenance  bool                     `json:"in_maintenance_mode"`
	Created        string                   `json:"created"`
	SecurityGroups []namedGroup             `json:"security_groups"`
	Login          string                   `json:"login_status"`
	UserName       string                   `json:"user_name"`
	Users          []attachedUser           `json:"attach_user_infos"`
	ProductID      string                   `json:"product_id"`
	Root           volumeDetail             `json:"root_volume"`
	Data           []volumeDetail           `json:"data_volumes"`
	UserGroup      string                   `json:"user_group"`
	Zone           string                   `json:"availability_zone"`
	SiteType       string                   `json:"site_type"`
	SiteName       string                   `json:"site_name" doc:"The one site"`
	SID            string                   `json:"sid" doc:"The desktop's id in the directory"`
	BillID         string                   `json:"bill_resource_id" doc:"The billing id: the desktop's id"`
	Product        productSummary           `json:"product"`
	OUName         string                   `json:"ou_name"`
	OSVersion      string                   `json:"os_version"`
	Tags           []tagBody                `json:"tags"`
	Internet       bool                     `json:"is_support_internet" doc:"Whether it has a public address: always false; the internet is reached by NAT"`
	InternetMode   string                   `json:"internet_mode"`
	InternetModes  []string                 `json:"internet_mode_list"`
	AttachingEIP   bool                     `json:"is_attaching_eip"`
	AttachState    string                   `json:"attach_state"`
	EnterpriseID   string                   `json:"enterprise_project_id"`
	SubnetID       string                   `json:"subnet_id"`
	Domain         string                   `json:"domain" doc:"The directory"`
	Isolated       bool                     `json:"isolated" doc:"Whether it is broken and isolated in its pool"`
	Frozen         bool                     `json:"is_freeze" doc:"Always false: nothing is frozen, as there is no billing"`
	Progress       *int                     `json:"process,omitempty" doc:"Progress of task_status in percent; absent when idle"`
	OrderID        string                   `json:"order_id,omitempty" doc:"Order id of the last rebuild of its pool that had one"`
	Fault          string                   `json:"fault,omitempty" doc:"The last error"`
}

type addressBody struct {
	Address string `json:"addr"`
	Version string `json:"version"`
	Type    string `json:"OS-EXT-IPS:type"`
}

type flavorBody struct {
	ID    string       `json:"id"`
	Links []flavorLink `json:"links" doc:"None: a product has no address of its own"`
}

type flavorLink struct {
	Rel  string `json:"rel"`
	HRef string `json:"hrel"` // spelled as in the API reference
}

type volumeDetail struct {
	ID       string `json:"id"`
	VolumeID string `json:"volume_id"`
	Type     string `json:"type"`
	Size     int    `json:"size"`
	Device   string `json:"device"`
	Name     string `json:"display_name"`
	Created  string `json:"create_time"`
	SpecCode string `json:"resource_spec_code" doc:"The type, as in ListVolumeProductInfo"`
	PoolDisk string `json:"desktop_pool_disk_id,omitempty" doc:"Id of the disk in the pool"`
	BillID   string `json:"bill_resource_id" doc:"The billing id: the disk's id"`
}

func detailOf(d desktop.DesktopDetail) DesktopDetail {
	return DesktopDetail{
		ID: d.ID, Name: d.Name, HostName: d.HostName,
		Addresses:  map[string][]addressBody{d.SubnetID: {{Address: d.Address, Version: "4", Type: "fixed"}}},
		IPs:        []string{d.Address},
		IPv4:       d.Address,
		UserNames:  each(d.Assignments, func(a desktop.Assignment) string { return a.UserName }),
		UserGroups: each(d.Assignments, func(a desktop.Assignment) string { return string(a.Group) }),
		Type:       string(d.Type),
		Metadata:   map[string]string{"metering.image_id": d.ImageID, "image_name": d.Image.Name},
		Flavor:     flavorBody{ID: d.ProductID, Links: []flavorLink{}},
		Status:     string(d.Status), Task: string(d.Task), InMaintenance: d.InMaintenance, Created: stamp(d.Created),
		SecurityGroups: each(d.Groups, groupNamed),
		Login:          string(d.Login), UserName: d.FirstUser(), Users: usersOf(d.Desktop), ProductID: d.ProductID,
		Root: volumeOf(d.Root), Data: each(d.Data, volumeOf), UserGroup: firstGroup(d.Desktop), Zone: d.Zone, SiteType: "CENTER",
		SiteName: siteName, SID: d.ID, BillID: d.ID,
		Product: productSummaryOf(d.Product), OUName: d.OUName, OSVersion: d.Image.OSVersion, Tags: tagsOf(d.Desktop),
		InternetMode: "NAT", InternetModes: []string{"NAT"}, AttachState: attachState(d.Desktop),
		EnterpriseID: d.EnterpriseID, SubnetID: d.SubnetID, Domain: directory.BuiltInDomain, Isolated: d.Isolated,
		Progress: d.Progress, OrderID: d.OrderID, Fault: d.Fault,
	}
}

func volumeOf(v desktop.Volume) volumeDetail {
	return volumeDetail{
		ID: v.ID, VolumeID: v.ID, Type: v.Type, Size: v.GB, Device: v.Device, Name: v.Name, Created: stamp(v.Created),
		SpecCode: v.Type, PoolDisk: v.PoolVolumeID, BillID: v.ID,
	}
}

// The public service's own product names, which clients expect.
const (
	cloudService      = "hws.service.type.vdi"
	resourceDesktop   = "hws.resource.type.workspace.desktop"
	resourceVolume    = "hws.resource.type.workspace.volume"
	volumeProductType = "workspace"
	siteName          = "default"
)

// ResourceKind describes a product or disk in the public service's terms.
type ResourceKind struct {
	ResourceType string `json:"resource_type"`
	CloudService string `json:"cloud_service_type"`
	VolumeType   string `json:"volume_product_type"`
}

var desktopKind = ResourceKind{resourceDesktop, cloudService, volumeProductType}

// productSummary is a product in a desktop. Its numbers are strings.
type productSummary struct {
	ResourceKind
	ID           string `json:"product_id"`
	FlavorID     string `json:"flavor_id"`
	Type         string `json:"type"`
	CPU          string `json:"cpu"`
	Memory       string `json:"memory" doc:"MB"`
	Description  string `json:"descriptions"`
	ChargeMode   string `json:"charge_mode"`
	Architecture string `json:"architecture"`
	GPU          bool   `json:"is_gpu"`
	PackageType  string `json:"package_type"`
	DiskType     string `json:"system_disk_type"`
	DiskSize     string `json:"system_disk_size" doc:"GB"`
	DataDisk     bool   `json:"contain_data_disk"`
	Status       string `json:"status"`
}

func productSummaryOf(p catalog.Product) productSummary {
	return productSummary{
		ResourceKind: desktopKind, ID: p.ID, FlavorID: p.ID, Type: "BASE", CPU: strconv.Itoa(p.CPUs), Memory: strconv.Itoa(p.MemoryMiB),
		Description: p.Description, ChargeMode: onDemand, Architecture: p.Architecture, PackageType: p.PackageType,
		DiskType: p.DiskType, DiskSize: strconv.Itoa(p.DiskGB), Status: p.Status,
	}
}

// stamp formats a time for the API; the zero time is empty.
func stamp(t time.Time) string {
	if t.IsZero() {
		return ""
	}
	return t.UTC().Format("2006-01-02T15:04:05.000Z")
}
