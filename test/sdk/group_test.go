package sdk

import (
	"testing"

	"github.com/huaweicloud/huaweicloud-sdk-go-v3/services/workspace/v2/model"
)

func TestGroups(t *testing.T) {
	e := newEnv(t)
	local := model.GetCreateUserGroupReqPlatformTypeEnum().LOCAL
	for _, name := range []string{"Sales", "Press"} {
		call(e, e.CreateUserGroup, &model.CreateUserGroupRequest{Body: &model.CreateUserGroupReq{GroupName: name, PlatformType: local}})
	}
	refused(e, e.CreateUserGroup, &model.CreateUserGroupRequest{Body: &model.CreateUserGroupReq{GroupName: "SALES", PlatformType: local}}, 409, "WKS.00010021")
	list := call(e, e.ListUserGroups, &model.ListUserGroupsRequest{Limit: new("10"), PlatformType: &[]string{"LOCAL", "AD"}})
	if *list.TotalCount != 2 || *(*list.UserGroups)[0].GroupDn != "CN=Sales,DC=carrel,DC=local" {
		t.Fatalf("groups: %v", list)
	}
	sales, press := *(*list.UserGroups)[0].Id, *(*list.UserGroups)[1].Id

	ann := *call(e, e.CreateDesktopUser, &model.CreateDesktopUserRequest{Body: &model.CreateUserRequest{
		UserName: "ann", UserEmail: new("ann@example.org"), GroupIds: &[]string{press},
	}}).Id
	ops := model.GetActionsOfUsersInGroupRequestOpTypeEnum()
	act := func(op model.ActionsOfUsersInGroupRequestOpType) {
		t.Helper()
		done := call(e, e.RunActionsOnGroup, &model.RunActionsOnGroupRequest{GroupId: sales, Body: &model.ActionsOfUsersInGroupRequest{UserIds: []string{ann}, OpType: op}})
		if done.HttpStatusCode != 204 {
			t.Errorf("%v answers %d", op, done.HttpStatusCode)
		}
	}
	act(ops.ADD)
	if u := call(e, e.ListUsersOfGroup, &model.ListUsersOfGroupRequest{GroupId: sales}); *u.TotalCount != 1 || *(*u.Users)[0].UserName != "ann" {
		t.Errorf("people of the group: %v", u)
	}
	if names := *e.detail(ann).GroupNames; len(names) != 2 {
		t.Errorf("ann is in %v", names)
	}
	act(ops.DELETE)
	if u := call(e, e.ListUsers, &model.ListUsersRequest{GroupName: new("sales")}); *u.TotalCount != 0 {
		t.Errorf("people of the group: %v", u)
	}
	call(e, e.UpdateUserGroup, &model.UpdateUserGroupRequest{GroupId: sales, Body: &model.EditUserGroupRequest{GroupName: new("Vente")}})
	if g := call(e, e.ListUserGroups, &model.ListUserGroupsRequest{Keyword: new("vente")}); *g.TotalCount != 1 {
		t.Errorf("after a rename: %v", g)
	}
	call(e, e.DeleteUserGroup, &model.DeleteUserGroupRequest{GroupId: sales})
	call(e, e.BatchDeleteUserGroups, &model.BatchDeleteUserGroupsRequest{Body: &model.BatchDeleteUserGroupsReq{GroupIds: []string{press}}})
	refused(e, e.DeleteUserGroup, &model.DeleteUserGroupRequest{GroupId: sales}, 400, "WKS.00170208")
}
