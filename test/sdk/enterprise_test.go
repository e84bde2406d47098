package sdk

import (
	"slices"
	"testing"

	"github.com/huaweicloud/huaweicloud-sdk-go-v3/core/auth/basic"
	"github.com/huaweicloud/huaweicloud-sdk-go-v3/core/auth/global"
	eps "github.com/huaweicloud/huaweicloud-sdk-go-v3/services/eps/v1"
	epsmodel "github.com/huaweicloud/huaweicloud-sdk-go-v3/services/eps/v1/model"
	iammodel "github.com/huaweicloud/huaweicloud-sdk-go-v3/services/iam/v3/model"
	"github.com/huaweicloud/huaweicloud-sdk-go-v3/services/workspace/v2/model"
)

// enterprises is a client of EPS, whose credentials are for the account.
func (e *env) enterprises() *eps.EpsClient {
	e.Helper()
	c, err := global.NewCredentialsBuilder().WithAk(e.AccessKey).WithSk(e.SecretKey).WithDomainId(e.DomainID).SafeBuild()
	if err != nil {
		e.Fatal(err)
	}
	h, err := eps.EpsClientBuilder().WithEndpoint(e.Endpoint).WithCredential(c).WithHttpConfig(httpConfig()).SafeBuild()
	if err != nil {
		e.Fatal(err)
	}
	return eps.NewEpsClient(h)
}

// enterprise creates an enterprise project and returns its id.
func (e *env) enterprise(name string) string {
	e.Helper()
	body := &epsmodel.EnterpriseProject{Name: name}
	return call(e, e.enterprises().CreateEnterpriseProject, &epsmodel.CreateEnterpriseProjectRequest{Body: body}).EnterpriseProject.Id
}

func TestEnterpriseProjects(t *testing.T) {
	e := newEnv(t)
	c := e.enterprises()
	made := call(e, c.CreateEnterpriseProject, &epsmodel.CreateEnterpriseProjectRequest{Body: &epsmodel.EnterpriseProject{Name: "Physics", Description: new("upstairs"), Type: new("poc")}})
	id := made.EnterpriseProject.Id
	if shown := call(e, c.ShowEnterpriseProject, &epsmodel.ShowEnterpriseProjectRequest{EnterpriseProjectId: id}); shown.EnterpriseProject.String() != made.EnterpriseProject.String() || shown.EnterpriseProject.Status != 1 {
		t.Errorf("shows %+v of %+v", shown.EnterpriseProject, made.EnterpriseProject)
	}
	changed := call(e, c.UpdateEnterpriseProject, &epsmodel.UpdateEnterpriseProjectRequest{EnterpriseProjectId: id, Body: &epsmodel.EnterpriseProject{Name: "Physics2"}})
	if changed.EnterpriseProject.Name != "Physics2" {
		t.Errorf("changed: %+v", changed.EnterpriseProject)
	}
	list := call(e, c.ListEnterpriseProject, &epsmodel.ListEnterpriseProjectRequest{Name: new("phys"), Limit: new(int32(10)), Status: new(int32(1))})
	if *list.TotalCount != 1 || (*list.EnterpriseProjects)[0].Id != id {
		t.Errorf("lists %+v", list)
	}
	if quota := call(e, c.ShowEnterpriseProjectQuota, &epsmodel.ShowEnterpriseProjectQuotaRequest{}); quota.Quotas.Resources[0].Used != 1 {
		t.Errorf("quota: %+v", quota)
	}
	if configs := call(e, c.ShowEpConfigs, &epsmodel.ShowEpConfigsRequest{}); *configs.SupportItem.DeleteEpSupport != "false" {
		t.Errorf("configs: %+v", configs)
	}
	refused(e, c.ShowEnterpriseProject, &epsmodel.ShowEnterpriseProjectRequest{EnterpriseProjectId: "none"}, 404, "WKS.00010027")

	desktop := e.create(e.order("ann"))[0]
	resource := &epsmodel.MigrateResource{ResourceType: "workspace-desktop", ResourceId: desktop, ProjectId: &e.ProjectID, RegionId: &e.Region}
	call(e, c.MigrateResource, &epsmodel.MigrateResourceRequest{EnterpriseProjectId: id, Body: resource})
	moved := call(e, e.ListDesktops, &model.ListDesktopsRequest{EnterpriseProjectId: &id})
	if *moved.TotalCount != 1 || *(*moved.Desktops)[0].DesktopId != desktop {
		t.Errorf("in the enterprise project are %+v", moved)
	}
	held := call(e, c.ShowResourceBindEnterpriseProject, &epsmodel.ShowResourceBindEnterpriseProjectRequest{EnterpriseProjectId: id, Body: &epsmodel.ResqEpResouce{
		ResourceTypes: []string{"workspace-desktop", "workspace-desktop-pool"}, Projects: &[]string{e.ProjectID},
	}})
	if *held.TotalCount != 1 || (*held.Resources)[0].ResourceId != desktop || (*held.Resources)[0].ProjectName != e.ProjectName {
		t.Errorf("it holds %+v", held)
	}

	call(e, c.DisableEnterpriseProject, &epsmodel.DisableEnterpriseProjectRequest{EnterpriseProjectId: id, Body: &epsmodel.DisableAction{Action: epsmodel.GetDisableActionActionEnum().DISABLE}})
	refused(e, c.MigrateResource, &epsmodel.MigrateResourceRequest{EnterpriseProjectId: id, Body: resource}, 400, "WKS.00010028")
	call(e, c.EnableEnterpriseProject, &epsmodel.EnableEnterpriseProjectRequest{EnterpriseProjectId: id, Body: &epsmodel.EnableAction{Action: epsmodel.GetEnableActionActionEnum().ENABLE}})
	call(e, c.MigrateResource, &epsmodel.MigrateResourceRequest{EnterpriseProjectId: "0", Body: resource})
}

