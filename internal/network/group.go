package network

import (
	"cmp"
	"context"
	"slices"
	"strings"

	"carrel/internal/catalog"
	"carrel/internal/store"
	"carrel/internal/workspace"
)

// Group is a security group with its rules, oldest first.
type Group struct {
	catalog.SecurityGroup
	Rules []catalog.Rule
}

// NewGroup describes a security group to create.
type NewGroup struct {
	Name, Description, EnterpriseID string
}

// CreateGroup creates a security group, with the rules that everything goes out, and that its desktops reach each other. CodeInvalid; CodeConflict if
// there are MaxGroups.
func (s *Service) CreateGroup(ctx context.Context, c workspace.Caller, n NewGroup) (Group, error) {
	if err := checkTexts(n.Name, n.Description, false); err != nil {
		return Group{}, err
	}
	return store.Update(ctx, s.Store, store.As(c, func(tx *store.Tx) (Group, error) {
		if err := lockProject(ctx, tx, c.ProjectID); err != nil {
			return Group{}, err
		}
		all, err := catalog.SecurityGroups(ctx, tx, c.ProjectID)
		if err == nil && len(all) >= MaxGroups {
			err = workspace.Errorf(workspace.CodeConflict, "the project has %d security groups, which is the limit: delete one first", len(all))
		}
		if err != nil {
			return Group{}, err
		}
		g := catalog.SecurityGroup{
			ID: workspace.NewID(), ProjectID: c.ProjectID, Name: n.Name, Description: n.Description, EnterpriseID: cmp.Or(n.EnterpriseID, workspace.DefaultEnterprise),
			Created: tx.Now(), Updated: tx.Now(),
		}
		if err := catalog.InsertSecurityGroup(ctx, tx, g); err != nil {
			return Group{}, err
		}
		within := catalog.Rule{ID: workspace.NewID(), ProjectID: c.ProjectID, GroupID: g.ID, RemoteGroup: g.ID, Priority: highestPriority, Created: tx.Now()}
		if err := catalog.InsertRule(ctx, tx, within); err != nil {
			return Group{}, err
		}
		tx.Audit(workspace.Resource{Type: ResourceGroup, ID: g.ID, Name: g.Name}, "")
		return readGroup(ctx, tx, c.ProjectID, g.ID)
	}))
}

// Groups lists the security groups of a project, oldest first.
func (s *Service) Groups(ctx context.Context, projectID string) ([]Group, error) {
	return store.View(ctx, s.Store, func(tx *store.Tx) ([]Group, error) { return readGroups(ctx, tx, projectID) })
}

func readGroups(ctx context.Context, tx *store.Tx, projectID string) ([]Group, error) {
	groups, err := catalog.SecurityGroups(ctx, tx, projectID)
	if err != nil {
		return nil, err
	}
	rules, err := rulesOf(ctx, tx, projectID)
	all := make([]Group, len(groups))
	for i, g := range groups {
		all[i] = Group{SecurityGroup: g}
		for _, r := range rules {
			if r.GroupID == g.ID {
				all[i].Rules = append(all[i].Rules, r)
			}
		}
	}
	return all, err
}

// Group reads a security group. CodeNetworkNotFound.
func (s *Service) Group(ctx context.Context, projectID, id string) (Group, error) {
	return store.View(ctx, s.Store, func(tx *store.Tx) (Group, error) { return readGroup(ctx, tx, projectID, id) })
}

func readGroup(ctx context.Context, tx *store.Tx, projectID, id string) (Group, error) {
	all, err := readGroups(ctx, tx, projectID)
	if err != nil {
		return Group{}, err
	}
	return find(all, "security group", id, func(g Group) string { return g.ID })
}

// ChangeGroup is a request to change a security group. Nil fields stay as they are.
type ChangeGroup struct {
	Name, Description *string
}

// UpdateGroup changes the texts of a security group. CodeNetworkNotFound, CodeInvalid.
func (s *Service) UpdateGroup(ctx context.Context, c workspace.Caller, id string, change ChangeGroup) (Group, error) {
	return store.Update(ctx, s.Store, store.As(c, func(tx *store.Tx) (Group, error) {
		if err := lockProject(ctx, tx, c.ProjectID); err != nil {
			return Group{}, err
		}
		g, err := readGroup(ctx, tx, c.ProjectID, id)
		if err != nil {
			return g, err
		}
		set(&g.Name, change.Name)
		set(&g.Description, change.Description)
		if err := checkTexts(g.Name, g.Description, false); err != nil {
			return g, err
		}
		g.Updated = tx.Now()
		tx.Audit(workspace.Resource{Type: ResourceGroup, ID: id, Name: g.Name}, "")
		return g, saveGroup(ctx, tx, g.SecurityGroup)
	}))
}

