package api

import (
	"context"

	"carrel/internal/api/wire"
	"carrel/internal/quota"
	"carrel/internal/workspace"
)

func (s *Server) showQuotas(ctx context.Context, in *wire.ShowQuotasInput) (wire.ShowQuotasResponse, error) {
	all, err := s.Services.Quotas.Of(ctx, in.ProjectID, "")
	return wire.ShowQuotasResponse{Quotas: wire.QuotaNoLimit{Resources: each(all, resourceOf)}}, err
}

func (s *Server) showQuotaDetails(ctx context.Context, in *wire.ShowQuotaDetailsInput) (wire.ShowQuotaDetailsResponse, error) {
	there, err := s.zoneExists(ctx, in.AzCode)
	if err == nil && !there {
		err = workspace.Errorf(workspace.CodeZoneNotFound, "az_code: %q does not exist", in.AzCode)
	}
	if err != nil {
		return wire.ShowQuotaDetailsResponse{}, err
	}
	all, err := s.Services.Quotas.Of(ctx, in.ProjectID, in.AzCode)
	return wire.ShowQuotaDetailsResponse{Resources: each(all, resourceOf)}, err
}

func resourceOf(s quota.Standing) wire.ResourceNoLimit {
	return wire.ResourceNoLimit{
		Type: string(s.Resource), Quota: int(s.Limit), Used: int(min(s.Used, quota.MaxAmount)), Unit: s.Unit(),
	}
}
