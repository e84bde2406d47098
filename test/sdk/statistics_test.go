package sdk

import (
	"testing"

	"github.com/huaweicloud/huaweicloud-sdk-go-v3/services/workspace/v2/model"
)

func TestStatistics(t *testing.T) {
	e := newEnv(t)
	e.person("ann")
	desktops := e.create(e.order("ann", "ann"))
	if n := *call(e, e.ListRunState, &model.ListRunStateRequest{}).ActiveNum; int(n) != len(desktops) {
		t.Errorf("%d desktops run", n)
	}
	if s := call(e, e.ListLoginState, &model.ListLoginStateRequest{}); int(*s.ReadyNum) != len(desktops) || *s.InUseNum != 0 {
		t.Errorf("sessions: %v", s)
	}
	all := call(e, e.ListDesktopsStatistics, &model.ListDesktopsStatisticsRequest{DesktopType: &[]string{"DEDICATED"}})
	if int(*all.TotalNum) != len(desktops) || int(*all.AttachStatistics.AttachedNum) != len(desktops) || int(all.RunStateStatistics.ActiveNum) != len(desktops) {
		t.Errorf("statistics: %v", all)
	}
	unused := call(e, e.ListUnusedDesktops, &model.ListUnusedDesktopsRequest{})
	if int(*unused.TotalCount) != len(desktops) || len(*unused.UnusedDesktops) != len(desktops) {
		t.Errorf("unused: %v", unused)
	}
	used := call(e, e.ListUsedDesktopInfo, &model.ListUsedDesktopInfoRequest{Body: &model.ListUsedDesktopInfoReq{}})
	if *used.TotalCount != 0 || len(*used.DesktopUsedInfoList) != 0 {
		t.Errorf("used: %v", used)
	}
}