// DeleteGroup deletes a security group with its rules. CodeNetworkNotFound; CodeConflict for the default groups of the service, and for one that desktops or
// pools have or a rule of another group names.
func (s *Service) DeleteGroup(ctx context.Context, c workspace.Caller, id string) error {
	return s.Store.Update(ctx, store.By(c, func(tx *store.Tx) error {
		if err := lockProject(ctx, tx, c.ProjectID); err != nil {
			return err
		}
		g, err := readGroup(ctx, tx, c.ProjectID, id)
		if err != nil {
			return err
		}
		if g.Default || g.Name == catalog.InfrastructureGroup {
			return workspace.Errorf(workspace.CodeConflict, "security group %s (%s) is one of the Workspace service, which needs it", id, g.Name)
		}
		user, err := groupUser(ctx, tx, c.ProjectID, id)
		if err == nil && user != "" {
			err = workspace.Errorf(workspace.CodeConflict, "security group %s (%s) is in use by %s", id, g.Name, user)
		}
		if err != nil {
			return err
		}
		tx.Audit(workspace.Resource{Type: ResourceGroup, ID: id, Name: g.Name}, "")
		if err := deleteGroup(ctx, tx, id); err != nil {
			if tx.Refers(err) {
				return tx.Refuse(workspace.Errorf(workspace.CodeConflict, "security group %s (%s) is in use by a desktop", id, g.Name))
			}
			return err
		}
		return nil
	}))
}

// CreateRule adds a rule to a security group. Workers set it in the engine within seconds, for the desktops that are there. CodeNetworkNotFound,
// CodeInvalid; CodeConflict if the group has MaxRules, or the same rule.
func (s *Service) CreateRule(ctx context.Context, c workspace.Caller, r catalog.Rule) (catalog.Rule, error) {
	r, err := CheckRule(r)
	if err != nil {
		return r, err
	}
	return store.Update(ctx, s.Store, store.As(c, func(tx *store.Tx) (catalog.Rule, error) {
		if err := lockProject(ctx, tx, c.ProjectID); err != nil {
			return r, err
		}
		g, err := readGroup(ctx, tx, c.ProjectID, r.GroupID)
		if err != nil {
			return r, workspace.InField("security_group_id", err)
		}
		if r.RemoteGroup != "" {
			if _, err := readGroup(ctx, tx, c.ProjectID, r.RemoteGroup); err != nil {
				return r, workspace.InField("remote_group_id", err)
			}
		}
		if len(g.Rules) >= MaxRules {
			return r, workspace.Errorf(workspace.CodeConflict, "security group %s has %d rules, which is the limit: delete one first", g.ID, len(g.Rules))
		}
		if at := slices.IndexFunc(g.Rules, func(there catalog.Rule) bool { return alike(there, r) }); at >= 0 {
			return r, workspace.Errorf(workspace.CodeConflict, "security group %s has this rule already: %s", g.ID, g.Rules[at].ID)
		}
		r.ID, r.ProjectID, r.Created = workspace.NewID(), c.ProjectID, tx.Now()
		if err := catalog.InsertRule(ctx, tx, r); err != nil {
			return r, err
		}
		tx.Audit(workspace.Resource{Type: ResourceGroup, ID: g.ID, Name: g.Name}, "", workspace.FieldChange{Field: "rules", New: describe(r)})
		return r, touch(ctx, tx, c.ProjectID)
	}))
}

// alike reports whether two rules of a group allow the same.
func alike(a, b catalog.Rule) bool {
	return a.Outgoing == b.Outgoing && a.Protocol == b.Protocol && a.Ports == b.Ports && a.RemotePrefix == b.RemotePrefix && a.RemoteGroup == b.RemoteGroup
}

// describe is a rule as a text for readers of the audit trail.
func describe(r catalog.Rule) string {
	parts := []string{map[bool]string{true: "egress", false: "ingress"}[r.Outgoing], r.Protocol, r.Ports, r.RemotePrefix, r.RemoteGroup}
	return strings.Join(slices.DeleteFunc(parts, func(part string) bool { return part == "" }), " ")
}

// Rules lists the rules of a project's security groups, oldest first.
func (s *Service) Rules(ctx context.Context, projectID string) ([]catalog.Rule, error) {
	return store.View(ctx, s.Store, func(tx *store.Tx) ([]catalog.Rule, error) { return rulesOf(ctx, tx, projectID) })
}

// Rule reads a rule. CodeNetworkNotFound.
func (s *Service) Rule(ctx context.Context, projectID, id string) (catalog.Rule, error) {
	return store.View(ctx, s.Store, func(tx *store.Tx) (catalog.Rule, error) { return readRule(ctx, tx, projectID, id) })
}

func readRule(ctx context.Context, tx *store.Tx, projectID, id string) (catalog.Rule, error) {
	all, err := rulesOf(ctx, tx, projectID)
	if err != nil {
		return catalog.Rule{}, err
	}
	return find(all, "security group rule", id, func(r catalog.Rule) string { return r.ID })
}

// DeleteRule deletes a rule. CodeNetworkNotFound.
func (s *Service) DeleteRule(ctx context.Context, c workspace.Caller, id string) error {
	return s.Store.Update(ctx, store.By(c, func(tx *store.Tx) error {
		if err := lockProject(ctx, tx, c.ProjectID); err != nil {
			return err
		}
		r, err := readRule(ctx, tx, c.ProjectID, id)
		if err != nil {
			return err
		}
		tx.Audit(workspace.Resource{Type: ResourceGroup, ID: r.GroupID}, "", workspace.FieldChange{Field: "rules", Old: describe(r)})
		if err := deleteRule(ctx, tx, id); err != nil {
			return err
		}
		return touch(ctx, tx, c.ProjectID)
	}))
}
