package sdk

import (
	"testing"

	"github.com/huaweicloud/huaweicloud-sdk-go-v3/services/workspace/v2/model"
)

func TestNamePolicies(t *testing.T) {
	e := newEnv(t)
	id := *call(e, e.CreateDesktopNamePolicy, &model.CreateDesktopNamePolicyRequest{Body: &model.CreateDesktopNamePolicyReq{
		PolicyName: "mine", NamePrefix: "x$DomainUser$-", DigitNumber: 3, StartNumber: 5, SingleDomainUserInc: 1,
	}}).PolicyId
	o := e.order("ann", "ann")
	o.DesktopNamePolicyId = &id
	for i, desktop := range e.create(o) {
		if name, want := *e.show(desktop).ComputerName, []string{"xann-005", "xann-006"}[i]; name != want {
			t.Errorf("desktop %d is called %s, want %s", i, name, want)
		}
	}
	done := call(e, e.UpdateDesktopNamePolicy, &model.UpdateDesktopNamePolicyRequest{PolicyId: id, Body: &model.UpdateDesktopNamePolicyReq{
		PolicyName: new("yours"), IsDefaultPolicy: new(true),
	}})
	list := call(e, e.ListDesktopNamePolicy, &model.ListDesktopNamePolicyRequest{IsContainUser: new(true), PolicyName: new("YOU")})
	if p := (*list.DesktopNamePolicyInfos)[0]; done.HttpStatusCode != 204 || *list.TotalCount != 1 || *p.PolicyId != id || !*p.IsDefaultPolicy {
		t.Errorf("after the change: %d %v", done.HttpStatusCode, list)
	}
	remove := &model.BatchDeleteDesktopNamePolicyRequest{Body: &model.BatchDeleteDesktopNamePolicyReq{PolicyIds: &[]string{id}}}
	if gone := call(e, e.BatchDeleteDesktopNamePolicy, remove); gone.HttpStatusCode != 204 {
		t.Errorf("deleting answers %d", gone.HttpStatusCode)
	}
	refused(e, e.BatchDeleteDesktopNamePolicy, remove, 400, "WKS.00010019")
	remove.Body.PolicyIds = &[]string{}
	refused(e, e.BatchDeleteDesktopNamePolicy, remove, 400, "WKS.00010001")
}
