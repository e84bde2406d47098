package sdk

import (
	"strings"
	"testing"

	"github.com/huaweicloud/huaweicloud-sdk-go-v3/core/auth/basic"
	iam "github.com/huaweicloud/huaweicloud-sdk-go-v3/services/iam/v3/model"
	"github.com/huaweicloud/huaweicloud-sdk-go-v3/services/workspace/v2/model"
)

// inProject is a client of a new project, which has no service and has authorized it to manage what it needs.
func (e *env) inProject(name string) *env {
	e.Helper()
	p := call(e, e.identity(e.credentials(e.SecretKey)).KeystoneCreateProject, &iam.KeystoneCreateProjectRequest{
		Body: &iam.KeystoneCreateProjectRequestBody{Project: &iam.KeystoneCreateProjectOption{Name: name, ParentId: e.DomainID}},
	}).Project
	c, err := basic.NewCredentialsBuilder().WithAk(e.AccessKey).WithSk(e.SecretKey).WithProjectId(p.Id).SafeBuild()
	if err != nil {
		e.Fatal(err)
	}
	o := *e
	o.ProjectID, o.WorkspaceClient = p.Id, e.client(c)
	call(&o, o.CreateAgencies, &model.CreateAgenciesRequest{Body: &model.CreateAgenciesReq{}})
	return &o
}

func (e *env) apply() *model.ApplyWorkspaceRequest {
	return &model.ApplyWorkspaceRequest{Body: &model.ApplyWorkspaceReq{
		AdDomains: &model.ApplyWorkspaceAdDomain{DomainType: model.GetApplyWorkspaceAdDomainDomainTypeEnum().LITE_AS},
	}}
}

func (e *env) serviceStatus() string {
	e.Helper()
	return call(e, e.ListWorkspaces, &model.ListWorkspacesRequest{}).Status.Value()
}

func TestAServiceIsOpenedAndClosed(t *testing.T) {
	e := newEnv(t).inProject("lab")
	refused(e, e.CreateDesktop, &model.CreateDesktopRequest{Body: e.order("ann")}, 403, "WKS.00010099")
	if s := e.serviceStatus(); s != "CLOSED" {
		t.Fatalf("the service of a new project is %s", s)
	}

	e.finish(*call(e, e.ApplyWorkspace, e.apply()).JobId)
	s := call(e, e.ListWorkspaces, &model.ListWorkspacesRequest{})
	if s.Status.Value() != "SUBSCRIBED" || *s.Id == "" || !*s.Closable || *s.EnterpriseId != "lab" || *s.VpcId == e.VPCID || len(*s.SubnetIds) != 1 {
		t.Errorf("the service: %v", s)
	}
	refused(e, e.ApplyWorkspace, e.apply(), 409, "WKS.00010032")

	order := e.order("ann")
	order.Nics = &[]model.Nic{{SubnetId: *(*s.SubnetIds)[0].SubnetId}}
	order.SecurityGroups = &[]model.SecurityGroupIdInfo{{Id: s.DesktopSecurityGroup.Id}}
	(*order.Desktops)[0].UserEmail = new("ann@example.org")
	desktops := e.create(order)
	refused(e, e.CancelWorkspace, &model.CancelWorkspaceRequest{}, 409, "WKS.00010032")
	if s := call(e, e.ListWorkspaces, &model.ListWorkspacesRequest{}); *s.Closable {
		t.Error("a service with desktops can be closed")
	}
	e.finish(*call(e, e.BatchDeleteDesktops, &model.BatchDeleteDesktopsRequest{Body: &model.DeleteDesktopsReq{DesktopIds: desktops}}).JobId)
	e.finish(*call(e, e.CancelWorkspace, &model.CancelWorkspaceRequest{}).JobId)
	if s := e.serviceStatus(); s != "CLOSED" {
		t.Errorf("the closed service is %s", s)
	}
	again := e.apply()
	again.Body.VpcId, again.Body.SubnetIds, again.Body.EnterpriseId = s.VpcId, &[]model.Subnet{{SubnetId: *(*s.SubnetIds)[0].SubnetId}}, new("laboratory")
	e.finish(*call(e, e.ApplyWorkspace, again).JobId)
	if now := call(e, e.ListWorkspaces, &model.ListWorkspacesRequest{}); *now.VpcId != *s.VpcId || *now.EnterpriseId != "laboratory" {
		t.Errorf("opened again: %v", now)
	}

	local := e.apply()
	local.Body.AdDomains.DomainType = model.GetApplyWorkspaceAdDomainDomainTypeEnum().LOCAL_AD
	refused(e, e.ApplyWorkspace, local, 400, "WKS.00010002")
}

