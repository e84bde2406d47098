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
func (e *env) extra(name, value string) *workspace.WorkspaceClient {
	e.Helper()
	c := e.client(e.credentials(e.SecretKey))
	c.HcClient.WithExtraHeaders(map[string]string{name: value})
	return c
}

func TestAClientThatKnowsOnlyTheRegionFindsItsProject(t *testing.T) {
	e := newEnv(t)
	c, err := basic.NewCredentialsBuilder().WithAk(e.AccessKey).WithSk(e.SecretKey).WithIamEndpointOverride(e.Endpoint).SafeBuild()
	if err != nil {
		t.Fatal(err)
	}
	here := region.NewRegion(e.Region, e.Endpoint)
	h, err := workspace.WorkspaceClientBuilder().WithRegion(here).WithCredential(c).WithHttpConfig(httpConfig()).SafeBuild()
	if err != nil {
		t.Fatal(err)
	}
	call(e, workspace.NewWorkspaceClient(h).ListDesktops, &model.ListDesktopsRequest{})
	if c.ProjectId != e.ProjectID {
		t.Errorf("found project %q, want %q", c.ProjectId, e.ProjectID)
	}
}

func TestSignaturesAreVerified(t *testing.T) {
	e := newEnv(t)
	any := &model.ListDesktopsRequest{}
	refused(e, e.client(e.credentials(e.SecretKey+"x")).ListDesktops, any, 401, "APIGW.0301")
	refused(e, e.extra("X-Sdk-Date", "20200102T030405Z").ListDesktops, any, 401, "APIGW.0303")
	call(e, e.extra("X-Strange", "a  b").ListDesktops, any)

	other, err := basic.NewCredentialsBuilder().WithAk(e.AccessKey).WithSk(e.SecretKey).WithProjectId("0123456789abcdef0123456789abcdef").SafeBuild()
	if err != nil {
		t.Fatal(err)
	}
	refused(e, e.client(other).ListDesktops, any, 404, "WKS.00170117")

	// What must be escaped: the client and the server have to agree on each character.
	for _, name := range []string{"a b", "a+b", "a&b=c", `"a"`, "桌面", "100%", "a/b", "~_-."} {
		list := call(e, e.ListDesktops, &model.ListDesktopsRequest{ComputerName: &name, UserName: &[]string{name, "b"}, DesktopId: &[]string{"b", "a"}})
		if *list.TotalCount != 0 {
			t.Errorf("%q finds %v", name, list)
		}
	}
	refused(e, e.ShowDesktopDetail, &model.ShowDesktopDetailRequest{DesktopId: "a b+桌"}, 404, "WKS.00010011")
}

func (e *env) passwordToken(scope *iammodel.AuthScope) string {
	e.Helper()
	out := call(e, e.identity(e.credentials(e.SecretKey)).KeystoneCreateUserTokenByPassword, &iammodel.KeystoneCreateUserTokenByPasswordRequest{
		Body: &iammodel.KeystoneCreateUserTokenByPasswordRequestBody{Auth: &iammodel.PwdAuth{
			Scope: scope,
			Identity: &iammodel.PwdIdentity{
				Methods: []iammodel.PwdIdentityMethods{iammodel.GetPwdIdentityMethodsEnum().PASSWORD},
				Password: &iammodel.PwdPassword{User: &iammodel.PwdPasswordUser{
					Name: e.UserName, Password: e.Password, Domain: &iammodel.PwdPasswordUserDomain{Name: e.DomainName},
				}},
			},
		}},
	})
	if out.Token.User.Name != e.UserName || out.XSubjectToken == nil {
		e.Fatalf("token: %v", out)
	}
	return *out.XSubjectToken
}

func (e *env) projectScope() *iammodel.AuthScope {
	return &iammodel.AuthScope{Project: &iammodel.AuthScopeProject{Name: &e.ProjectName}}
}

func TestATokenAloneOrWithASignatureLetsIn(t *testing.T) {
	e := newEnv(t)
	token := e.passwordToken(e.projectScope())
	call(e, e.extra("X-Auth-Token", token).ListDesktops, &model.ListDesktopsRequest{})
	refused(e, e.extra("X-Auth-Token", "x").ListDesktops, &model.ListDesktopsRequest{}, 401, "APIGW.0301")

	r, err := http.NewRequestWithContext(t.Context(), "GET", e.Endpoint+"/v2/"+e.ProjectID+"/desktops", nil)
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

	client := e.identity(e.credentials(e.SecretKey))
	shown := call(e, client.KeystoneValidateToken, &iammodel.KeystoneValidateTokenRequest{XSubjectToken: token})
	if shown.Token.Project.Id != e.ProjectID || shown.Token.User.Domain.Id != e.DomainID || len(shown.Token.Catalog) == 0 {
		t.Errorf("token: %v", shown)
	}
	refused(e, client.KeystoneValidateToken, &iammodel.KeystoneValidateTokenRequest{XSubjectToken: "x"}, 404, "IAM.0004")
}

