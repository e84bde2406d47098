package sdk

import (
	"slices"
	"strings"
	"testing"

	"github.com/huaweicloud/huaweicloud-sdk-go-v3/services/workspace/v2/model"
)

// poolOrder is a request for a DYNAMIC pool.
func (e *env) poolOrder(name string, size int32) *model.CreateDesktopPoolReq {
	return &model.CreateDesktopPoolReq{
		Name: name, Type: model.GetCreateDesktopPoolReqTypeEnum().DYNAMIC, Size: size, ProductId: e.ProductID, ImageType: "gold",
		ImageId: e.ImageID, RootVolume: &model.VolumeInfo{Type: "SAS", Size: 80}, SubnetIds: []string{e.SubnetID},
	}
}

// pool makes a pool as public clients do: it is found by its name until it is STEADY, then its sub-jobs are looked at.
func (e *env) pool(o *model.CreateDesktopPoolReq) model.SimpleDesktopPoolInfo {
	e.Helper()
	job := *call(e, e.CreateDesktopPool, &model.CreateDesktopPoolRequest{Body: o}).JobId
	var pool model.SimpleDesktopPoolInfo
	e.eventually("the pool is steady", func() bool {
		pools := *call(e, e.ListDesktopPools, &model.ListDesktopPoolsRequest{Name: &o.Name}).DesktopPools
		if len(pools) != 1 {
			e.Fatalf("%d pools are called %s", len(pools), o.Name)
		}
		pool = pools[0]
		return *pool.Status == "STEADY"
	})
	jobs := *call(e, e.ListItaSubJobs, &model.ListItaSubJobsRequest{JobId: &job, DesktopPoolId: pool.Id}).Jobs
	if len(jobs) != int(o.Size) {
		e.Fatalf("%d sub-jobs for %d desktops", len(jobs), o.Size)
	}
	for _, j := range jobs {
		if *j.Status != "SUCCESS" || *j.JobType != "createDesktopPool" {
			e.Fatalf("sub-job: %v", j)
		}
	}
	return pool
}

func (e *env) poolDesktops(r model.ListPoolDesktopsDetailRequest) []model.PoolDesktopsDetailInfo {
	e.Helper()
	return *call(e, e.ListPoolDesktopsDetail, &r).PoolDesktops
}

func (e *env) showPool(id string) *model.ShowDesktopPoolDetailResponse {
	e.Helper()
	return call(e, e.ShowDesktopPoolDetail, &model.ShowDesktopPoolDetailRequest{PoolId: id})
}

