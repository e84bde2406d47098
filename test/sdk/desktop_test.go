package sdk

import (
	"testing"

	"github.com/huaweicloud/huaweicloud-sdk-go-v3/services/workspace/v2/model"
)

func TestADesktopFromOrderToDeletion(t *testing.T) {
	w := newWorld(t)
	ids := w.create(w.order("ann", "bob"))
	ann, bob := ids[0], ids[1]

	d := w.show(ann)
	if *d.Status != "ACTIVE" || *d.TaskStatus != "" || *d.UserName != "ann" || *d.LoginStatus != "REGISTERED" {
		t.Errorf("desktop: %v", d)
	}
	if d.Metadata["metering.image_id"] != w.ImageID || *(*d.SecurityGroups)[0].Id != w.SecurityGroupID || *d.Product.ProductId != w.ProductID {
		t.Errorf("desktop lacks what clients read: %v", d)
	}
	if data := *d.DataVolumes; d.RootVolume.Size != 80 || len(data) != 1 || data[0].Size != 10 || *data[0].Device == "" || *data[0].VolumeId == "" {
		t.Errorf("volumes: %v %v", d.RootVolume, d.DataVolumes)
	}
	if *(*d.SecurityGroups)[0].Name == "" || *d.Domain != "carrel.local" || *(*d.AttachUserInfos)[0].Domain != "carrel.local" || *d.Isolated || *d.IsFreeze || d.Process != nil {
		t.Errorf("desktop lacks what Carrel knows: %v", d)
	}
	if *(*d.Tags)[0].Value != "a & b" {
		t.Errorf("tags: %v", d.Tags)
	}

	list := call(w, w.ListDesktops, &model.ListDesktopsRequest{UserName: &[]string{"ann"}, Status: new("ACTIVE"), Limit: new(int32(10))})
	if *list.TotalCount != 1 || *(*list.Desktops)[0].DesktopId != ann || *(*(*list.Desktops)[0].AttachUserInfos)[0].UserId == "" {
		t.Errorf("list: %v", list)
	}
	sort, descending := model.GetListDesktopsDetailRequestSortFieldEnum().COMPUTER_NAME, model.GetListDesktopsDetailRequestSortTypeEnum().DESC
	details := call(w, w.ListDesktopsDetail, &model.ListDesktopsDetailRequest{
		SortField: &sort, SortType: &descending, DesktopId: &[]string{ann, bob}, ComputerNames: &[]string{*d.ComputerName}, UserAttached: new(true),
	})
	if *details.TotalCount != 1 || *(*details.Desktops)[0].DesktopId != ann {
		t.Errorf("details: %v", details)
	}

	soft, hard := model.GetBatchActionDesktopsReqTypeEnum().SOFT, model.GetBatchActionDesktopsReqTypeEnum().HARD
	for _, step := range []struct {
		op    string
		kind  *model.BatchActionDesktopsReqType
		state string
	}{
		{"os-stop", &soft, "SHUTOFF"}, {"os-start", nil, "ACTIVE"}, {"reboot", &hard, "ACTIVE"}, {"os-hibernate", nil, "HIBERNATED"},
		{"os-start", &soft, "ACTIVE"}, {"os-stop", &hard, "SHUTOFF"},
	} {
		out := call(w, w.BatchRunDesktops, &model.BatchRunDesktopsRequest{
			Body: &model.BatchActionDesktopsReq{DesktopIds: []string{ann}, OpType: step.op, Type: step.kind},
		})
		if len(*out.FailedOperationList) != 0 {
			t.Fatalf("%s was refused: %v", step.op, out)
		}
		w.finish(*out.JobId)
		if d := w.show(ann); *d.Status != step.state || *d.TaskStatus != "" {
			t.Errorf("after %s it is %s, %q", step.op, *d.Status, *d.TaskStatus)
		}
	}
	out := call(w, w.BatchRunDesktops, &model.BatchRunDesktopsRequest{Body: &model.BatchActionDesktopsReq{DesktopIds: []string{bob, "x"}, OpType: "os-start"}})
	if failed := *out.FailedOperationList; out.JobId != nil || len(failed) != 2 || *failed[0].ErrorCode != "WKS.00010032" {
		t.Errorf("starting what runs: %v", out)
	}

	job := call(w, w.BatchDeleteDesktops, &model.BatchDeleteDesktopsRequest{Body: &model.DeleteDesktopsReq{DesktopIds: []string{ann}, DeleteUsers: new(true)}}).JobId
	w.finish(*job)
	refused(w, w.ShowDesktopDetail, &model.ShowDesktopDetailRequest{DesktopId: ann}, 404, "WKS.00010011")
	call(w, w.DeleteDesktop, &model.DeleteDesktopRequest{DesktopId: bob, EmailNotification: new(false), IsForceDelete: new(true)})
	w.eventually("the desktop is gone", func() bool {
		return *call(w, w.ListDesktops, &model.ListDesktopsRequest{}).TotalCount == 0
	})
	users := call(w, w.ListUsers, &model.ListUsersRequest{UserNames: &[]string{"ann", "bob"}, Limit: new("10"), Offset: new("0")})
	if *users.TotalCount != 1 || *(*users.Users)[0].UserName != "bob" || *(*users.Users)[0].TotalDesktops != 0 {
		t.Errorf("users who are left: %v", users)
	}
}

