package sdk

import (
	"net/url"
	"slices"
	"testing"

	"github.com/huaweicloud/huaweicloud-sdk-go-v3/services/workspace/v2/model"
)

func TestTheCatalogueCanBeOrderedFrom(t *testing.T) {
	w := newWorld(t)
	products := call(w, w.ListProducts, &model.ListProductsRequest{ProductId: &w.ProductID, OsType: new("Linux"), AvailabilityZone: &w.AvailabilityZone})
	if p := (*products.Products)[0]; *products.TotalCount != 1 || *p.ProductId != w.ProductID || *p.Cpu != "2" || *p.Memory != "4096" || *p.Status != "normal" || p.ProductDesc["zh_cn"] == "" {
		t.Errorf("products: %v", products)
	}
	images := call(w, w.ListImages, &model.ListImagesRequest{ImageType: new("gold"), ImageId: &w.ImageID, SortField: new("name"), SortType: new("asc")})
	if *images.TotalCount != 1 || *(*images.Images)[0].Id != w.ImageID {
		t.Errorf("images: %v", images)
	}
	volumes := call(w, w.ListVolumeProductInfo, &model.ListVolumeProductInfoRequest{VolumeType: new("SAS")})
	if v := *volumes.Volumes; len(v) != 1 || *v[0].VolumeType != "SAS" || *v[0].Status != "normal" {
		t.Errorf("volumes: %v", volumes)
	}
	zones := call(w, w.ListAvailabilityZones, &model.ListAvailabilityZonesRequest{})
	if z := *zones.AvailabilityZones; len(z) == 0 || *z[0].AvailabilityZone != w.AvailabilityZone {
		t.Errorf("zones: %v", zones)
	}
	if z := call(w, w.ShowAzDetails, &model.ShowAzDetailsRequest{AvailabilityZoneId: w.AvailabilityZone}); *z.Id != w.AvailabilityZone || *z.RegionId != w.Region || *z.Category != 0 {
		t.Errorf("zone: %v", z)
	}
	if z := call(w, w.ListAzs, &model.ListAzsRequest{}); *z.Azs[*z.DefaultType][0].AvailabilityZone != w.AvailabilityZone {
		t.Errorf("zones by type: %v", z)
	}
}

func TestTheNetworkCanBeLookedUp(t *testing.T) {
	w := newWorld(t)
	if v := *call(w, w.ListVpcInfo, &model.ListVpcInfoRequest{}).Vpcs; len(v) != 1 || *v[0].Id != w.VPCID {
		t.Errorf("VPCs: %v", v)
	}
	if s := *call(w, w.ListSubnets, &model.ListSubnetsRequest{VpcId: &w.VPCID}).Subnets; len(s) != 1 || *s[0].Id != w.SubnetID || !*s[0].Checked || !*s[0].Unused {
		t.Errorf("subnets: %v", s)
	}
	if g := *call(w, w.ListSecurityGroups, &model.ListSecurityGroupsRequest{}).SecurityGroups; len(g) != 2 ||
		!slices.ContainsFunc(g, func(g model.SimpleSecurityGroupsInfo) bool { return *g.Id == w.SecurityGroupID }) {
		t.Errorf("security groups: %v", g)
	}
	s := call(w, w.ListWorkspaces, &model.ListWorkspacesRequest{})
	if s.Status.Value() != "SUBSCRIBED" || *s.VpcId != w.VPCID || *(*s.SubnetIds)[0].SubnetId != w.SubnetID || *s.DesktopSecurityGroup.Name == "" || *s.IsGlobal ||
		s.DesktopSecurityGroup.Id != w.SecurityGroupID || s.InfrastructureSecurityGroup.Id == w.SecurityGroupID {
		t.Errorf("service: %v", s)
	}
	if at, err := url.Parse(w.Endpoint); err != nil || *s.InternetAccessAddress != at.Hostname() || *s.InternetAccessPort != at.Port() {
		t.Errorf("people reach the service at %s, port %s", *s.InternetAccessAddress, *s.InternetAccessPort)
	}
	w.create(w.order("ann"))
	s = call(w, w.ListWorkspaces, &model.ListWorkspacesRequest{})
	if used := *(*s.VpcConfigInfos)[0].UsedSubnetIds; len(used) != 1 || used[0] != w.SubnetID {
		t.Errorf("subnets in use: %v", used)
	}
}

func TestPeopleAreAddedAndRemoved(t *testing.T) {
	w := newWorld(t)
	byAdmin := model.GetCreateUserRequestActiveTypeEnum().ADMIN_ACTIVATE
	id := call(w, w.CreateDesktopUser, &model.CreateDesktopUserRequest{Body: &model.CreateUserRequest{
		UserName: "ann", UserEmail: new("ann@example.org"), ActiveType: &byAdmin, Password: new("Some-thing-1"), AccountExpires: new("2100-01-31T12:00:00.000Z"),
		Description: new("<b> & 桌"),
	}}).Id
	u := call(w, w.ListUserDetail, &model.ListUserDetailRequest{UserId: *id}).UserDetail
	if *u.UserName != "ann" || *u.Description != "<b> & 桌" || *u.AccountExpires != 4105080000000 || u.ActiveType.Value() != "ADMIN_ACTIVATE" {
		t.Errorf("detail: %v", u)
	}
	list := call(w, w.ListUsers, &model.ListUsersRequest{UserName: new("an"), ActiveType: new("ADMIN_ACTIVATE"), Disabled: new(false)})
	if *list.TotalCount != 1 || *(*list.Users)[0].AccountExpires != "4105080000000" {
		t.Errorf("list: %v", list)
	}
	again := &model.CreateDesktopUserRequest{Body: &model.CreateUserRequest{UserName: "Ann", UserEmail: new("ann@example.org")}}
	refused(w, w.CreateDesktopUser, again, 409, "WKS.00010021")
	call(w, w.DeleteUser, &model.DeleteUserRequest{UserId: *id})
	refused(w, w.ListUserDetail, &model.ListUserDetailRequest{UserId: *id}, 400, "WKS.00170312")
}