func TestAProjectAuthorizesTheService(t *testing.T) {
	e := newEnv(t)
	first := call(e, e.ListAgencies, &model.ListAgenciesRequest{})
	if agencies := *first.ExistingAgencies; len(agencies) != 1 || *agencies[0].Scene != "WORKSPACE" {
		t.Errorf("the first project has %+v", agencies)
	}
	account, err := global.NewCredentialsBuilder().WithAk(e.AccessKey).WithSk(e.SecretKey).WithDomainId(e.DomainID).SafeBuild()
	if err != nil {
		t.Fatal(err)
	}
	made := call(e, e.identity(account).KeystoneCreateProject, &iammodel.KeystoneCreateProjectRequest{Body: &iammodel.KeystoneCreateProjectRequestBody{
		Project: &iammodel.KeystoneCreateProjectOption{Name: "bare", ParentId: e.DomainID},
	}})
	in, err := basic.NewCredentialsBuilder().WithAk(e.AccessKey).WithSk(e.SecretKey).WithProjectId(made.Project.Id).SafeBuild()
	if err != nil {
		t.Fatal(err)
	}
	bare := e.client(in)
	stop := &model.BatchRunDesktopsRequest{Body: &model.BatchActionDesktopsReq{OpType: "os-stop", DesktopIds: []string{"none"}}}
	refused(e, bare.BatchRunDesktops, stop, 403, "WKS.00010029")
	scene, action := model.GetCreateAgenciesReqSceneEnum().WORKSPACE, model.GetCreateAgenciesReqActionEnum().CREATE
	call(e, bare.CreateAgencies, &model.CreateAgenciesRequest{Body: &model.CreateAgenciesReq{Scene: &scene, Action: &action}})
	agencies := *call(e, bare.ListAgencies, &model.ListAgenciesRequest{Scene: new("WORKSPACE")}).ExistingAgencies
	if len(agencies) != 1 || !slices.Equal(*(*agencies[0].Permissions)[0].SystemPermissionDisplayNames, []string{"desktops", "images", "networks"}) {
		t.Errorf("it authorizes %+v", agencies)
	}
	refused(e, bare.BatchRunDesktops, stop, 403, "WKS.00010099")
}
