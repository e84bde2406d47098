package sdk

import (
	"encoding/json"
	"slices"
	"strings"
	"testing"

	"github.com/huaweicloud/huaweicloud-sdk-go-v3/services/workspace/v2/model"
)

// example is the body of the public reference's example of a batch.
const example = `{
"desktops" : [ {
"desktop_id" : "b41a8cc1-4813-47a0-bf3a-7800fcd5b581"
}, {
"desktop_id" : "5f4ed564-14eb-44fd-8ff7-0483725a532b"
}, {
"desktop_id" : "dfdddcf4-f943-43b4-987b-e5785022d6c5"
} ],
"users" : [ {
"user_id" : "3f6cc4c5d1ff4a79ab826b7964e9ff5d",
"user_name" : "user1"
}, {
"user_id" : "21bb9f13e6ff42fb96cd62489c446935",
"user_name" : "user2"
} ],
"assign_model" : {
"assign_dimension" : "USER",
"priority_strategy" : "USER_NO_DESKTOP",
"desktop_assigin_user_num" : 2
}
}`

// spares makes desktops that nobody has.
func (e *env) spares(n int, kind model.CreateDesktopReqDesktopType) []string {
	e.Helper()
	o := e.order()
	o.Desktops, o.Size, o.DesktopName, o.DesktopType = nil, new(int32(n)), new("spare"), kind
	return e.create(o)
}

var (
	dedicated = model.GetCreateDesktopReqDesktopTypeEnum().DEDICATED
	shared    = model.GetCreateDesktopReqDesktopTypeEnum().SHARED
)

func (e *env) somebody(name string) string {
	e.Helper()
	return *call(e, e.CreateDesktopUser, &model.CreateDesktopUserRequest{Body: &model.CreateUserRequest{
		UserName: name, UserEmail: new(name + "@example.org"),
	}}).Id
}

func (e *env) attach(desktops ...model.AttachInstancesDesktopInfo) string {
	e.Helper()
	return *call(e, e.AttachInstances, &model.AttachInstancesRequest{Body: &model.AttachInstancesReq{Desktops: &desktops}}).JobId
}

// holders are the names of those who have a desktop.
func (e *env) holders(id string) string {
	e.Helper()
	var names []string
	for _, u := range *e.show(id).AttachUserInfos {
		names = append(names, u.UserName)
	}
	return strings.Join(names, " ")
}

func TestTheReferencesExampleOfABatch(t *testing.T) {
	e := newEnv(t)
	ids := e.spares(3, dedicated)
	text := strings.NewReplacer(
		"b41a8cc1-4813-47a0-bf3a-7800fcd5b581", ids[0], "5f4ed564-14eb-44fd-8ff7-0483725a532b", ids[1],
		"dfdddcf4-f943-43b4-987b-e5785022d6c5", ids[2], "3f6cc4c5d1ff4a79ab826b7964e9ff5d", e.somebody("user1"),
		"21bb9f13e6ff42fb96cd62489c446935", e.somebody("user2"),
	).Replace(example)
	read := func(into any) {
		t.Helper()
		if err := json.Unmarshal([]byte(text), into); err != nil {
			t.Fatal(err)
		}
	}
	var plan model.PreBatchAttachInstancesReq
	read(&plan)
	p := call(e, e.BatchAssociateInstances, &model.BatchAssociateInstancesRequest{Body: &plan})
	if *p.AssignDimension != "USER" || len(*p.User) != 2 || *(*p.User)[1].DesktopName != "spare02" || *(*p.User)[1].DesktopNum != 1 {
		t.Errorf("plan: %v", p)
	}
	if pairs := *p.DesktopsAttachInfos; len(pairs) != 2 || *pairs[0].DesktopId != ids[0] || (*pairs[0].AttachUserInfos)[0].UserName != "user1" {
		t.Errorf("pairs of the plan: %v", p)
	}
	if e.holders(ids[0]) != "" {
		t.Error("a plan gave a desktop away")
	}

	var batch model.BatchAttachInstancesReq
	read(&batch)
	subs := e.finish(*call(e, e.BatchAttachInstances, &model.BatchAttachInstancesRequest{Body: &batch}).JobId)
	if len(subs) != 2 || *subs[0].JobType != "attachDesktops" || *subs[1].AttachUser != "user2" {
		t.Errorf("sub-jobs: %v", subs)
	}
	for i, want := range []string{"user1", "user2", ""} {
		if got := e.holders(ids[i]); got != want {
			t.Errorf("desktop %d is %q's, want %q", i, got, want)
		}
	}
	if d := e.show(ids[0]); *d.Status != "ACTIVE" || *d.TaskStatus != "" || *d.UserGroup != "default" || d.AttachState.Value() != "ATTACHED" {
		t.Errorf("an attached desktop: %v", d)
	}
	e.endedAtOnce(*call(e, e.BatchAttachInstances, &model.BatchAttachInstancesRequest{Body: &batch}).JobId)
}