func TestAPoolFromOrderToDeletion(t *testing.T) {
	e := newEnv(t)
	ann := e.person("ann")
	o := e.poolOrder("Sales-Germany", 3)
	way := model.GetAutoscalePolicyAutoscaleTypeEnum().AUTO_CREATED
	o.Description, o.AvailabilityZone, o.VpcId, o.FlavorId = new("for sales"), &e.AvailabilityZone, &e.VPCID, &e.ProductID
	o.DataVolumes = &[]model.VolumeInfo{{Type: "SSD", Size: 10}, {Type: "SAS", Size: 20}}
	o.SecurityGroups = &[]model.SecurityGroupIdInfo{{Id: e.SecurityGroupID}}
	o.Tags = &[]model.Tag{{Key: "team", Value: new("sales")}}
	o.DisconnectedRetentionPeriod, o.EnableAutoscale = new(int32(20)), new(true)
	o.AutoscalePolicy = &model.AutoscalePolicy{
		AutoscaleType: &way, MaxAutoCreated: new(int32(10)), MinIdle: new(int32(1)), OnceAutoCreated: new(int32(2)), MinRetention: new(int32(3)),
		IdleRetentionDuration: new(int32(60)), AutoIsolationEnable: new(true), AutoIsolationMaxNum: new(int32(5)),
	}
	o.UserResetPolicy = &model.UserResetPolicy{Enable: new(true), ResetCountPerDay: new(int32(2))}
	labs := e.enterprise("Labs")
	o.Domain, o.EnterpriseProjectId = new("carrel.local"), &labs
	o.AuthorizedObjects = &[]model.AuthorizedObjects{{
		ObjectType: model.GetAuthorizedObjectsObjectTypeEnum().USER, ObjectId: ann, ObjectName: "ann", UserGroup: "sudo",
	}}
	id := *e.pool(o).Id

	p := e.showPool(id)
	if *p.Name != "Sales-Germany" || *p.Type != "DYNAMIC" || *p.DesktopCount != 3 || *p.DesktopUsed != 0 || *p.SubnetId != e.SubnetID || *p.VpcId != e.VPCID {
		t.Errorf("pool: %v", p)
	}
	if *p.Product.ProductId != e.ProductID || *p.ImageId != e.ImageID || *p.ImageName == "" || *p.ImageOsType != "Linux" || *(*p.SecurityGroups)[0].Id != e.SecurityGroupID {
		t.Errorf("pool: %v", p)
	}
	if data := *p.DataVolumes; len(data) != 2 || data[0].Type != "SSD" || data[1].Size != 20 || *data[0].Id == "" || p.RootVolume.Size != 80 {
		t.Errorf("volumes: %v %v", p.RootVolume, p.DataVolumes)
	}
	if a := p.AutoscalePolicy; *a.AutoscaleType != way || *a.MaxAutoCreated != 10 || *a.MinRetention != 3 || *a.IdleRetentionDuration != 60 || !*a.AutoIsolationEnable {
		t.Errorf("policy: %v", a)
	}
	if *p.DisconnectedRetentionPeriod != 20 || !*p.EnableAutoscale || *p.UserResetPolicy.ResetCountPerDay != 2 || *p.EnterpriseProjectId != labs || *p.Domain != "carrel.local" {
		t.Errorf("settings: %v", p)
	}

	desktops := e.poolDesktops(model.ListPoolDesktopsDetailRequest{PoolId: id})
	var ids, names []string
	for _, d := range desktops {
		ids, names = append(ids, *d.DesktopId), append(names, *d.ComputerName)
		if *d.DesktopType != "POOLED" || *d.Status != "ACTIVE" || len(*d.DataVolumes) != 2 || (*d.Tags)[0].Key != "team" || *d.EnterpriseProjectId != labs || *d.Isolated {
			t.Errorf("desktop: %v", d)
		}
	}
	if slices.Sort(names); !slices.Equal(names, []string{"Sales-Germ-01", "Sales-Germ-02", "Sales-Germ-03"}) {
		t.Errorf("names: %v", names)
	}
	differs := model.GetListPoolDesktopsDetailRequestInconsistentTypeEnum().PRODUCT_ID
	list := call(e, e.ListPoolDesktopsDetail, &model.ListPoolDesktopsDetailRequest{PoolId: id, InconsistentType: &differs})
	if list.InconsistentType.Value() != "product_id" || *list.OnDemandFreeImageDesktopsNum != 0 || *list.PeriodChargeImageDesktopsNum != 0 {
		t.Errorf("desktops of another product: %v", list)
	}
	call(e, e.UpdateDesktopPool, &model.UpdateDesktopPoolRequest{PoolId: id, Body: &model.UpdateDesktopPoolAttributesReq{EnableAutoscale: new(false)}})
	refused(e, e.DeleteDesktopPool, &model.DeleteDesktopPoolRequest{PoolId: id}, 409, "WKS.00010032")
	e.finish(*call(e, e.BatchDeleteDesktops, &model.BatchDeleteDesktopsRequest{Body: &model.DeleteDesktopsReq{DesktopIds: ids}}).JobId)
	call(e, e.DeleteDesktopPool, &model.DeleteDesktopPoolRequest{PoolId: id})
	refused(e, e.ShowDesktopPoolDetail, &model.ShowDesktopPoolDetailRequest{PoolId: id}, 404, "WKS.00010018")
}

