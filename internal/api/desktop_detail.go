package api

import (
	"strconv"
	"time"

	"carrel/internal/api/wire"
	"carrel/internal/catalog"
	"carrel/internal/desktop"
	"carrel/internal/directory"
	"carrel/internal/workspace"
)

// summaryOf is a desktop in ListDesktops.
func summaryOf(d desktop.Desktop, accountID string) wire.SimpleDesktopInfo {
	return wire.SimpleDesktopInfo{
		DomainID: accountID, ProjectID: d.ProjectID, DesktopID: d.ID, ComputerName: d.Name, OSHostName: d.HostName, Created: stamp(d.Created),
		IPAddress: d.Address, UserName: d.FirstUser(), AttachUserInfos: usersOf(d), UserGroup: firstGroup(d), OUName: d.OUName,
		EnterpriseProjectID: d.EnterpriseID, Tags: each(d.Tags, tagOf), InMaintenanceMode: d.InMaintenance, DesktopType: string(d.Type), SubnetID: d.SubnetID,
		Status: string(d.Status), TaskStatus: string(d.Task), AvailabilityZone: d.Zone, ConnectStatus: string(d.Login), PoolID: d.PoolID,
		SID: d.ID, BillResourceID: d.ID,
	}
}

func usersOf(d desktop.Desktop) []wire.AttachInstancesUserInfo {
	users := each(d.Assignments, func(a desktop.Assignment) wire.AttachInstancesUserInfo {
		return wire.AttachInstancesUserInfo{UserID: a.UserID, UserName: a.UserName, Domain: directory.BuiltInDomain, UserGroup: string(a.Group), Type: "USER"}
	})
	return append(users, each(d.GroupAssignments, func(a desktop.GroupAssignment) wire.AttachInstancesUserInfo {
		return wire.AttachInstancesUserInfo{UserID: a.GroupID, UserName: a.GroupName, Domain: directory.BuiltInDomain, UserGroup: string(a.Group), Type: "GROUP"}
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

func tagOf(t workspace.Tag) wire.Tag { return wire.Tag(t) }

// detailOf is a desktop in ShowDesktopDetail and ListDesktopsDetail.
func detailOf(d desktop.DesktopDetail) wire.DesktopDetailInfo {
	return wire.DesktopDetailInfo{
		DesktopID: d.ID, ComputerName: d.Name, OSHostName: d.HostName,
		Addresses:     map[string][]wire.AddressInfo{d.SubnetID: {{Addr: d.Address, Version: "4", Type: "fixed"}}},
		IPAddresses:   []string{d.Address},
		IPv4:          d.Address,
		UserList:      each(d.Assignments, func(a desktop.Assignment) string { return a.UserName }),
		UserGroupList: each(d.Assignments, func(a desktop.Assignment) string { return string(a.Group) }),
		DesktopType:   string(d.Type),
		Metadata:      map[string]string{"metering.image_id": d.ImageID, "image_name": d.Image.Name},
		Flavor:        wire.FlavorInfo{ID: d.ProductID, Links: []wire.FlavorLinkInfo{}},
		Status:        string(d.Status), TaskStatus: string(d.Task), InMaintenanceMode: d.InMaintenance, Created: stamp(d.Created),
		SecurityGroups: each(d.Groups, func(g catalog.SecurityGroup) wire.SecurityGroupInfo {
			return wire.SecurityGroupInfo{ID: g.ID, Name: g.Name}
		}),
		LoginStatus: string(d.Login), UserName: d.FirstUser(), AttachUserInfos: usersOf(d.Desktop), ProductID: d.ProductID,
		RootVolume: volumeOf(d.Root), DataVolumes: each(d.Data, volumeOf), UserGroup: firstGroup(d.Desktop), AvailabilityZone: d.Zone, SiteType: "CENTER",
		SiteName: siteName, SID: d.ID, BillResourceID: d.ID,
		Product: orderedProduct(d.Product), OUName: d.OUName, OSVersion: d.Image.OSVersion, Tags: each(d.Tags, tagOf),
		InternetMode: "NAT", InternetModeList: []string{"NAT"}, AttachState: attachState(d.Desktop),
		EnterpriseProjectID: d.EnterpriseID, SubnetID: d.SubnetID, Domain: directory.BuiltInDomain, Isolated: d.Isolated,
		Process: d.Progress, OrderID: d.OrderID, Fault: d.Fault,
	}
}

func volumeOf(v desktop.Volume) wire.VolumeDetail {
	return wire.VolumeDetail{
		ID: v.ID, VolumeID: v.ID, Type: v.Type, Size: v.GB, Device: v.Device, DisplayName: v.Name, CreateTime: stamp(v.Created),
		ResourceSpecCode: v.Type, DesktopPoolDiskID: v.PoolVolumeID, BillResourceID: v.ID,
		IOPS: v.IOPS, Throughput: v.Throughput,
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

// orderedProduct is a product in a desktop or pool. Its numbers are strings.
func orderedProduct(p catalog.Product) wire.ProductInfo {
	return wire.ProductInfo{
		ResourceType: resourceDesktop, CloudServiceType: cloudService, VolumeProductType: volumeProductType, ProductID: p.ID, FlavorID: p.ID,
		Type: "BASE", CPU: strconv.Itoa(p.CPUs), Memory: strconv.Itoa(p.MemoryMiB), Descriptions: p.Description, ChargeMode: onDemand,
		Architecture: p.Architecture, PackageType: p.PackageType, SystemDiskType: p.DiskType, SystemDiskSize: strconv.Itoa(p.DiskGB), Status: p.Status,
	}
}

// stamp formats a time for the API; the zero time is empty.
func stamp(t time.Time) string {
	if t.IsZero() {
		return ""
	}
	return t.UTC().Format("2006-01-02T15:04:05.000Z")
}
