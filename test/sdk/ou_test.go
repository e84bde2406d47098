package sdk

import (
	"testing"

	"github.com/huaweicloud/huaweicloud-sdk-go-v3/services/workspace/v2/model"
)

func TestOrganisationalUnits(t *testing.T) {
	e := newEnv(t)
	e.person("ann")
	id := *call(e, e.AddOu, &model.AddOuRequest{Body: &model.AddOuNameInfoV2Req{Domain: "carrel.local", OuName: "Sales"}}).Id
	o := e.order("ann")
	o.OuName = new("Sales")
	desktop := e.create(o)[0]
	call(e, e.UpdateOuInfo, &model.UpdateOuInfoRequest{OuId: id, Body: &model.ModifyOuNameInfoV2Req{OuName: "Press"}})
	if d := e.show(desktop); *d.OuName != "Press" {
		t.Errorf("the desktop is in %q", *d.OuName)
	}
	if list := call(e, e.ListOuDetails, &model.ListOuDetailsRequest{OuName: new("press")}); *list.TotalCount != 1 || *(*list.Ous)[0].Id != id {
		t.Errorf("units: %v", list)
	}
	if list := call(e, e.ListAdOus, &model.ListAdOusRequest{}); *(*list.OuInfos)[0].OuDn != "OU=Press,DC=carrel,DC=local" {
		t.Errorf("units of the directory: %v", list)
	}
	if list := call(e, e.ListAdOuUsers, &model.ListAdOuUsersRequest{OuDn: "DC=carrel,DC=local"}); *list.TotalCount != 1 || *(*list.UserInfos)[0].UserName != "ann" {
		t.Errorf("people: %v", list)
	}
	refused(e, e.DeleteOu, &model.DeleteOuRequest{OuId: id}, 409, "WKS.00010032")
	e.finish(*call(e, e.BatchDeleteDesktops, &model.BatchDeleteDesktopsRequest{Body: &model.DeleteDesktopsReq{DesktopIds: []string{desktop}}}).JobId)
	if gone := call(e, e.DeleteOu, &model.DeleteOuRequest{OuId: id}); gone.HttpStatusCode != 204 {
		t.Errorf("deleting answers %d", gone.HttpStatusCode)
	}
	refused(e, e.DeleteOu, &model.DeleteOuRequest{OuId: id}, 404, "WKS.00010020")
}
