package api

import (
	"context"
	"slices"
	"strconv"
	"strings"

	"carrel/internal/api/wire"
	"carrel/internal/catalog"
	"carrel/internal/network"
	"carrel/internal/workspace"
)

func groupID(g network.Group) string { return g.ID }
func ruleID(r catalog.Rule) string   { return r.ID }

// findGroups reads the security groups that a list asks for.
func (s *Server) findGroups(ctx context.Context, projectID, enterprise string, fits func(network.Group) bool) ([]network.Group, error) {
	all, err := s.Services.Networks.Groups(ctx, projectID)
	return slices.DeleteFunc(all, func(g network.Group) bool { return !among(g.EnterpriseID, only(enterprise)) || !fits(g) }), err
}

func (s *Server) createGroupV1(ctx context.Context, in *wire.CreateVpcSecurityGroupInput) (wire.ShowVpcSecurityGroupResponse, error) {
	b := in.Body.SecurityGroup
	g, err := s.Services.Networks.CreateGroup(ctx, caller(ctx, in.Project), network.NewGroup{Name: b.Name, EnterpriseID: b.EnterpriseProjectID})
	return wire.ShowVpcSecurityGroupResponse{SecurityGroup: groupV1(g)}, err
}

func groupV1(g network.Group) wire.VpcSecurityGroup {
	return wire.VpcSecurityGroup{
		ID: g.ID, Name: g.Name, Description: g.Description, EnterpriseProjectID: g.EnterpriseID, SecurityGroupRules: each(g.Rules, ruleV1),
	}
}

// direction is what the API calls the direction of a rule.
func direction(r catalog.Rule) string {
	if r.Outgoing {
		return "egress"
	}
	return "ingress"
}

func ruleV1(r catalog.Rule) wire.VpcSecurityGroupRule {
	out := wire.VpcSecurityGroupRule{
		ID: r.ID, Description: r.Description, SecurityGroupID: r.GroupID, Direction: direction(r), Ethertype: "IPv4", Protocol: r.Protocol,
		RemoteIPPrefix: r.RemotePrefix, RemoteGroupID: r.RemoteGroup, TenantID: r.ProjectID,
	}
	first, last, span := strings.Cut(r.Ports, "-")
	if !span {
		last = first
	}
	low, err := strconv.Atoi(first)
	high, err2 := strconv.Atoi(last)
	if err == nil && err2 == nil {
		out.PortRangeMin, out.PortRangeMax = &low, &high
	}
	return out
}

func (s *Server) listGroupsV1(ctx context.Context, in *wire.ListVpcSecurityGroupsInput) (wire.ListVpcSecurityGroupsResponse, error) {
	found, err := s.findGroups(ctx, in.ProjectID, in.EnterpriseProjectID, func(network.Group) bool { return true })
	return wire.ListVpcSecurityGroupsResponse{SecurityGroups: each(after(found, groupID, in.Marker, in.Limit), groupV1)}, err
}

func (s *Server) showGroupV1(ctx context.Context, in *wire.ShowVpcSecurityGroupInput) (wire.ShowVpcSecurityGroupResponse, error) {
	g, err := s.Services.Networks.Group(ctx, in.ProjectID, in.SecurityGroupID)
	return wire.ShowVpcSecurityGroupResponse{SecurityGroup: groupV1(g)}, err
}

func (s *Server) deleteGroupV1(ctx context.Context, in *wire.DeleteVpcSecurityGroupInput) error {
	return s.Services.Networks.DeleteGroup(ctx, caller(ctx, in.Project), in.SecurityGroupID)
}

func (s *Server) showGroupTags(ctx context.Context, in *wire.ShowSecurityGroupTagsInput) (wire.ShowVpcTagsResponse, error) {
	_, err := s.Services.Networks.Group(ctx, in.ProjectID, in.SecurityGroupID)
	return wire.ShowVpcTagsResponse{Tags: []wire.VpcTag{}}, err
}