func TestPoolsAreListedAndChanged(t *testing.T) {
	e := newEnv(t)
	o := e.poolOrder("one", 1)
	o.Tags = &[]model.Tag{{Key: "team", Value: new("a")}}
	one := *e.pool(o).Id
	two := e.poolOrder("two", 1)
	labs, halls := e.enterprise("Labs"), e.enterprise("Halls")
	two.Type, two.EnterpriseProjectId = model.GetCreateDesktopPoolReqTypeEnum().STATIC, &labs
	e.pool(two)
	for _, c := range []struct {
		query model.ListDesktopPoolsRequest
		want  string
	}{
		{model.ListDesktopPoolsRequest{}, "one two"},
		{model.ListDesktopPoolsRequest{Name: new("W")}, "two"},
		{model.ListDesktopPoolsRequest{Type: new("DYNAMIC")}, "one"},
		{model.ListDesktopPoolsRequest{EnterpriseProjectId: &labs}, "two"},
		{model.ListDesktopPoolsRequest{InMaintenanceMode: new(true)}, ""},
		{model.ListDesktopPoolsRequest{Offset: new(int32(1)), Limit: new(int32(5))}, "two"},
		{model.ListDesktopPoolsRequest{Offset: new(int32(2))}, ""},
	} {
		var got []string
		for _, p := range *call(e, e.ListDesktopPools, &c.query).DesktopPools {
			got = append(got, *p.Name)
		}
		if strings.Join(got, " ") != c.want {
			t.Errorf("%v lists %v, want %s", c.query, got, c.want)
		}
	}
	change := func(b model.UpdateDesktopPoolAttributesReq) *model.ShowDesktopPoolDetailResponse {
		call(e, e.UpdateDesktopPool, &model.UpdateDesktopPoolRequest{PoolId: one, Body: &b})
		return e.showPool(one)
	}
	if p := change(model.UpdateDesktopPoolAttributesReq{InMaintenanceMode: new(true)}); !*p.InMaintenanceMode || len(*p.Tags) != 1 {
		t.Errorf("maintenance: %v", p)
	}
	disk := *e.showPool(one).RootVolume
	way := model.GetAutoscalePolicyAutoscaleTypeEnum().ACCESS_CREATED
	p := change(model.UpdateDesktopPoolAttributesReq{
		Name: new("uno"), Description: new("changed"), DisconnectedRetentionPeriod: new(int32(15)), EnableAutoscale: new(true),
		AutoscalePolicy: &model.AutoscalePolicy{AutoscaleType: &way, MaxAutoCreated: new(int32(4))}, InMaintenanceMode: new(false),
		RootVolume: &model.DesktopPoolVolumeInfo{Id: *disk.Id, Type: "SSD"}, SubnetIds: &[]string{e.SubnetID}, VpcId: &e.VPCID,
		SecurityGroups: &[]model.SecurityGroupIdInfo{}, EnterpriseProjectId: &halls, UserResetPolicy: &model.UserResetPolicy{Enable: new(true)},
	})
	if *p.Name != "uno" || *p.Description != "changed" || *p.DisconnectedRetentionPeriod != 15 || *p.RootVolume.Id != *disk.Id || p.RootVolume.Type != "SSD" || *p.EnterpriseProjectId != halls {
		t.Errorf("changed: %v", p)
	}
	if *p.AutoscalePolicy.AutoscaleType != way || *p.InMaintenanceMode || *p.UserResetPolicy.ResetCountPerDay != 1 || len(*p.SecurityGroups) != 0 {
		t.Errorf("changed: %v", p)
	}
	if len(*p.Tags) != 0 {
		t.Errorf("settings without tags left the tags %v", p.Tags)
	}
	p = change(model.UpdateDesktopPoolAttributesReq{
		Description: new(""), AvailabilityZone: new(""), OuName: new(""), DesktopNamePolicyId: new(""), EnableAutoscale: new(false),
		AutoscalePolicy: &model.AutoscalePolicy{}, Tags: &[]model.Tag{{Key: "a"}},
	})
	if *p.Description != "" || *p.AvailabilityZone != "" || p.AutoscalePolicy != nil || len(*p.Tags) != 1 {
		t.Errorf("cleared: %v", p)
	}
	refused(e, e.UpdateDesktopPool, &model.UpdateDesktopPoolRequest{PoolId: one, Body: &model.UpdateDesktopPoolAttributesReq{Name: new("TWO")}}, 409, "WKS.00010021")
	e.finish(*call(e, e.ExpandDesktopPool, &model.ExpandDesktopPoolRequest{PoolId: one, Body: &model.ExpandDesktopPoolReq{Size: 2}}).JobId)
	if n := *e.showPool(one).DesktopCount; n != 3 {
		t.Errorf("after the expansion %d desktops", n)
	}
}

