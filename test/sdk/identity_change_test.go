package sdk

import (
	"errors"
	"log/slog"
	"strings"
	"testing"

	"github.com/huaweicloud/huaweicloud-sdk-go-v3/core/auth"
	"github.com/huaweicloud/huaweicloud-sdk-go-v3/core/auth/basic"
	"github.com/huaweicloud/huaweicloud-sdk-go-v3/core/sdkerr"
	iammodel "github.com/huaweicloud/huaweicloud-sdk-go-v3/services/iam/v3/model"
	sts "github.com/huaweicloud/huaweicloud-sdk-go-v3/services/sts/v1"
	stsmodel "github.com/huaweicloud/huaweicloud-sdk-go-v3/services/sts/v1/model"
	"github.com/huaweicloud/huaweicloud-sdk-go-v3/services/workspace/v2/model"

	"carrel/internal/app"
	"carrel/internal/iam"
)

func (e *env) sts(c auth.ICredential) *sts.StsClient {
	e.Helper()
	h, err := sts.StsClientBuilder().WithEndpoint(e.Endpoint).WithCredential(c).WithHttpConfig(httpConfig()).SafeBuild()
	if err != nil {
		e.Fatal(err)
	}
	return sts.NewStsClient(h)
}

// user creates a user with a permanent key, and returns its id and the key.
func (e *env) user(name string) (id, access string, c auth.ICredential) {
	e.Helper()
	admin := e.identity(e.credentials(e.SecretKey))
	id = call(e, admin.KeystoneCreateUser, &iammodel.KeystoneCreateUserRequest{Body: &iammodel.KeystoneCreateUserRequestBody{
		User: &iammodel.KeystoneCreateUserOption{Name: name, Password: new("Secret-w0rds"), Description: new("for the tests")},
	}}).User.Id
	k := call(e, admin.CreatePermanentAccessKey, &iammodel.CreatePermanentAccessKeyRequest{Body: &iammodel.CreatePermanentAccessKeyRequestBody{
		Credential: &iammodel.CreateCredentialOption{UserId: id},
	}}).Credential
	c, err := basic.NewCredentialsBuilder().WithAk(k.Access).WithSk(k.Secret).WithProjectId(e.ProjectID).SafeBuild()
	if err != nil {
		e.Fatal(err)
	}
	return id, k.Access, c
}

