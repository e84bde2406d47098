package sdk

import (
	"io"
	"net/http"
	"testing"

	"github.com/huaweicloud/huaweicloud-sdk-go-v3/core/auth/basic"
	"github.com/huaweicloud/huaweicloud-sdk-go-v3/core/auth/global"
	"github.com/huaweicloud/huaweicloud-sdk-go-v3/core/region"
	iam "github.com/huaweicloud/huaweicloud-sdk-go-v3/services/iam/v3"
	iammodel "github.com/huaweicloud/huaweicloud-sdk-go-v3/services/iam/v3/model"
	workspace "github.com/huaweicloud/huaweicloud-sdk-go-v3/services/workspace/v2"
	"github.com/huaweicloud/huaweicloud-sdk-go-v3/services/workspace/v2/model"
)

// extra returns a client that sends one more header, which it signs too.
func (w *world) extra(name, value string) *workspace.WorkspaceClient {
	w.Helper()
	c := w.client(w.credentials(w.SecretKey))
	c.HcClient.WithExtraHeaders(map[string]string{name: value})
	return c
}

func TestAClientThatKnowsOnlyTheRegionFindsItsProject(t *testing.T) {
	w := newWorld(t)
	c, err := basic.NewCredentialsBuilder().WithAk(w.AccessKey).WithSk(w.SecretKey).WithIamEndpointOverride(w.Endpoint).SafeBuild()
	if err != nil {
		t.Fatal(err)
	}
	here := region.NewRegion(w.Region, w.Endpoint)
	h, err := workspace.WorkspaceClientBuilder().WithRegion(here).WithCredential(c).WithHttpConfig(httpConfig()).SafeBuild()
	if err != nil {
		t.Fatal(err)
	}
	call(w, workspace.NewWorkspaceClient(h).ListDesktops, &model.ListDesktopsRequest{})
	if c.ProjectId != w.ProjectID {
		t.Errorf("found project %q, want %q", c.ProjectId, w.ProjectID)
	}
}

func TestSignaturesAreVerified(t *testing.T) {
	w := newWorld(t)
	any := &model.ListDesktopsRequest{}
	refused(w, w.client(w.credentials(w.SecretKey+"x")).ListDesktops, any, 401, "APIGW.0301")
	refused(w, w.extra("X-Sdk-Date", "20200102T030405Z").ListDesktops, any, 401, "APIGW.0303")
	call(w, w.extra("X-Strange", "a  b").ListDesktops, any)

	other, err := basic.NewCredentialsBuilder().WithAk(w.AccessKey).WithSk(w.SecretKey).WithProjectId("0123456789abcdef0123456789abcdef").SafeBuild()
	if err != nil {
		t.Fatal(err)
	}
	refused(w, w.client(other).ListDesktops, any, 404, "WKS.00170117")

	// What must be escaped: the client and the server have to agree on each character.
	for _, name := range []string{"a b", "a+b", "a&b=c", `"a"`, "桌面", "100%", "a/b", "~_-."} {
		list := call(w, w.ListDesktops, &model.ListDesktopsRequest{ComputerName: &name, UserName: &[]string{name, "b"}, DesktopId: &[]string{"b", "a"}})
		if *list.TotalCount != 0 {
			t.Errorf("%q finds %v", name, list)
		}
	}
	refused(w, w.ShowDesktopDetail, &model.ShowDesktopDetailRequest{DesktopId: "a b+桌"}, 404, "WKS.00010011")
}

func (w *world) passwordToken(scope *iammodel.AuthScope) string {
	w.Helper()
	out := call(w, w.identity(w.credentials(w.SecretKey)).KeystoneCreateUserTokenByPassword, &iammodel.KeystoneCreateUserTokenByPasswordRequest{
		Body: &iammodel.KeystoneCreateUserTokenByPasswordRequestBody{Auth: &iammodel.PwdAuth{
			Scope: scope,
			Identity: &iammodel.PwdIdentity{
				Methods: []iammodel.PwdIdentityMethods{iammodel.GetPwdIdentityMethodsEnum().PASSWORD},
				Password: &iammodel.PwdPassword{User: &iammodel.PwdPasswordUser{
					Name: w.UserName, Password: w.Password, Domain: &iammodel.PwdPasswordUserDomain{Name: w.DomainName},
				}},
			},
		}},
	})
	if out.Token.User.Name != w.UserName || out.XSubjectToken == nil {
		w.Fatalf("token: %v", out)
	}
	return *out.XSubjectToken
}

func (w *world) projectScope() *iammodel.AuthScope {
	return &iammodel.AuthScope{Project: &iammodel.AuthScopeProject{Name: &w.ProjectName}}
}

func TestATokenAloneOrWithASignatureLetsIn(t *testing.T) {
	w := newWorld(t)
	token := w.passwordToken(w.projectScope())
	call(w, w.extra("X-Auth-Token", token).ListDesktops, &model.ListDesktopsRequest{})
	refused(w, w.extra("X-Auth-Token", "x").ListDesktops, &model.ListDesktopsRequest{}, 401, "APIGW.0301")

	r, err := http.NewRequestWithContext(t.Context(), "GET", w.Endpoint+"/v2/"+w.ProjectID+"/desktops", nil)
	if err != nil {
		t.Fatal(err)
	}
	r.Header.Set("X-Auth-Token", token)
	answer, err := http.DefaultClient.Do(r)
	if err != nil {
		t.Fatal(err)
	}
	defer answer.Body.Close()
	if text, err := io.ReadAll(answer.Body); answer.StatusCode != http.StatusOK || err != nil {
		t.Errorf("a token alone: %d %s %v", answer.StatusCode, text, err)
	}

	client := w.identity(w.credentials(w.SecretKey))
	shown := call(w, client.KeystoneValidateToken, &iammodel.KeystoneValidateTokenRequest{XSubjectToken: token})
	if shown.Token.Project.Id != w.ProjectID || shown.Token.User.Domain.Id != w.DomainID || len(shown.Token.Catalog) == 0 {
		t.Errorf("token: %v", shown)
	}
	refused(w, client.KeystoneValidateToken, &iammodel.KeystoneValidateTokenRequest{XSubjectToken: "x"}, 404, "IAM.0004")
}

