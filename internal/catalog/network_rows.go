package catalog

import (
	"cmp"
	"context"
	"encoding/binary"
	"fmt"
	"net/netip"
	"slices"
	"time"

	"github.com/uptrace/bun"

	"carrel/internal/store"
	"carrel/internal/workspace"
)

type vpc struct {
	ID           string `bun:",pk"`
	ProjectID    string
	Name         string
	Description  string
	CIDR         string `bun:"cidr"`
	EnterpriseID string
	Created      time.Time
	Updated      time.Time
}

type vpcRow struct {
	bun.BaseModel `bun:"table:vpcs"`
	vpc
}

type subnet struct {
	ID        string `bun:",pk"`
	ProjectID string
	VPCID     string `bun:"vpc_id"`
	Name      string

	Description string

	CIDR      string `bun:"cidr"`
	Gateway   string
	DNS       []string `bun:"dns"`
	Network   string
	Default   bool `bun:"is_default"`
	Created   time.Time
	Updated   time.Time
	Withdrawn bool
}

type subnetRow struct {
	bun.BaseModel `bun:"table:subnets,alias:s"`
	subnet
	LastAddress int64 // the address that was assigned last, as a number
}

type securityGroup struct {
	ID           string `bun:",pk"`
	ProjectID    string
	Name         string
	Description  string
	EnterpriseID string
	Default      bool `bun:"is_default"`
	Created      time.Time
	Updated      time.Time
}

type securityGroupRow struct {
	bun.BaseModel `bun:"table:security_groups"`
	securityGroup
}

// InsertVPC inserts a network.
func InsertVPC(ctx context.Context, t *store.Tx, v VPC) error {
	v.EnterpriseID, v.Updated = cmp.Or(v.EnterpriseID, workspace.DefaultEnterprise), v.Created
	_, err := t.Inserting(&vpcRow{vpc: vpc(v)}).Exec(ctx)
	return err
}

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

// claimNetwork makes a network of the engine a project's. It reports whether it is: another project may have it. One that is being removed is anybody's.
// Of concurrent callers the primary key lets one through, the others wait for it.
func claimNetwork(ctx context.Context, t *store.Tx, n networkRow) (bool, error) {
	n.Dirty = true
	done, err := store.Affected(t.Inserting(&n).On("CONFLICT (id) DO NOTHING").Exec(ctx))
	if err != nil || done > 0 {
		return done > 0, err
	}
	done, err = store.Affected(t.NewUpdate().Model(&n).Column("project_id", "cidr", "gateway", "made", "removing", "fault", "dirty").
		WherePK().Where("n.removing").Exec(ctx))
	if err != nil || done > 0 {
		return done > 0, err
	}
	var owner string
	err = t.NewSelect().Model((*networkRow)(nil)).Column("project_id").Where("id = ?", n.ID).Scan(ctx, &owner)
	return owner == n.ProjectID, err
}

// InsertSubnet inserts a subnet. The VPC must exist. CodeConflict if its network belongs to another project.
func InsertSubnet(ctx context.Context, t *store.Tx, s Subnet) error {
	if s.Network != "" {
		own, err := claimNetwork(ctx, t, networkRow{ID: s.Network, ProjectID: s.ProjectID, CIDR: s.CIDR, Gateway: s.Gateway})
		if err != nil {
			return err
		}
		if !own {
			return t.Refuse(workspace.Errorf(workspace.CodeConflict, "network %s belongs to another project: two projects never share one", s.Network))
		}
	}
	s.Updated = s.Created
	_, err := t.Inserting(&subnetRow{subnet: subnet(s)}).Exec(ctx)
	return t.OneDefault(err, "subnets")
}

// SaveSubnet writes the texts and name servers of a subnet.
func SaveSubnet(ctx context.Context, t *store.Tx, s Subnet) error {
	_, err := t.NewUpdate().Model(&subnetRow{subnet: subnet(s)}).Column("name", "description", "dns", "updated").WherePK().Exec(ctx)
	return err
}

// InsertSecurityGroup inserts a security group, from which everything may go out and into which nothing comes.
func InsertSecurityGroup(ctx context.Context, t *store.Tx, g SecurityGroup) error {
	g.EnterpriseID, g.Updated = cmp.Or(g.EnterpriseID, workspace.DefaultEnterprise), g.Created
	if _, err := t.Inserting(&securityGroupRow{securityGroup: securityGroup(g)}).Exec(ctx); err != nil {
		return t.OneDefault(err, "security_groups")
	}
	return InsertRule(ctx, t, Rule{ID: workspace.NewID(), ProjectID: g.ProjectID, GroupID: g.ID, Outgoing: true, Priority: 1, Created: g.Created})
}

