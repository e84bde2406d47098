package api

import (
	"context"

	"carrel/internal/api/wire"
	"carrel/internal/catalog"
	"carrel/internal/volume"
)

func (s *Server) addDesktopVolumes(ctx context.Context, in *wire.AddDesktopVolumesInput) (wire.AddDesktopVolumesResponse, error) {
	id, err := s.Services.Volumes.Add(ctx, volume.Add{
		Caller: caller(ctx, in.Project), Field: "volumes",
		Desktops: []volume.AddTo{{DesktopID: in.DesktopID, Volumes: each(in.Body.Volumes, diskOf)}},
	})
	return wire.AddDesktopVolumesResponse{JobID: id}, err
}

func (s *Server) addVolumes(ctx context.Context, in *wire.AddVolumesInput) (wire.AddVolumesResponse, error) {
	id, err := s.Services.Volumes.Add(ctx, volume.Add{
		Caller: caller(ctx, in.Project), Field: "desktop_volumes",
		Desktops: each(in.Body.DesktopVolumes, func(d wire.AddDesktopVolumesReq) volume.AddTo {
			return volume.AddTo{DesktopID: d.DesktopID, Volumes: each(d.Volumes, diskOf)}
		}),
	})
	return wire.AddVolumesResponse{JobID: id}, err
}

func (s *Server) expandDesktopVolume(ctx context.Context, in *wire.ExpandDesktopVolumeInput) (wire.ExpandDesktopVolumeResponse, error) {
	id, err := s.Services.Volumes.Expand(ctx, volume.Expand{
		Caller: caller(ctx, in.Project), Growths: []volume.Growth{{DesktopID: in.DesktopID, VolumeID: in.VolumeID, GB: in.Body.NewSize}},
	})
	return wire.ExpandDesktopVolumeResponse{JobID: id}, err
}

func (s *Server) expandVolumes(ctx context.Context, in *wire.ExpandVolumesInput) (wire.ExpandVolumesResponse, error) {
	id, err := s.Services.Volumes.Expand(ctx, volume.Expand{
		Caller: caller(ctx, in.Project), Field: "desktop_volumes_expansion",
		Growths: each(in.Body.DesktopVolumesExpansion, func(g wire.ExpandVolumesReq) volume.Growth {
			return volume.Growth{DesktopID: g.DesktopID, VolumeID: g.VolumeID, GB: g.NewSize}
		}),
	})
	return wire.ExpandVolumesResponse{JobID: id}, err
}

func (s *Server) deleteDesktopVolumes(ctx context.Context, in *wire.DeleteDesktopVolumesInput) (wire.DeleteDesktopVolumesResponse, error) {
	id, err := s.Services.Volumes.Delete(ctx, volume.Delete{Caller: caller(ctx, in.Project), DesktopID: in.DesktopID, IDs: in.Body.VolumeIDs})
	return wire.DeleteDesktopVolumesResponse{JobID: id}, err
}

func (s *Server) modifyVolumesQoS(ctx context.Context, in *wire.BatchModifyQosVolumesInput) (wire.BatchModifyQosVolumesResponse, error) {
	id, err := s.Services.Volumes.SetSpeed(ctx, volume.SetSpeed{
		Caller: caller(ctx, in.Project), IDs: in.Body.VolumeIDs, Speed: catalog.Speed{IOPS: in.Body.QoS.IOPS, Throughput: in.Body.QoS.Throughput},
	})
	return wire.BatchModifyQosVolumesResponse{JobID: id}, err
}
