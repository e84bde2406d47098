package api

import (
	"context"

	"carrel/internal/api/wire"
	"carrel/internal/directory"
	"carrel/internal/pool"
	"carrel/internal/workspace"
)

func grantOf(o wire.AuthorizedObjects) pool.Grant {
	return pool.Grant{Type: pool.GranteeType(o.ObjectType), ObjectID: o.ObjectID, Name: o.ObjectName, Domain: o.Domain, Group: workspace.UserGroup(o.UserGroup)}
}

func (s *Server) listGrants(ctx context.Context, in *wire.ListDesktopPoolAuthorizedObjectsInput) (wire.ListDesktopPoolAuthorizedObjectsResponse, error) {
	grants, total, err := s.Services.Pools.ListGrants(ctx, in.ProjectID, in.PoolID, workspace.Page{Offset: in.Offset, Limit: in.Limit})
	return wire.ListDesktopPoolAuthorizedObjectsResponse{TotalCount: total, Objects: each(grants, func(g pool.Grant) wire.AuthorizedObjects {
		return wire.AuthorizedObjects{
			ObjectType: string(g.Type), ObjectID: g.ObjectID, ObjectName: g.Name, Domain: directory.BuiltInDomain, UserGroup: string(g.Group),
			CreatedAt: stamp(g.Created),
		}
	})}, err
}

func (s *Server) changeGrants(ctx context.Context, in *wire.CreateDesktopPoolAuthorizedObjectsInput) error {
	return s.Services.Pools.ChangeGrants(ctx, pool.ChangeGrants{
		Caller: caller(ctx, in.Project), PoolID: in.PoolID, Action: pool.GrantAction(in.Body.Action), Objects: each(in.Body.Objects, grantOf),
	})
}

func (s *Server) listPoolsByUsers(ctx context.Context, in *wire.ListDesktopPoolsByUsersInput) (wire.ListDesktopPoolsByUsersResponse, error) {
	page := workspace.Page{Offset: in.Offset, Limit: in.Limit}
	people, err := s.Services.Pools.PoolsOfUsers(ctx, in.ProjectID, split[string](in.UserIDs...), page)
	return wire.ListDesktopPoolsByUsersResponse{Users: each(people, func(p pool.UserPools) wire.ShowDesktopPoolListByUsersInfo {
		pools := each(p.Pools, func(u pool.PoolUse) wire.AttachDesktopPoolsInfo {
			return wire.AttachDesktopPoolsInfo{DesktopPoolID: u.PoolID, DesktopPoolName: u.PoolName, IsAttached: u.Bound}
		})
		return wire.ShowDesktopPoolListByUsersInfo{UserID: p.UserID, DesktopPoolCount: len(pools), DesktopPools: pools}
	})}, err
}
