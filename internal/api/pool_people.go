package api

import (
	"context"

	"carrel/internal/directory"
	"carrel/internal/pool"
	"carrel/internal/workspace"
)

// grantBody is a user or group with access to a pool, in requests and responses.
type grantBody struct {
	Type    pool.GranteeType    `json:"object_type" required:"true" enum:"USER,USER_GROUP"`
	ID      string              `json:"object_id" required:"true" doc:"Id of the user or group; the name is not compared"`
	Name    string              `json:"object_name,omitempty" doc:"In responses: its present name"`
	Domain  string              `json:"domain,omitempty" doc:"The directory; the built-in one if absent"`
	Group   workspace.UserGroup `json:"user_group,omitempty" doc:"sudo or default; administrators or users on Windows"`
	Created string              `json:"created_at,omitempty" doc:"In responses only"`
}

func (b grantBody) grant() pool.Grant {
	return pool.Grant{Type: b.Type, ObjectID: b.ID, Name: b.Name, Domain: b.Domain, Group: b.Group}
}

type listGrantsInput struct {
	PoolPath
	Offset int `query:"offset" minimum:"0" default:"0"`
	Limit  int `query:"limit" minimum:"0" maximum:"100" default:"10"`
}

type grantsReply struct {
	Total   int         `json:"total_count"`
	Objects []grantBody `json:"objects"`
}

func (s *Server) listGrants(ctx context.Context, in *listGrantsInput) (grantsReply, error) {
	grants, total, err := s.Services.Pools.ListGrants(ctx, in.ProjectID, in.PoolID, workspace.Page{Offset: in.Offset, Limit: in.Limit})
	return grantsReply{total, each(grants, func(g pool.Grant) grantBody {
		return grantBody{
			Type: g.Type, ID: g.ObjectID, Name: g.Name, Domain: directory.BuiltInDomain, Group: g.Group, Created: stamp(g.Created),
		}
	})}, err
}

type changeGrantsInput struct {
	PoolPath
	Body struct {
		Action  pool.GrantAction `json:"action" required:"true" enum:"ADD,REMOVE,CHANGE_PRIVILEGE"`
		Objects []grantBody      `json:"objects,omitempty" doc:"1 to 500"`
	}
}

func (s *Server) changeGrants(ctx context.Context, in *changeGrantsInput) error {
	return s.Services.Pools.ChangeGrants(ctx, pool.ChangeGrants{
		Caller: in.caller(ctx), PoolID: in.PoolID, Action: in.Body.Action, Objects: each(in.Body.Objects, grantBody.grant),
	})
}

type listPoolsByUsersInput struct {
	Project
	UserIDs []string `query:"user_ids,explode" maxItems:"100" doc:"All users if absent"`
	Offset  int      `query:"offset" minimum:"0" default:"0"`
	Limit   int      `query:"limit" minimum:"0" maximum:"100" default:"10"`
}

type poolsByUsersReply struct {
	Users []userPools `json:"users"`
}

type userPools struct {
	UserID string     `json:"user_id"`
	Count  int        `json:"desktop_pool_count"`
	Pools  []userPool `json:"desktop_pools"`
}

type userPool struct {
	ID       string `json:"desktop_pool_id"`
	Name     string `json:"desktop_pool_name"`
	Attached bool   `json:"is_attached" doc:"Whether the user has a desktop of the pool"`
}

func (s *Server) listPoolsByUsers(ctx context.Context, in *listPoolsByUsersInput) (poolsByUsersReply, error) {
	page := workspace.Page{Offset: in.Offset, Limit: in.Limit}
	people, err := s.Services.Pools.PoolsOfUsers(ctx, in.ProjectID, split[string](in.UserIDs...), page)
	return poolsByUsersReply{each(people, func(p pool.UserPools) userPools {
		pools := each(p.Pools, func(u pool.PoolUse) userPool { return userPool{ID: u.PoolID, Name: u.PoolName, Attached: u.Bound} })
		return userPools{UserID: p.UserID, Count: len(pools), Pools: pools}
	})}, err
}
