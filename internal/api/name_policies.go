package api

import (
	"context"

	"carrel/internal/api/wire"
	"carrel/internal/namepolicy"
	"carrel/internal/workspace"
)

func (s *Server) createNamePolicy(ctx context.Context, in *wire.CreateDesktopNamePolicyInput) (wire.CreateDesktopNamePolicyResponse, error) {
	b := in.Body
	id, err := s.Services.NamePolicies.Create(ctx, caller(ctx, in.Project), namepolicy.Policy{
		Meta: workspace.Meta{Name: b.PolicyName}, Prefix: b.NamePrefix, Digits: b.DigitNumber, Start: b.StartNumber, PerUser: b.SingleDomainUserInc == 1, Default: b.IsDefaultPolicy, Truncate: b.PrefixTruncationEnabled,
	})
	return wire.CreateDesktopNamePolicyResponse{PolicyID: id}, err
}

func (s *Server) listNamePolicies(ctx context.Context, in *wire.ListDesktopNamePolicyInput) (wire.ListDesktopNamePolicyResponse, error) {
	policies, total, err := s.Services.NamePolicies.List(ctx, namepolicy.Query{
		ProjectID: in.ProjectID, ID: in.PolicyID, Name: in.PolicyName, WithUser: in.IsContainUser.Pointer(),
		Page: workspace.Page{Offset: in.Offset, Limit: in.Limit},
	})
	return wire.ListDesktopNamePolicyResponse{TotalCount: total, DesktopNamePolicyInfos: each(policies, namePolicyInfo)}, err
}

func namePolicyInfo(p namepolicy.Policy) wire.DesktopNamePolicyInfo {
	out := wire.DesktopNamePolicyInfo{
		PolicyID: p.ID, PolicyName: p.Name, NamePrefix: p.Prefix, DigitNumber: p.Digits, StartNumber: p.Start, IsDefaultPolicy: p.Default,
		IsContainUser: p.WithUser(), PrefixTruncationEnabled: p.Truncate,
	}
	if p.PerUser {
		out.SingleDomainUserInc = 1
	}
	return out
}

func (s *Server) updateNamePolicy(ctx context.Context, in *wire.UpdateDesktopNamePolicyInput) error {
	b := in.Body
	change := namepolicy.Change{
		Name: b.PolicyName, Prefix: b.NamePrefix, Digits: b.DigitNumber, Start: b.StartNumber, Default: b.IsDefaultPolicy, Truncate: b.PrefixTruncationEnabled,
	}
	if b.SingleDomainUserInc != nil {
		change.PerUser = new(*b.SingleDomainUserInc == 1)
	}
	return s.Services.NamePolicies.Update(ctx, caller(ctx, in.Project), in.PolicyID, change)
}

func (s *Server) deleteNamePolicies(ctx context.Context, in *wire.BatchDeleteDesktopNamePolicyInput) error {
	return s.Services.Work.DeleteNamePolicies(ctx, caller(ctx, in.Project), in.Body.PolicyIDs)
}
