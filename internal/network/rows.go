package network

import (
	"context"
	"fmt"
	"slices"

	"github.com/uptrace/bun"

	"carrel/internal/address"
	"carrel/internal/catalog"
	"carrel/internal/store"
	"carrel/internal/workspace"
)

// projectRow is locked by whoever changes what a project has of networks.
type projectRow struct {
	bun.BaseModel `bun:"table:projects,alias:p"`
	ID            string
}

// lockProject locks the row of a project until the transaction ends, which also keeps it from being deleted.
func lockProject(ctx context.Context, t *store.Tx, id string) error {
	var rows []projectRow
	return t.ForUpdate(t.NewSelect().Model(&rows).Column("id").Where("p.id = ?", id), "p").Scan(ctx)
}

// serviceVPC holds the Workspace service of a project until the transaction ends, and returns the VPC that it uses; empty if it is closed.
func serviceVPC(ctx context.Context, t *store.Tx, projectID string) (string, error) {
	s, err := t.HoldSubscription(ctx, projectID)
	if workspace.CodeOf(err) == workspace.CodeNotSubscribed || err == nil && s.Status == workspace.ServiceClosed {
		return "", nil
	}
	return s.VPCID, err
}

// networkRow is what the engine has of a network, and is to have.
type networkRow struct {
	bun.BaseModel `bun:"table:networks,alias:n"`
	ID            string `bun:",pk"`
	ProjectID     string
	CIDR          string `bun:"cidr"`
	Gateway       string
	Made          bool
	Removing      bool
	Configured    bool
	Fault         string
	Dirty         bool
	Rules         string
	Wanted        int64
	Applied       int64
}

func networksOf(ctx context.Context, t *store.Tx, projectID string) (rows []networkRow, err error) {
	err = t.NewSelect().Model(&rows).Where("n.project_id = ? AND NOT n.removing", projectID).Scan(ctx)
	return rows, err
}

func isConfigured(ctx context.Context, t *store.Tx, network string) (is bool, err error) {
	err = t.NewRaw("SELECT EXISTS (SELECT 1 FROM networks AS n WHERE n.id = ? AND n.configured)", network).Scan(ctx, &is)
	return is, err
}

func exec(ctx context.Context, t *store.Tx, statement string, arguments ...any) error {
	_, err := t.NewRaw(statement, arguments...).Exec(ctx)
	return err
}

func saveVPC(ctx context.Context, t *store.Tx, v catalog.VPC) error {
	return exec(ctx, t, "UPDATE vpcs SET name = ?, description = ?, cidr = ?, updated = ? WHERE id = ?", v.Name, v.Description, v.CIDR, v.Updated, v.ID)
}

func deleteVPC(ctx context.Context, t *store.Tx, id string) error {
	return exec(ctx, t, "DELETE FROM vpcs WHERE id = ?", id)
}

// deleteSubnet deletes a subnet, whose network is to be removed.
func deleteSubnet(ctx context.Context, t *store.Tx, s catalog.Subnet) error {
	err := exec(ctx, t, "DELETE FROM subnets WHERE id = ?", s.ID)
	if err != nil && t.Refers(err) {
		return t.Refuse(workspace.Errorf(workspace.CodeConflict, "subnet %s has desktops: delete those first", s.ID))
	}
	if err != nil {
		return err
	}
	return exec(ctx, t, "UPDATE networks SET removing = TRUE WHERE id = ? AND project_id = ?", s.Network, s.ProjectID)
}

func saveGroup(ctx context.Context, t *store.Tx, g catalog.SecurityGroup) error {
	return exec(ctx, t, "UPDATE security_groups SET name = ?, description = ?, updated = ? WHERE id = ?", g.Name, g.Description, g.Updated, g.ID)
}

func deleteGroup(ctx context.Context, t *store.Tx, id string) error {
	return exec(ctx, t, "DELETE FROM security_groups WHERE id = ?", id)
}

// groupUser returns what uses a security group; empty for nothing.
func groupUser(ctx context.Context, t *store.Tx, projectID, id string) (string, error) {
	var found []string
	err := t.NewRaw(`SELECT * FROM (SELECT 'desktop ' || g.desktop_id AS what FROM desktop_security_groups AS g WHERE g.group_id = ?0 LIMIT 1) AS d
		UNION ALL SELECT * FROM (SELECT 'desktop pool ' || p.id AS what FROM pools AS p WHERE p.project_id = ?1 AND p.security_groups LIKE '%"' || ?0 || '"%' LIMIT 1) AS q
		UNION ALL SELECT * FROM (SELECT 'rule ' || r.id AS what FROM security_group_rules AS r WHERE r.remote_group = ?0 AND r.group_id <> ?0 LIMIT 1) AS s`,
		id, projectID).Scan(ctx, &found)
	if err != nil || len(found) == 0 {
		return "", err
	}
	return found[0], nil
}

func rulesOf(ctx context.Context, t *store.Tx, projectID string) (rules []catalog.Rule, err error) {
	err = t.NewSelect().Model(&rules).Where("r.project_id = ?", projectID).Order("r.created", "r.id").Scan(ctx)
	return rules, err
}

