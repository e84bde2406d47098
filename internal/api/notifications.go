package api

import (
	"context"

	"carrel/internal/directory"
	"carrel/internal/workspace"
)

type listNotificationsInput struct {
	Project
	About       string            `query:"query_type" required:"true" enum:"DESKTOP,DESKTOP_POOL" doc:"DESKTOP_POOL: messages about pools; DESKTOP: all others"`
	DesktopName string            `query:"desktop_name" doc:"Part of the name"`
	PoolName    string            `query:"desktop_pool_name" maxLength:"255" doc:"Part of the name"`
	UserName    string            `query:"user_name" doc:"Part of the name"`
	Channel     directory.Channel `query:"type" enum:"EMAIL,SMS" doc:"Text messages are not supported"`
	Offset      int               `query:"offset" minimum:"0" default:"0"`
	Limit       int               `query:"limit" minimum:"0" maximum:"1000" default:"1000"`
	SortField   string            `query:"sort_field" enum:"operate_time" default:"operate_time"`
	SortType    string            `query:"sort_type" enum:"ASC,DESC" default:"DESC"`
}

type notificationsReply struct {
	Total   int                 `json:"total_count"`
	Records []notificationReply `json:"notification_records"`
}

type notificationReply struct {
	ProjectID   string            `json:"project_id"`
	Channel     directory.Channel `json:"type"`
	UserName    string            `json:"user_name"`
	DesktopName string            `json:"desktop_name"`
	PoolName    string            `json:"desktop_pool_name"`
	Result      string            `json:"result" enum:"SUCCESS,FAIL"`
	Fault       string            `json:"error_message"`
	Ended       string            `json:"operate_time"`
}

func (s *Server) listNotifications(ctx context.Context, in *listNotificationsInput) (notificationsReply, error) {
	records, total, err := s.Services.Directory.ListNotifications(ctx, directory.NotificationQuery{
		ProjectID: in.ProjectID, Pools: in.About == "DESKTOP_POOL", Channel: in.Channel, UserName: in.UserName,
		DesktopName: in.DesktopName, PoolName: in.PoolName, Descending: in.SortType == "DESC",
		Page: workspace.Page{Offset: in.Offset, Limit: in.Limit},
	})
	return notificationsReply{total, each(records, notificationReplyOf)}, err
}

func notificationReplyOf(n directory.Notification) notificationReply {
	result := "SUCCESS"
	if !n.Sent {
		result = "FAIL"
	}
	return notificationReply{
		ProjectID: n.ProjectID, Channel: n.Channel, UserName: n.UserName, DesktopName: n.DesktopName, PoolName: n.PoolName,
		Result: result, Fault: n.Fault, Ended: stamp(n.Ended),
	}
}
