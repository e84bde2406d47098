package api

import (
	"context"
	"strings"

	"carrel/internal/address"
	"carrel/internal/api/wire"
	"carrel/internal/desktop"
	"carrel/internal/workspace"
)

// mostAddresses is the longest page of a list of the service EIP.
const mostAddresses = 2000

// Fields of requests of the service EIP.
var (
	eipFields       = address.Fields{Name: "publicip.alias", Type: "publicip.type", ChargeMode: "bandwidth.charge_mode", Mbit: "bandwidth.size"}
	bandwidthFields = address.Fields{Name: "bandwidth.name", Type: "bandwidth.type", ChargeMode: "bandwidth.charge_mode", Mbit: "bandwidth.size"}
)

func (s *Server) listDesktopsEIPs(ctx context.Context, in *wire.ListDesktopsEipsInput) (wire.ListDesktopsEipsResponse, error) {
	q := address.Query{
		ProjectID: in.ProjectID, EnterpriseID: in.EnterpriseProjectID, DesktopIDs: only(in.DesktopID), DesktopName: in.DesktopName, UserName: in.UserName,
		Address: in.Address, Page: workspace.Page{Offset: in.Offset, Limit: in.Limit},
	}
	if in.State != "" {
		q.Bound = new(in.State == "bind")
	}
	found, total, err := s.Services.Addresses.List(ctx, q)
	return wire.ListDesktopsEipsResponse{TotalCount: total, Eips: each(found, func(a address.Address) wire.Eips {
		return wire.Eips{
			ID: a.ID, Address: a.Address, BandwidthSize: a.Mbit, EIPChargeMode: strings.ToLower(a.ChargeMode), CreateTime: stamp(a.Created),
			AttachedDesktopID: a.DesktopID, AttachedDesktopName: a.DesktopName, EnterpriseProjectID: a.EnterpriseID,
		}
	})}, err
}

func (s *Server) applyDesktopsInternet(ctx context.Context, in *wire.ApplyDesktopsInternetInput) (wire.ApplyDesktopsInternetResponse, error) {
	b := in.Body
	id, err := s.Services.Networks.Apply(ctx, address.Order{
		Caller: caller(ctx, in.Project), DesktopIDs: b.DesktopIDs, Count: b.Count,
		Spec: address.Spec{Type: b.EIPType, ChargeMode: b.EIPChargeMode, Mbit: b.BandwidthSize, EnterpriseID: b.EnterpriseProjectID},
	})
	return wire.ApplyDesktopsInternetResponse{JobID: id}, err
}

func (s *Server) associateDesktopsEIP(ctx context.Context, in *wire.AssociateDesktopsEipInput) error {
	_, err := s.Services.Addresses.Bind(ctx, caller(ctx, in.Project), in.Body.EIPID, in.Body.DesktopID)
	return err
}

func (s *Server) disassociateDesktopsEIPs(ctx context.Context, in *wire.BatchDisassociateDesktopsEipInput) error {
	return s.Services.Addresses.UnbindDesktops(ctx, caller(ctx, in.Project), in.Body.DesktopIDs)
}

func (s *Server) createPublicIP(ctx context.Context, in *wire.CreatePublicipInput) (wire.PublicipResponse, error) {
	b, mode := in.Body, address.ChargeTraffic
	if asked := b.Bandwidth.ChargeMode; asked != "" {
		mode = strings.ToUpper(asked)
	}
	spec := address.Spec{Name: b.Publicip.Alias, Type: b.Publicip.Type, ChargeMode: mode, Mbit: b.Bandwidth.Size, EnterpriseID: b.EnterpriseProjectID}
	a, err := s.Services.Addresses.Create(ctx, caller(ctx, in.Project), spec, eipFields, b.Publicip.PortID)
	return wire.PublicipResponse{Publicip: publicIP(a)}, err
}

func publicIP(a address.Address) wire.PublicipDetail {
	return wire.PublicipDetail{
		ID: a.ID, Status: addressStatus(a), PublicIPAddress: a.Address, PrivateIPAddress: a.PrivateAddress, PortID: a.DesktopID, Type: a.Type, IPVersion: 4, Alias: a.Name,
		BandwidthID: a.ID, BandwidthName: a.Name, BandwidthShareType: "PER", BandwidthSize: a.Mbit, CreateTime: stamp(a.Created), TenantID: a.ProjectID,
		EnterpriseProjectID: a.EnterpriseID,
	}
}

func addressStatus(a address.Address) string {
	if a.DesktopID != "" {
		return "ACTIVE"
	}
	return "DOWN"
}

func (s *Server) listPublicIPs(ctx context.Context, in *wire.ListPublicipsInput) (wire.ListPublicipsResponse, error) {
	found, _, err := s.Services.Addresses.List(ctx, address.Query{
		ProjectID: in.ProjectID, EnterpriseID: in.EnterpriseProjectID, IDs: in.ID, DesktopIDs: in.PortID, Addresses: in.PublicIPAddress, Private: in.PrivateIPAddress,
		ByID: true, After: in.Marker, Page: upTo(in.Limit),
	})
	return wire.ListPublicipsResponse{Publicips: each(found, publicIP)}, err
}

func upTo(limit int) workspace.Page {
	if limit == 0 {
		limit = mostAddresses
	}
	return workspace.Page{Limit: limit}
}

