package api

import (
	"context"
	"encoding/json"
	"net/http"

	"carrel/internal/api/wire"
	"carrel/internal/desktop"
	"carrel/internal/iam"
	"carrel/internal/pool"
	"carrel/internal/workspace"
)

func (s *Server) poolOperations() []operation {
	const pools = "/v2/{project_id}/desktop-pools"
	const pool = pools + "/{pool_id}"
	return []operation{
		{"POST", pools, "CreateDesktopPool", iam.Write, answering(s.createPool), "Create a pool with its first desktops"},
		{"GET", pools, "ListDesktopPools", iam.Read, answering(s.listPools), "List pools"},
		{"GET", pools + "/statistics/by-users", "ListDesktopPoolsByUsers", iam.Read, answering(s.listPoolsByUsers), "List users with the pools they have access to"},
		{"GET", pool, "ShowDesktopPoolDetail", iam.Read, answering(s.showPool), "Show a pool"},
		{"PUT", pool, "UpdateDesktopPool", iam.Write, silent(http.StatusOK, s.updatePool), "Update a pool's settings, for desktops created later"},
		{"DELETE", pool, "DeleteDesktopPool", iam.Write, silent(http.StatusNoContent, s.deletePool), "Delete a pool without desktops"},
		{"POST", pool + "/expand", "ExpandDesktopPool", iam.Write, answering(s.expandPool), "Add desktops to a pool"},
		{"POST", pool + "/action", "ExecuteDesktopPoolAction", iam.Write, answering(s.operatePool), "Start, stop, restart or hibernate all desktops of a pool"},
		{"GET", pool + "/desktops", "ListPoolDesktopsDetail", iam.Read, answering(s.listPoolDesktops), "List a pool's desktops with all details"},
		{"GET", pool + "/inconsistent-statics", "ListInconsistentStatics", iam.Read, answering(s.countPoolDifferences), "Count the desktops that differ from the pool's present settings"},
		{"GET", pool + "/users", "ListDesktopPoolAuthorizedObjects", iam.Read, answering(s.listGrants), "List the users and groups with access to a pool"},
		{"POST", pool + "/users", "CreateDesktopPoolAuthorizedObjects", iam.Write, silent(http.StatusOK, s.changeGrants), "Grant or revoke access to a pool"},
		{"POST", pool + "/notifications", "SendDesktopPoolNotifications", iam.Write, answering(s.notifyPool), "Show a message to all users connected to a pool"},
		{"POST", pool + "/shrink", "ShrinkDesktopPool", iam.Write, answering(s.shrinkPool), "Delete a number of a pool's desktops without a user"},
		{"POST", pool + "/desktops/take-back", "TakeBackPoolDesktops", iam.Write, silent(http.StatusOK, s.takeBack), "Put isolated desktops back into a pool"},
		{"GET", pool + "/decisions", "ListDesktopPoolDecisions", iam.Read, answering(s.listDecisions), "List the decisions about a pool, with reasons"},
	}
}

type createPoolInput struct {
	Project
	Body createPoolBody
}

func (s *Server) createPool(ctx context.Context, in *createPoolInput) (jobReply, error) {
	id, err := s.Services.Pools.CreatePool(ctx, in.Body.request(in.caller(ctx)))
	return jobReply{id}, err
}

// PoolPath is the path of one pool.
type PoolPath struct {
	Project
	PoolID string `path:"pool_id"`
}

func (s *Server) showPool(ctx context.Context, in *PoolPath) (poolReply, error) {
	p, err := s.Services.Pools.Pool(ctx, in.ProjectID, in.PoolID)
	return poolReplyOf(p), err
}

type listPoolsInput struct {
	Project
	Name          string              `query:"name" maxLength:"255" doc:"Part of the name"`
	Type          pool.PoolType       `query:"type" enum:"DYNAMIC,STATIC"`
	EnterpriseID  string              `query:"enterprise_project_id"`
	InMaintenance wire.Optional[bool] `query:"in_maintenance_mode"`
	Offset        int                 `query:"offset" minimum:"0" default:"0"`
	Limit         int                 `query:"limit" minimum:"0" maximum:"1000" default:"1000"`
}

type poolsReply struct {
	Total int         `json:"total_count"`
	Pools []poolReply `json:"desktop_pools"`
}

func (s *Server) listPools(ctx context.Context, in *listPoolsInput) (poolsReply, error) {
	pools, total, err := s.Services.Pools.ListPools(ctx, pool.PoolQuery{
		ProjectID: in.ProjectID, Name: in.Name, Type: in.Type, EnterpriseID: in.EnterpriseID, InMaintenance: in.InMaintenance.Pointer(),
		Page: workspace.Page{Offset: in.Offset, Limit: in.Limit},
	})
	return poolsReply{total, each(pools, poolReplyOf)}, err
}

