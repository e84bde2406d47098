package sdk

import (
	"net/http"
	"testing"

	"github.com/huaweicloud/huaweicloud-sdk-go-v3/services/workspace/v2/model"
)

// done waits for a job as public clients do for changes of pools: its own status, then each sub-job's.
func (e *env) done(jobID string) []model.JobDetailInfo {
	e.Helper()
	var job *model.ShowJobResponse
	e.eventually("the job's end", func() bool {
		job = call(e, e.ShowJob, &model.ShowJobRequest{JobId: jobID})
		return *job.Status == "SUCCESS" || *job.Status == "FAIL"
	})
	if *job.Status != "SUCCESS" {
		e.Fatalf("the job failed: %v", job)
	}
	return *job.SubJobs
}

func (e *env) rebuild(pool string, change func(*model.RebuildDesktopPoolReq)) []model.JobDetailInfo {
	e.Helper()
	body := &model.RebuildDesktopPoolReq{ImageId: e.ImageID}
	change(body)
	return e.done(*call(e, e.RebuildDesktopPool, &model.RebuildDesktopPoolRequest{PoolId: pool, Body: body}).JobId)
}

func TestARebuildOfAPool(t *testing.T) {
	e := newEnv(t)
	o := e.poolOrder("Rebuilt", 3)
	o.DataVolumes = &[]model.VolumeInfo{{Type: "SSD", Size: 10}}
	id := *e.pool(o).Id
	before := e.poolDesktops(model.ListPoolDesktopsDetailRequest{PoolId: id})

	subs := e.rebuild(id, func(r *model.RebuildDesktopPoolReq) {
		r.ImageType, r.OsType, r.DelayTime, r.Message, r.IsFix = new("gold"), new("Linux"), new(int32(15)), new("Please save."), new(false)
		all := model.GetRebuildDesktopPoolReqHandleTypeEnum().FOR_EXPAND_AND_ALL
		keep := model.GetEncryptTypeEnum().KEEP
		r.HandleType, r.EncryptType = &all, &keep
	})
	if len(subs) != 3 {
		t.Errorf("%d sub-jobs for 3 desktops", len(subs))
	}
	for _, s := range subs {
		if *s.JobType != "rebuildDesktopPool" || *s.Status != "SUCCESS" {
			t.Errorf("sub-job: %v", s)
		}
	}
	for i, d := range e.poolDesktops(model.ListPoolDesktopsDetailRequest{PoolId: id}) {
		was := before[i]
		if *d.DesktopId != *was.DesktopId || *d.ComputerName != *was.ComputerName || (*d.IpAddresses)[0] != (*was.IpAddresses)[0] || *d.Status != "ACTIVE" || *d.TaskStatus != "" {
			t.Errorf("%v became %v", was, d)
		}
		if pool := e.showPool(id); *d.RootVolume.DesktopPoolDiskId != *pool.RootVolume.Id || *(*d.DataVolumes)[0].DesktopPoolDiskId != *(*pool.DataVolumes)[0].Id {
			t.Errorf("%s does not tell which of the pool's disks it has: %v %v", *d.ComputerName, d.RootVolume, d.DataVolumes)
		}
		if *d.RootVolume.VolumeId == *was.RootVolume.VolumeId || *(*d.DataVolumes)[0].VolumeId != *(*was.DataVolumes)[0].VolumeId {
			t.Errorf("the disks of %s: %v became %v", *d.ComputerName, was.RootVolume, d.RootVolume)
		}
	}

	if subs := e.rebuild(id, func(r *model.RebuildDesktopPoolReq) { r.DesktopIds = &[]string{*before[1].DesktopId} }); len(subs) != 1 || *subs[0].Entities.DesktopId != *before[1].DesktopId {
		t.Errorf("a rebuild of one desktop has sub-jobs %v", subs)
	}
	if subs := e.rebuild(id, func(r *model.RebuildDesktopPoolReq) { r.IsFix = new(true) }); len(subs) != 0 {
		t.Errorf("a repair with nothing to repair has sub-jobs %v", subs)
	}
	if subs := e.rebuild(id, func(r *model.RebuildDesktopPoolReq) {
		later := model.GetRebuildDesktopPoolReqHandleTypeEnum().ONLY_FOR_EXPAND
		r.HandleType = &later
	}); len(subs) != 0 {
		t.Errorf("a rebuild for later desktops has sub-jobs %v", subs)
	}
	later := model.GetRebuildDesktopPoolReqHandleTypeEnum().ONLY_FOR_EXPAND
	job := call(e, e.RebuildDesktopPool, &model.RebuildDesktopPoolRequest{PoolId: id, Body: &model.RebuildDesktopPoolReq{ImageId: e.ImageID, HandleType: &later}}).JobId
	if j := call(e, e.ShowJob, &model.ShowJobRequest{JobId: *job}); *j.Status != "SUCCESS" || *j.EndTime == "" {
		t.Errorf("a job with nothing to do: %v", j)
	}
	for _, bad := range []struct {
		code string
		body model.RebuildDesktopPoolReq
	}{
		{"WKS.00010002", model.RebuildDesktopPoolReq{ImageId: e.ImageID, KmsId: new("key")}},
		{"WKS.00010001", model.RebuildDesktopPoolReq{ImageId: e.ImageID, OsType: new("Windows")}},
		{"WKS.00010001", model.RebuildDesktopPoolReq{ImageId: e.ImageID, DelayTime: new(int32(-1))}},
	} {
		refused(e, e.RebuildDesktopPool, &model.RebuildDesktopPoolRequest{PoolId: id, Body: &bad.body}, http.StatusBadRequest, bad.code)
	}
	refused(e, e.RebuildDesktopPool, &model.RebuildDesktopPoolRequest{PoolId: "none", Body: &model.RebuildDesktopPoolReq{ImageId: e.ImageID}}, http.StatusNotFound, "WKS.00010018")
}