func (s *Server) showPublicIP(ctx context.Context, in *wire.ShowPublicipInput) (wire.PublicipResponse, error) {
	a, err := s.Services.Addresses.Get(ctx, in.ProjectID, in.PublicipID)
	return wire.PublicipResponse{Publicip: publicIP(a)}, err
}

// updatePublicIP unbinds the address if the body has no port_id, as clients of the service EIP do it, unless it has another name.
func (s *Server) updatePublicIP(ctx context.Context, in *wire.UpdatePublicipInput) (wire.PublicipResponse, error) {
	b := in.Body.Publicip
	change := address.Change{Name: b.Alias, DesktopID: b.PortID}
	if b.Alias == nil && b.PortID == nil {
		change.DesktopID = new("")
	}
	a, err := s.Services.Addresses.Update(ctx, caller(ctx, in.Project), in.PublicipID, change, eipFields)
	return wire.PublicipResponse{Publicip: publicIP(a)}, err
}

func (s *Server) deletePublicIP(ctx context.Context, in *wire.DeletePublicipInput) error {
	return s.Services.Addresses.Release(ctx, caller(ctx, in.Project), in.PublicipID)
}

func eipBandwidth(a address.Address) wire.EipBandwidth {
	return wire.EipBandwidth{
		ID: a.ID, Name: a.Name, Size: a.Mbit, ShareType: "PER", ChargeMode: strings.ToLower(a.ChargeMode), BandwidthType: "bgp", Status: "NORMAL", TenantID: a.ProjectID,
		EnterpriseProjectID: a.EnterpriseID, CreatedAt: stamp(a.Created), UpdatedAt: stamp(a.Created),
		PublicipInfo: []wire.EipBandwidthAddress{{PublicipID: a.ID, PublicipAddress: a.Address, PublicipType: a.Type, IPVersion: 4}},
	}
}

func (s *Server) listBandwidths(ctx context.Context, in *wire.ListBandwidthsInput) (wire.ListBandwidthsResponse, error) {
	found, _, err := s.Services.Addresses.List(ctx, address.Query{
		ProjectID: in.ProjectID, EnterpriseID: in.EnterpriseProjectID, ByID: true, After: in.Marker, Page: upTo(in.Limit),
	})
	return wire.ListBandwidthsResponse{Bandwidths: each(found, eipBandwidth)}, err
}

func (s *Server) showBandwidth(ctx context.Context, in *wire.ShowBandwidthInput) (wire.BandwidthResponse, error) {
	a, err := s.Services.Addresses.Get(ctx, in.ProjectID, in.BandwidthID)
	return wire.BandwidthResponse{Bandwidth: eipBandwidth(a)}, err
}

func (s *Server) updateBandwidth(ctx context.Context, in *wire.UpdateBandwidthInput) (wire.BandwidthResponse, error) {
	b := in.Body.Bandwidth
	change := address.Change{Name: b.Name, Mbit: b.Size}
	if b.ChargeMode != nil {
		change.ChargeMode = new(strings.ToUpper(*b.ChargeMode))
	}
	a, err := s.Services.Addresses.Update(ctx, caller(ctx, in.Project), in.BandwidthID, change, bandwidthFields)
	return wire.BandwidthResponse{Bandwidth: eipBandwidth(a)}, err
}

func publicIPV3(a address.Address) wire.PublicipV3Response {
	one := wire.PublicipV3{
		ID: a.ID, ProjectID: a.ProjectID, IPVersion: 4, PublicIPAddress: a.Address, Status: addressStatus(a), Type: "EIP", Alias: a.Name, CreatedAt: stamp(a.Created),
		UpdatedAt: stamp(a.Created), EnterpriseProjectID: a.EnterpriseID,
		Bandwidth: wire.PublicipV3Bandwidth{ID: a.ID, Name: a.Name, Size: a.Mbit, ShareType: "PER", ChargeMode: strings.ToLower(a.ChargeMode)},
	}
	if a.DesktopID != "" {
		one.AssociateInstanceType, one.AssociateInstanceID = "PORT", a.DesktopID
		one.Vnic = &wire.PublicipVnic{PrivateIPAddress: a.PrivateAddress, DeviceID: a.DesktopID, PortID: a.DesktopID, InstanceID: a.DesktopID}
	}
	return wire.PublicipV3Response{Publicip: one}
}

func (s *Server) showPublicIPV3(ctx context.Context, in *wire.ShowPublicipV3Input) (wire.PublicipV3Response, error) {
	a, err := s.Services.Addresses.Get(ctx, in.ProjectID, in.PublicipID)
	return publicIPV3(a), err
}

func (s *Server) associatePublicIP(ctx context.Context, in *wire.AssociatePublicipsInput) (wire.PublicipV3Response, error) {
	a, err := s.Services.Addresses.Bind(ctx, caller(ctx, in.Project), in.PublicipID, in.Body.Publicip.AssociateInstanceID)
	return publicIPV3(a), err
}

func (s *Server) disassociatePublicIP(ctx context.Context, in *wire.DisassociatePublicipsInput) (wire.PublicipV3Response, error) {
	a, err := s.Services.Addresses.Unbind(ctx, caller(ctx, in.Project), in.PublicipID)
	return publicIPV3(a), err
}

// publicAddress is what an order of desktops asks for.
func publicAddress(e *wire.Eip) *desktop.PublicAddress {
	if e == nil {
		return nil
	}
	return &desktop.PublicAddress{ID: e.ID, Spec: address.Spec{Type: e.Type, ChargeMode: e.ChargeMode, Mbit: e.BandwidthSize}}
}