type updatePoolInput struct {
	PoolPath
	Body updatePoolBody
}

func (s *Server) updatePool(ctx context.Context, in *updatePoolInput) error {
	if err := desktop.CheckSupported(in.Body.unsupported()); err != nil {
		return err
	}
	return s.Services.Pools.UpdatePool(ctx, in.caller(ctx), in.PoolID, in.Body.change())
}

func (s *Server) deletePool(ctx context.Context, in *PoolPath) error {
	return s.Services.Pools.DeletePool(ctx, in.caller(ctx), in.PoolID)
}

type sizeInput struct {
	PoolPath
	Body struct {
		Size int `json:"size" required:"true" doc:"1 to 1000"`
	}
}

func (s *Server) expandPool(ctx context.Context, in *sizeInput) (jobReply, error) {
	id, err := s.Services.Pools.ExpandPool(ctx, pool.ExpandPool{Caller: in.caller(ctx), PoolID: in.PoolID, Size: in.Body.Size})
	return jobReply{id}, err
}

func (s *Server) shrinkPool(ctx context.Context, in *sizeInput) (jobReply, error) {
	id, err := s.Services.Pools.ShrinkPool(ctx, pool.ShrinkPool{Caller: in.caller(ctx), PoolID: in.PoolID, Size: in.Body.Size})
	return jobReply{id}, err
}

type operatePoolInput struct {
	PoolPath
	Body struct {
		Op   string `json:"op_type" required:"true" enum:"os-start,os-stop,reboot,hibernate,os-hibernate" doc:"os-hibernate, as for single desktops, means hibernate"`
		Type string `json:"type,omitempty" enum:"SOFT,HARD" doc:"SOFT (default) shuts the guest system down, HARD powers off"`
	}
}

func (s *Server) operatePool(ctx context.Context, in *operatePoolInput) (jobReply, error) {
	id, err := s.Services.Pools.RunPoolPowerAction(ctx, pool.RunPoolPowerAction{
		Caller: in.caller(ctx), PoolID: in.PoolID, Action: in.Body.Op, How: in.Body.Type,
	})
	return jobReply{id}, err
}

type notifyPoolInput struct {
	PoolPath
	Body struct {
		Text string `json:"notifications" required:"true" doc:"1 to 1024 characters"`
	}
}

type notifyReply struct {
	JobID string `json:"job_id" doc:"Its sub-jobs show the message on one desktop each; none if no user is connected"`
}

func (s *Server) notifyPool(ctx context.Context, in *notifyPoolInput) (notifyReply, error) {
	id, err := s.Services.Pools.NotifyPool(ctx, pool.NotifyPool{Caller: in.caller(ctx), PoolID: in.PoolID, Text: in.Body.Text})
	return notifyReply{id}, err
}

type takeBackInput struct {
	PoolPath
	Body struct {
		IDs []string `json:"desktop_ids" required:"true" doc:"1 to 100 desktops of the pool"`
	}
}

func (s *Server) takeBack(ctx context.Context, in *takeBackInput) error {
	return s.Services.Pools.TakeBack(ctx, pool.TakeBack{Caller: in.caller(ctx), PoolID: in.PoolID, DesktopIDs: in.Body.IDs})
}

type listDecisionsInput struct {
	PoolPath
	Kind   pool.DecisionKind `query:"kind" enum:"AUTOSCALE,BIND,ROLLOUT"`
	Offset int               `query:"offset" minimum:"0" default:"0"`
	Limit  int               `query:"limit" minimum:"0" maximum:"100" default:"10"`
}

type decisionsReply struct {
	Total     int             `json:"total_count"`
	Decisions []decisionReply `json:"decisions"`
}

type decisionReply struct {
	ID      string             `json:"id"`
	Kind    pool.DecisionKind  `json:"kind" enum:"AUTOSCALE,BIND,ROLLOUT"`
	At      string             `json:"decided_at"`
	Reasons []workspace.Reason `json:"reasons" doc:"Why actions were taken, and why others were not"`
	Inputs  any                `json:"inputs,omitempty" doc:"The inputs of the decision"`
	Actions any                `json:"actions,omitempty" doc:"The actions that were ordered"`
}

func (s *Server) listDecisions(ctx context.Context, in *listDecisionsInput) (decisionsReply, error) {
	decisions, total, err := s.Services.Pools.PoolDecisions(ctx, in.ProjectID, in.PoolID, in.Kind, workspace.Page{Offset: in.Offset, Limit: in.Limit})
	return decisionsReply{total, each(decisions, func(d pool.PoolDecision) decisionReply {
		return decisionReply{
			ID: d.ID, Kind: d.Kind, At: stamp(d.At), Reasons: append([]workspace.Reason{}, d.Reasons...),
			Inputs: document(d.Inputs), Actions: document(d.Actions),
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
