package api

import (
	"context"
	"slices"

	"carrel/internal/api/wire"
	"carrel/internal/desktop"
	"carrel/internal/pool"
	"carrel/internal/workspace"
)

func (s *Server) countRunStates(ctx context.Context, in *wire.ListRunStateInput) (wire.ListRunStateResponse, error) {
	counts, err := s.Services.Desktops.Counts(ctx, desktop.DesktopQuery{ProjectID: in.ProjectID, Visible: visibleTo(ctx)})
	return wire.ListRunStateResponse(powerStates(desktop.StatisticsOf(counts))), err
}

func (s *Server) countLoginStates(ctx context.Context, in *wire.ListLoginStateInput) (wire.ListLoginStateResponse, error) {
	counts, err := s.Services.Desktops.Counts(ctx, desktop.DesktopQuery{ProjectID: in.ProjectID, Visible: visibleTo(ctx)})
	return wire.ListLoginStateResponse(sessionStates(desktop.StatisticsOf(counts))), err
}

func (s *Server) countDesktops(ctx context.Context, in *wire.ListDesktopsStatisticsInput) (wire.ListDesktopsStatisticsResponse, error) {
	all, pools, err := s.Services.Pools.Statistics(ctx, desktop.DesktopQuery{
		ProjectID: in.ProjectID, Visible: visibleTo(ctx), PoolIDs: in.DesktopPoolIDs,
		Types: each(in.DesktopType, func(t string) workspace.DesktopType { return workspace.DesktopType(t) }),
	})
	wants := func(kind string) bool { return len(in.StatisticsType) == 0 || slices.Contains(in.StatisticsType, kind) }
	attached, power, sessions := statisticsParts(all, wants)
	return wire.ListDesktopsStatisticsResponse{
		TotalNum: all.Total, AttachStatistics: attached, RunStateStatistics: power, LoginStateStatistics: sessions,
		DesktopPoolStatistics: each(pools, func(p pool.Statistics) wire.DesktopPoolStatistics {
			attached, power, sessions := statisticsParts(p.Statistics, wants)
			return wire.DesktopPoolStatistics{
				DesktopPoolID: p.ID, DesktopPoolName: p.Name, TotalNum: p.Total, AttachStatistics: attached, RunStateStatistics: power, LoginStateStatistics: sessions,
			}
		}),
	}, err
}

// statisticsParts are those of the three counts that are wanted.
func statisticsParts(s desktop.Statistics, wants func(string) bool) (attached *wire.AttachStatistics, power *wire.DesktopRunStatisticsRsp, sessions *wire.DesktopLoginStatisticsRsp) {
	if wants("attach-state") {
		attached = &wire.AttachStatistics{AttachedNum: s.Assigned, UnattachedNum: s.Unassigned, AttachingNum: s.Assigning}
	}
	if wants("run-state") {
		power = new(powerStates(s))
	}
	if wants("login-state") {
		sessions = new(sessionStates(s))
	}
	return attached, power, sessions
}

func powerStates(s desktop.Statistics) wire.DesktopRunStatisticsRsp {
	return wire.DesktopRunStatisticsRsp{StopNum: s.Stopped, ActiveNum: s.Active, ErrorNum: s.Failed, HibernatedNum: s.Hibernated}
}

func sessionStates(s desktop.Statistics) wire.DesktopLoginStatisticsRsp {
	return wire.DesktopLoginStatisticsRsp{
		InUseNum: s.Connected, UnregisteredNum: s.Unregistered, UnableToConnectNum: s.UnableToConnect, ReadyNum: s.Ready, DisconnectedNum: s.Disconnected,
	}
}