func TestAnotherSizeAndOtherDisksOfAPool(t *testing.T) {
	e := newEnv(t)
	id := *e.pool(e.poolOrder("Reshaped", 2)).Id
	resized := call(e, e.ResizeDesktopPool, &model.ResizeDesktopPoolRequest{
		PoolId: id, Body: &model.ResizeDesktopPoolReq{ProductId: "workspace.c2.xlarge.linux", Mode: new("STOP_DESKTOP")},
	})
	if len(*resized.Jobs) != 2 || *(*resized.Jobs)[0].JobId != *resized.JobId {
		t.Errorf("resizing answers %v", resized)
	}
	e.done(*resized.JobId)
	if p := e.showPool(id); *p.Product.ProductId != "workspace.c2.xlarge.linux" {
		t.Errorf("the pool has product %v", p.Product)
	}

	e.done(*call(e, e.AddDesktopPoolVolumes, &model.AddDesktopPoolVolumesRequest{PoolId: id, Body: &model.AddDesktopPoolVolumesReq{
		Volumes: &[]model.VolumeAddInfo{{Type: "SSD", Size: 10}, {Type: "SAS", Size: 20}},
	}}).JobId)
	disks := *e.showPool(id).DataVolumes
	if len(disks) != 2 {
		t.Fatalf("the pool has disks %v", disks)
	}
	e.done(*call(e, e.ExpandDesktopPoolVolumes, &model.ExpandDesktopPoolVolumesRequest{PoolId: id, Body: &model.ExpandDesktopPoolVolumesReq{
		Volumes: &[]model.ExpandDesktopPoolVolumesReqVolumes{{Id: *disks[1].Id, Size: 40}},
	}}).JobId)
	e.done(*call(e, e.DeleteDesktopPoolVolumes, &model.DeleteDesktopPoolVolumesRequest{PoolId: id, Body: &model.DeleteDesktopPoolVolumesReq{
		Volumes: &[]model.DeleteDesktopPoolVolumesReqVolumes{{Id: *disks[0].Id}},
	}}).JobId)
	for _, d := range e.poolDesktops(model.ListPoolDesktopsDetailRequest{PoolId: id}) {
		if v := *d.DataVolumes; len(v) != 1 || v[0].Size != 40 || *d.Status != "ACTIVE" {
			t.Errorf("desktop %s is %s with disks %v", *d.ComputerName, *d.Status, v)
		}
	}
	refused(e, e.DeleteDesktopPoolVolumes, &model.DeleteDesktopPoolVolumesRequest{PoolId: id, Body: &model.DeleteDesktopPoolVolumesReq{
		Volumes: &[]model.DeleteDesktopPoolVolumesReqVolumes{{Id: *disks[0].Id}},
	}}, http.StatusBadRequest, "WKS.00010001")
	if _, err := e.ResizeDesktopPool(&model.ResizeDesktopPoolRequest{PoolId: id, Body: &model.ResizeDesktopPoolReq{ProductId: "none"}}); err == nil {
		t.Error("an unknown product is taken")
	}
}