func deleteRule(ctx context.Context, t *store.Tx, id string) error {
	return exec(ctx, t, "DELETE FROM security_group_rules WHERE id = ?", id)
}

// touch has the rules of a project's networks compiled again.
func touch(ctx context.Context, t *store.Tx, projectID string) error {
	if err := exec(ctx, t, "UPDATE networks SET dirty = TRUE WHERE project_id = ? AND NOT dirty", projectID); err != nil {
		return err
	}
	return t.WakeWorkers(ctx)
}

// member is a row of a desktop and one of its groups.
type memberRow struct {
	ID      string
	Address string
	Network string
	GroupID string
}

// picture reads what the rules of a network are compiled from. The ranges of other VPCs are read only if a rule could let something of theirs in.
func picture(ctx context.Context, t *store.Tx, n networkRow) (Picture, error) {
	p := Picture{Network: n.ID, CIDR: n.CIDR}
	var own []struct {
		VPCID string `bun:"vpc_id"`
		CIDR  string `bun:"cidr"`
	}
	err := t.NewRaw(`SELECT s.vpc_id, s.cidr FROM subnets AS s WHERE s.project_id = ?0 AND s.network <> ''
		AND s.vpc_id = (SELECT MIN(o.vpc_id) FROM subnets AS o WHERE o.project_id = ?0 AND o.network = ?1) ORDER BY s.created, s.id`, n.ProjectID, n.ID).Scan(ctx, &own)
	if err != nil {
		return p, err
	}
	vpc := ""
	for _, s := range own {
		vpc, p.VPC = s.VPCID, append(p.VPC, s.CIDR)
	}
	if p.Rules, err = rulesOf(ctx, t, n.ProjectID); err != nil {
		return p, err
	}
	if slices.ContainsFunc(p.Rules, func(r catalog.Rule) bool { return !r.Outgoing && r.RemoteGroup == "" }) {
		err = t.NewRaw("SELECT s.cidr FROM subnets AS s WHERE s.vpc_id <> ? AND s.network <> '' ORDER BY s.created, s.id", vpc).Scan(ctx, &p.Foreign)
		if err != nil {
			return p, err
		}
	}
	if p.Forwards, err = address.Forwards(ctx, t, n.ID); err != nil {
		return p, err
	}
	var rows []memberRow
	err = t.NewRaw(`SELECT d.id, d.address, s.network, COALESCE(g.group_id, '') AS group_id FROM subnets AS s
		JOIN desktops AS d ON d.subnet_id = s.id AND d.address_number > 0 LEFT JOIN desktop_security_groups AS g ON g.desktop_id = d.id
		WHERE s.vpc_id = ? AND s.project_id = ? ORDER BY d.id, g.group_id`, vpc, n.ProjectID).Scan(ctx, &rows)
	last := ""
	for _, r := range rows {
		if r.ID != last {
			p.Members, last = append(p.Members, Member{Address: r.Address, Network: r.Network}), r.ID
		}
		if m := &p.Members[len(p.Members)-1]; r.GroupID != "" {
			m.Groups = append(m.Groups, r.GroupID)
		}
	}
	return p, err
}

// open reads the networks for which the engine has something to do.
func open(ctx context.Context, t *store.Tx) (ids []string, err error) {
	err = t.NewSelect().Model((*networkRow)(nil)).Column("id").Where("n.dirty OR n.removing OR NOT n.made OR n.applied < n.wanted").Order("n.id").Scan(ctx, &ids)
	if err != nil {
		return nil, err
	}
	loose, err := address.Loose(ctx, t)
	return slices.Compact(slices.Sorted(slices.Values(append(ids, loose...)))), err
}

// networksByDesktop reads the networks of the engine that desktops of a project are on, by the desktops' ids.
func networksByDesktop(ctx context.Context, t *store.Tx, projectID string, ids []string) (map[string]string, error) {
	var rows []struct{ ID, Network string }
	err := t.NewRaw("SELECT d.id, s.network FROM desktops AS d JOIN subnets AS s ON s.id = d.subnet_id WHERE d.project_id = ? AND d.id IN (?)", projectID, bun.List(ids)).Scan(ctx, &rows)
	of := make(map[string]string, len(rows))
	for _, r := range rows {
		of[r.ID] = r.Network
	}
	return of, err
}

func networkIDs(ctx context.Context, t *store.Tx) (ids []string, err error) {
	err = t.NewSelect().Model((*networkRow)(nil)).Column("id").Order("id").Scan(ctx, &ids)
	return ids, err
}

// lockNetwork reads a network and locks its row until the transaction ends.
func lockNetwork(ctx context.Context, t *store.Tx, id string) (n networkRow, err error) {
	err = store.Read(ctx, t.ForUpdate(t.NewSelect().Model(&n).Where("n.id = ?", id), "n"), missing("network", id))
	return n, err
}

func saveNetwork(ctx context.Context, t *store.Tx, n networkRow) error {
	done, err := store.Affected(t.NewUpdate().Model(&n).WherePK().Exec(ctx))
	if err == nil && done == 0 {
		return fmt.Errorf("network %s is gone", n.ID)
	}
	return err
}
