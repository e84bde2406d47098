package api

import (
	"context"

	"carrel/internal/api/wire"
	"carrel/internal/directory"
	"carrel/internal/workspace"
)

func (s *Server) listNotifications(ctx context.Context, in *wire.ListNotificationRecordsInput) (wire.ListNotificationRecordsResponse, error) {
	records, total, err := s.Services.Directory.ListNotifications(ctx, directory.NotificationQuery{
		ProjectID: in.ProjectID, Pools: in.QueryType == "DESKTOP_POOL", Channel: directory.Channel(in.Type), UserName: in.UserName,
		DesktopName: in.DesktopName, PoolName: in.DesktopPoolName, Descending: in.SortType == "DESC",
		Page: workspace.Page{Offset: in.Offset, Limit: in.Limit},
	})
	return wire.ListNotificationRecordsResponse{TotalCount: total, NotificationRecords: each(records, notificationRecordInfo)}, err
}

func notificationRecordInfo(n directory.Notification) wire.NotificationRecordInfo {
	result := "SUCCESS"
	if !n.Sent {
		result = "FAIL"
	}
	return wire.NotificationRecordInfo{
		ProjectID: n.ProjectID, Type: string(n.Channel), UserName: n.UserName, DesktopName: n.DesktopName, DesktopPoolName: n.PoolName,
		Result: result, ErrorMessage: n.Fault, OperateTime: stamp(n.Ended),
	}
}