func TestDesktopsWithoutPeople(t *testing.T) {
	w := newWorld(t)
	o := w.order()
	o.Desktops, o.Size, o.DesktopName = nil, new(int32(3)), new("spare")
	if ids := w.create(o); len(ids) != 3 {
		t.Fatalf("made %v", ids)
	}
	list := call(w, w.ListDesktops, &model.ListDesktopsRequest{ComputerName: new("spare"), Offset: new(int32(2))})
	if *list.TotalCount != 3 || len(*list.Desktops) != 1 {
		t.Errorf("list: %v", list)
	}
}

func TestJobsTellWhatBecameOfThem(t *testing.T) {
	w := newWorld(t)
	id := *call(w, w.CreateDesktop, &model.CreateDesktopRequest{Body: w.order("ann")}).JobId
	sub := w.finish(id)[0]
	job := call(w, w.ShowJob, &model.ShowJobRequest{JobId: id})
	if *job.Status != "SUCCESS" || *job.JobType != "createDesktops" || *job.SubJobsTotal != 1 || len(*job.SubJobs) != 1 || *job.EndTime == "" {
		t.Errorf("job: %v", job)
	}
	if *sub.Process != 100 || *sub.AttachUser != "ann" || *sub.Entities.UserName != "ann" || *sub.JobId != id || *sub.ProjectId != w.ProjectID {
		t.Errorf("sub-job: %v", sub)
	}
	refused(w, w.ShowJob, &model.ShowJobRequest{JobId: "x"}, 404, "WKS.00010012")
	retry := &model.RunActionsOnWorkspaceJobRequest{JobId: id, Body: &model.JobActionsReq{OpType: "retry"}}
	refused(w, w.RunActionsOnWorkspaceJob, retry, 409, "WKS.00010032")
	call(w, w.BatchDeleteSubJobs, &model.BatchDeleteSubJobsRequest{Body: &model.DeleteSubJobsReq{JobIds: &[]string{*sub.Id}}})
	none := call(w, w.ListItaSubJobs, &model.ListItaSubJobsRequest{JobType: new("createDesktops"), Status: new("SUCCESS"), Limit: new(int32(1000))})
	if *none.TotalCount != 0 || none.Jobs == nil {
		t.Errorf("left: %v", none)
	}
	call(w, w.BatchDeleteSubJobs, &model.BatchDeleteSubJobsRequest{Body: &model.DeleteSubJobsReq{DeleteByStatus: new("FAILED")}})
}

func TestRefusalsAreReadable(t *testing.T) {
	w := newWorld(t)
	bad := func(change func(*model.CreateDesktopReq)) *model.CreateDesktopRequest {
		o := w.order("ann")
		change(o)
		return &model.CreateDesktopRequest{Body: o}
	}
	refused(w, w.CreateDesktop, bad(func(o *model.CreateDesktopReq) { o.RootVolume.Size = 79 }), 400, "WKS.00010001")
	refused(w, w.CreateDesktop, bad(func(o *model.CreateDesktopReq) { o.RootVolume = nil }), 400, "WKS.00010001")
	refused(w, w.CreateDesktop, bad(func(o *model.CreateDesktopReq) { o.ProductId = "x" }), 400, "WKS.00010013")
	refused(w, w.CreateDesktop, bad(func(o *model.CreateDesktopReq) { o.Size = new(int32(1)) }), 400, "WKS.00010001")
	refused(w, w.CreateDesktop, bad(func(o *model.CreateDesktopReq) { o.Eip = &model.Eip{Id: new("x")} }), 400, "WKS.00010002")
	refused(w, w.CreateDesktop, &model.CreateDesktopRequest{}, 400, "WKS.0001")
	refused(w, w.DeleteDesktop, &model.DeleteDesktopRequest{DesktopId: "x"}, 404, "WKS.00010011")
	refused(w, w.ListDesktops, &model.ListDesktopsRequest{Limit: new(int32(1001))}, 400, "WKS.00010001")
	refused(w, w.ListUserDetail, &model.ListUserDetailRequest{UserId: "x"}, 400, "WKS.00170312")
	refused(w, w.DeleteUser, &model.DeleteUserRequest{UserId: "x"}, 400, "WKS.00170312")
	refused(w, w.ShowAzDetails, &model.ShowAzDetailsRequest{AvailabilityZoneId: "x"}, 400, "WKS.00010017")
	if n := *call(w, w.ListDesktops, &model.ListDesktopsRequest{}).TotalCount; n != 0 {
		t.Errorf("refused orders left %d desktops", n)
	}
}