// VPCs reads the networks of a project, oldest first.
func VPCs(ctx context.Context, t *store.Tx, projectID string) ([]VPC, error) {
	var rows []vpcRow
	err := store.Equal(t.NewSelect().Model(&rows), "project_id", projectID).Order("created", "id").Scan(ctx)
	return store.Convert(rows, func(r vpcRow) VPC { return VPC(r.vpc) }), err
}

// Subnets reads a project's subnets, or those of all projects if projectID is empty.
func Subnets(ctx context.Context, t *store.Tx, projectID string) ([]Subnet, error) {
	var rows []subnetRow
	err := store.Equal(t.NewSelect().Model(&rows), "project_id", projectID).Order("created", "id").Scan(ctx)
	return store.Convert(rows, func(r subnetRow) Subnet { return Subnet(r.subnet) }), err
}

// UsedSubnets reads the ids of a project's subnets that have a desktop or in which a pool creates desktops. Every desktop has an
// address, by which the index finds one.
func UsedSubnets(ctx context.Context, t *store.Tx, projectID string) ([]string, error) {
	var ids []string
	err := t.NewRaw(`SELECT s.id FROM subnets AS s WHERE s.project_id = ? AND (
			EXISTS (SELECT 1 FROM desktops AS d WHERE d.subnet_id = s.id AND d.address_number > 0) OR
			EXISTS (SELECT 1 FROM pools AS p WHERE p.project_id = s.project_id AND p.subnet_ids LIKE '%"' || s.id || '"%'))
		ORDER BY s.id`, projectID).Scan(ctx, &ids)
	return ids, err
}

// useSubnets makes these the subnets of the project that its service uses, in the database. The default one is the first, unless it is one of them.
func useSubnets(ctx context.Context, t *store.Tx, projectID string, ids []string) error {
	_, err := t.NewUpdate().Model((*subnetRow)(nil)).Set("withdrawn = (s.id NOT IN (?))", bun.List(ids)).
		Set("is_default = (s.is_default AND s.id IN (?))", bun.List(ids)).Where("s.project_id = ?", projectID).Exec(ctx)
	if err != nil {
		return err
	}
	_, err = t.NewUpdate().Model((*subnetRow)(nil)).Set("is_default = TRUE").Where("s.id = ?", ids[0]).
		Where("NOT EXISTS (SELECT 1 FROM subnets AS o WHERE o.project_id = ? AND o.is_default)", projectID).Exec(ctx)
	return t.OneDefault(err, "subnets")
}

// deleteNetwork deletes a VPC with its subnets, in which no desktop is. The engine removes their networks afterwards.
func deleteNetwork(ctx context.Context, t *store.Tx, projectID, vpcID string) error {
	for _, statement := range []string{
		"DELETE FROM reserved_addresses WHERE subnet_id IN (SELECT s.id FROM subnets AS s WHERE s.project_id = ?0 AND s.vpc_id = ?1)",
		`UPDATE networks SET removing = TRUE WHERE project_id = ?0 AND id IN (SELECT s.network FROM subnets AS s WHERE s.project_id = ?0 AND s.vpc_id = ?1)`,
		"DELETE FROM subnets WHERE project_id = ?0 AND vpc_id = ?1",
		"DELETE FROM vpcs WHERE project_id = ?0 AND id = ?1",
	} {
		if _, err := t.NewRaw(statement, projectID, vpcID).Exec(ctx); err != nil {
			return err
		}
	}
	return nil
}

// DeleteNetworks deletes the networks and security groups of a project that is deleted.
func DeleteNetworks(ctx context.Context, t *store.Tx, projectID string) error {
	vpcs, err := VPCs(ctx, t, projectID)
	if err != nil {
		return err
	}
	for _, v := range vpcs {
		if err := deleteNetwork(ctx, t, projectID, v.ID); err != nil {
			return err
		}
	}
	_, err = t.NewDelete().Model((*securityGroupRow)(nil)).Where("project_id = ?", projectID).Exec(ctx)
	return err
}

// filled reports whether a project has desktops or pools.
func filled(ctx context.Context, t *store.Tx, projectID string) (is bool, err error) {
	err = t.NewRaw(`SELECT EXISTS (SELECT 1 FROM desktops AS d WHERE d.project_id = ?0) OR EXISTS (SELECT 1 FROM pools AS p WHERE p.project_id = ?0)`,
		projectID).Scan(ctx, &is)
	return is, err
}

// SecurityGroups reads the security groups of a project, oldest first.
func SecurityGroups(ctx context.Context, t *store.Tx, projectID string) ([]SecurityGroup, error) {
	var rows []securityGroupRow
	err := store.Equal(t.NewSelect().Model(&rows), "project_id", projectID).Order("created", "id").Scan(ctx)
	return store.Convert(rows, func(r securityGroupRow) SecurityGroup { return SecurityGroup(r.securityGroup) }), err
}

