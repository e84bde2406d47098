package sdk

import (
	"testing"

	"github.com/huaweicloud/huaweicloud-sdk-go-v3/services/workspace/v2/model"
)

const goodPassword = "Some-thing-1"

// person adds somebody whose password is goodPassword, and returns their id.
func (w *world) person(name string) string {
	w.Helper()
	return *call(w, w.CreateDesktopUser, &model.CreateDesktopUserRequest{Body: &model.CreateUserRequest{
		UserName: name, UserEmail: new(name + "@example.org"), Password: new(goodPassword),
		ActiveType: new(model.GetCreateUserRequestActiveTypeEnum().ADMIN_ACTIVATE),
	}}).Id
}

func (w *world) detail(userID string) *model.UserDetail {
	w.Helper()
	return call(w, w.ListUserDetail, &model.ListUserDetailRequest{UserId: userID}).UserDetail
}

func TestPeople(t *testing.T) {
	w := newWorld(t)
	ann := w.person("ann")
	refused(w, w.BatchCreateUsers, &model.BatchCreateUsersRequest{Body: &model.BatchCreateUsersReq{Users: []model.CreateUserRequest{
		{UserName: "bob", UserEmail: new("bob@example.org")}, {UserName: "ANN", UserEmail: new("ann@example.org")},
	}}}, 409, "WKS.00010021")
	call(w, w.BatchCreateUsers, &model.BatchCreateUsersRequest{Body: &model.BatchCreateUsersReq{Users: []model.CreateUserRequest{
		{UserName: "bob", UserEmail: new("bob@example.org")}, {UserName: "carl", UserEmail: new("carl@example.org")},
	}}})
	list := call(w, w.ListUsers, &model.ListUsersRequest{Limit: new("2"), Offset: new("1")})
	if *list.TotalCount != 3 || len(*list.Users) != 2 || *(*list.Users)[0].UserName != "bob" {
		t.Fatalf("people: %v", list)
	}
	if b := (*list.Users)[0]; *b.IsPreUser || *b.CertificateStatus || *b.ShareSpaceSubscription {
		t.Errorf("bob: %v", b)
	}
	refused(w, w.UpdateUserInfo, &model.UpdateUserInfoRequest{UserId: ann, Body: &model.EditUserReq{UserPhone: new("abc")}}, 400, "WKS.00010001")
	bob, carl := *(*list.Users)[0].Id, *(*list.Users)[1].Id

	out := call(w, w.UpdateUserInfo, &model.UpdateUserInfoRequest{UserId: ann, Body: &model.EditUserReq{
		Description: new("downstairs"), AccountExpires: new("2100-01-31T12:00:00Z"), PasswordNeverExpired: new(true),
		ActiveType: new(model.GetEditUserReqActiveTypeEnum().ADMIN_ACTIVATE),
	}})
	if d := w.detail(ann); *out.Id != ann || *d.Description != "downstairs" || *d.AccountExpires != 4105080000000 || !*d.PasswordNeverExpired ||
		*d.DistinguishedName != "CN=ann,DC=carrel,DC=local" || *d.AccountType != 0 || *d.IsPreUser || *d.ShareSpaceDesktops != 0 {
		t.Errorf("changed: %v", d)
	}

	ops := model.GetOperateUserReqOpTypeEnum()
	for _, step := range []struct {
		op     model.OperateUserReqOpType
		locked bool
	}{{ops.LOCK, true}, {ops.UNLOCK, false}, {ops.RESET_PWD, false}} {
		done := call(w, w.ChangeUserStatus, &model.ChangeUserStatusRequest{UserId: ann, Body: &model.OperateUserReq{OpType: step.op}})
		if d := w.detail(ann); done.HttpStatusCode != 204 || *d.Locked != step.locked {
			t.Errorf("%v: %d %v", step.op, done.HttpStatusCode, d)
		}
	}
	refused(w, w.ChangeUserStatus, &model.ChangeUserStatusRequest{UserId: "x", Body: &model.OperateUserReq{OpType: ops.LOCK}}, 400, "WKS.00170312")
	call(w, w.SendEmail, &model.SendEmailRequest{UserId: ann, Body: &model.ResendEmailReq{}})
	if p := call(w, w.ResetRandomPassword, &model.ResetRandomPasswordRequest{UserId: ann}).Password; len(*p) != 16 {
		t.Errorf("password %q", *p)
	}
	refused(w, w.SendEmail, &model.SendEmailRequest{UserId: ann, Body: &model.ResendEmailReq{}}, 409, "WKS.00010032")

	about := model.GetListNotificationRecordsRequestQueryTypeEnum().DESKTOP
	w.eventually("the record of an invitation", func() bool {
		records := call(w, w.ListNotificationRecords, &model.ListNotificationRecordsRequest{QueryType: about, UserName: new("BO")})
		return *records.TotalCount > 0 && *(*records.NotificationRecords)[0].Type == "EMAIL"
	})

	call(w, w.BatchDeleteUser, &model.BatchDeleteUserRequest{Body: &model.BatchDeleteUserReq{UserIds: []string{bob, carl}}})
	call(w, w.DeleteUser, &model.DeleteUserRequest{UserId: ann})
	refused(w, w.BatchDeleteUser, &model.BatchDeleteUserRequest{Body: &model.BatchDeleteUserReq{UserIds: []string{bob, carl}}}, 400, "WKS.00170312")
}
