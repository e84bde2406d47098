package sdk

import (
	"net/http"
	"testing"

	"github.com/huaweicloud/huaweicloud-sdk-go-v3/services/workspace/v2/model"
)

// idle waits, as clients do after calls without a job, until nothing happens to a desktop.
func (e *env) idle(id string) *model.DesktopDetailInfo {
	e.Helper()
	var d *model.DesktopDetailInfo
	e.eventually("the end of the desktop's task", func() bool {
		d = e.show(id)
		return *d.TaskStatus == ""
	})
	return d
}

func TestADesktopIsRenamed(t *testing.T) {
	e := newEnv(t)
	ids := e.create(e.order("ann", "bob"))
	rename := func(name string) *model.UpdateDesktopRequest {
		return &model.UpdateDesktopRequest{DesktopId: ids[0], Body: &model.ModifyDesktopAttributesReq{
			Desktop: &model.ModifyDesktopAttributesReqDesktop{ComputerName: &name},
		}}
	}
	if out := call(e, e.UpdateDesktop, rename("reading-room")); out.ErrorCode != nil {
		t.Errorf("renaming answers %v", out)
	}
	if d := e.show(ids[0]); *d.ComputerName != "reading-room" {
		t.Errorf("the desktop is called %s", *d.ComputerName)
	}
	if d := e.idle(ids[0]); *d.Status != "ACTIVE" {
		t.Errorf("the desktop is %v", d)
	}
	refused(e, e.UpdateDesktop, rename(*e.show(ids[1]).ComputerName), http.StatusConflict, "WKS.00010021")
	refused(e, e.UpdateDesktop, rename("no spaces"), http.StatusBadRequest, "WKS.00010001")
	backup := rename("x")
	backup.Body.Desktop.SelfBackupManagement = new("on")
	refused(e, e.UpdateDesktop, backup, http.StatusBadRequest, "WKS.00010002")
}

func TestDesktopsAreRebuiltAndResized(t *testing.T) {
	e := newEnv(t)
	ids := e.create(e.order("ann", "bob"))
	was := e.show(ids[0])
	keep := model.GetEncryptTypeEnum().KEEP
	job := call(e, e.BatchRebuildDesktopsSystemDisk, &model.BatchRebuildDesktopsSystemDiskRequest{Body: &model.RebuildDesktopsReq{
		DesktopIds: ids, ImageType: "gold", ImageId: e.ImageID, EncryptType: &keep, OsType: new("Linux"), DelayTime: new(int32(15)), Message: new("Please save."),
	}}).JobId
	for _, sub := range e.finish(*job) {
		if *sub.JobType != "rebuildDesktops" {
			t.Errorf("sub-job: %v", sub)
		}
	}
	now := e.show(ids[0])
	if *now.RootVolume.VolumeId == *was.RootVolume.VolumeId || *(*now.DataVolumes)[0].VolumeId != *(*was.DataVolumes)[0].VolumeId || *now.UserName != "ann" {
		t.Errorf("%v became %v", was, now)
	}
	for _, bad := range []struct {
		status int
		code   string
		body   model.RebuildDesktopsReq
	}{
		{http.StatusBadRequest, "WKS.00010001", model.RebuildDesktopsReq{DesktopIds: ids, ImageType: "gold", ImageId: e.ImageID, DelayTime: new(int32(1441))}},
		{http.StatusBadRequest, "WKS.00010001", model.RebuildDesktopsReq{DesktopIds: ids, ImageType: "new", ImageId: e.ImageID}},
		{http.StatusBadRequest, "WKS.00010014", model.RebuildDesktopsReq{DesktopIds: ids, ImageType: "gold", ImageId: "none"}},
		{http.StatusNotFound, "WKS.00010011", model.RebuildDesktopsReq{DesktopIds: []string{"none"}, ImageType: "gold", ImageId: e.ImageID}},
		{http.StatusBadRequest, "WKS.00010002", model.RebuildDesktopsReq{DesktopIds: ids, ImageType: "gold", ImageId: e.ImageID, OrderId: new("1")}},
	} {
		refused(e, e.BatchRebuildDesktopsSystemDisk, &model.BatchRebuildDesktopsSystemDiskRequest{Body: &bad.body}, bad.status, bad.code)
	}

	to := func(product string) *model.ResizeDesktopRequest {
		return &model.ResizeDesktopRequest{Body: &model.ResizeDesktopReq{
			Desktops: []model.ResizeDesktopData{{DesktopId: &ids[0]}, {DesktopId: &ids[1]}}, ProductId: product, Mode: "STOP_DESKTOP",
		}}
	}
	resized := call(e, e.ResizeDesktop, to("workspace.c2.xlarge.linux"))
	if len(*resized.Jobs) != 2 || *(*resized.Jobs)[0].JobId != *resized.JobId {
		t.Errorf("resizing answers %v", resized)
	}
	e.finish(*resized.JobId)
	if d := e.show(ids[0]); *d.Product.ProductId != "workspace.c2.xlarge.linux" || *d.Status != "ACTIVE" {
		t.Errorf("the desktop is %v", d)
	}
	refused(e, e.ResizeDesktop, to("none"), http.StatusBadRequest, "WKS.00010013")
}

