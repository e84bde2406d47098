package sdk

import (
	"testing"

	"github.com/huaweicloud/huaweicloud-sdk-go-v3/services/workspace/v2/model"
)

func TestADesktopFromOrderToDeletion(t *testing.T) {
	e := newEnv(t)
	ids := e.create(e.order("ann", "bob"))
	ann, bob := ids[0], ids[1]

	d := e.show(ann)
	if *d.Status != "ACTIVE" || *d.TaskStatus != "" || *d.UserName != "ann" || *d.LoginStatus != "REGISTERED" {
		t.Errorf("desktop: %v", d)
	}
	if d.Metadata["metering.image_id"] != e.ImageID || *(*d.SecurityGroups)[0].Id != e.SecurityGroupID || *d.Product.ProductId != e.ProductID {
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

	list := call(e, e.ListDesktops, &model.ListDesktopsRequest{UserName: &[]string{"ann"}, Status: new("ACTIVE"), Limit: new(int32(10))})
	if *list.TotalCount != 1 || *(*list.Desktops)[0].DesktopId != ann || *(*(*list.Desktops)[0].AttachUserInfos)[0].UserId == "" {
		t.Errorf("list: %v", list)
	}
	sort, descending := model.GetListDesktopsDetailRequestSortFieldEnum().COMPUTER_NAME, model.GetListDesktopsDetailRequestSortTypeEnum().DESC
	details := call(e, e.ListDesktopsDetail, &model.ListDesktopsDetailRequest{
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
		out := call(e, e.BatchRunDesktops, &model.BatchRunDesktopsRequest{
			Body: &model.BatchActionDesktopsReq{DesktopIds: []string{ann}, OpType: step.op, Type: step.kind},
		})
		if len(*out.FailedOperationList) != 0 {
			t.Fatalf("%s was refused: %v", step.op, out)
		}
		e.finish(*out.JobId)
		if d := e.show(ann); *d.Status != step.state || *d.TaskStatus != "" {
			t.Errorf("after %s it is %s, %q", step.op, *d.Status, *d.TaskStatus)
		}
	}
	out := call(e, e.BatchRunDesktops, &model.BatchRunDesktopsRequest{Body: &model.BatchActionDesktopsReq{DesktopIds: []string{bob, "x"}, OpType: "os-start"}})
	if failed := *out.FailedOperationList; out.JobId != nil || len(failed) != 2 || *failed[0].ErrorCode != "WKS.00010032" {
		t.Errorf("starting what runs: %v", out)
	}

	job := call(e, e.BatchDeleteDesktops, &model.BatchDeleteDesktopsRequest{Body: &model.DeleteDesktopsReq{DesktopIds: []string{ann}, DeleteUsers: new(true)}}).JobId
	e.finish(*job)
	refused(e, e.ShowDesktopDetail, &model.ShowDesktopDetailRequest{DesktopId: ann}, 404, "WKS.00010011")
	call(e, e.DeleteDesktop, &model.DeleteDesktopRequest{DesktopId: bob, EmailNotification: new(false), IsForceDelete: new(true)})
	e.eventually("the desktop is gone", func() bool {
		return *call(e, e.ListDesktops, &model.ListDesktopsRequest{}).TotalCount == 0
	})
	users := call(e, e.ListUsers, &model.ListUsersRequest{UserNames: &[]string{"ann", "bob"}, Limit: new("10"), Offset: new("0")})
	if *users.TotalCount != 1 || *(*users.Users)[0].UserName != "bob" || *(*users.Users)[0].TotalDesktops != 0 {
		t.Errorf("users who are left: %v", users)
	}
}

func TestDesktopsWithoutPeople(t *testing.T) {
	e := newEnv(t)
	o := e.order()
	o.Desktops, o.Size, o.DesktopName = nil, new(int32(3)), new("spare")
	if ids := e.create(o); len(ids) != 3 {
		t.Fatalf("made %v", ids)
	}
	list := call(e, e.ListDesktops, &model.ListDesktopsRequest{ComputerName: new("spare"), Offset: new(int32(2))})
	if *list.TotalCount != 3 || len(*list.Desktops) != 1 {
		t.Errorf("list: %v", list)
	}
}

func TestJobsTellWhatBecameOfThem(t *testing.T) {
	e := newEnv(t)
	id := *call(e, e.CreateDesktop, &model.CreateDesktopRequest{Body: e.order("ann")}).JobId
	sub := e.finish(id)[0]
	job := call(e, e.ShowJob, &model.ShowJobRequest{JobId: id})
	if *job.Status != "SUCCESS" || *job.JobType != "createDesktops" || *job.SubJobsTotal != 1 || len(*job.SubJobs) != 1 || *job.EndTime == "" {
		t.Errorf("job: %v", job)
	}
	if *sub.Process != 100 || *sub.AttachUser != "ann" || *sub.Entities.UserName != "ann" || *sub.JobId != id || *sub.ProjectId != e.ProjectID {
		t.Errorf("sub-job: %v", sub)
	}
	refused(e, e.ShowJob, &model.ShowJobRequest{JobId: "x"}, 404, "WKS.00010012")
	retry := &model.RunActionsOnWorkspaceJobRequest{JobId: id, Body: &model.JobActionsReq{OpType: "retry"}}
	refused(e, e.RunActionsOnWorkspaceJob, retry, 409, "WKS.00010032")
	call(e, e.BatchDeleteSubJobs, &model.BatchDeleteSubJobsRequest{Body: &model.DeleteSubJobsReq{JobIds: &[]string{*sub.Id}}})
	none := call(e, e.ListItaSubJobs, &model.ListItaSubJobsRequest{JobType: new("createDesktops"), Status: new("SUCCESS"), Limit: new(int32(1000))})
	if *none.TotalCount != 0 || none.Jobs == nil {
		t.Errorf("left: %v", none)
	}
	call(e, e.BatchDeleteSubJobs, &model.BatchDeleteSubJobsRequest{Body: &model.DeleteSubJobsReq{DeleteByStatus: new("FAILED")}})
}

func TestRefusalsAreReadable(t *testing.T) {
	e := newEnv(t)
	bad := func(change func(*model.CreateDesktopReq)) *model.CreateDesktopRequest {
		o := e.order("ann")
		change(o)
		return &model.CreateDesktopRequest{Body: o}
	}
	refused(e, e.CreateDesktop, bad(func(o *model.CreateDesktopReq) { o.RootVolume.Size = 79 }), 400, "WKS.00010001")
	refused(e, e.CreateDesktop, bad(func(o *model.CreateDesktopReq) { o.RootVolume = nil }), 400, "WKS.00010001")
	refused(e, e.CreateDesktop, bad(func(o *model.CreateDesktopReq) { o.ProductId = "x" }), 400, "WKS.00010013")
	refused(e, e.CreateDesktop, bad(func(o *model.CreateDesktopReq) { o.Size = new(int32(1)) }), 400, "WKS.00010001")
	refused(e, e.CreateDesktop, bad(func(o *model.CreateDesktopReq) { o.Eip = &model.Eip{Id: new("x")} }), 404, "WKS.00010061")
	refused(e, e.CreateDesktop, bad(func(o *model.CreateDesktopReq) { o.HourPackageProductId = new("x") }), 400, "WKS.00010002")
	refused(e, e.CreateDesktop, &model.CreateDesktopRequest{}, 400, "WKS.0001")
	refused(e, e.DeleteDesktop, &model.DeleteDesktopRequest{DesktopId: "x"}, 404, "WKS.00010011")
	refused(e, e.ListDesktops, &model.ListDesktopsRequest{Limit: new(int32(1001))}, 400, "WKS.00010001")
	refused(e, e.ListUserDetail, &model.ListUserDetailRequest{UserId: "x"}, 400, "WKS.00170312")
	refused(e, e.DeleteUser, &model.DeleteUserRequest{UserId: "x"}, 400, "WKS.00170312")
	refused(e, e.ShowAzDetails, &model.ShowAzDetailsRequest{AvailabilityZoneId: "x"}, 400, "WKS.00010017")
	if n := *call(e, e.ListDesktops, &model.ListDesktopsRequest{}).TotalCount; n != 0 {
		t.Errorf("refused orders left %d desktops", n)
	}
}