func (s *Server) createRuleV1(ctx context.Context, in *wire.CreateVpcSecurityGroupRuleInput) (wire.ShowVpcSecurityGroupRuleResponse, error) {
	b := in.Body.SecurityGroupRule
	ports, err := portsOf(b.PortRangeMin, b.PortRangeMax)
	if err != nil {
		return wire.ShowVpcSecurityGroupRuleResponse{}, err
	}
	r, err := s.Services.Networks.CreateRule(ctx, caller(ctx, in.Project), catalog.Rule{
		GroupID: b.SecurityGroupID, Description: b.Description, Outgoing: b.Direction == "egress", Protocol: b.Protocol, Ports: ports,
		RemotePrefix: b.RemoteIPPrefix, RemoteGroup: b.RemoteGroupID,
	})
	return wire.ShowVpcSecurityGroupRuleResponse{SecurityGroupRule: ruleV1(r)}, err
}

// portsOf returns the ports of a rule in the form of version 1.
func portsOf(low, high *int) (string, error) {
	switch {
	case low == nil && high == nil:
		return "", nil
	case low == nil || high == nil:
		return "", workspace.Invalid("port_range_min", "give port_range_max with it, or neither")
	case *low > *high:
		return "", workspace.Invalid("port_range_min", "%d is greater than port_range_max, %d", *low, *high)
	}
	return strconv.Itoa(*low) + "-" + strconv.Itoa(*high), nil
}

func (s *Server) listRulesV1(ctx context.Context, in *wire.ListVpcSecurityGroupRulesInput) (wire.ListVpcSecurityGroupRulesResponse, error) {
	all, err := s.Services.Networks.Rules(ctx, in.ProjectID)
	all = slices.DeleteFunc(all, func(r catalog.Rule) bool { return !among(r.GroupID, only(in.SecurityGroupID)) })
	return wire.ListVpcSecurityGroupRulesResponse{SecurityGroupRules: each(after(all, ruleID, in.Marker, in.Limit), ruleV1)}, err
}

func (s *Server) showRuleV1(ctx context.Context, in *wire.ShowVpcSecurityGroupRuleInput) (wire.ShowVpcSecurityGroupRuleResponse, error) {
	r, err := s.Services.Networks.Rule(ctx, in.ProjectID, in.RuleID)
	return wire.ShowVpcSecurityGroupRuleResponse{SecurityGroupRule: ruleV1(r)}, err
}

func (s *Server) deleteRuleV1(ctx context.Context, in *wire.DeleteVpcSecurityGroupRuleInput) error {
	return s.Services.Networks.DeleteRule(ctx, caller(ctx, in.Project), in.RuleID)
}

func (s *Server) createGroupV3(ctx context.Context, in *wire.CreateSecurityGroupInput) (wire.ShowSecurityGroupResponse, error) {
	b := in.Body.SecurityGroup
	g, err := s.Services.Networks.CreateGroup(ctx, caller(ctx, in.Project), network.NewGroup{
		Name: b.Name, Description: b.Description, EnterpriseID: b.EnterpriseProjectID,
	})
	return groupAnswer(ctx, in.Project, g), err
}

func groupAnswer(ctx context.Context, p wire.Project, g network.Group) wire.ShowSecurityGroupResponse {
	return wire.ShowSecurityGroupResponse{SecurityGroup: wire.SecurityGroupV3Detail{
		ID: g.ID, Name: g.Name, Description: g.Description, ProjectID: g.ProjectID, CreatedAt: stamp(g.Created), UpdatedAt: stamp(g.Updated),
		EnterpriseProjectID: g.EnterpriseID, Tags: []wire.VpcTag{}, SecurityGroupRules: each(g.Rules, ruleV3),
	}}
}

func ruleV3(r catalog.Rule) wire.SecurityGroupV3Rule {
	return wire.SecurityGroupV3Rule{
		ID: r.ID, Description: r.Description, SecurityGroupID: r.GroupID, Direction: direction(r), Protocol: r.Protocol, Ethertype: "IPv4", Multiport: r.Ports,
		Action: "allow", Priority: r.Priority, RemoteGroupID: r.RemoteGroup, RemoteIPPrefix: r.RemotePrefix, CreatedAt: stamp(r.Created),
		UpdatedAt: stamp(r.Created), ProjectID: r.ProjectID, Enabled: true,
	}
}

