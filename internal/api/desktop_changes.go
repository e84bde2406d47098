package api

import (
	"context"

	"carrel/internal/api/wire"
	"carrel/internal/assignment"
	"carrel/internal/catalog"
	"carrel/internal/operate"
	"carrel/internal/pool/reshape"
)

func (s *Server) renameDesktop(ctx context.Context, in *wire.UpdateDesktopInput) (wire.UpdateDesktopResponse, error) {
	r := assignment.RenameDesktop{Caller: caller(ctx, in.Project), DesktopID: in.DesktopID, Name: in.Body.Desktop.ComputerName}
	return wire.UpdateDesktopResponse{}, s.Services.Assignments.RenameDesktop(ctx, r)
}

func (s *Server) rebuildDesktops(ctx context.Context, in *wire.BatchRebuildDesktopsSystemDiskInput) (wire.BatchRebuildDesktopsSystemDiskResponse, error) {
	b := in.Body
	id, err := s.Services.Operate.Rebuild(ctx, operate.Rebuild{
		Caller: caller(ctx, in.Project), IDs: b.DesktopIDs, ImageType: catalog.ImageType(b.ImageType), ImageID: b.ImageID, OSType: b.OSType,
		DelayMinutes: b.DelayTime, Message: b.Message,
	})
	return wire.BatchRebuildDesktopsSystemDiskResponse{JobID: id}, err
}

func resizedDesktop(d wire.ResizeDesktopData) string { return d.DesktopID }

func (s *Server) resizeDesktops(ctx context.Context, in *wire.ResizeDesktopInput) (wire.ResizeDesktopResponse, error) {
	ids := each(in.Body.Desktops, resizedDesktop)
	id, err := s.Services.Reshaper.ResizeDesktops(ctx, reshape.ResizeDesktops{Caller: caller(ctx, in.Project), IDs: ids, ProductID: in.Body.ProductID})
	return wire.ResizeDesktopResponse{JobID: id, Jobs: each(ids, func(desktopID string) wire.ResizeDesktopJobResponse {
		return wire.ResizeDesktopJobResponse{DesktopID: desktopID, JobID: id}
	})}, err
}

func (s *Server) logOffDesktops(ctx context.Context, in *wire.BatchLogoffDesktopsInput) error {
	_, err := s.Services.Operate.LogOff(ctx, operate.LogOff{Caller: caller(ctx, in.Project), IDs: in.Body.DesktopIDs, Message: in.Body.Message})
	return err
}

func (s *Server) setMaintenance(ctx context.Context, in *wire.SetMaintenanceModeInput) error {
	return s.Services.Operate.SetMaintenance(ctx, operate.SetMaintenance{
		Caller: caller(ctx, in.Project), IDs: in.Body.DesktopIDs, On: *in.Body.InMaintenanceMode,
	})
}

func (s *Server) notifyDesktops(ctx context.Context, in *wire.SendNotificationsInput) (wire.SendNotificationsResponse, error) {
	id, err := s.Services.Operate.Notify(ctx, operate.Notify{Caller: caller(ctx, in.Project), IDs: in.Body.DesktopIDs, Text: in.Body.Notifications})
	return wire.SendNotificationsResponse{JobID: id}, err
}