func TestUsersAreGivenRightsThroughGroupsAndTheirKeysEnd(t *testing.T) {
	e := newEnv(t)
	admin := e.identity(e.credentials(e.SecretKey))
	id, access, ann := e.user("ann")
	desktops := &model.ListDesktopsRequest{}
	refused(e, e.client(ann).ListDesktops, desktops, 403, "WKS.00010031")

	group := call(e, admin.KeystoneCreateGroup, &iammodel.KeystoneCreateGroupRequest{Body: &iammodel.KeystoneCreateGroupRequestBody{
		Group: &iammodel.KeystoneCreateGroupOption{Name: "crew"},
	}}).Group
	call(e, admin.KeystoneAddUserToGroup, &iammodel.KeystoneAddUserToGroupRequest{GroupId: group.Id, UserId: id})
	call(e, admin.KeystoneCheckUserInGroup, &iammodel.KeystoneCheckUserInGroupRequest{GroupId: group.Id, UserId: id})
	if members := *call(e, admin.KeystoneListUsersForGroupByAdmin, &iammodel.KeystoneListUsersForGroupByAdminRequest{GroupId: group.Id}).Users; len(members) != 1 || members[0].Name != "ann" {
		t.Errorf("members: %v", members)
	}
	if of := *call(e, admin.KeystoneListGroupsForUser, &iammodel.KeystoneListGroupsForUserRequest{UserId: id}).Groups; len(of) != 1 || of[0].Name != "crew" {
		t.Errorf("groups of the user: %v", of)
	}
	policy := call(e, admin.CreateCloudServiceCustomPolicy, &iammodel.CreateCloudServiceCustomPolicyRequest{Body: &iammodel.CreateCloudServiceCustomPolicyRequestBody{
		Role: &iammodel.ServicePolicyRoleOption{DisplayName: "lists", Type: "XA", Description: "of desktops", Policy: &iammodel.ServicePolicy{
			Version:   "1.1",
			Statement: []iammodel.ServiceStatement{{Effect: iammodel.GetServiceStatementEffectEnum().ALLOW, Action: []string{"workspace:desktops:list"}}},
		}},
	}}).Role
	call(e, admin.KeystoneAssociateGroupWithDomainPermission, &iammodel.KeystoneAssociateGroupWithDomainPermissionRequest{DomainId: e.DomainID, GroupId: group.Id, RoleId: policy.Id})
	if roles := *call(e, admin.KeystoneListDomainPermissionsForGroup, &iammodel.KeystoneListDomainPermissionsForGroupRequest{DomainId: e.DomainID, GroupId: group.Id}).Roles; len(roles) != 1 || roles[0].Id != policy.Id {
		t.Errorf("roles of the group: %v", roles)
	}
	call(e, e.client(ann).ListDesktops, desktops)
	call(e, admin.KeystoneRemoveUserFromGroup, &iammodel.KeystoneRemoveUserFromGroupRequest{GroupId: group.Id, UserId: id})
	refused(e, e.client(ann).ListDesktops, desktops, 403, "WKS.00010031")
	call(e, admin.KeystoneAddUserToGroup, &iammodel.KeystoneAddUserToGroupRequest{GroupId: group.Id, UserId: id})

	status := iammodel.GetUpdateCredentialOptionStatusEnum()
	for _, s := range []iammodel.UpdateCredentialOptionStatus{status.INACTIVE, status.ACTIVE} {
		call(e, admin.UpdatePermanentAccessKey, &iammodel.UpdatePermanentAccessKeyRequest{AccessKey: access, Body: &iammodel.UpdatePermanentAccessKeyRequestBody{
			Credential: &iammodel.UpdateCredentialOption{Status: &s},
		}})
		if s == status.INACTIVE {
			refused(e, e.client(ann).ListDesktops, desktops, 401, "APIGW.0301")
		}
	}
	call(e, e.client(ann).ListDesktops, desktops)

	call(e, admin.KeystoneUpdateUserByAdmin, &iammodel.KeystoneUpdateUserByAdminRequest{UserId: id, Body: &iammodel.KeystoneUpdateUserByAdminRequestBody{
		User: &iammodel.KeystoneUpdateUserOption{Enabled: new(false)},
	}})
	refused(e, e.client(ann).ListDesktops, desktops, 401, "APIGW.0301")
	if found := *call(e, admin.KeystoneListUsers, &iammodel.KeystoneListUsersRequest{Enabled: new(false)}).Users; len(found) != 1 || found[0].Id != id {
		t.Errorf("disabled users: %v", found)
	}
	call(e, admin.KeystoneDeleteUser, &iammodel.KeystoneDeleteUserRequest{UserId: id})
	refused(e, admin.KeystoneShowUser, &iammodel.KeystoneShowUserRequest{UserId: id}, 404, "IAM.0004")
	call(e, admin.KeystoneDeleteGroup, &iammodel.KeystoneDeleteGroupRequest{GroupId: group.Id})
	call(e, admin.DeleteCustomPolicy, &iammodel.DeleteCustomPolicyRequest{RoleId: policy.Id})
}

func TestProjectsAreCreatedAndChanged(t *testing.T) {
	e := newEnv(t)
	admin := e.identity(e.credentials(e.SecretKey))
	p := call(e, admin.KeystoneCreateProject, &iammodel.KeystoneCreateProjectRequest{Body: &iammodel.KeystoneCreateProjectRequestBody{
		Project: &iammodel.KeystoneCreateProjectOption{Name: "studio", ParentId: e.DomainID},
	}}).Project
	call(e, admin.KeystoneUpdateProject, &iammodel.KeystoneUpdateProjectRequest{ProjectId: p.Id, Body: &iammodel.KeystoneUpdateProjectRequestBody{
		Project: &iammodel.KeystoneUpdateProjectOption{Description: new("for the tests")},
	}})
	if shown := call(e, admin.KeystoneShowProject, &iammodel.KeystoneShowProjectRequest{ProjectId: p.Id}).Project; shown.Description != "for the tests" || shown.Name != "studio" {
		t.Errorf("project: %v", shown)
	}
	refused(e, admin.KeystoneShowProject, &iammodel.KeystoneShowProjectRequest{ProjectId: "none"}, 404, "IAM.0004")
}

