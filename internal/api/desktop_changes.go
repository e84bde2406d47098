package api

import (
	"context"

	"carrel/internal/api/wire"
	"carrel/internal/assignment"
	"carrel/internal/catalog"
	"carrel/internal/desktop"
	"carrel/internal/operate"
	"carrel/internal/pool/reshape"
	"carrel/internal/workspace"
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

func (s *Server) listDesktopActions(ctx context.Context, in *wire.ListDesktopActionsInput) (wire.ListDesktopActionsResponse, error) {
	actions, total, err := s.Services.Operate.Actions(ctx, in.ProjectID, in.DesktopID, workspace.Page{Offset: in.Offset, Limit: in.Limit})
	return wire.ListDesktopActionsResponse{TotalCount: total, DesktopActions: each(actions, actionOf)}, err
}

// actionOf is what was done with a desktop: as the record of the audit trail has it, and the sub-job if there is one.
func actionOf(a operate.Action) wire.DesktopAction {
	out := wire.DesktopAction{Action: a.Operation, Message: a.ActorName, StartTime: stamp(a.Time), FinishTime: stamp(a.Time), Result: "SUCCESS"}
	if a.Result != workspace.AuditSuccess {
		out.Result, out.Traceback = "FAILED", a.ErrorMsg
	}
	sub := a.SubJob
	if sub == nil {
		return out
	}
	out.Result, out.FinishTime = string(sub.State), ""
	if !sub.Ended.IsZero() {
		out.FinishTime = stamp(sub.Ended)
	}
	if sub.State != workspace.SubJobSuccess {
		out.Traceback = sub.Reason
	}
	return out
}

func (s *Server) exportDesktops(ctx context.Context, in *wire.ExportDesktopListNewInput) (wire.ExportDesktopListNewResponse, error) {
	tags, err := tagsAsked("tag", in.Tag)
	if err != nil {
		return wire.ExportDesktopListNewResponse{}, err
	}
	q := desktop.DesktopQuery{
		ProjectID: in.ProjectID, IDs: split[string](in.DesktopID), Name: in.ComputerName, Address: in.DesktopIP, UserNames: split[string](in.UserNames...),
		PoolIDs: split[string](in.PoolID), EnterpriseID: in.EnterpriseProjectID, SubnetID: in.SubnetID, ImageID: in.ImageID,
		Types: split[workspace.DesktopType](in.DesktopType), Statuses: split[desktop.DesktopStatus](in.Status), Tags: tags,
		Assigned: in.UserAttached.Pointer(), InMaintenance: in.InMaintenanceMode.Pointer(), Visible: visibleTo(ctx),
		SortBy: desktop.DesktopSort(in.SortField), Descending: in.SortType == "DESC",
	}
	if in.ChargeMode == "0" {
		q.Types = []workspace.DesktopType{noType}
	}
	id, err := s.Services.Operate.ExportDesktops(ctx, caller(ctx, in.Project), q, in.Language)
	return wire.ExportDesktopListNewResponse{TaskID: id}, err
}

func (s *Server) desktopImages(ctx context.Context, in *wire.CheckDesktopImagesInput) (wire.CheckDesktopImagesResponse, error) {
	desktops, err := s.Services.Operate.Images(ctx, in.ProjectID, in.Body.DesktopIDs)
	return wire.CheckDesktopImagesResponse{ImageInfos: each(desktops, func(d desktop.DesktopDetail) wire.DesktopImageInfo {
		return wire.DesktopImageInfo{DesktopID: d.ID, ImageID: d.ImageID, ImageName: d.Image.Name, ImageType: string(d.Image.Type), OSType: d.Image.OSType}
	})}, err
}
