package sdk

import (
	"testing"

	"github.com/huaweicloud/huaweicloud-sdk-go-v3/services/workspace/v2/model"
)

func TestAnOrderThatIsSentAgainIsTheSameJob(t *testing.T) {
	e := newEnv(t)
	again := e.extra("X-Client-Token", "b9a3c1")
	o := e.order("ann")
	first := *call(e, again.CreateDesktop, &model.CreateDesktopRequest{Body: o}).JobId
	second := *call(e, again.CreateDesktop, &model.CreateDesktopRequest{Body: o}).JobId
	if first != second {
		t.Errorf("jobs %s and %s", first, second)
	}
	e.finish(first)
	if n := *call(e, e.ListDesktops, &model.ListDesktopsRequest{}).TotalCount; n != 1 {
		t.Errorf("%d desktops", n)
	}
	refused(e, again.CreateDesktop, &model.CreateDesktopRequest{Body: e.order("bob")}, 409, "WKS.00010034")
}

func TestAPoolShowsOnlyWhatItWasGiven(t *testing.T) {
	e := newEnv(t)
	p := e.showPool(*e.pool(e.poolOrder("Sales", 1)).Id)
	if *p.AvailabilityZone != "" || len(*p.SecurityGroups) != 0 {
		t.Errorf("zone %q, groups %v", *p.AvailabilityZone, *p.SecurityGroups)
	}
	job := *call(e, e.SendDesktopPoolNotifications, &model.SendDesktopPoolNotificationsRequest{
		PoolId: *p.Id, Body: &model.SendDesktopPoolNotificationsReq{Notifications: "Lunch!"},
	}).JobId
	if status := *call(e, e.ShowJob, &model.ShowJobRequest{JobId: job}).Status; status != "SUCCESS" {
		t.Errorf("a message to nobody is %s", status)
	}
}
