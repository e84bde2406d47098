package sdk

import (
	"testing"

	"github.com/huaweicloud/huaweicloud-sdk-go-v3/services/workspace/v2/model"
)

const goodPassword = "Some-thing-1"

// person adds somebody whose password is goodPassword, and returns their id.
func (e *env) person(name string) string {
	e.Helper()
	return *call(e, e.CreateDesktopUser, &model.CreateDesktopUserRequest{Body: &model.CreateUserRequest{
		UserName: name, UserEmail: new(name + "@example.org"), Password: new(goodPassword),
		ActiveType: new(model.GetCreateUserRequestActiveTypeEnum().ADMIN_ACTIVATE),
	}}).Id
}

func (e *env) detail(userID string) *model.UserDetail {
	e.Helper()
	return call(e, e.ListUserDetail, &model.ListUserDetailRequest{UserId: userID}).UserDetail
}

func TestPeople(t *testing.T) {
	e := newEnv(t)
	ann := e.person("ann")
	refused(e, e.BatchCreateUsers, &model.BatchCreateUsersRequest{Body: &model.BatchCreateUsersReq{Users: []model.CreateUserRequest{
		{UserName: "bob", UserEmail: new("bob@example.org")}, {UserName: "ANN", UserEmail: new("ann@example.org")},
	}}}, 409, "WKS.00010021")
	call(e, e.BatchCreateUsers, &model.BatchCreateUsersRequest{Body: &model.BatchCreateUsersReq{Users: []model.CreateUserRequest{
		{UserName: "bob", UserEmail: new("bob@example.org")}, {UserName: "carl", UserEmail: new("carl@example.org")},
	}}})
	list := call(e, e.ListUsers, &model.ListUsersRequest{Limit: new("2"), Offset: new("1")})
	if *list.TotalCount != 3 || len(*list.Users) != 2 || *(*list.Users)[0].UserName != "bob" {
		t.Fatalf("people: %v", list)
	}
	if b := (*list.Users)[0]; *b.IsPreUser || *b.CertificateStatus || *b.ShareSpaceSubscription {
		t.Errorf("bob: %v", b)
	}
	refused(e, e.UpdateUserInfo, &model.UpdateUserInfoRequest{UserId: ann, Body: &model.EditUserReq{UserPhone: new("abc")}}, 400, "WKS.00010001")
	bob, carl := *(*list.Users)[0].Id, *(*list.Users)[1].Id

	out := call(e, e.UpdateUserInfo, &model.UpdateUserInfoRequest{UserId: ann, Body: &model.EditUserReq{
		Description: new("downstairs"), AccountExpires: new("2100-01-31T12:00:00Z"), PasswordNeverExpired: new(true),
		ActiveType: new(model.GetEditUserReqActiveTypeEnum().ADMIN_ACTIVATE),
	}})
	if d := e.detail(ann); *out.Id != ann || *d.Description != "downstairs" || *d.AccountExpires != 4105080000000 || !*d.PasswordNeverExpired ||
		*d.DistinguishedName != "CN=ann,DC=carrel,DC=local" || *d.AccountType != 0 || *d.IsPreUser || *d.ShareSpaceDesktops != 0 {
		t.Errorf("changed: %v", d)
	}

	ops := model.GetOperateUserReqOpTypeEnum()
	for _, step := range []struct {
		op     model.OperateUserReqOpType
		locked bool
	}{{ops.LOCK, true}, {ops.UNLOCK, false}, {ops.RESET_PWD, false}} {
		done := call(e, e.ChangeUserStatus, &model.ChangeUserStatusRequest{UserId: ann, Body: &model.OperateUserReq{OpType: step.op}})
		if d := e.detail(ann); done.HttpStatusCode != 204 || *d.Locked != step.locked {
			t.Errorf("%v: %d %v", step.op, done.HttpStatusCode, d)
		}
	}
	refused(e, e.ChangeUserStatus, &model.ChangeUserStatusRequest{UserId: "x", Body: &model.OperateUserReq{OpType: ops.LOCK}}, 400, "WKS.00170312")
	call(e, e.SendEmail, &model.SendEmailRequest{UserId: ann, Body: &model.ResendEmailReq{}})
	if p := call(e, e.ResetRandomPassword, &model.ResetRandomPasswordRequest{UserId: ann}).Password; len(*p) != 16 {
		t.Errorf("password %q", *p)
	}
	refused(e, e.SendEmail, &model.SendEmailRequest{UserId: ann, Body: &model.ResendEmailReq{}}, 409, "WKS.00010032")

	about := model.GetListNotificationRecordsRequestQueryTypeEnum().DESKTOP
	e.eventually("the record of an invitation", func() bool {
		records := call(e, e.ListNotificationRecords, &model.ListNotificationRecordsRequest{QueryType: about, UserName: new("BO")})
		return *records.TotalCount > 0 && *(*records.NotificationRecords)[0].Type == "EMAIL"
	})

	call(e, e.BatchDeleteUser, &model.BatchDeleteUserRequest{Body: &model.BatchDeleteUserReq{UserIds: []string{bob, carl}}})
	call(e, e.DeleteUser, &model.DeleteUserRequest{UserId: ann})
	refused(e, e.BatchDeleteUser, &model.BatchDeleteUserRequest{Body: &model.BatchDeleteUserReq{UserIds: []string{bob, carl}}}, 400, "WKS.00170312")
}
