package api

import (
	"context"
	"encoding/json"

	"carrel/internal/api/wire"
	"carrel/internal/pool"
	"carrel/internal/workspace"
)

func (s *Server) createPool(ctx context.Context, in *wire.CreateDesktopPoolInput) (wire.CreateDesktopPoolResponse, error) {
	id, err := s.Services.Pools.CreatePool(ctx, poolOrder(caller(ctx, in.Project), &in.Body))
	return wire.CreateDesktopPoolResponse{JobID: id}, err
}

func (s *Server) showPool(ctx context.Context, in *wire.ShowDesktopPoolDetailInput) (wire.ShowDesktopPoolDetailResponse, error) {
	p, err := s.Services.Pools.Pool(ctx, in.ProjectID, in.PoolID)
	return wire.ShowDesktopPoolDetailResponse(poolInfo(p)), err
}

func (s *Server) listPools(ctx context.Context, in *wire.ListDesktopPoolsInput) (wire.ListDesktopPoolsResponse, error) {
	pools, total, err := s.Services.Pools.ListPools(ctx, pool.PoolQuery{
		ProjectID: in.ProjectID, Name: in.Name, Type: pool.PoolType(in.Type), EnterpriseID: in.EnterpriseProjectID,
		InMaintenance: in.InMaintenanceMode.Pointer(), Visible: visibleTo(ctx), Page: workspace.Page{Offset: in.Offset, Limit: in.Limit},
	})
	return wire.ListDesktopPoolsResponse{TotalCount: total, DesktopPools: each(pools, poolInfo)}, err
}

func (s *Server) updatePool(ctx context.Context, in *wire.UpdateDesktopPoolInput) error {
	return s.Services.Pools.UpdatePool(ctx, caller(ctx, in.Project), in.PoolID, poolChange(&in.Body))
}

func (s *Server) deletePool(ctx context.Context, in *wire.DeleteDesktopPoolInput) error {
	return s.Services.Pools.DeletePool(ctx, caller(ctx, in.Project), in.PoolID)
}

func (s *Server) expandPool(ctx context.Context, in *wire.ExpandDesktopPoolInput) (wire.ExpandDesktopPoolResponse, error) {
	id, err := s.Services.Pools.ExpandPool(ctx, pool.ExpandPool{Caller: caller(ctx, in.Project), PoolID: in.PoolID, Size: in.Body.Size})
	return wire.ExpandDesktopPoolResponse{JobID: id}, err
}

func (s *Server) shrinkPool(ctx context.Context, in *wire.ShrinkDesktopPoolInput) (wire.ShrinkDesktopPoolResponse, error) {
	id, err := s.Services.Pools.ShrinkPool(ctx, pool.ShrinkPool{Caller: caller(ctx, in.Project), PoolID: in.PoolID, Size: in.Body.Size})
	return wire.ShrinkDesktopPoolResponse{JobID: id}, err
}

func (s *Server) operatePool(ctx context.Context, in *wire.ExecuteDesktopPoolActionInput) (wire.ExecuteDesktopPoolActionResponse, error) {
	id, err := s.Services.Pools.RunPoolPowerAction(ctx, pool.RunPoolPowerAction{
		Caller: caller(ctx, in.Project), PoolID: in.PoolID, Action: in.Body.OpType, How: in.Body.Type,
	})
	return wire.ExecuteDesktopPoolActionResponse{JobID: id}, err
}

func (s *Server) notifyPool(ctx context.Context, in *wire.SendDesktopPoolNotificationsInput) (wire.SendDesktopPoolNotificationsResponse, error) {
	id, err := s.Services.Pools.NotifyPool(ctx, pool.NotifyPool{Caller: caller(ctx, in.Project), PoolID: in.PoolID, Text: in.Body.Notifications})
	return wire.SendDesktopPoolNotificationsResponse{JobID: id}, err
}

func (s *Server) takeBack(ctx context.Context, in *wire.TakeBackPoolDesktopsInput) error {
	return s.Services.Pools.TakeBack(ctx, pool.TakeBack{Caller: caller(ctx, in.Project), PoolID: in.PoolID, DesktopIDs: in.Body.DesktopIDs})
}

func (s *Server) listDecisions(ctx context.Context, in *wire.ListDesktopPoolDecisionsInput) (wire.ListDesktopPoolDecisionsResponse, error) {
	page := workspace.Page{Offset: in.Offset, Limit: in.Limit}
	decisions, total, err := s.Services.Pools.PoolDecisions(ctx, in.ProjectID, in.PoolID, pool.DecisionKind(in.Kind), page)
	return wire.ListDesktopPoolDecisionsResponse{TotalCount: total, Decisions: each(decisions, func(d pool.PoolDecision) wire.DesktopPoolDecision {
		return wire.DesktopPoolDecision{
			ID: d.ID, Kind: string(d.Kind), DecidedAt: stamp(d.At), Inputs: document(d.Inputs), Actions: document(d.Actions),
			Reasons: each(d.Reasons, func(r workspace.Reason) wire.DecisionReason { return wire.DecisionReason(r) }),
		}
	})}, err
}

// document returns JSON that is sent as it is, or nil.
func document(text json.RawMessage) any {
	if len(text) == 0 {
		return nil
	}
	return text
}
