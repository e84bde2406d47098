package api

import (
	"context"
	"strings"

	"carrel/internal/api/wire"
	"carrel/internal/catalog"
	"carrel/internal/desktop"
	"carrel/internal/iam"
	"carrel/internal/workspace"
)

func (s *Server) createDesktops(ctx context.Context, in *wire.CreateDesktopInput) (wire.CreateDesktopResponse, error) {
	id, err := s.Services.Desktops.CreateDesktops(ctx, desktopOrder(caller(ctx, in.Project), &in.Body))
	return wire.CreateDesktopResponse{JobID: id}, err
}

func desktopOrder(c workspace.Caller, b *wire.CreateDesktopReq) desktop.CreateDesktops {
	return desktop.CreateDesktops{
		Caller: c, Type: workspace.DesktopType(b.DesktopType), Zone: b.AvailabilityZone, ProductID: b.ProductID,
		ImageType: catalog.ImageType(b.ImageType), ImageID: b.ImageID, Root: diskOf(b.RootVolume), Data: each(b.DataVolumes, diskOf), VPCID: b.VPCID,
		SubnetIDs:      each(b.Nics, func(n wire.Nic) string { return n.SubnetID }),
		SecurityGroups: each(b.SecurityGroups, securityGroupID),
		Desktops:       each(b.Desktops, orderedDesktop),
		Size:           b.Size, Name: b.DesktopName, Addresses: b.DesktopIPs, Notify: b.EmailNotification == nil || *b.EmailNotification,
		EnterpriseID: b.EnterpriseProjectID, Tags: each(b.Tags, askedTag),
		Domain: b.Domain, OUName: b.OUName, NamePolicyID: b.DesktopNamePolicyID, OrderID: b.OrderID, Public: publicAddress(b.EIP),
	}
}

func diskOf(v wire.Volume) desktop.VolumeSpec {
	return desktop.VolumeSpec{Type: v.Type, GB: v.Size, Speed: catalog.Speed{IOPS: v.IOPS, Throughput: v.Throughput}}
}

func orderedDesktop(d wire.Desktop) desktop.NewDesktop {
	return desktop.NewDesktop{
		UserName: d.UserName, UserEmail: d.UserEmail, UserPhone: d.UserPhone, Group: workspace.UserGroup(d.UserGroup),
		Name: d.ComputerName, Prefix: d.DesktopNamePrefix, HostName: d.OSHostName, Domain: d.Domain,
	}
}

func (s *Server) showDesktop(ctx context.Context, in *wire.ShowDesktopDetailInput) (wire.ShowDesktopDetailResponse, error) {
	d, err := s.Services.Desktops.Desktop(ctx, in.ProjectID, in.DesktopID)
	return wire.ShowDesktopDetailResponse{Desktop: detailOf(d)}, err
}

func (s *Server) listDesktops(ctx context.Context, in *wire.ListDesktopsInput) (wire.ListDesktopsResponse, error) {
	tags, err := tagsAsked("tag", in.Tag)
	if err != nil {
		return wire.ListDesktopsResponse{}, err
	}
	desktops, total, err := s.Services.Desktops.ListDesktops(ctx, desktop.DesktopQuery{
		ProjectID: in.ProjectID, IDs: split[string](in.DesktopID...), Name: in.ComputerName, Address: in.DesktopIP, UserNames: split[string](in.UserName...),
		PoolIDs: split[string](in.PoolID, in.DesktopPoolID), EnterpriseID: in.EnterpriseProjectID, SubnetID: in.SubnetID,
		Types: typesAsked(in.DesktopType, in.IsShareDesktop), Statuses: split[desktop.DesktopStatus](in.Status), Tags: tags,
		Visible: visibleTo(ctx), Page: workspace.Page{Offset: in.Offset, Limit: in.Limit},
	})
	caller, _ := iam.PrincipalFrom(ctx)
	return wire.ListDesktopsResponse{TotalCount: total, Desktops: each(desktops, func(d desktop.Desktop) wire.SimpleDesktopInfo {
		return summaryOf(d, caller.AccountID)
	})}, err
}

func (s *Server) listDesktopDetails(ctx context.Context, in *wire.ListDesktopsDetailInput) (wire.ListDesktopsDetailResponse, error) {
	q, err := detailQuery(in)
	if err != nil {
		return wire.ListDesktopsDetailResponse{}, err
	}
	q.Visible = visibleTo(ctx)
	desktops, total, err := s.Services.Desktops.ListDesktopDetails(ctx, q)
	return wire.ListDesktopsDetailResponse{TotalCount: total, Desktops: each(desktops, detailOf)}, err
}

