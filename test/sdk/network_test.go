package sdk

import (
	"testing"

	"github.com/huaweicloud/huaweicloud-sdk-go-v3/services/workspace/v2/model"

	"carrel/internal/app"
)

func TestNetworksOfDesktopsAreShown(t *testing.T) {
	e := newEnv(t)
	before := *call(e, e.ShowAvailableIp, &model.ShowAvailableIpRequest{SubnetId: e.SubnetID}).AvailableIp
	if used := *call(e, e.ShowUsingSubnets, &model.ShowUsingSubnetsRequest{}).SubnetIds; len(used) != 0 {
		t.Errorf("subnets in use: %v", used)
	}
	id := e.create(e.order("ann"))[0]
	if after := *call(e, e.ShowAvailableIp, &model.ShowAvailableIpRequest{SubnetId: e.SubnetID}).AvailableIp; after != before-1 {
		t.Errorf("%d addresses are available, %d were", after, before)
	}
	refused(e, e.ShowAvailableIp, &model.ShowAvailableIpRequest{SubnetId: "none"}, 404, "WKS.00010061")
	if used := *call(e, e.ShowUsingSubnets, &model.ShowUsingSubnetsRequest{SubnetIds: &e.SubnetID}).SubnetIds; len(used) != 1 || used[0] != e.SubnetID {
		t.Errorf("subnets in use: %v", used)
	}
	one := *call(e, e.ShowDesktopNetwork, &model.ShowDesktopNetworkRequest{DesktopId: id}).NetworkInfos
	if n := one[0]; *n.VpcInfo.Id != e.VPCID || *n.SubnetInfo.Id != e.SubnetID || *n.PortInfo.IpAddress == "" || *(*n.SecurityGroups)[0].Id != e.SecurityGroupID || n.PublicIpInfo != nil {
		t.Errorf("network: %v", n)
	}
	all := *call(e, e.ShowDesktopNetworks, &model.ShowDesktopNetworksRequest{DesktopIds: &[]string{id}}).Networks
	if len(all) != 1 || *all[0].ComputerId != id || *all[0].ComputerIp != *one[0].PortInfo.IpAddress {
		t.Errorf("networks: %v", all)
	}
	ports := *call(e, e.ListPorts, &model.ListPortsRequest{SubnetId: &e.SubnetID, Limit: new(int32(10)), IsUsed: new(true)}).Ports
	if len(ports) != 1 || *ports[0].DeviceId != id || *(*ports[0].FixedIps)[0].IpAddress != *all[0].ComputerIp || *ports[0].Status != "ACTIVE" {
		t.Errorf("ports: %v", ports)
	}
	check := call(e, e.CheckCidr, &model.CheckCidrRequest{Body: &model.CheckCidrRequestBody{TenantCidrs: &[]string{*one[0].SubnetInfo.Cidr, "192.168.0.0/24"}}})
	if c := *check.ConflictCidrs; len(c) != 1 || c[0] != *one[0].SubnetInfo.Cidr {
		t.Errorf("conflicts: %v", c)
	}
}

func TestPublicAddressesOfDesktops(t *testing.T) {
	e := newEnvWith(t, func(c *app.Config) { c.PublicAddresses = []string{"198.51.100.0/30"} })
	id := e.create(e.order("ann"))[0]
	apply := func(desktops []string, count int32) *model.ApplyDesktopsInternetRequest {
		return &model.ApplyDesktopsInternetRequest{Body: &model.ApplyDesktopsInternetReq{
			DesktopIds: &desktops, EipType: "5_bgp", EipChargeMode: model.GetApplyDesktopsInternetReqEipChargeModeEnum().TRAFFIC, BandwidthSize: 5, Count: &count,
		}}
	}
	e.finish(*call(e, e.ApplyDesktopsInternet, apply([]string{id}, 1)).JobId)
	e.finish(*call(e, e.ApplyDesktopsInternet, apply(nil, 1)).JobId)
	list := call(e, e.ListDesktopsEips, &model.ListDesktopsEipsRequest{State: new("bind")})
	bound := (*list.Eips)[0]
	if *list.TotalCount != 1 || *bound.AttachedDesktopId != id || *bound.BandwidthSize != 5 || *bound.EipChargeMode != "traffic" {
		t.Errorf("bound: %v", list)
	}
	if n := (*call(e, e.ShowDesktopNetwork, &model.ShowDesktopNetworkRequest{DesktopId: id}).NetworkInfos)[0]; *n.PublicIpInfo.PublicIpAddress != *bound.Address {
		t.Errorf("network: %v", n)
	}
	free := *(*call(e, e.ListDesktopsEips, &model.ListDesktopsEipsRequest{State: new("unbind")}).Eips)[0].Id
	bind := func(eip string) *model.AssociateDesktopsEipRequest {
		return &model.AssociateDesktopsEipRequest{Body: &model.AssociateDesktopsEipReq{EipId: eip, DesktopId: id}}
	}
	refused(e, e.AssociateDesktopsEip, bind(free), 409, "WKS.00010032")
	call(e, e.BatchDisassociateDesktopsEip, &model.BatchDisassociateDesktopsEipRequest{Body: &model.BatchDisassociateDesktopsEipReq{DesktopIds: &[]string{id}}})
	call(e, e.AssociateDesktopsEip, bind(free))
	order := e.order("bob")
	order.Eip = &model.Eip{Id: bound.Id}
	other := e.create(order)[0]
	if l := call(e, e.ListDesktopsEips, &model.ListDesktopsEipsRequest{DesktopId: &other}); *(*l.Eips)[0].Id != *bound.Id {
		t.Errorf("of the ordered one: %v", l)
	}
}

func TestDesktopsChangeTheirNetworks(t *testing.T) {
	e := newEnv(t)
	ids := e.create(e.order("ann", "bob"))
	groups := []string{e.SecurityGroupID}
	e.finish(*call(e, e.ChangeDesktopNetwork, &model.ChangeDesktopNetworkRequest{DesktopId: ids[0], Body: &model.ChangeDesktopNetworkReq{
		SubnetId: &e.SubnetID, PrivateIp: new("10.87.0.99"), SecurityGroupIds: groups,
	}}).JobId)
	if n := (*call(e, e.ShowDesktopNetwork, &model.ShowDesktopNetworkRequest{DesktopId: ids[0]}).NetworkInfos)[0]; *n.PortInfo.IpAddress != "10.87.0.99" {
		t.Errorf("network: %v", n)
	}
	e.finish(*call(e, e.BatchChangeDesktopNetwork, &model.BatchChangeDesktopNetworkRequest{Body: &model.BatchChangeDesktopNetworkReq{DesktopIds: ids, SecurityGroupIds: &groups}}).JobId)
	refused(e, e.ChangeDesktopNetwork, &model.ChangeDesktopNetworkRequest{DesktopId: ids[1], Body: &model.ChangeDesktopNetworkReq{
		PrivateIp: new("10.87.0.99"), SecurityGroupIds: groups,
	}}, 409, "WKS.00010022")
}