func (s *Server) listGroupsV3(ctx context.Context, in *wire.ListSecurityGroupsV3Input) (wire.ListSecurityGroupsV3Response, error) {
	found, err := s.findGroups(ctx, in.ProjectID, in.EnterpriseProjectID, func(g network.Group) bool {
		return among(g.ID, in.ID) && among(g.Name, in.Name) && among(g.Description, in.Description)
	})
	page := after(found, groupID, in.Marker, in.Limit)
	return wire.ListSecurityGroupsV3Response{
		PageInfo: pageInfo(page, groupID, in.Limit),
		SecurityGroups: each(page, func(g network.Group) wire.SecurityGroupV3 {
			return wire.SecurityGroupV3{
				ID: g.ID, Name: g.Name, Description: g.Description, ProjectID: g.ProjectID, CreatedAt: stamp(g.Created), UpdatedAt: stamp(g.Updated),
				EnterpriseProjectID: g.EnterpriseID, Tags: []wire.VpcTag{},
			}
		}),
	}, err
}

func (s *Server) showGroupV3(ctx context.Context, in *wire.ShowSecurityGroupInput) (wire.ShowSecurityGroupResponse, error) {
	g, err := s.Services.Networks.Group(ctx, in.ProjectID, in.SecurityGroupID)
	return groupAnswer(ctx, in.Project, g), err
}

func (s *Server) updateGroupV3(ctx context.Context, in *wire.UpdateSecurityGroupInput) (wire.ShowSecurityGroupResponse, error) {
	b := in.Body.SecurityGroup
	g, err := s.Services.Networks.UpdateGroup(ctx, caller(ctx, in.Project), in.SecurityGroupID, network.ChangeGroup{Name: b.Name, Description: b.Description})
	return groupAnswer(ctx, in.Project, g), err
}

func (s *Server) deleteGroupV3(ctx context.Context, in *wire.DeleteSecurityGroupInput) error {
	return s.Services.Networks.DeleteGroup(ctx, caller(ctx, in.Project), in.SecurityGroupID)
}

func (s *Server) createRuleV3(ctx context.Context, in *wire.CreateSecurityGroupRuleInput) (wire.ShowSecurityGroupRuleResponse, error) {
	b := in.Body.SecurityGroupRule
	if err := onlyTrue("security_group_rule.enabled", b.Enabled, "a rule that is there is enabled"); err != nil {
		return wire.ShowSecurityGroupRuleResponse{}, err
	}
	r, err := s.Services.Networks.CreateRule(ctx, caller(ctx, in.Project), catalog.Rule{
		GroupID: b.SecurityGroupID, Description: b.Description, Outgoing: b.Direction == "egress", Protocol: b.Protocol, Ports: b.Multiport,
		RemotePrefix: b.RemoteIPPrefix, RemoteGroup: b.RemoteGroupID, Priority: b.Priority,
	})
	return wire.ShowSecurityGroupRuleResponse{SecurityGroupRule: ruleV3(r)}, err
}

func (s *Server) listRulesV3(ctx context.Context, in *wire.ListSecurityGroupRulesInput) (wire.ListSecurityGroupRulesResponse, error) {
	all, err := s.Services.Networks.Rules(ctx, in.ProjectID)
	all = slices.DeleteFunc(all, func(r catalog.Rule) bool {
		return !among(r.ID, in.ID) || !among(r.GroupID, in.SecurityGroupID) || !among(r.Protocol, in.Protocol) || !among(direction(r), only(in.Direction)) ||
			!among(r.RemotePrefix, only(in.RemoteIPPrefix)) || !among(r.RemoteGroup, in.RemoteGroupID)
	})
	page := after(all, ruleID, in.Marker, in.Limit)
	return wire.ListSecurityGroupRulesResponse{
		PageInfo: pageInfo(page, ruleID, in.Limit), SecurityGroupRules: each(page, ruleV3),
	}, err
}

func (s *Server) showRuleV3(ctx context.Context, in *wire.ShowSecurityGroupRuleInput) (wire.ShowSecurityGroupRuleResponse, error) {
	r, err := s.Services.Networks.Rule(ctx, in.ProjectID, in.RuleID)
	return wire.ShowSecurityGroupRuleResponse{SecurityGroupRule: ruleV3(r)}, err
}

func (s *Server) deleteRuleV3(ctx context.Context, in *wire.DeleteSecurityGroupRuleInput) error {
	return s.Services.Networks.DeleteRule(ctx, caller(ctx, in.Project), in.RuleID)
}
