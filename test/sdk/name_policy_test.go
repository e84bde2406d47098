package sdk

import (
	"testing"

	"github.com/huaweicloud/huaweicloud-sdk-go-v3/services/workspace/v2/model"
)

func TestNamePolicies(t *testing.T) {
	w := newWorld(t)
	id := *call(w, w.CreateDesktopNamePolicy, &model.CreateDesktopNamePolicyRequest{Body: &model.CreateDesktopNamePolicyReq{
		PolicyName: "mine", NamePrefix: "x$DomainUser$-", DigitNumber: 3, StartNumber: 5, SingleDomainUserInc: 1,
	}}).PolicyId
	o := w.order("ann", "ann")
	o.DesktopNamePolicyId = &id
	for i, desktop := range w.create(o) {
		if name, want := *w.show(desktop).ComputerName, []string{"xann-005", "xann-006"}[i]; name != want {
			t.Errorf("desktop %d is called %s, want %s", i, name, want)
		}
	}
	done := call(w, w.UpdateDesktopNamePolicy, &model.UpdateDesktopNamePolicyRequest{PolicyId: id, Body: &model.UpdateDesktopNamePolicyReq{
		PolicyName: new("yours"), IsDefaultPolicy: new(true),
	}})
	list := call(w, w.ListDesktopNamePolicy, &model.ListDesktopNamePolicyRequest{IsContainUser: new(true), PolicyName: new("YOU")})
	if p := (*list.DesktopNamePolicyInfos)[0]; done.HttpStatusCode != 204 || *list.TotalCount != 1 || *p.PolicyId != id || !*p.IsDefaultPolicy {
		t.Errorf("after the change: %d %v", done.HttpStatusCode, list)
	}
	remove := &model.BatchDeleteDesktopNamePolicyRequest{Body: &model.BatchDeleteDesktopNamePolicyReq{PolicyIds: &[]string{id}}}
	if gone := call(w, w.BatchDeleteDesktopNamePolicy, remove); gone.HttpStatusCode != 204 {
		t.Errorf("deleting answers %d", gone.HttpStatusCode)
	}
	refused(w, w.BatchDeleteDesktopNamePolicy, remove, 400, "WKS.00010019")
	remove.Body.PolicyIds = &[]string{}
	refused(w, w.BatchDeleteDesktopNamePolicy, remove, 400, "WKS.00010001")
}
