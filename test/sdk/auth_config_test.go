package sdk

import (
	"encoding/base32"
	"net/http"
	"testing"
	"time"

	"github.com/huaweicloud/huaweicloud-sdk-go-v3/services/workspace/v2/model"

	"carrel/internal/signin"
)

func TestAssistedAuthentication(t *testing.T) {
	e := newEnv(t)
	ann := e.person("ann")
	call(e, e.UpdateUserInfo, &model.UpdateUserInfoRequest{UserId: ann, Body: &model.EditUserReq{NextLoginChangePassword: new(false)}})
	show := func() model.OtpConfigInfo {
		t.Helper()
		return *call(e, e.ShowAssistAuthConfig, &model.ShowAssistAuthConfigRequest{}).OtpConfigInfo
	}
	configure := func(info model.OtpConfigInfo) *model.UpdateAssistAuthMethodConfigRequest {
		return &model.UpdateAssistAuthMethodConfigRequest{Body: &model.AssistAuthMethodConfigRequest{
			AuthType: new(model.GetAuthAssistEnumEnum().OTP), OtpConfigInfo: &info,
		}}
	}
	modes := model.GetReceiveModeEnumEnum()
	if got := show(); !*got.Enable || *got.ReceiveMode != modes.VMFA || *got.Id != "otp" || got.ApplyRule != nil {
		t.Errorf("at first: %v", got)
	}
	rule := &model.ApplyRuleInfo{RuleType: new("ACCESS_MODE"), Rule: new("PRIVATE")}
	call(e, e.UpdateAssistAuthMethodConfig, configure(model.OtpConfigInfo{Enable: new(true), ReceiveMode: &modes.VMFA, ApplyRule: rule}))
	if got := show(); *got.ApplyRule.Rule != "PRIVATE" {
		t.Errorf("changed: %v", got)
	}
	refused(e, e.UpdateAssistAuthMethodConfig, configure(model.OtpConfigInfo{ReceiveMode: &modes.HMFA}), 400, "WKS.00010002")

	object := model.ApplyObjects{ObjectType: model.GetApplyObjectsObjectTypeEnum().USER, ObjectId: ann, ObjectName: "ann"}
	change := func(r model.AssistAuthApplyObjectsRequest) *model.UpdateAssistAuthConfigApplyObjectsRequest {
		return &model.UpdateAssistAuthConfigApplyObjectsRequest{Body: &r}
	}
	call(e, e.UpdateAssistAuthConfigApplyObjects, change(model.AssistAuthApplyObjectsRequest{Add: &[]model.ApplyObjects{object}}))
	list := func() []model.ApplyObjects {
		t.Helper()
		return *call(e, e.ShowAssistAuthConfigApplyObjects, &model.ShowAssistAuthConfigApplyObjectsRequest{
			ObjectType: new(model.GetShowAssistAuthConfigApplyObjectsRequestObjectTypeEnum().USER), ObjectName: new("an"), Limit: new(int32(10)), Offset: new(int32(0)),
		}).Objects
	}
	if got := list(); len(got) != 1 || got[0] != object {
		t.Errorf("objects: %v", got)
	}

	// She sets up an app at the next sign-in, and is asked for its code at the one after.
	signIn := map[string]string{"user_name": "ann", "password": goodPassword}
	p := e.page()
	p.post("sign-in", signIn, http.StatusOK)
	p.post("pools/x/open", nil, http.StatusForbidden)
	secret, err := base32.StdEncoding.DecodeString(p.post("me/codes", nil, http.StatusOK).Secret)
	if err != nil {
		t.Fatal(err)
	}
	p.post("me/codes/confirm", map[string]string{"code": signin.TOTPCode(secret, signin.TOTPStep(time.Now()))}, http.StatusOK)
	p.post("pools/x/open", nil, http.StatusNotFound)
	e.page().post("sign-in", signIn, http.StatusAccepted)

	call(e, e.UpdateAssistAuthConfigApplyObjects, change(model.AssistAuthApplyObjectsRequest{Delete: &[]model.ApplyObjects{object}}))
	if got := list(); len(got) != 0 {
		t.Errorf("deleted: %v", got)
	}
	refused(e, e.UpdateAssistAuthConfigApplyObjects, change(model.AssistAuthApplyObjectsRequest{}), 400, "WKS.00010001")
	call(e, e.UpdateAssistAuthMethodConfig, configure(model.OtpConfigInfo{Enable: new(false)}))
	e.page().post("sign-in", signIn, http.StatusOK) // nobody is asked
}

func TestAuthenticationConfig(t *testing.T) {
	e := newEnv(t)
	got := call(e, e.ShowAuthConfig, &model.ShowAuthConfigRequest{})
	if *got.AuthType != "LOCAL_PASSWORD" || !*got.Enable || *got.SmsLoginEnabled {
		t.Errorf("shown: %v", got)
	}
	kinds := model.GetAuthTypeEnumEnum()
	body := func(kind model.AuthTypeEnum) *model.AuthMethodConfigRequest {
		return &model.AuthMethodConfigRequest{AuthType: &kind}
	}
	if got := call(e, e.UpdateAuthMethodConfig, &model.UpdateAuthMethodConfigRequest{Body: body(kinds.USER_PASSWORD)}); *got.ProjectId != e.Bootstrap.ProjectID {
		t.Errorf("updated: %v", got)
	}
	call(e, e.ValidateConfig, &model.ValidateConfigRequest{Body: body(kinds.USER_PASSWORD)})
	refused(e, e.ValidateConfig, &model.ValidateConfigRequest{Body: body(kinds.SAML2)}, 400, "WKS.00010002")
	refused(e, e.UpdateAuthMethodConfig, &model.UpdateAuthMethodConfigRequest{Body: body(kinds.OAUTH2)}, 400, "WKS.00010002")
	updated := call(e, e.UpdateAuthConfig, &model.UpdateAuthConfigRequest{AuthConfigId: *got.Id, Body: &model.UpdateAuthConfigReq{SmsLoginEnabled: new(false)}})
	if *updated.AuthConfigId != *got.Id || *updated.SmsLoginEnabled {
		t.Errorf("updated: %v", updated)
	}
	refused(e, e.UpdateAuthConfig, &model.UpdateAuthConfigRequest{AuthConfigId: *got.Id, Body: &model.UpdateAuthConfigReq{SmsLoginEnabled: new(true)}}, 400, "WKS.00010002")
	refused(e, e.DownloadMetadata, &model.DownloadMetadataRequest{AuthConfigId: *got.Id, Type: model.GetDownloadMetadataRequestTypeEnum().SP}, 400, "WKS.00010002")
	refused(e, e.DownloadSpMetadata, &model.DownloadSpMetadataRequest{IdentityProvider: "x", AccessServerAddress: "x"}, 400, "WKS.00010002")
}
