package api

import (
	"context"

	"carrel/internal/api/wire"
	"carrel/internal/catalog"
	"carrel/internal/desktop"
	"carrel/internal/pool"
	"carrel/internal/pool/reshape"
	"carrel/internal/rollout"
	"carrel/internal/workspace"
)

// poolDesktops says which desktops a change of a pool applies to.
func poolDesktops(c workspace.Caller, poolID, handle string, ids []string) pool.ChangePoolDesktops {
	return pool.ChangePoolDesktops{Caller: c, PoolID: poolID, Handle: pool.HandleType(handle), DesktopIDs: ids}
}

func (s *Server) rebuildPool(ctx context.Context, in *wire.RebuildDesktopPoolInput) (wire.RebuildDesktopPoolResponse, error) {
	b := in.Body
	id, err := s.Services.Rollouts.RebuildPool(ctx, rollout.RebuildPool{
		Caller: caller(ctx, in.Project), PoolID: in.PoolID, ImageType: catalog.ImageType(b.ImageType), ImageID: b.ImageID, OSType: b.OSType,
		DelayMinutes: b.DelayTime, Message: b.Message, OrderID: b.OrderID, Fix: b.IsFix, Handle: pool.HandleType(b.HandleType), DesktopIDs: b.DesktopIDs,
	})
	return wire.RebuildDesktopPoolResponse{JobID: id}, err
}

func (s *Server) revertPool(ctx context.Context, in *wire.RevertDesktopPoolInput) (wire.RevertDesktopPoolResponse, error) {
	id, err := s.Services.Rollouts.RevertPool(ctx, caller(ctx, in.Project), in.PoolID)
	return wire.RevertDesktopPoolResponse{JobID: id}, err
}

func (s *Server) resizePool(ctx context.Context, in *wire.ResizeDesktopPoolInput) (wire.ResizeDesktopPoolResponse, error) {
	b := in.Body
	r, err := s.Services.Reshaper.ResizePool(ctx, reshape.ResizePool{
		ChangePoolDesktops: poolDesktops(caller(ctx, in.Project), in.PoolID, b.HandleType, b.DesktopIDs), ProductID: b.ProductID, Mode: b.Mode,
	})
	return wire.ResizeDesktopPoolResponse{JobID: r.JobID, Jobs: each(r.DesktopIDs, func(id string) wire.ResizeDesktopPoolJobResponse {
		return wire.ResizeDesktopPoolJobResponse{DesktopID: id, JobID: r.JobID}
	})}, err
}

func (s *Server) addPoolVolumes(ctx context.Context, in *wire.AddDesktopPoolVolumesInput) (wire.AddDesktopPoolVolumesResponse, error) {
	b := in.Body
	id, err := s.Services.Reshaper.AddPoolVolumes(ctx, reshape.AddPoolVolumes{
		ChangePoolDesktops: poolDesktops(caller(ctx, in.Project), in.PoolID, b.HandleType, b.DesktopIDs),
		Volumes: each(b.Volumes, func(v wire.VolumeAddInfo) desktop.VolumeSpec {
			return desktop.VolumeSpec{Type: v.Type, GB: v.Size, Speed: catalog.Speed{IOPS: v.IOPS, Throughput: v.Throughput}}
		}),
	})
	return wire.AddDesktopPoolVolumesResponse{JobID: id}, err
}

func (s *Server) deletePoolVolumes(ctx context.Context, in *wire.DeleteDesktopPoolVolumesInput) (wire.DeleteDesktopPoolVolumesResponse, error) {
	b := in.Body
	id, err := s.Services.Reshaper.DeletePoolVolumes(ctx, reshape.DeletePoolVolumes{
		ChangePoolDesktops: poolDesktops(caller(ctx, in.Project), in.PoolID, b.HandleType, b.DesktopIDs),
		IDs:                each(b.Volumes, func(v wire.DeleteDesktopPoolVolumesReqVolumes) string { return v.ID }),
	})
	return wire.DeleteDesktopPoolVolumesResponse{JobID: id}, err
}

func (s *Server) expandPoolVolumes(ctx context.Context, in *wire.ExpandDesktopPoolVolumesInput) (wire.ExpandDesktopPoolVolumesResponse, error) {
	b := in.Body
	id, err := s.Services.Reshaper.ExpandPoolVolumes(ctx, reshape.ExpandPoolVolumes{
		ChangePoolDesktops: poolDesktops(caller(ctx, in.Project), in.PoolID, b.HandleType, b.DesktopIDs),
		Growths: each(b.Volumes, func(v wire.ExpandDesktopPoolVolumesReqVolumes) pool.VolumeGrowth {
			return pool.VolumeGrowth{ID: v.ID, GB: v.Size}
		}),
	})
	return wire.ExpandDesktopPoolVolumesResponse{JobID: id}, err
}