func TestAttachNamesItsPeopleAndRenamesDesktops(t *testing.T) {
	e := newEnv(t)
	ids := e.spares(2, dedicated)
	e.somebody("ann")
	e.finish(e.attach(
		model.AttachInstancesDesktopInfo{DesktopId: &ids[0], UserName: new("ANN"), UserGroup: new("sudo"), ComputerName: new("front_desk")},
		model.AttachInstancesDesktopInfo{DesktopId: &ids[1], UserName: new("new-one"), UserEmail: new("new@example.org"), UserGroup: new("USER")},
	))
	if d := e.show(ids[0]); *d.ComputerName != "front_desk" || *d.OsHostName != "front-desk" || *d.UserName != "ann" || *d.UserGroup != "sudo" {
		t.Errorf("a renamed desktop: %v", d)
	}
	if d := e.show(ids[1]); *d.ComputerName != "spare02" || *d.UserName != "new-one" || *d.UserGroup != "default" {
		t.Errorf("the desktop of somebody new: %v", d)
	}
	users := call(e, e.ListUsers, &model.ListUsersRequest{UserName: new("new-one")})
	if *users.TotalCount != 1 || *(*users.Users)[0].UserEmail != "new@example.org" {
		t.Errorf("somebody new: %v", users)
	}
	refusing := func(status int, code string, d model.AttachInstancesDesktopInfo) {
		t.Helper()
		refused(e, e.AttachInstances, &model.AttachInstancesRequest{Body: &model.AttachInstancesReq{Desktops: &[]model.AttachInstancesDesktopInfo{d}}}, status, code)
	}
	e.somebody("bob")
	refusing(409, "WKS.00010032", model.AttachInstancesDesktopInfo{DesktopId: &ids[0], UserName: new("bob")})
	refusing(400, "WKS.00170312", model.AttachInstancesDesktopInfo{DesktopId: &ids[0], UserName: new("stranger")})
	refusing(404, "WKS.00010011", model.AttachInstancesDesktopInfo{DesktopId: new("x"), UserName: new("bob")})
	refusing(400, "WKS.00010001", model.AttachInstancesDesktopInfo{DesktopId: &ids[0], UserName: new("-bob")})
	refusing(400, "WKS.00010001", model.AttachInstancesDesktopInfo{DesktopId: &ids[0], UserName: new("bob"), ComputerName: new("bob")})
	refusing(409, "WKS.00010021", model.AttachInstancesDesktopInfo{DesktopId: &ids[0], UserName: new("ann"), ComputerName: new("SPARE02")})
}

