package api

import (
	"context"
	"slices"

	"carrel/internal/api/wire"
	"carrel/internal/snapshot"
	"carrel/internal/workspace"
)

func (s *Server) listSnapshots(ctx context.Context, in *wire.ListDesktopSnapshotInput) (wire.ListDesktopSnapshotResponse, error) {
	q := snapshot.Query{
		ProjectID: in.ProjectID, DesktopIDs: slices.Clone(in.DesktopIDs), DesktopName: in.DesktopName, DesktopNames: in.DesktopNames, Name: in.SnapshotName, Names: in.SnapshotNames,
		Status: in.Status, ByName: in.SortField == "snapshot_name", Descending: in.SortType == "DESC", Visible: visibleTo(ctx), Page: workspace.Page{Offset: in.Offset, Limit: in.Limit},
	}
	if in.DesktopID != "" {
		q.DesktopIDs = append(q.DesktopIDs, in.DesktopID)
	}
	if in.DiskType == "SYSTEM_DISK" || in.DiskType == "DATA_DISKS" {
		q.System = new(in.DiskType == "SYSTEM_DISK")
	}
	if in.CreateType != "" {
		q.Automatic = new(in.CreateType == "AUTO")
	}
	found, total, err := s.Services.Snapshots.List(ctx, q)
	return wire.ListDesktopSnapshotResponse{TotalCount: total, DesktopSnapshots: each(found, snapshotOf)}, err
}

func snapshotOf(one snapshot.Snapshot) wire.DesktopSnapshotDetailInfo {
	out := wire.DesktopSnapshotDetailInfo{
		SnapshotID: one.ID, SnapshotName: one.Name, DesktopID: one.DesktopID, DesktopName: one.DesktopName, DesktopSID: one.DesktopID, DesktopPoolID: one.PoolID,
		IsSystemDisk: one.System, Status: string(one.Status), Process: new(100), Description: one.Description, CreateTime: stamp(one.Created), CreateType: "MANUALLY",
		RestoreFailReason: one.Reason,
	}
	if one.Status == snapshot.Creating {
		out.Process = new(0)
	}
	if one.Automatic {
		out.CreateType = "AUTO"
	}
	if !one.Restored.IsZero() {
		out.LastRestoreTime = stamp(one.Restored)
	}
	return out
}

func (s *Server) takeSnapshots(ctx context.Context, in *wire.BatchCreateDesktopSnapshotInput) (wire.BatchCreateDesktopSnapshotResponse, error) {
	b := in.Body
	id, err := s.Services.Snapshots.Take(ctx, snapshot.Take{
		Caller: caller(ctx, in.Project), DesktopIDs: b.DesktopIDs, Disks: b.DiskType, System: snapshotText(b.SystemDiskSnapshot), Data: snapshotText(b.DataDiskSnapshot),
	})
	return wire.BatchCreateDesktopSnapshotResponse{JobID: id}, err
}

func snapshotText(t *wire.DiskSnapshotInfo) *snapshot.Text {
	if t == nil {
		return nil
	}
	return &snapshot.Text{Name: t.Name, Description: t.Description}
}

func (s *Server) restoreSnapshots(ctx context.Context, in *wire.BatchRestoreDesktopSnapshotInput) (wire.BatchRestoreDesktopSnapshotResponse, error) {
	id, err := s.Services.Snapshots.Restore(ctx, caller(ctx, in.Project), in.Body.SnapshotIDs)
	return wire.BatchRestoreDesktopSnapshotResponse{JobID: id}, err
}

func (s *Server) deleteSnapshots(ctx context.Context, in *wire.BatchDeleteDesktopSnapshotInput) (wire.BatchDeleteDesktopSnapshotResponse, error) {
	id, err := s.Services.Snapshots.Delete(ctx, caller(ctx, in.Project), in.Body.SnapshotIDs)
	return wire.BatchDeleteDesktopSnapshotResponse{JobID: id}, err
}
