package api

import (
	"context"
	"net/http"

	"carrel/internal/iam"
	"carrel/internal/namepolicy"
	"carrel/internal/workspace"
)

func (s *Server) namePolicyOperations() []operation {
	const policies = "/v2/{project_id}/desktop-name-policies"
	return []operation{
		{"POST", policies, "CreateDesktopNamePolicy", iam.Write, answering(s.createNamePolicy), "Create a desktop name policy"},
		{"GET", policies, "ListDesktopNamePolicy", iam.Read, answering(s.listNamePolicies), "List desktop name policies"},
		{"PUT", policies + "/{policy_id}", "UpdateDesktopNamePolicy", iam.Write, silent(http.StatusNoContent, s.updateNamePolicy), "Update a desktop name policy"},
		{"POST", policies + "/batch-delete", "BatchDeleteDesktopNamePolicy", iam.Write, silent(http.StatusNoContent, s.deleteNamePolicies), "Delete desktop name policies"},
	}
}

type createNamePolicyInput struct {
	Project
	Body struct {
		Name      string `json:"policy_name" required:"true" doc:"1 to 30 letters, digits and underscores, not starting with a digit"`
		Prefix    string `json:"name_prefix" required:"true" doc:"Letters, digits, hyphens and at most one $DomainUser$, a placeholder for the user's name; at most 15 characters including the digits"`
		Digits    int    `json:"digit_number" required:"true" doc:"1 to 5"`
		Start     int    `json:"start_number" required:"true" doc:"From 1 to the highest number with this many digits"`
		Increment int    `json:"single_domain_user_inc" required:"true" enum:"0,1" doc:"1: numbers start at start_number for each user; 0: one sequence for all desktops of the policy"`
		Default   bool   `json:"is_default_policy,omitempty" doc:"Use it for requests without names; it replaces the present default policy"`
		Truncate  bool   `json:"prefix_truncation_enabled,omitempty" doc:"Truncate a user name that is too long, instead of refusing it"`
	}
}

type namePolicyIDReply struct {
	ID string `json:"policy_id"`
}

func (s *Server) createNamePolicy(ctx context.Context, in *createNamePolicyInput) (namePolicyIDReply, error) {
	b := in.Body
	id, err := s.Services.NamePolicies.Create(ctx, in.caller(ctx), namepolicy.Policy{
		Meta: workspace.Meta{Name: b.Name}, Prefix: b.Prefix, Digits: b.Digits, Start: b.Start, PerUser: b.Increment == 1, Default: b.Default, Truncate: b.Truncate,
	})
	return namePolicyIDReply{id}, err
}

type listNamePoliciesInput struct {
	Project
	WithUser optional[bool] `query:"is_contain_user" doc:"Only policies that use the user's name, or only those that do not"`
	Name     string         `query:"policy_name" doc:"Part of the name"`
	ID       string         `query:"policy_id"`
	Offset   int            `query:"offset" minimum:"0" default:"0"`
	Limit    int            `query:"limit" minimum:"0" maximum:"100" default:"100"`
}

type namePoliciesReply struct {
	Total    int               `json:"total_count"`
	Policies []namePolicyReply `json:"desktop_name_policy_infos"`
}

type namePolicyReply struct {
	ID        string `json:"policy_id"`
	Name      string `json:"policy_name"`
	Prefix    string `json:"name_prefix"`
	Digits    int    `json:"digit_number"`
	Start     int    `json:"start_number"`
	Increment int    `json:"single_domain_user_inc"`
	Default   bool   `json:"is_default_policy"`
	WithUser  bool   `json:"is_contain_user"`
	Truncate  bool   `json:"prefix_truncation_enabled"`
}

func (s *Server) listNamePolicies(ctx context.Context, in *listNamePoliciesInput) (namePoliciesReply, error) {
	policies, total, err := s.Services.NamePolicies.List(ctx, namepolicy.Query{
		ProjectID: in.ProjectID, ID: in.ID, Name: in.Name, WithUser: in.WithUser.pointer(),
		Page: workspace.Page{Offset: in.Offset, Limit: in.Limit},
	})
	return namePoliciesReply{total, each(policies, namePolicyReplyOf)}, err
}

func namePolicyReplyOf(p namepolicy.Policy) namePolicyReply {
	out := namePolicyReply{
		ID: p.ID, Name: p.Name, Prefix: p.Prefix, Digits: p.Digits, Start: p.Start, Default: p.Default, WithUser: p.WithUser(),
		Truncate: p.Truncate,
	}
	if p.PerUser {
		out.Increment = 1
	}
	return out
}

type updateNamePolicyInput struct {
	Project
	PolicyID string `path:"policy_id"`
	Body     struct {
		Name      *string `json:"policy_name,omitempty"`
		Prefix    *string `json:"name_prefix,omitempty"`
		Digits    *int    `json:"digit_number,omitempty"`
		Start     *int    `json:"start_number,omitempty"`
		Increment *int    `json:"single_domain_user_inc,omitempty" enum:"0,1"`
		Default   *bool   `json:"is_default_policy,omitempty"`
		Truncate  *bool   `json:"prefix_truncation_enabled,omitempty"`
	}
}

func (s *Server) updateNamePolicy(ctx context.Context, in *updateNamePolicyInput) error {
	b := in.Body
	change := namepolicy.Change{
		Name: b.Name, Prefix: b.Prefix, Digits: b.Digits, Start: b.Start, Default: b.Default, Truncate: b.Truncate,
	}
	if b.Increment != nil {
		change.PerUser = new(*b.Increment == 1)
	}
	return s.Services.NamePolicies.Update(ctx, in.caller(ctx), in.PolicyID, change)
}

type deleteNamePoliciesInput struct {
	Project
	Body struct {
		IDs []string `json:"policy_ids" required:"true" doc:"1 to 50"`
	}
}

func (s *Server) deleteNamePolicies(ctx context.Context, in *deleteNamePoliciesInput) error {
	return s.Services.Work.DeleteNamePolicies(ctx, in.caller(ctx), in.Body.IDs)
}
