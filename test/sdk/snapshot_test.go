package sdk

import (
	"testing"

	"github.com/huaweicloud/huaweicloud-sdk-go-v3/services/workspace/v2/model"
)

func (e *env) snapshots(change func(*model.ListDesktopSnapshotRequest)) []model.DesktopSnapshotDetailInfo {
	e.Helper()
	r := &model.ListDesktopSnapshotRequest{}
	change(r)
	return *call(e, e.ListDesktopSnapshot, r).DesktopSnapshots
}

func TestSnapshotsOfADesktop(t *testing.T) {
	e := newEnv(t)
	o := e.order("ann")
	o.DataVolumes = &[]model.Volume{{Type: "SSD", Size: 10}}
	id := e.create(o)[0]
	all := model.GetBatchCreateDesktopSnapshotReqDiskTypeEnum().ALL
	subs := e.done(*call(e, e.BatchCreateDesktopSnapshot, &model.BatchCreateDesktopSnapshotRequest{Body: &model.BatchCreateDesktopSnapshotReq{
		DesktopIds: &[]string{id}, DiskType: &all, SystemDiskSnapshot: &model.DiskSnapshotInfo{Name: new("clean"), Description: new("before the update")},
	}}).JobId)
	if len(subs) != 1 || *subs[0].JobType != "createWksSnapshot" {
		t.Errorf("sub-jobs: %v", subs)
	}
	system := model.GetListDesktopSnapshotRequestDiskTypeEnum().SYSTEM_DISK
	taken := e.snapshots(func(r *model.ListDesktopSnapshotRequest) { r.DesktopId, r.DiskType = &id, &system })
	if len(taken) != 1 || *taken[0].SnapshotName != "clean" || *taken[0].Status != "create_success" || *taken[0].Process != 100 || taken[0].CreateType.Value() != "MANUALLY" {
		t.Fatalf("the snapshots are %v", taken)
	}
	e.done(*call(e, e.BatchRestoreDesktopSnapshot, &model.BatchRestoreDesktopSnapshotRequest{Body: &model.BatchRestoreSnapshotReq{SnapshotIds: &[]string{*taken[0].SnapshotId}}}).JobId)
	auto := model.GetListDesktopSnapshotRequestCreateTypeEnum().AUTO
	back := e.snapshots(func(r *model.ListDesktopSnapshotRequest) { r.CreateType = &auto })
	if len(back) != 1 || *back[0].SnapshotName != "before-clean" || *e.show(id).Status != "ACTIVE" {
		t.Errorf("what was before is kept in %v", back)
	}
	if now := e.snapshots(func(r *model.ListDesktopSnapshotRequest) { r.SnapshotNames = &[]string{"clean"} }); *now[0].Status != "restore_success" || *now[0].LastRestoreTime == "" {
		t.Errorf("the snapshot is %v", now)
	}
	var ids []string
	for _, one := range e.snapshots(func(*model.ListDesktopSnapshotRequest) {}) {
		ids = append(ids, *one.SnapshotId)
	}
	if len(ids) != 3 {
		t.Errorf("there are %d snapshots", len(ids))
	}
	e.done(*call(e, e.BatchDeleteDesktopSnapshot, &model.BatchDeleteDesktopSnapshotRequest{Body: &model.BatchDeleteDesktopSnapshotReq{SnapshotIds: &ids}}).JobId)
	if left := e.snapshots(func(*model.ListDesktopSnapshotRequest) {}); len(left) != 0 {
		t.Errorf("there are still %v", left)
	}
}
