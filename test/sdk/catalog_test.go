package sdk

import (
	"net/url"
	"slices"
	"testing"

	"github.com/huaweicloud/huaweicloud-sdk-go-v3/services/workspace/v2/model"
)

func TestTheCatalogueCanBeOrderedFrom(t *testing.T) {
	e := newEnv(t)
	products := call(e, e.ListProducts, &model.ListProductsRequest{ProductId: &e.ProductID, OsType: new("Linux"), AvailabilityZone: &e.AvailabilityZone})
	if p := (*products.Products)[0]; *products.TotalCount != 1 || *p.ProductId != e.ProductID || *p.Cpu != "2" || *p.Memory != "4096" || *p.Status != "normal" || p.ProductDesc["zh_cn"] == "" {
		t.Errorf("products: %v", products)
	}
	images := call(e, e.ListImages, &model.ListImagesRequest{ImageType: new("gold"), ImageId: &e.ImageID, SortField: new("name"), SortType: new("asc")})
	if *images.TotalCount != 1 || *(*images.Images)[0].Id != e.ImageID {
		t.Errorf("images: %v", images)
	}
	volumes := call(e, e.ListVolumeProductInfo, &model.ListVolumeProductInfoRequest{VolumeType: new("SAS")})
	if v := *volumes.Volumes; len(v) != 1 || *v[0].VolumeType != "SAS" || *v[0].Status != "normal" {
		t.Errorf("volumes: %v", volumes)
	}
	zones := call(e, e.ListAvailabilityZones, &model.ListAvailabilityZonesRequest{})
	if z := *zones.AvailabilityZones; len(z) == 0 || *z[0].AvailabilityZone != e.AvailabilityZone {
		t.Errorf("zones: %v", zones)
	}
	if z := call(e, e.ShowAzDetails, &model.ShowAzDetailsRequest{AvailabilityZoneId: e.AvailabilityZone}); *z.Id != e.AvailabilityZone || *z.RegionId != e.Region || *z.Category != 0 {
		t.Errorf("zone: %v", z)
	}
	if z := call(e, e.ListAzs, &model.ListAzsRequest{}); *z.Azs[*z.DefaultType][0].AvailabilityZone != e.AvailabilityZone {
		t.Errorf("zones by type: %v", z)
	}
}

func TestTheNetworkCanBeLookedUp(t *testing.T) {
	e := newEnv(t)
	if v := *call(e, e.ListVpcInfo, &model.ListVpcInfoRequest{}).Vpcs; len(v) != 1 || *v[0].Id != e.VPCID {
		t.Errorf("VPCs: %v", v)
	}
	if s := *call(e, e.ListSubnets, &model.ListSubnetsRequest{VpcId: &e.VPCID}).Subnets; len(s) != 1 || *s[0].Id != e.SubnetID || !*s[0].Checked || !*s[0].Unused {
		t.Errorf("subnets: %v", s)
	}
	if g := *call(e, e.ListSecurityGroups, &model.ListSecurityGroupsRequest{}).SecurityGroups; len(g) != 2 ||
		!slices.ContainsFunc(g, func(g model.SimpleSecurityGroupsInfo) bool { return *g.Id == e.SecurityGroupID }) {
		t.Errorf("security groups: %v", g)
	}
	s := call(e, e.ListWorkspaces, &model.ListWorkspacesRequest{})
	if s.Status.Value() != "SUBSCRIBED" || *s.VpcId != e.VPCID || *(*s.SubnetIds)[0].SubnetId != e.SubnetID || *s.DesktopSecurityGroup.Name == "" || *s.IsGlobal ||
		s.DesktopSecurityGroup.Id != e.SecurityGroupID || s.InfrastructureSecurityGroup.Id == e.SecurityGroupID {
		t.Errorf("service: %v", s)
	}
	if at, err := url.Parse(e.Endpoint); err != nil || *s.InternetAccessAddress != at.Hostname() || *s.InternetAccessPort != at.Port() {
		t.Errorf("people reach the service at %s, port %s", *s.InternetAccessAddress, *s.InternetAccessPort)
	}
	e.create(e.order("ann"))
	s = call(e, e.ListWorkspaces, &model.ListWorkspacesRequest{})
	if used := *(*s.VpcConfigInfos)[0].UsedSubnetIds; len(used) != 1 || used[0] != e.SubnetID {
		t.Errorf("subnets in use: %v", used)
	}
}

func TestPeopleAreAddedAndRemoved(t *testing.T) {
	e := newEnv(t)
	byAdmin := model.GetCreateUserRequestActiveTypeEnum().ADMIN_ACTIVATE
	id := call(e, e.CreateDesktopUser, &model.CreateDesktopUserRequest{Body: &model.CreateUserRequest{
		UserName: "ann", UserEmail: new("ann@example.org"), ActiveType: &byAdmin, Password: new("Some-thing-1"), AccountExpires: new("2100-01-31T12:00:00.000Z"),
		Description: new("<b> & 桌"),
	}}).Id
	u := call(e, e.ListUserDetail, &model.ListUserDetailRequest{UserId: *id}).UserDetail
	if *u.UserName != "ann" || *u.Description != "<b> & 桌" || *u.AccountExpires != 4105080000000 || u.ActiveType.Value() != "ADMIN_ACTIVATE" {
		t.Errorf("detail: %v", u)
	}
	list := call(e, e.ListUsers, &model.ListUsersRequest{UserName: new("an"), ActiveType: new("ADMIN_ACTIVATE"), Disabled: new(false)})
	if *list.TotalCount != 1 || *(*list.Users)[0].AccountExpires != "4105080000000" {
		t.Errorf("list: %v", list)
	}
	again := &model.CreateDesktopUserRequest{Body: &model.CreateUserRequest{UserName: "Ann", UserEmail: new("ann@example.org")}}
	refused(e, e.CreateDesktopUser, again, 409, "WKS.00010021")
	call(e, e.DeleteUser, &model.DeleteUserRequest{UserId: *id})
	refused(e, e.ListUserDetail, &model.ListUserDetailRequest{UserId: *id}, 400, "WKS.00170312")
}