// reservedAddresses are not assigned at the beginning of every subnet, after its own address: they are for the gateway and for
// machines of the network's operator. A request may still name them.
const reservedAddresses = 3

// FreeAddresses returns n addresses of the subnet that no desktop has and that are not reserved, lowest first after the one
// assigned last, so that an address is not used again soon. CodeNoAddress if there are fewer. It locks the subnet until the
// transaction ends, so that concurrent callers do not get the same addresses. It reads those in use one window at a time.
func FreeAddresses(ctx context.Context, t *store.Tx, subnetID string, n int) ([]string, error) {
	s, sharing, err := holdSubnet(ctx, t, subnetID)
	if err != nil {
		return nil, err
	}
	first, last, err := hosts(s.CIDR)
	if err != nil {
		return nil, fmt.Errorf("subnet %s: %w", s.ID, err)
	}
	gateway, err := AddressNumber(s.Gateway)
	if err != nil {
		return nil, fmt.Errorf("gateway of subnet %s: %w", s.ID, err)
	}
	next := s.LastAddress + 1
	if next < first || next > last {
		next = first
	}
	free, err := freeBetween(ctx, t, sharing, gateway, next, last, n)
	if err == nil && len(free) < n {
		var wrapped []int64
		wrapped, err = freeBetween(ctx, t, sharing, gateway, first, next-1, n-len(free))
		free = append(free, wrapped...)
	}
	if err != nil || n == 0 {
		return nil, err
	}
	if len(free) < n {
		return nil, workspace.Errorf(workspace.CodeNoAddress, "subnet %s (%s) has %d free addresses, %d are needed", s.Name, s.CIDR, len(free), n)
	}
	s.LastAddress = free[n-1]
	_, err = t.NewUpdate().Model(&s).Column("last_address").WherePK().Exec(ctx)
	return store.Convert(free, addressOf), err
}

// holdSubnet locks a subnet and those that share its network, so that an address is not assigned in two of them.
func holdSubnet(ctx context.Context, t *store.Tx, id string) (s subnetRow, sharing []string, err error) {
	var rows []subnetRow
	q := t.NewSelect().Model(&rows).Order("s.id").
		Where("s.id = ? OR s.network <> '' AND s.network = (SELECT o.network FROM subnets AS o WHERE o.id = ?)", id, id)
	if err := t.ForUpdate(q, "s").Scan(ctx); err != nil {
		return s, nil, err
	}
	missing := true
	for _, r := range rows {
		sharing = append(sharing, r.ID)
		if r.ID == id {
			s, missing = r, false
		}
	}
	if missing {
		return s, nil, workspace.Errorf(workspace.CodeSubnetNotFound, "subnet %q does not exist", id)
	}
	return s, sharing, nil
}

// hosts returns the first and the last assignable address of a subnet. There is none if the last is before the first.
func hosts(cidr string) (first, last int64, err error) {
	p, err := netip.ParsePrefix(cidr)
	if err != nil {
		return 0, 0, err
	}
	network, err := AddressNumber(p.Masked().Addr().String())
	if err != nil {
		return 0, 0, err
	}
	broadcast := network + 1<<(32-p.Bits()) - 1
	return network + 1 + reservedAddresses, broadcast - 1, nil
}

// freeBetween returns at most n addresses from first to last that no desktop has and that are not reserved.
func freeBetween(ctx context.Context, t *store.Tx, subnetIDs []string, gateway, first, last int64, n int) (free []int64, err error) {
	const window = 1024
	for ; first <= last && len(free) < n; first += window {
		end := min(first+window-1, last)
		var used []int64
		err := t.NewSelect().TableExpr("desktops AS d").Column("address_number").
			Where("subnet_id IN (?) AND address_number > 0", bun.List(subnetIDs)).
			Where("address_number BETWEEN ? AND ?", first, end).Order("address_number").Scan(ctx, &used)
		if err != nil {
			return nil, err
		}
		var reserved []int64
		err = t.NewSelect().Model((*reservationRow)(nil)).Column("address_number").
			Where("subnet_id IN (?) AND address_number BETWEEN ? AND ?", bun.List(subnetIDs), first, end).Scan(ctx, &reserved)
		if err != nil {
			return nil, err
		}
		used = append(used, reserved...)
		slices.Sort(used)
		used = slices.Compact(used)
		for a := first; a <= end && len(free) < n; a++ {
			switch {
			case len(used) > 0 && used[0] == a:
				used = used[1:]
			case a != gateway:
				free = append(free, a)
			}
		}
	}
	return free, nil
}

func addressOf(number int64) string {
	var b [4]byte
	binary.BigEndian.PutUint32(b[:], uint32(number))
	return netip.AddrFrom4(b).String()
}