func TestTemporaryKeysSignWithTheirSecurityToken(t *testing.T) {
	w := newWorld(t)
	token := w.passwordToken(w.projectScope())
	out := call(w, w.identity(w.credentials(w.SecretKey)).CreateTemporaryAccessKeyByToken, &iammodel.CreateTemporaryAccessKeyByTokenRequest{
		Body: &iammodel.CreateTemporaryAccessKeyByTokenRequestBody{Auth: &iammodel.TokenAuth{Identity: &iammodel.TokenAuthIdentity{
			Methods: []iammodel.TokenAuthIdentityMethods{iammodel.GetTokenAuthIdentityMethodsEnum().TOKEN},
			Token:   &iammodel.IdentityToken{Id: &token, DurationSeconds: new(int32(900))},
		}}},
	}).Credential
	build := basic.NewCredentialsBuilder().WithAk(out.Access).WithSk(out.Secret).WithProjectId(w.ProjectID)
	without, err := build.SafeBuild()
	if err != nil {
		t.Fatal(err)
	}
	refused(w, w.client(without).ListDesktops, &model.ListDesktopsRequest{}, 401, "APIGW.0301")
	with, err := build.WithSecurityToken(out.Securitytoken).SafeBuild()
	if err != nil {
		t.Fatal(err)
	}
	call(w, w.client(with).ListDesktops, &model.ListDesktopsRequest{})
}

func TestAnAccountFindsItselfAndItsKeys(t *testing.T) {
	w := newWorld(t)
	c, err := global.NewCredentialsBuilder().WithAk(w.AccessKey).WithSk(w.SecretKey).WithIamEndpointOverride(w.Endpoint).SafeBuild()
	if err != nil {
		t.Fatal(err)
	}
	h, err := iam.IamClientBuilder().WithRegion(region.NewRegion(w.Region, w.Endpoint)).WithCredential(c).WithHttpConfig(httpConfig()).SafeBuild()
	if err != nil {
		t.Fatal(err)
	}
	if c.DomainId != w.DomainID {
		t.Errorf("the client found domain %q, want %q", c.DomainId, w.DomainID)
	}
	client := iam.NewIamClient(h)
	if p := *call(w, client.KeystoneListAuthProjects, &iammodel.KeystoneListAuthProjectsRequest{}).Projects; len(p) != 1 || p[0].Id != w.ProjectID {
		t.Errorf("projects of the caller: %v", p)
	}
	if p := *call(w, client.KeystoneListProjects, &iammodel.KeystoneListProjectsRequest{Name: &w.Region}).Projects; len(p) != 1 || p[0].Id != w.ProjectID {
		t.Errorf("projects: %v", p)
	}
	if p := call(w, client.KeystoneShowProject, &iammodel.KeystoneShowProjectRequest{ProjectId: w.ProjectID}).Project; p.Name != w.ProjectName {
		t.Errorf("project: %v", p)
	}
	if d := *call(w, client.KeystoneListAuthDomains, &iammodel.KeystoneListAuthDomainsRequest{}).Domains; len(d) != 1 || d[0].Name != w.DomainName {
		t.Errorf("domains: %v", d)
	}
	if r := *call(w, client.KeystoneListRegions, &iammodel.KeystoneListRegionsRequest{}).Regions; len(r) != 1 || r[0].Id != w.Region {
		t.Errorf("regions: %v", r)
	}
	if c := *call(w, client.KeystoneShowCatalog, &iammodel.KeystoneShowCatalogRequest{}).Catalog; len(c) == 0 || c[0].Endpoints[0].Url == "" {
		t.Errorf("catalogue: %v", c)
	}

	keys := *call(w, client.ListPermanentAccessKeys, &iammodel.ListPermanentAccessKeysRequest{}).Credentials
	if len(keys) != 1 || keys[0].Access != w.AccessKey {
		t.Fatalf("keys: %v", keys)
	}
	if u := call(w, client.KeystoneShowUser, &iammodel.KeystoneShowUserRequest{UserId: keys[0].UserId}).User; u.Name != w.UserName || u.DomainId != w.DomainID {
		t.Errorf("user: %v", u)
	}
	made := call(w, client.CreatePermanentAccessKey, &iammodel.CreatePermanentAccessKeyRequest{Body: &iammodel.CreatePermanentAccessKeyRequestBody{
		Credential: &iammodel.CreateCredentialOption{UserId: keys[0].UserId, Description: new("for the tests")},
	}}).Credential
	fresh, err := basic.NewCredentialsBuilder().WithAk(made.Access).WithSk(made.Secret).WithProjectId(w.ProjectID).SafeBuild()
	if err != nil {
		t.Fatal(err)
	}
	call(w, w.client(fresh).ListDesktops, &model.ListDesktopsRequest{})
	if k := call(w, client.ShowPermanentAccessKey, &iammodel.ShowPermanentAccessKeyRequest{AccessKey: made.Access}).Credential; k.LastUseTime == "" || k.Description != "for the tests" {
		t.Errorf("key: %v", k)
	}
	call(w, client.DeletePermanentAccessKey, &iammodel.DeletePermanentAccessKeyRequest{AccessKey: made.Access})
	refused(w, w.client(fresh).ListDesktops, &model.ListDesktopsRequest{}, 401, "APIGW.0301")
}