func TestActionsOnAPoolTellDesktopByDesktopHowTheyWent(t *testing.T) {
	e := newEnv(t)
	id := *e.pool(e.poolOrder("POOL01", 3)).Id
	desktops := e.poolDesktops(model.ListPoolDesktopsDetailRequest{PoolId: id})
	off := *desktops[1].DesktopId
	e.finish(*call(e, e.BatchRunDesktops, &model.BatchRunDesktopsRequest{Body: &model.BatchActionDesktopsReq{DesktopIds: []string{off}, OpType: "os-stop"}}).JobId)
	soft, hard := model.GetDesktopPoolActionReqTypeEnum().SOFT, model.GetDesktopPoolActionReqTypeEnum().HARD
	act := func(op string, how *model.DesktopPoolActionReqType) *model.ShowJobResponse {
		jobID := *call(e, e.ExecuteDesktopPoolAction, &model.ExecuteDesktopPoolActionRequest{PoolId: id, Body: &model.DesktopPoolActionReq{OpType: op, Type: how}}).JobId
		var job *model.ShowJobResponse
		e.eventually("the end of "+op, func() bool {
			job = call(e, e.ShowJob, &model.ShowJobRequest{JobId: jobID})
			return *job.Status == "SUCCESS" || *job.Status == "FAIL"
		})
		return job
	}
	job := act("os-stop", &soft)
	if *job.Status != "FAIL" || *job.JobErrorCode != "WKS.00010032" || len(*job.SubJobs) != 3 {
		t.Errorf("stopping a pool of which one is off: %v", job)
	}
	for _, s := range *job.SubJobs {
		if failed := *s.Status == "FAILED"; failed != (*s.Entities.DesktopId == off) || failed && !strings.Contains(*s.FailReason, "SHUTOFF") {
			t.Errorf("sub-job: %v", s)
		}
	}
	for _, step := range []struct {
		op     string
		how    *model.DesktopPoolActionReqType
		status string
	}{{"os-start", nil, "ACTIVE"}, {"reboot", &hard, "ACTIVE"}, {"hibernate", &soft, "HIBERNATED"}, {"os-start", &soft, "ACTIVE"}, {"os-stop", &hard, "SHUTOFF"}} {
		if job := act(step.op, step.how); *job.Status != "SUCCESS" {
			t.Errorf("%s: %v", step.op, job)
		}
		if n := len(e.poolDesktops(model.ListPoolDesktopsDetailRequest{PoolId: id, Status: &step.status})); n != 3 {
			t.Errorf("after %s %d desktops are %s", step.op, n, step.status)
		}
	}
	if job := act("os-stop", nil); *job.Status != "FAIL" {
		t.Errorf("stopping what is off: %v", job)
	}
	refused(e, e.ExecuteDesktopPoolAction, &model.ExecuteDesktopPoolActionRequest{PoolId: id, Body: &model.DesktopPoolActionReq{OpType: "dance"}}, 400, "WKS.00010001")
}

func TestPeopleOfAPool(t *testing.T) {
	e := newEnv(t)
	ann, bob := e.person("ann"), e.person("bob")
	id := *e.pool(e.poolOrder("POOL01", 1)).Id
	kind := model.GetAuthorizedObjectsObjectTypeEnum().USER
	action := model.GetCreateDesktopPoolAuthorizedObjectsRequestBodyActionEnum()
	change := func(a model.CreateDesktopPoolAuthorizedObjectsRequestBodyAction, group string, users ...string) *model.CreateDesktopPoolAuthorizedObjectsRequest {
		var objects []model.AuthorizedObjects
		for _, u := range users {
			objects = append(objects, model.AuthorizedObjects{ObjectType: kind, ObjectId: u, ObjectName: "x", UserGroup: group})
		}
		return &model.CreateDesktopPoolAuthorizedObjectsRequest{PoolId: id, Body: &model.CreateDesktopPoolAuthorizedObjectsRequestBody{Action: a, Objects: &objects}}
	}
	list := func() string {
		var people []string
		for _, o := range *call(e, e.ListDesktopPoolAuthorizedObjects, &model.ListDesktopPoolAuthorizedObjectsRequest{PoolId: id}).Objects {
			people = append(people, o.ObjectName+":"+o.UserGroup)
		}
		return strings.Join(people, " ")
	}
	call(e, e.CreateDesktopPoolAuthorizedObjects, change(action.ADD, "USER", ann, bob))
	if got := list(); got != "ann:default bob:default" {
		t.Errorf("after ADD: %s", got)
	}
	call(e, e.CreateDesktopPoolAuthorizedObjects, change(action.CHANGE_PRIVILEGE, "sudo", ann))
	if got := list(); got != "ann:sudo bob:default" {
		t.Errorf("after CHANGE_PRIVILEGE: %s", got)
	}
	by := *call(e, e.ListDesktopPoolsByUsers, &model.ListDesktopPoolsByUsersRequest{UserIds: &[]string{bob, ann}}).Users
	if len(by) != 2 || *by[0].UserId != bob || *by[0].DesktopPoolCount != 1 || *(*by[0].DesktopPools)[0].DesktopPoolName != "POOL01" || *(*by[0].DesktopPools)[0].IsAttached {
		t.Errorf("by users: %v", by)
	}
	call(e, e.CreateDesktopPoolAuthorizedObjects, change(action.REMOVE, "sudo", ann))
	if got := list(); got != "bob:default" {
		t.Errorf("after REMOVE: %s", got)
	}
	if by := *call(e, e.ListDesktopPoolsByUsers, &model.ListDesktopPoolsByUsersRequest{Offset: new(int32(0)), Limit: new(int32(1))}).Users; len(by) != 1 {
		t.Errorf("a page of everybody: %v", by)
	}
	refused(e, e.CreateDesktopPoolAuthorizedObjects, change(action.CHANGE_PRIVILEGE, "sudo", ann), 400, "WKS.00170312")
	refused(e, e.CreateDesktopPoolAuthorizedObjects, change(action.ADD, "sudo", "nobody"), 400, "WKS.00170312")
	note := call(e, e.SendDesktopPoolNotifications, &model.SendDesktopPoolNotificationsRequest{PoolId: id, Body: &model.SendDesktopPoolNotificationsReq{Notifications: "Lunch!"}})
	if job := call(e, e.ShowJob, &model.ShowJobRequest{JobId: *note.JobId}); *job.Status != "SUCCESS" || *job.SubJobsTotal != 0 {
		t.Errorf("a message to nobody: %v", job)
	}
}