func TestTemporaryKeysSignWithTheirSecurityToken(t *testing.T) {
	e := newEnv(t)
	token := e.passwordToken(e.projectScope())
	out := call(e, e.identity(e.credentials(e.SecretKey)).CreateTemporaryAccessKeyByToken, &iammodel.CreateTemporaryAccessKeyByTokenRequest{
		Body: &iammodel.CreateTemporaryAccessKeyByTokenRequestBody{Auth: &iammodel.TokenAuth{Identity: &iammodel.TokenAuthIdentity{
			Methods: []iammodel.TokenAuthIdentityMethods{iammodel.GetTokenAuthIdentityMethodsEnum().TOKEN},
			Token:   &iammodel.IdentityToken{Id: &token, DurationSeconds: new(int32(900))},
		}}},
	}).Credential
	build := basic.NewCredentialsBuilder().WithAk(out.Access).WithSk(out.Secret).WithProjectId(e.ProjectID)
	without, err := build.SafeBuild()
	if err != nil {
		t.Fatal(err)
	}
	refused(e, e.client(without).ListDesktops, &model.ListDesktopsRequest{}, 401, "APIGW.0301")
	with, err := build.WithSecurityToken(out.Securitytoken).SafeBuild()
	if err != nil {
		t.Fatal(err)
	}
	call(e, e.client(with).ListDesktops, &model.ListDesktopsRequest{})
}

func TestAnAccountFindsItselfAndItsKeys(t *testing.T) {
	e := newEnv(t)
	c, err := global.NewCredentialsBuilder().WithAk(e.AccessKey).WithSk(e.SecretKey).WithIamEndpointOverride(e.Endpoint).SafeBuild()
	if err != nil {
		t.Fatal(err)
	}
	h, err := iam.IamClientBuilder().WithRegion(region.NewRegion(e.Region, e.Endpoint)).WithCredential(c).WithHttpConfig(httpConfig()).SafeBuild()
	if err != nil {
		t.Fatal(err)
	}
	if c.DomainId != e.DomainID {
		t.Errorf("the client found domain %q, want %q", c.DomainId, e.DomainID)
	}
	client := iam.NewIamClient(h)
	if p := *call(e, client.KeystoneListAuthProjects, &iammodel.KeystoneListAuthProjectsRequest{}).Projects; len(p) != 1 || p[0].Id != e.ProjectID {
		t.Errorf("projects of the caller: %v", p)
	}
	if p := *call(e, client.KeystoneListProjects, &iammodel.KeystoneListProjectsRequest{Name: &e.Region}).Projects; len(p) != 1 || p[0].Id != e.ProjectID {
		t.Errorf("projects: %v", p)
	}
	if p := call(e, client.KeystoneShowProject, &iammodel.KeystoneShowProjectRequest{ProjectId: e.ProjectID}).Project; p.Name != e.ProjectName {
		t.Errorf("project: %v", p)
	}
	if d := *call(e, client.KeystoneListAuthDomains, &iammodel.KeystoneListAuthDomainsRequest{}).Domains; len(d) != 1 || d[0].Name != e.DomainName {
		t.Errorf("domains: %v", d)
	}
	if r := *call(e, client.KeystoneListRegions, &iammodel.KeystoneListRegionsRequest{}).Regions; len(r) != 1 || r[0].Id != e.Region {
		t.Errorf("regions: %v", r)
	}
	if c := *call(e, client.KeystoneShowCatalog, &iammodel.KeystoneShowCatalogRequest{}).Catalog; len(c) == 0 || c[0].Endpoints[0].Url == "" {
		t.Errorf("catalogue: %v", c)
	}

	keys := *call(e, client.ListPermanentAccessKeys, &iammodel.ListPermanentAccessKeysRequest{}).Credentials
	if len(keys) != 1 || keys[0].Access != e.AccessKey {
		t.Fatalf("keys: %v", keys)
	}
	if u := call(e, client.KeystoneShowUser, &iammodel.KeystoneShowUserRequest{UserId: keys[0].UserId}).User; u.Name != e.UserName || u.DomainId != e.DomainID {
		t.Errorf("user: %v", u)
	}
	made := call(e, client.CreatePermanentAccessKey, &iammodel.CreatePermanentAccessKeyRequest{Body: &iammodel.CreatePermanentAccessKeyRequestBody{
		Credential: &iammodel.CreateCredentialOption{UserId: keys[0].UserId, Description: new("for the tests")},
	}}).Credential
	fresh, err := basic.NewCredentialsBuilder().WithAk(made.Access).WithSk(made.Secret).WithProjectId(e.ProjectID).SafeBuild()
	if err != nil {
		t.Fatal(err)
	}
	call(e, e.client(fresh).ListDesktops, &model.ListDesktopsRequest{})
	if k := call(e, client.ShowPermanentAccessKey, &iammodel.ShowPermanentAccessKeyRequest{AccessKey: made.Access}).Credential; k.LastUseTime == "" || k.Description != "for the tests" {
		t.Errorf("key: %v", k)
	}
	call(e, client.DeletePermanentAccessKey, &iammodel.DeletePermanentAccessKeyRequest{AccessKey: made.Access})
	refused(e, e.client(fresh).ListDesktops, &model.ListDesktopsRequest{}, 401, "APIGW.0301")
}
