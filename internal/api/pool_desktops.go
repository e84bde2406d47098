package api

import (
	"context"
	"strings"

	"carrel/internal/api/wire"
	"carrel/internal/desktop"
	"carrel/internal/pool"
)

func (s *Server) listPoolDesktops(ctx context.Context, in *wire.ListPoolDesktopsDetailInput) (wire.ListPoolDesktopsDetailResponse, error) {
	q, err := detailQuery(&wire.ListDesktopsDetailInput{
		Project: in.Project, Status: in.Status, UserName: in.UserName, UserNames: in.UserNames, SortField: in.SortField, SortType: in.SortType,
		ComputerName: in.ComputerName, ComputerNames: in.ComputerNames, DesktopIP: in.DesktopIP, DesktopID: in.DesktopID, DesktopType: in.DesktopType,
		Tag: in.Tag, UserAttached: in.UserAttached, EnterpriseProjectID: in.EnterpriseProjectID, ImageID: in.ImageID, ChargeMode: in.ChargeMode,
		InMaintenanceMode: in.InMaintenanceMode, IsShareDesktop: in.IsShareDesktop, SubnetID: in.SubnetID, IsSupportInternet: in.IsSupportInternet,
		AvailabilityZone: in.AvailabilityZone, Offset: in.Offset, Limit: in.Limit,
	})
	if err != nil {
		return wire.ListPoolDesktopsDetailResponse{}, err
	}
	q.Isolated, q.Visible = in.Isolated.Pointer(), visibleTo(ctx) // of the pool's desktops some may be in other enterprise projects
	differs := desktop.Difference(in.InconsistentType)
	desktops, total, err := s.Services.Pools.PoolDesktops(ctx, in.PoolID, q, differs)
	return wire.ListPoolDesktopsDetailResponse{
		TotalCount: total, OnDemandDesktopsNum: total, OnDemandFreeImageDesktopsNum: total, InconsistentType: differenceOf(differs),
		PoolDesktops: each(desktops, poolDesktop),
	}, err
}

// differenceOf returns a difference in the words of the list, which has none for isolation.
func differenceOf(d desktop.Difference) string {
	if d == desktop.DiffersByIsolation {
		return ""
	}
	return strings.ToLower(string(d))
}

func poolDesktop(d pool.PoolDesktop) wire.PoolDesktop {
	return wire.PoolDesktop{DesktopDetailInfo: detailOf(d.DesktopDetail), InconsistentTypes: each(d.Differs, func(in desktop.Difference) string {
		switch in {
		case desktop.DiffersInProduct:
			return "PRODUCT"
		case desktop.DiffersInImage:
			return "IMAGE"
		default:
			return string(in)
		}
	})}
}

func (s *Server) countPoolDifferences(ctx context.Context, in *wire.ListInconsistentStaticsInput) (wire.ListInconsistentStaticsResponse, error) {
	n, err := s.Services.Pools.PoolDifferences(ctx, in.ProjectID, in.PoolID)
	return wire.ListInconsistentStaticsResponse{
		ProductID: n[desktop.DiffersInProduct], ImageID: n[desktop.DiffersInImage], DiskNum: n[desktop.DiffersInDisks],
		DiskSize: n[desktop.DiffersInDiskSize],
	}, err
}
