package api

import (
	"context"
	"strings"

	"carrel/internal/api/wire"
	"carrel/internal/desktop"
	"carrel/internal/pool"
)

type listPoolDesktopsInput struct {
	DesktopDetailFilter
	PoolID   string              `path:"pool_id"`
	Differs  desktop.Difference  `query:"inconsistent_type" enum:"PRODUCT_ID,IMAGE_ID,DISK_NUM,DISK_SIZE,AUTO_ISOLATION" doc:"Only desktops that differ in this from the pool's present settings, or are isolated"`
	Isolated wire.Optional[bool] `query:"isolated" doc:"Only isolated desktops, or only the others"`
	Limit    int                 `query:"limit" minimum:"0" maximum:"100" default:"10"`
}

type poolDesktopsReply struct {
	Total        int           `json:"total_count"`
	OnDemand     int           `json:"on_demand_desktops_num" doc:"All desktops: there is only on-demand charging"`
	OnDemandFree int           `json:"on_demand_free_image_desktops_num" doc:"All desktops: images are free of charge"`
	OnDemandPaid int           `json:"on_demand_charge_image_desktops_num"`
	Period       int           `json:"period_desktops_num"`
	PeriodFree   int           `json:"period_free_image_desktops_num"`
	PeriodPaid   int           `json:"period_charge_image_desktops_num"`
	Differs      string        `json:"inconsistent_type,omitempty" enum:"product_id,image_id,disk_num,disk_size" doc:"The requested difference"`
	Desktops     []poolDesktop `json:"pool_desktops"`
}

type poolDesktop struct {
	wire.DesktopDetailInfo
	Differs []string `json:"inconsistent_types" doc:"How it differs from the pool's present settings: PRODUCT, IMAGE, DISK_NUM, DISK_SIZE"`
}

func (s *Server) listPoolDesktops(ctx context.Context, in *listPoolDesktopsInput) (poolDesktopsReply, error) {
	q, err := in.query()
	if err != nil {
		return poolDesktopsReply{}, err
	}
	q.Isolated, q.Limit = in.Isolated.Pointer(), in.Limit
	desktops, total, err := s.Services.Pools.PoolDesktops(ctx, in.PoolID, q, in.Differs)
	return poolDesktopsReply{
		Total: total, OnDemand: total, OnDemandFree: total, Differs: differenceOf(in.Differs), Desktops: each(desktops, poolDesktopOf),
	}, err
}

// differenceOf returns a difference in the words of the list, which has none for isolation.
func differenceOf(d desktop.Difference) string {
	if d == desktop.DiffersByIsolation {
		return ""
	}
	return strings.ToLower(string(d))
}

func poolDesktopOf(d pool.PoolDesktop) poolDesktop {
	return poolDesktop{detailOf(d.DesktopDetail), each(d.Differs, func(in desktop.Difference) string {
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

type differencesReply struct {
	Product  int `json:"product_id"`
	Image    int `json:"image_id"`
	Disks    int `json:"disk_num"`
	DiskSize int `json:"disk_size"`
}

func (s *Server) countPoolDifferences(ctx context.Context, in *PoolPath) (differencesReply, error) {
	n, err := s.Services.Pools.PoolDifferences(ctx, in.ProjectID, in.PoolID)
	return differencesReply{
		Product: n[desktop.DiffersInProduct], Image: n[desktop.DiffersInImage], Disks: n[desktop.DiffersInDisks],
		DiskSize: n[desktop.DiffersInDiskSize],
	}, err
}