// detailQuery is what a list of desktops with details asks for.
func detailQuery(in *wire.ListDesktopsDetailInput) (desktop.DesktopQuery, error) {
	tags, err := tagsAsked("tag", in.Tag)
	if err != nil {
		return desktop.DesktopQuery{}, err
	}
	q := desktop.DesktopQuery{
		ProjectID: in.ProjectID, IDs: split[string](in.DesktopID...), Name: in.ComputerName, Names: split[string](in.ComputerNames...), Address: in.DesktopIP,
		UserName: in.UserName, UserNames: split[string](in.UserNames...), PoolIDs: split[string](in.PoolID, in.DesktopPoolID),
		EnterpriseID: in.EnterpriseProjectID, SubnetID: in.SubnetID, ImageID: in.ImageID, Zone: in.AvailabilityZone,
		Types: typesAsked(in.DesktopType, in.IsShareDesktop), Statuses: split[desktop.DesktopStatus](in.Status), Tags: tags,
		Assigned: in.UserAttached.Pointer(), InMaintenance: in.InMaintenanceMode.Pointer(),
		SortBy: desktop.DesktopSort(in.SortField), Descending: in.SortType == "DESC", Page: workspace.Page{Offset: in.Offset, Limit: in.Limit},
	}
	if noneIs(in.ChargeMode, in.IsSupportInternet) {
		q.Types = []workspace.DesktopType{noType}
	}
	return q, nil
}

// tagsAsked reads the tags in a field, of the form key=value, all of which a desktop must have.
func tagsAsked(field, list string) (desktop.TagQuery, error) {
	pairs := split[string](list)
	if n := len(pairs); n > workspace.MaxTags {
		return desktop.TagQuery{}, workspace.Invalid(field, "%d tags, at most %d are allowed", n, workspace.MaxTags)
	}
	var all []desktop.TagCondition
	for _, pair := range pairs {
		key, value, ok := strings.Cut(pair, "=")
		if !ok {
			return desktop.TagQuery{}, workspace.Invalid(field, "%q must have the form key=value", pair)
		}
		all = append(all, desktop.TagCondition{Key: key, Values: []string{value}})
	}
	return desktop.TagQuery{All: all}, nil
}

// noneIs returns whether a list asks for desktops that are paid by the month or have a public address: there are none.
func noneIs(chargeMode string, internet wire.Optional[bool]) bool {
	return chargeMode == "0" || internet.Given && internet.Value
}

// noType is a type that no desktop has.
const noType workspace.DesktopType = "NONE"

// typesAsked returns the types in a list, or of all types; if shared is given, only those that are shared, or the others.
func typesAsked(list string, shared wire.Optional[bool]) []workspace.DesktopType {
	asked := split[workspace.DesktopType](list)
	if !shared.Given {
		return asked
	}
	if len(asked) == 0 {
		asked = []workspace.DesktopType{workspace.Dedicated, workspace.Shared, workspace.Pooled}
	}
	kept := []workspace.DesktopType{noType} // an empty list would select all
	for _, t := range asked {
		if (t == workspace.Shared) == shared.Value {
			kept = append(kept, t)
		}
	}
	return kept
}

func (s *Server) deleteDesktop(ctx context.Context, in *wire.DeleteDesktopInput) error {
	_, err := s.Services.Desktops.DeleteDesktops(ctx, desktop.DeleteDesktops{
		Caller: caller(ctx, in.Project), IDs: []string{in.DesktopID}, DeleteUsers: in.DeleteUsers, Notify: in.EmailNotification, Force: in.IsForceDelete,
	})
	return err
}

func (s *Server) deleteDesktops(ctx context.Context, in *wire.BatchDeleteDesktopsInput) (wire.BatchDeleteDesktopsResponse, error) {
	b := in.Body
	id, err := s.Services.Desktops.DeleteDesktops(ctx, desktop.DeleteDesktops{
		Caller: caller(ctx, in.Project), IDs: b.DesktopIDs, DeleteUsers: b.DeleteUsers, Notify: b.EmailNotification == nil || *b.EmailNotification,
		Force: b.IsForceDelete,
	})
	return wire.BatchDeleteDesktopsResponse{JobID: id}, err
}

func (s *Server) operateDesktops(ctx context.Context, in *wire.BatchRunDesktopsInput) (wire.BatchRunDesktopsResponse, error) {
	result, err := s.Services.Desktops.RunPowerAction(ctx, desktop.RunPowerAction{
		Caller: caller(ctx, in.Project), IDs: in.Body.DesktopIDs, Action: desktop.PowerAction(in.Body.OpType), Force: in.Body.Type == "HARD",
	})
	return wire.BatchRunDesktopsResponse{JobID: result.JobID, FailedOperationList: each(result.Refused, notOperated)}, err
}

// notOperated is a desktop that the operation refused while it accepted others.
func notOperated(r desktop.Refusal) wire.VmOperateResult {
	return wire.VmOperateResult{DesktopID: r.DesktopID, DesktopName: r.DesktopName, ErrorCode: string(r.Code), ErrorMsg: r.Message}
}

// each converts every item. The result is never nil: clients expect a list.
func each[T, W any](items []T, wire func(T) W) []W {
	out := make([]W, len(items))
	for i, item := range items {
		out[i] = wire(item)
	}
	return out
}