func TestAServiceIsChanged(t *testing.T) {
	e := newEnv(t)
	change := func(m *model.ModifyWorkspaceAttributesReq) *model.UpdateWorkspaceRequest {
		return &model.UpdateWorkspaceRequest{Body: m}
	}
	s := call(e, e.ListWorkspaces, &model.ListWorkspacesRequest{})
	mode := model.GetModifyWorkspaceAttributesReqAccessModeEnum()
	done := call(e, e.UpdateWorkspace, change(&model.ModifyWorkspaceAttributesReq{
		SubnetIds: &[]string{e.SubnetID}, InternetAccessPort: s.InternetAccessPort, AccessMode: &mode.INTERNET, EnterpriseId: new("house"),
	}))
	e.endedAtOnce(*done.JobId)
	if *done.EnterpriseId != "house" {
		t.Errorf("changed: %v", done)
	}
	refused(e, e.UpdateWorkspace, change(&model.ModifyWorkspaceAttributesReq{InternetAccessPort: new("1")}), 400, "WKS.00010002")
	refused(e, e.UpdateWorkspace, change(&model.ModifyWorkspaceAttributesReq{AccessMode: &mode.DEDICATED}), 400, "WKS.00010002")
	refused(e, e.UpdateWorkspace, change(&model.ModifyWorkspaceAttributesReq{SubnetIds: &[]string{"x"}}), 400, "WKS.00010015")

	lab := e.inProject("lab")
	lab.finish(*call(lab, lab.ApplyWorkspace, lab.apply()).JobId)
	if u := call(lab, lab.CheckEnterpriseId, &model.CheckEnterpriseIdRequest{Body: &model.CheckEnterpriseIdReq{EnterpriseId: new("House")}}); !*u.IsUsed {
		t.Errorf("house is not used: %v", u)
	}
	set := func(id string) *model.UpdateEnterpriseIdRequest {
		return &model.UpdateEnterpriseIdRequest{Body: &model.ModifyEnterpriseIdReq{EnterpriseId: id}}
	}
	refused(lab, lab.UpdateEnterpriseId, set("HOUSE"), 409, "WKS.00010021")
	if id := *call(lab, lab.UpdateEnterpriseId, set("lab-2")).EnterpriseId; id != "lab-2" {
		t.Errorf("the enterprise id is %s", id)
	}
	if l := call(e, e.ShowWorkspaceLock, &model.ShowWorkspaceLockRequest{}); *l.IsLock != 0 || *l.LockReason != "" {
		t.Errorf("the lock: %v", l)
	}
	e.endedAtOnce(*call(e, e.UnlockWorkspace, &model.UnlockWorkspaceRequest{Body: &model.UnlockWorkspaceRequestBody{OperateType: new("unlock")}}).JobId)
}

func TestSettingsOfAService(t *testing.T) {
	e := newEnv(t)
	status := model.GetFunctionConfigStatusEnum()
	set := func(name string, to model.FunctionConfigStatus) *model.UpdateTenantConfigRequest {
		return &model.UpdateTenantConfigRequest{Body: &model.UpdateTenantConfigReq{FunctionConfig: &model.FunctionConfig{Name: &name, Status: &to}}}
	}
	if all := *call(e, e.ListTenantConfigs, &model.ListTenantConfigsRequest{}).FunctionConfigs; len(all) != 2 || all[0].Status.Value() != "ON" {
		t.Errorf("settings: %v", all)
	}
	call(e, e.UpdateTenantConfig, set("create_unknown_users", status.OFF))
	if one := *call(e, e.ListTenantConfigs, &model.ListTenantConfigsRequest{Name: new("create_unknown_users")}).FunctionConfigs; len(one) != 1 || one[0].Status.Value() != "OFF" {
		t.Errorf("settings: %v", one)
	}
	order := e.order("stranger")
	(*order.Desktops)[0].UserEmail = new("stranger@example.org")
	refused(e, e.CreateDesktop, &model.CreateDesktopRequest{Body: order}, 409, "WKS.00010044")
	call(e, e.UpdateTenantConfig, set("create_unknown_users", status.ON))
	e.create(order)
	refused(e, e.UpdateTenantConfig, set("x", status.ON), 400, "WKS.00010002")

	if h := call(e, e.ShowHibernateType, &model.ShowHibernateTypeRequest{}); h.HibernateType.Value() != "PAUSE" || *h.TenantId != e.ProjectID {
		t.Errorf("hibernation: %v", h)
	}
}

func TestQuotasCountWhatThereIs(t *testing.T) {
	e := newEnv(t)
	of := func(resources []model.ResourceNoLimit) map[string]int32 {
		used := map[string]int32{}
		for _, r := range resources {
			used[*r.Type] = *r.Used
			if *r.Quota != -1 {
				t.Errorf("there is a limit of %s: %d", *r.Type, *r.Quota)
			}
		}
		return used
	}
	e.person("ann")
	e.create(e.order("ann"))
	used := of(call(e, e.ShowQuotas, &model.ShowQuotasRequest{}).Quotas.Resources)
	if used["general_instances"] != 1 || used["cores"] != 2 || used["Memory"] != 4096 || used["volumes"] != 2 || used["volume_gigabytes"] != 90 || used["users"] != 1 {
		t.Errorf("used: %v", used)
	}
	if used := of(call(e, e.ShowQuotaDetails, &model.ShowQuotaDetailsRequest{AzCode: &e.AvailabilityZone}).Resources); used["general_instances"] != 1 {
		t.Errorf("used in the zone: %v", used)
	}
	refused(e, e.ShowQuotaDetails, &model.ShowQuotaDetailsRequest{AzCode: new("x")}, 400, "WKS.00010017")
	refused(e, e.ShowQuotaDetails, &model.ShowQuotaDetailsRequest{SiteId: new("x")}, 400, "WKS.00010002")
}

func TestTimeZones(t *testing.T) {
	e := newEnv(t)
	if all := *call(e, e.ListTimeZones, &model.ListTimeZonesRequest{}).TimeZones; len(all) < 200 {
		t.Errorf("%d time zones", len(all))
	}
	one := *call(e, e.ListTimeZones, &model.ListTimeZonesRequest{TimeZoneName: new("Asia/Shanghai")}).TimeZones
	if len(one) != 1 || *one[0].TimeZone != "UTC+08:00" || !strings.Contains(*one[0].TimeZoneDescCn, "Asia/Shanghai") {
		t.Errorf("Shanghai: %v", one)
	}
}