func TestAGroupHasASharedDesktop(t *testing.T) {
	e := newEnv(t)
	id := e.spares(1, shared)[0]
	ann, bob := e.somebody("ann"), e.somebody("bob")
	local := model.GetCreateUserGroupReqPlatformTypeEnum().LOCAL
	call(e, e.CreateUserGroup, &model.CreateUserGroupRequest{Body: &model.CreateUserGroupReq{GroupName: "Lab", PlatformType: local}})
	lab := *(*call(e, e.ListUserGroups, &model.ListUserGroupsRequest{}).UserGroups)[0].Id
	ops := model.GetActionsOfUsersInGroupRequestOpTypeEnum()
	act := func(op model.ActionsOfUsersInGroupRequestOpType, user string) {
		t.Helper()
		call(e, e.RunActionsOnGroup, &model.RunActionsOnGroupRequest{GroupId: lab, Body: &model.ActionsOfUsersInGroupRequest{UserIds: []string{user}, OpType: op}})
	}
	act(ops.ADD, ann)
	group := model.GetAttachInstancesUserInfoTypeEnum().GROUP
	e.finish(e.attach(model.AttachInstancesDesktopInfo{DesktopId: &id, AttachUserInfos: &[]model.AttachInstancesUserInfo{
		{UserId: &lab, UserName: "lab", UserGroup: "default", Type: &group}, {UserName: "bob", UserGroup: "sudo"},
	}}))
	if got := e.holders(id); got != "bob Lab" {
		t.Errorf("the desktop is %q's", got)
	}
	of := func(user string) int32 {
		t.Helper()
		return *call(e, e.ListDesktops, &model.ListDesktopsRequest{UserName: &[]string{user}}).TotalCount
	}
	cara := e.somebody("cara")
	if of("ann") != 1 || of("bob") != 1 || of("cara") != 0 {
		t.Errorf("the desktop is found by %d, %d and %d people's names", of("ann"), of("bob"), of("cara"))
	}
	act(ops.ADD, cara)
	act(ops.DELETE, ann)
	if of("ann") != 0 || of("cara") != 1 {
		t.Error("the desktop does not follow its group")
	}
	e.eventually("the group's changes have come through", func() bool {
		left := call(e, e.ListItaSubJobs, &model.ListItaSubJobsRequest{Status: new("SUCCESS")})
		return *left.TotalCount == 4 && *e.show(id).TaskStatus == ""
	})

	lost := func() (all []string) {
		t.Helper()
		for _, d := range *call(e, e.ListDesktopDetachInfo, &model.ListDesktopDetachInfoRequest{DesktopId: id}).DesktopDetachInfos {
			all = append(all, *d.Type+" "+*d.UserName)
		}
		return all
	}
	if got := lost(); !slices.Equal(got, []string{"USER ann"}) {
		t.Errorf("who has lost the desktop: %q", got)
	}
	e.finish(e.attach(model.AttachInstancesDesktopInfo{DesktopId: &id, UserName: new("bob"), UserGroup: new("default")}))
	if users := *e.show(id).AttachUserInfos; users[0].UserName != "bob" || users[0].UserGroup != "default" {
		t.Errorf("after an attach with another privilege group: %v", users)
	}
	plan := call(e, e.BatchAssociateInstances, &model.BatchAssociateInstancesRequest{Body: &model.PreBatchAttachInstancesReq{
		Desktops: &[]model.AttachInstancesDesktopInfo{{DesktopId: &id, UserName: new("bob"), ComputerName: new("lab-1")}},
	}})
	if p := *plan.DesktopsAttachInfos; len(p) != 1 || *p[0].ComputerName != "lab-1" || (*p[0].AttachUserInfos)[0].UserGroup != "default" {
		t.Errorf("a plan that only renames: %v", plan)
	}
	e.finish(e.attach(model.AttachInstancesDesktopInfo{DesktopId: &id, UserName: new("bob"), UserGroup: new("sudo")}))

	person := model.GetChangeUserPrivilegeGroupUserInfoTypeEnum()
	change := func(group string, people ...model.ChangeUserPrivilegeGroupUserInfo) *model.ChangeUserPrivilegeGroupRequest {
		one := model.ChangeUserPrivilegeGroupDesktopInfo{DesktopId: id}
		if len(people) > 0 {
			one.AttachUserInfos = &people
		}
		return &model.ChangeUserPrivilegeGroupRequest{Body: &model.ChangeUserPrivilegeGroupReq{
			Desktops: []model.ChangeUserPrivilegeGroupDesktopInfo{one}, UserPrivilegeGroup: &group,
		}}
	}
	subs := e.finish(*call(e, e.ChangeUserPrivilegeGroup, change("sudo", model.ChangeUserPrivilegeGroupUserInfo{UserName: "Lab", Type: person.GROUP})).JobId)
	if users := *e.show(id).AttachUserInfos; len(subs) != 1 || users[1].UserGroup != "sudo" {
		t.Errorf("after a change of privilege: %v", users)
	}
	e.endedAtOnce(*call(e, e.ChangeUserPrivilegeGroup, change("sudo")).JobId)
	refused(e, e.ChangeUserPrivilegeGroup, change("sudo", model.ChangeUserPrivilegeGroupUserInfo{UserName: "cara", Type: person.USER}), 400, "WKS.00170312")
	refused(e, e.ChangeUserPrivilegeGroup, change("root"), 400, "WKS.00010001")

	out := call(e, e.BatchDetachInstances, &model.BatchDetachInstancesRequest{Body: &model.BatchDetachInstancesReq{
		Desktops: &[]model.DetachInstancesDesktopInfo{{DesktopId: &id, DetachUserInfos: &[]model.DetachInstancesUserInfo{{UserName: "bob", UserId: &bob}}}, {DesktopId: new("x")}},
	}})
	subs = e.finish(*out.JobId)
	if len(*out.FailedOperationList) != 1 || *subs[0].JobType != "batchDetachDesktops" || e.holders(id) != "Lab" {
		t.Errorf("detaching bob: %v, then it is %q's", out, e.holders(id))
	}
	call(e, e.DeleteUserGroup, &model.DeleteUserGroupRequest{GroupId: lab})
	if e.holders(id) != "" || of("cara") != 0 {
		t.Error("the desktop outlives its group")
	}
	if got := lost(); len(got) != 4 || !slices.Contains(got, "GROUP Lab") || !slices.Contains(got, "USER cara") {
		t.Errorf("who has lost the desktop with the group: %q", got)
	}
}