func TestPeopleAreToldAndLoggedOff(t *testing.T) {
	e := newEnv(t)
	ids := e.create(e.order("ann", "bob"))
	told := call(e, e.SendNotifications, &model.SendNotificationsRequest{Body: &model.SendNotificationsReq{DesktopIds: ids, Notifications: "Lunch!"}})
	for _, sub := range e.finish(*told.JobId) { // nobody is connected: a job all the same
		if *sub.JobType != "notifyDesktops" || *sub.Status != "SUCCESS" {
			t.Errorf("sub-job: %v", sub)
		}
	}
	refused(e, e.SendNotifications, &model.SendNotificationsRequest{Body: &model.SendNotificationsReq{DesktopIds: ids}}, http.StatusBadRequest, "WKS.00010001")

	call(e, e.BatchLogoffDesktops, &model.BatchLogoffDesktopsRequest{Body: &model.LogoffDesktopsReq{DesktopIds: &ids}})
	subs := *call(e, e.ListItaSubJobs, &model.ListItaSubJobsRequest{JobType: new("logoffDesktops")}).Jobs
	if len(subs) != 2 {
		t.Fatalf("logging off makes %v", subs)
	}
	e.finish(*subs[0].JobId)
	if d := e.show(ids[0]); *d.LoginStatus != "REGISTERED" || *d.Status != "ACTIVE" {
		t.Errorf("the desktop is %v", d)
	}
	refused(e, e.BatchLogoffDesktops, &model.BatchLogoffDesktopsRequest{Body: &model.LogoffDesktopsReq{DesktopIds: &[]string{"none"}}}, http.StatusNotFound, "WKS.00010011")
}

func TestDesktopsAreInMaintenance(t *testing.T) {
	e := newEnv(t)
	ids := e.create(e.order("ann", "bob"))
	set := func(on bool, ids ...string) *model.SetMaintenanceModeRequest {
		return &model.SetMaintenanceModeRequest{Body: &model.BatchSetMaintenanceModeReq{DesktopIds: ids, InMaintenanceMode: on}}
	}
	inMaintenance := func() int32 {
		return *call(e, e.ListDesktopsDetail, &model.ListDesktopsDetailRequest{InMaintenanceMode: new(true)}).TotalCount
	}
	call(e, e.SetMaintenanceMode, set(true, ids...))
	if n := inMaintenance(); n != 2 {
		t.Errorf("%d desktops are in maintenance", n)
	}
	call(e, e.SetMaintenanceMode, set(false, ids[0]))
	if n := inMaintenance(); n != 1 {
		t.Errorf("%d desktops are in maintenance", n)
	}
	refused(e, e.SetMaintenanceMode, set(true, ids[0], "none"), http.StatusNotFound, "WKS.00010011")
}

func TestWhatWasDoneWithADesktopAndAFileOfDesktops(t *testing.T) {
	e := newEnv(t)
	ids := e.create(e.order("ann", "bob"))
	call(e, e.SetMaintenanceMode, &model.SetMaintenanceModeRequest{Body: &model.BatchSetMaintenanceModeReq{DesktopIds: ids[:1], InMaintenanceMode: true}})
	refusedBy := &model.UpdateDesktopRequest{DesktopId: ids[0], Body: &model.ModifyDesktopAttributesReq{
		Desktop: &model.ModifyDesktopAttributesReqDesktop{ComputerName: new("no spaces")},
	}}
	refused(e, e.UpdateDesktop, refusedBy, http.StatusBadRequest, "WKS.00010001")
	actions := call(e, e.ListDesktopActions, &model.ListDesktopActionsRequest{DesktopId: ids[0]})
	if *actions.TotalCount != 3 {
		t.Fatalf("what was done: %v", actions)
	}
	for i, want := range [][2]string{{"UpdateDesktop", "FAILED"}, {"SetMaintenanceMode", "SUCCESS"}, {"CreateDesktop", "SUCCESS"}} {
		a := (*actions.DesktopActions)[i]
		if *a.Action != want[0] || *a.Result != want[1] || (*a.Traceback == "") != (want[1] == "SUCCESS") || *a.StartTime == "" || *a.FinishTime == "" {
			t.Errorf("action %d is %v, want %v", i, a, want)
		}
	}
	if second := *call(e, e.ListDesktopActions, &model.ListDesktopActionsRequest{DesktopId: ids[0], Offset: new(int32(1)), Limit: new(int32(1))}).DesktopActions; len(second) != 1 || *second[0].Action != "SetMaintenanceMode" {
		t.Errorf("the second page: %v", second)
	}
	refused(e, e.ListDesktopActions, &model.ListDesktopActionsRequest{DesktopId: "none"}, http.StatusNotFound, "WKS.00010011")

	language := model.GetExportDesktopListNewRequestLanguageEnum()
	task := call(e, e.ExportDesktopListNew, &model.ExportDesktopListNewRequest{Language: language.EN_US, InMaintenanceMode: new(true)}).TaskId
	tasks := *call(e, e.ListExportTasks, &model.ListExportTasksRequest{TaskId: task}).ExportTasks
	if len(tasks) != 1 || tasks[0].Status.Value() != "SUCCESS" {
		t.Errorf("the export: %v", tasks)
	}

	images := *call(e, e.CheckDesktopImages, &model.CheckDesktopImagesRequest{Body: &model.CheckDesktopImagesReq{DesktopIds: &ids}}).ImageInfos
	if len(images) != 2 || *images[1].DesktopId != ids[1] || *images[1].ImageId != e.ImageID || *images[1].ImageType != "gold" || *images[1].OsType != "Linux" || *images[1].ImageName == "" {
		t.Errorf("images: %v", images)
	}
	refused(e, e.CheckDesktopImages, &model.CheckDesktopImagesRequest{Body: &model.CheckDesktopImagesReq{DesktopIds: &[]string{"none"}}}, http.StatusNotFound, "WKS.00010011")
}