func TestDesktopsThatAreNotAsTheirPoolIsNow(t *testing.T) {
	e := newEnv(t)
	id := *e.pool(e.poolOrder("POOL01", 2)).Id
	for name, request := range map[string]model.ListPoolDesktopsDetailRequest{
		"by product":   {InconsistentType: new(model.GetListPoolDesktopsDetailRequestInconsistentTypeEnum().PRODUCT_ID)},
		"by image":     {InconsistentType: new(model.GetListPoolDesktopsDetailRequestInconsistentTypeEnum().IMAGE_ID)},
		"by disks":     {InconsistentType: new(model.GetListPoolDesktopsDetailRequestInconsistentTypeEnum().DISK_NUM)},
		"by sizes":     {InconsistentType: new(model.GetListPoolDesktopsDetailRequestInconsistentTypeEnum().DISK_SIZE)},
		"by isolation": {InconsistentType: new(model.GetListPoolDesktopsDetailRequestInconsistentTypeEnum().AUTO_ISOLATION)},
		"isolated":     {Isolated: new(true)},
		"paged":        {Offset: new(int32(2)), Limit: new(int32(100))},
	} {
		request.PoolId = id
		if n := len(e.poolDesktops(request)); n != 0 {
			t.Errorf("%s: %d of a fresh pool", name, n)
		}
	}
	n := call(e, e.ListInconsistentStatics, &model.ListInconsistentStaticsRequest{PoolId: id})
	if *n.ProductId != 0 || *n.ImageId != 0 || *n.DiskNum != 0 || *n.DiskSize != 0 {
		t.Errorf("statistics: %v", n)
	}
	refused(e, e.ListInconsistentStatics, &model.ListInconsistentStaticsRequest{PoolId: "x"}, 404, "WKS.00010018")
	refused(e, e.ListPoolDesktopsDetail, &model.ListPoolDesktopsDetailRequest{PoolId: "x"}, 404, "WKS.00010018")
}

func TestBadOrdersOfPoolsAreRefused(t *testing.T) {
	e := newEnv(t)
	bad := func(change func(*model.CreateDesktopPoolReq)) *model.CreateDesktopPoolRequest {
		o := e.poolOrder("POOL01", 1)
		change(o)
		return &model.CreateDesktopPoolRequest{Body: o}
	}
	refused(e, e.CreateDesktopPool, bad(func(o *model.CreateDesktopPoolReq) { o.Size = 0 }), 400, "WKS.00010001")
	refused(e, e.CreateDesktopPool, bad(func(o *model.CreateDesktopPoolReq) { o.Name = "a b" }), 400, "WKS.00010001")
	refused(e, e.CreateDesktopPool, bad(func(o *model.CreateDesktopPoolReq) { o.ImageId = "x" }), 400, "WKS.00010014")
	refused(e, e.CreateDesktopPool, bad(func(o *model.CreateDesktopPoolReq) { o.SubnetIds = []string{"x"} }), 400, "WKS.00010015")
	refused(e, e.CreateDesktopPool, bad(func(o *model.CreateDesktopPoolReq) { o.RootVolume.KmsId = new("x") }), 400, "WKS.00010002")
	refused(e, e.ExpandDesktopPool, &model.ExpandDesktopPoolRequest{PoolId: "x", Body: &model.ExpandDesktopPoolReq{Size: 1}}, 404, "WKS.00010018")
	refused(e, e.DeleteDesktopPool, &model.DeleteDesktopPoolRequest{PoolId: "x"}, 404, "WKS.00010018")
	if n := *call(e, e.ListDesktopPools, &model.ListDesktopPoolsRequest{}).TotalCount; n != 0 {
		t.Errorf("refused orders left %d pools", n)
	}
}