func TestDetach(t *testing.T) {
	e := newEnv(t)
	ids := e.create(e.order("ann", "bob"))
	out := call(e, e.DetachInstances, &model.DetachInstancesRequest{Body: &model.DetachInstancesReq{DesktopIds: &ids, ShutoffAfterDetach: new(true)}})
	if e.holders(ids[0]) != "" {
		t.Error("ann has the desktop until the job is done")
	}
	subs := e.finish(*out.JobId)
	if len(*out.FailedOperationList) != 0 || len(subs) != 2 || *subs[0].JobType != "detachDesktops" || (*out.SuccessJobIds)[0] != *out.JobId {
		t.Errorf("detaching: %v", out)
	}
	if d := e.show(ids[1]); *d.Status != "SHUTOFF" || *d.TaskStatus != "" || d.AttachState.Value() != "UNATTACH" {
		t.Errorf("a detached desktop: %v", d)
	}
	info := *call(e, e.ListDesktopDetachInfo, &model.ListDesktopDetachInfoRequest{DesktopId: ids[0]}).DesktopDetachInfos
	if len(info) != 1 || *info[0].UserName != "ann" || *info[0].UserGroup != "sudo" || *info[0].Type != "USER" || *info[0].DetachTime == "" || *info[0].DesktopId != ids[0] {
		t.Errorf("from whom it was taken: %v", info)
	}
	refused(e, e.ListDesktopDetachInfo, &model.ListDesktopDetachInfoRequest{DesktopId: "x"}, 404, "WKS.00010011")
	again := call(e, e.DetachInstances, &model.DetachInstancesRequest{Body: &model.DetachInstancesReq{DesktopIds: &ids}})
	e.endedAtOnce(*again.JobId)
	if len(*again.FailedOperationList) != 0 {
		t.Errorf("detaching again: %v", again)
	}
	refused(e, e.DetachInstances, &model.DetachInstancesRequest{Body: &model.DetachInstancesReq{}}, 400, "WKS.00010001")
}

func TestAPersonIsRenamed(t *testing.T) {
	e := newEnv(t)
	id := e.create(e.order("ann"))[0]
	rename := func(old, name string, reboot bool) *model.UpdateDesktopUsernameRequest {
		return &model.UpdateDesktopUsernameRequest{Body: &model.UpdateDesktopUsernameReq{OldUsername: old, NewUsername: name, IsReboot: &reboot}}
	}
	call(e, e.UpdateDesktopUsername, rename("ann", "anna", true))
	if got := e.holders(id); got != "anna" {
		t.Errorf("the desktop is %q's", got)
	}
	jobs := *call(e, e.ListItaSubJobs, &model.ListItaSubJobsRequest{JobType: new("changeUserName")}).Jobs
	e.finish(*jobs[0].JobId)
	if d := e.show(id); *d.Status != "ACTIVE" || *d.TaskStatus != "" {
		t.Errorf("afterwards: %v", d)
	}
	refused(e, e.UpdateDesktopUsername, rename("ann", "x", false), 400, "WKS.00170312")
	refused(e, e.UpdateDesktopUsername, rename("anna", "-9", false), 400, "WKS.00010001")
	e.somebody("bob")
	refused(e, e.UpdateDesktopUsername, rename("anna", "BOB", false), 409, "WKS.00010021")
	refused(e, e.UpdateDesktopUsername, rename("anna", *e.show(id).ComputerName, false), 400, "WKS.00010001")
}