func TestARefusalIsDecoded(t *testing.T) {
	e := newEnv(t)
	_, _, ann := e.user("ann")
	_, err := e.client(ann).ListDesktops(&model.ListDesktopsRequest{})
	refusal, is := errors.AsType[*sdkerr.ServiceResponseError](err)
	if !is || refusal.EncodedAuthorizationMessage == "" {
		t.Fatalf("got %+v", err)
	}
	decode := &stsmodel.DecodeAuthorizationMessageRequest{Body: &stsmodel.DecodeAuthorizationMessageReq{EncodedMessage: refusal.EncodedAuthorizationMessage}}
	text := *call(e, e.sts(e.credentials(e.SecretKey)).DecodeAuthorizationMessage, decode).DecodedMessage
	for _, part := range []string{`"action":"workspace:desktops:list"`, `"name":"ann"`, `"statement":null`} {
		if !strings.Contains(text, part) {
			t.Errorf("%s lacks %s", text, part)
		}
	}
	refused(e, e.sts(ann).DecodeAuthorizationMessage, decode, 403, "IAM.0003")
}

func TestAnAgencyIsAssumed(t *testing.T) {
	e := newEnv(t)
	id, _, ann := e.user("ann")
	shell, err := app.OpenIdentity(t.Context(), e.config, slog.New(slog.DiscardHandler))
	if err != nil {
		t.Fatal(err)
	}
	defer shell.Close()
	if _, err := shell.CreateAgency(t.Context(), shell.Caller("create-agency"), iam.NewAgency{Name: "night", TrustUserID: id, Role: iam.RoleReader}); err != nil {
		t.Fatal(err)
	}
	assume := &stsmodel.AssumeAgencyRequest{Body: &stsmodel.AssumeAgencyReqBody{
		AgencyUrn: "iam::" + e.DomainID + ":agency:night", AgencySessionName: "shift", DurationSeconds: new(int32(900)),
	}}
	out := call(e, e.sts(ann).AssumeAgency, assume)
	c, err := basic.NewCredentialsBuilder().WithAk(out.Credentials.AccessKeyId).WithSk(out.Credentials.SecretAccessKey).
		WithSecurityToken(out.Credentials.SecurityToken).WithProjectId(e.ProjectID).SafeBuild()
	if err != nil {
		t.Fatal(err)
	}
	call(e, e.client(c).ListDesktops, &model.ListDesktopsRequest{})
	refused(e, e.client(c).DeleteDesktop, &model.DeleteDesktopRequest{DesktopId: "x"}, 403, "WKS.00010031")
	if who := call(e, e.sts(c).GetCallerIdentity, &stsmodel.GetCallerIdentityRequest{}); *who.AccountId != e.DomainID || !strings.Contains(*who.PrincipalUrn, "night/shift") {
		t.Errorf("caller: %v", who)
	}
	refused(e, e.sts(e.credentials(e.SecretKey)).AssumeAgency, assume, 403, "IAM.0003")
}

func TestARequestOfTheIdentityAPIThatIsSentAgainChangesNothing(t *testing.T) {
	e := newEnv(t)
	again := e.identity(e.credentials(e.SecretKey))
	again.HcClient.WithExtraHeaders(map[string]string{"X-Client-Token": "once"})
	ask := &iammodel.KeystoneCreateUserRequest{Body: &iammodel.KeystoneCreateUserRequestBody{User: &iammodel.KeystoneCreateUserOption{Name: "ann", Password: new("Secret-w0rds")}}}
	if first, second := call(e, again.KeystoneCreateUser, ask).User.Id, call(e, again.KeystoneCreateUser, ask).User.Id; first != second {
		t.Errorf("users %s and %s", first, second)
	}
	dry := e.identity(e.credentials(e.SecretKey))
	dry.HcClient.WithExtraHeaders(map[string]string{"X-Dry-Run": "true"})
	ask.Body.User.Name = "bob"
	if u := call(e, dry.KeystoneCreateUser, ask).User; u.Id != "" || u.Name != "bob" {
		t.Errorf("a dry run answers %v", u)
	}
	if users := *call(e, dry.KeystoneListUsers, &iammodel.KeystoneListUsersRequest{Name: new("bob")}).Users; len(users) != 0 {
		t.Errorf("a dry run created %v", users)
	}
}
