package api

import (
	"cmp"
	"context"
	"strconv"
	"time"

	"carrel/internal/api/wire"
	"carrel/internal/usage"
	"carrel/internal/workspace"
)

// mostUses is the limit of a list of uses, also where a request has none or 0.
const mostUses = 100

// The periods of requests that do not say when they begin.
const (
	usualUnused = 30 * 24 * time.Hour
	usualDays   = 7 * 24 * time.Hour
	usualHours  = 24 * time.Hour
)

func (s *Server) listUsedDesktops(ctx context.Context, in *wire.ListUsedDesktopInfoInput) (wire.ListUsedDesktopInfoResponse, error) {
	by, usual := cmp.Or(usage.Unit(in.Body.GroupByType), usage.ByDay), usualDays
	if by == usage.ByHour {
		usual = usualHours
	}
	period, err := periodAsked(in.Body.StartTime, in.Body.EndTime, usual)
	if err != nil {
		return wire.ListUsedDesktopInfoResponse{}, err
	}
	uses, total, err := s.Services.Usage.Used(ctx, usage.Query{
		ProjectID: in.ProjectID, DesktopIDs: in.Body.DesktopIDs, UserName: in.Body.DesktopUsername, Period: period, By: by, Visible: visibleTo(ctx),
		Page: workspace.Page{Offset: in.Body.Offset, Limit: cmp.Or(in.Body.Limit, mostUses)},
	})
	return wire.ListUsedDesktopInfoResponse{TotalCount: total, DesktopUsedInfoList: each(uses, func(u usage.Use) wire.DesktopUsedHoursInfo {
		return wire.DesktopUsedHoursInfo{DesktopID: u.DesktopID, DesktopUsername: u.UserName, UsedInfoList: each(u.Parts, func(p usage.Part) wire.DesktopUsedInfo {
			return wire.DesktopUsedInfo{Date: stamp(p.Begin), UseTime: strconv.FormatFloat(p.Used.Hours(), 'f', 2, 64)}
		})}
	})}, err
}

func (s *Server) listUnusedDesktops(ctx context.Context, in *wire.ListUnusedDesktopsInput) (wire.ListUnusedDesktopsResponse, error) {
	period, err := periodAsked(in.StartTime, in.EndTime, usualUnused)
	if err != nil {
		return wire.ListUnusedDesktopsResponse{}, err
	}
	found, total, err := s.Services.Usage.Unused(ctx, in.ProjectID, period, visibleTo(ctx), workspace.Page{Offset: in.Offset, Limit: in.Limit})
	return wire.ListUnusedDesktopsResponse{TotalCount: total, UnusedDesktops: each(found, func(u usage.Unused) wire.UnusedDesktopInfo {
		return wire.UnusedDesktopInfo{DesktopID: u.ID, ComputeName: u.Name, CreateTime: stamp(u.Created), DisconnectTime: stamp(u.LastUsed)}
	})}, err
}

// periodAsked reads a period that ends now and is as long as usual unless a request says otherwise.
func periodAsked(start, end string, usual time.Duration) (p usage.Period, err error) {
	if p.From, err = momentAsked("start_time", start); err != nil {
		return p, err
	}
	if p.Until, err = momentAsked("end_time", end); err != nil {
		return p, err
	}
	if end == "" {
		p.Until = time.Now().UTC()
	}
	if start == "" {
		p.From = p.Until.Add(-usual)
	}
	return p, nil
}
