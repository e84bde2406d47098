package sdk

import (
	"testing"

	"github.com/huaweicloud/huaweicloud-sdk-go-v3/services/workspace/v2/model"
)

func TestAnOrderThatIsSentAgainIsTheSameJob(t *testing.T) {
	w := newWorld(t)
	again := w.extra("X-Client-Token", "b9a3c1")
	o := w.order("ann")
	first := *call(w, again.CreateDesktop, &model.CreateDesktopRequest{Body: o}).JobId
	second := *call(w, again.CreateDesktop, &model.CreateDesktopRequest{Body: o}).JobId
	if first != second {
		t.Errorf("jobs %s and %s", first, second)
	}
	w.finish(first)
	if n := *call(w, w.ListDesktops, &model.ListDesktopsRequest{}).TotalCount; n != 1 {
		t.Errorf("%d desktops", n)
	}
	refused(w, again.CreateDesktop, &model.CreateDesktopRequest{Body: w.order("bob")}, 409, "WKS.00010034")
}

func TestAPoolShowsOnlyWhatItWasGiven(t *testing.T) {
	w := newWorld(t)
	p := w.showPool(*w.pool(w.poolOrder("Sales", 1)).Id)
	if *p.AvailabilityZone != "" || len(*p.SecurityGroups) != 0 {
		t.Errorf("zone %q, groups %v", *p.AvailabilityZone, *p.SecurityGroups)
	}
	job := *call(w, w.SendDesktopPoolNotifications, &model.SendDesktopPoolNotificationsRequest{
		PoolId: *p.Id, Body: &model.SendDesktopPoolNotificationsReq{Notifications: "Lunch!"},
	}).JobId
	if status := *call(w, w.ShowJob, &model.ShowJobRequest{JobId: job}).Status; status != "SUCCESS" {
		t.Errorf("a message to nobody is %s", status)
	}
}
