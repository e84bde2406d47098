package user

import (
	"context"
	"fmt"
	"net/netip"
	"slices"
	"strings"

	"carrel/internal/catalog"
	"carrel/internal/desktop"
	"carrel/internal/directory"
	"carrel/internal/quota"
	"carrel/internal/signin"
	"carrel/internal/store"
	"carrel/internal/workspace"
)

// MaxImported is the maximum number of users in one file.
const MaxImported = 500

// ImportUsers is a request to add the users of a table. Its first row names the columns.
type ImportUsers struct {
	workspace.Caller
	VPCID    string // with SubnetID: the addresses of desktops must be in it
	SubnetID string
	Rows     []ImportRow
	// ColumnName returns the file format's name of a column, from 0.
	ColumnName func(int) string
}

// ImportRow is a non-empty row of a table.
type ImportRow struct {
	Line  int // in the file, from 1
	Cells []string
	Fault string // why the row could not be read; empty if it could
}

// ImportedUser is the result of a row: a user who was added or existed already, or a problem. What the row says about a desktop
// is validated and returned, for the order of desktops that follows.
type ImportedUser struct {
	Line int // in the file, from 1
	CreateUser
	ID          string // empty if there is a problem
	Permission  workspace.UserGroup
	DesktopName string
	DesktopIP   string
	Problem     string // empty if the row is valid; begins with line and column

	groups []string // their names
	err    error
}

// ImportUsers adds the users of the valid rows, in one transaction, and returns what is wrong with each of the others. An
// existing user is unchanged; their row is valid unless it has another mail address. A job hashes passwords, and its id is
// returned if there are any; they can be used immediately. CodeInvalid if the table as a whole is not valid; CodeQuotaExceeded.
func (s *Service) ImportUsers(ctx context.Context, r ImportUsers) ([]ImportedUser, string, error) {
	columns, err := readHead(r)
	if err != nil {
		return nil, "", err
	}
	const attempts = 3
	for attempt := 1; ; attempt++ {
		people := readPeople(r.Rows, columns)
		if len(people) == 0 || len(people) > MaxImported {
			return nil, "", workspace.Invalid("file", "lists %d users, at most %d are allowed", len(people), MaxImported)
		}
		jobID, err := s.importPeople(ctx, r, people)
		if workspace.CodeOf(err) == workspace.CodeNameTaken && attempt < attempts { // another transaction took the name: the row is invalid now
			continue
		}
		if err != nil {
			return nil, "", err
		}
		for i := range people {
			people[i].Problem = people[i].problem(columns, r)
		}
		return people, jobID, nil
	}
}

// readHead returns the index of each column.
func readHead(r ImportUsers) (map[directory.Column]int, error) {
	if len(r.Rows) == 0 {
		return nil, workspace.Invalid("file", "is empty; its first line must name the columns, as in the template")
	}
	columns, head := map[directory.Column]int{}, r.Rows[0]
	for i, heading := range head.Cells {
		if heading == "" {
			continue
		}
		c, known := directory.ColumnOf(heading)
		if !known {
			return nil, workspace.Invalid("file", "line %d, column %s: %q is no column of the template", head.Line, r.ColumnName(i), heading)
		}
		if other, twice := columns[c]; twice {
			return nil, workspace.Invalid("file", "line %d, column %s: %q is listed twice, also in column %s", head.Line, r.ColumnName(i), heading, r.ColumnName(other))
		}
		columns[c] = i
	}
	if _, there := columns[directory.ColName]; !there {
		return nil, workspace.Invalid("file", "line %d: the column %q is missing", head.Line, directory.Headings[directory.ColName][0])
	}
	return columns, nil
}

// readPeople reads the rows below the first.
func readPeople(rows []ImportRow, columns map[directory.Column]int) []ImportedUser {
	var people []ImportedUser
	for _, row := range rows[1:] {
		cell := func(c directory.Column) string {
			if at, there := columns[c]; there && at < len(row.Cells) {
				return row.Cells[at]
			}
			return ""
		}
		p := ImportedUser{
			Line: row.Line, Permission: workspace.UserGroup(cell(directory.ColPermission)), DesktopName: cell(directory.ColDesktopName), DesktopIP: cell(directory.ColDesktopIP),
			CreateUser: CreateUser{
				Name: cell(directory.ColName), Email: cell(directory.ColEmail), Phone: cell(directory.ColPhone), Alias: cell(directory.ColAlias), Description: cell(directory.ColDescription),
				Password: cell(directory.ColPassword), Activation: directory.Activation(strings.ToUpper(cell(directory.ColActivation))),
			},
		}
		p.CredentialsLater = p.Activation != ""
		if p.Activation == "" && p.Password != "" {
			p.Activation = directory.ActivateByAdmin
		}
		p.Expires, p.err = directory.ReadExpiryCell(cell(directory.ColExpires))
		if row.Fault != "" {
			p.err = workspace.Errorf(workspace.CodeInvalid, "%s", row.Fault)
		}
		for name := range strings.SplitSeq(cell(directory.ColGroups), directory.GroupSeparator) {
			if name = strings.TrimSpace(name); name != "" {
				p.groups = append(p.groups, name)
			}
		}
		people = append(people, p)
	}
	return people
}

// problem returns the row's problem with its line and column.
func (p ImportedUser) problem(columns map[directory.Column]int, r ImportUsers) string {
	if p.err == nil {
		return ""
	}
	message := workspace.MessageOf(p.err)
	field, rest, _ := strings.Cut(message, ": ")
	if field == "group_ids" {
		field = string(directory.ColGroups)
	}
	if at, there := columns[directory.Column(field)]; there {
		return fmt.Sprintf("line %d, column %s (%s): %s", p.Line, r.ColumnName(at), r.Rows[0].Cells[at], rest)
	}
	return fmt.Sprintf("line %d: %s", p.Line, message)
}

// importPeople adds the users that can be added, and writes into each what became of them. It returns the id of the job that
// hashes their passwords, if any.
func (s *Service) importPeople(ctx context.Context, r ImportUsers, people []ImportedUser) (jobID string, err error) {
	err = s.Store.View(ctx, func(tx *store.Tx) error { return validateUsers(ctx, tx, r, people) })
	if err != nil {
		return "", err
	}
	var fresh []CreateUser
	var places []int
	first := map[string]int{}
	for i, p := range people {
		key := strings.ToLower(p.Name)
		if _, twice := first[key]; p.err != nil || p.ID != "" || twice {
			continue
		}
		first[key] = i
		p.Caller = r.Caller
		fresh, places = append(fresh, p.CreateUser), append(places, i)
	}
	var ids []string
	err = s.Store.Update(ctx, store.By(r.Caller, func(tx *store.Tx) error {
		allowance, err := quota.Hold(ctx, tx, r.ProjectID)
		if err != nil {
			return err
		}
		if err := allowance.Admit(ctx, tx, quota.Amounts{quota.Users: int64(len(fresh))}); err != nil {
			return err
		}
		ids, jobID, err = s.insertUsers(ctx, tx, r.Caller, fresh, "")
		return err
	}))
	if err != nil {
		return "", err
	}
	for n, i := range places {
		people[i].ID = ids[n]
	}
	for i, p := range people { // users who occur several times, for further desktops
		if other, twice := first[strings.ToLower(p.Name)]; twice && p.err == nil {
			people[i].ID = people[other].ID
		}
	}
	return jobID, nil
}

// validateUsers writes into each of people its problem, or the id of the existing user.
func validateUsers(ctx context.Context, tx *store.Tx, r ImportUsers, people []ImportedUser) error {
	o, err := store.UsableSubscription(ctx, tx, r.ProjectID)
	if err != nil {
		return err
	}
	rules, err := signin.RulesOf(o.SignInRules)
	if err != nil {
		return err
	}
	subnet, err := importSubnet(ctx, tx, r)
	if err != nil {
		return err
	}
	if err := findImportedGroups(ctx, tx, r.ProjectID, people); err != nil {
		return err
	}
	known, err := knownPeople(ctx, tx, r.ProjectID, people)
	if err != nil {
		return err
	}
	taken, err := takenDesktopNames(ctx, tx, r.ProjectID, people)
	if err != nil {
		return err
	}
	first := map[string]ImportedUser{}
	desktops := map[string]int{} // line by name
	for i := range people {
		p := &people[i]
		key := strings.ToLower(p.Name)
		u, there := known[key]
		before, twice := first[key]
		switch {
		case p.err != nil:
		case there:
			p.err = sameAddress(p.Email, u.Email, "a user of this name is there with another mail address")
			p.ID = u.ID
		case twice:
			p.err = sameAddress(p.Email, before.Email, fmt.Sprintf("line %d gives this user another mail address", before.Line))
		default:
			p.Rules = rules.Password
			p.err = p.Check(tx.Now())
		}
		if p.err == nil {
			p.err = p.checkDesktop(subnet, taken, desktops)
		}
		if p.err != nil {
			p.ID = ""
		} else if !twice {
			first[key] = *p
		}
	}
	return nil
}

func sameAddress(email, known, otherwise string) error {
	if email != "" && !strings.EqualFold(email, known) {
		return workspace.Errorf(workspace.CodeNameTaken, "%s: %s", directory.ColName, otherwise)
	}
	return nil
}

// checkDesktop returns what is wrong with what a row says about a desktop. Whether its address is free is decided when it is
// ordered.
func (p *ImportedUser) checkDesktop(subnet *catalog.Subnet, taken map[string]bool, desktops map[string]int) error {
	group, _, err := desktop.GroupFor(string(directory.ColPermission), p.Permission)
	if err != nil {
		return err
	}
	if p.Permission != "" {
		p.Permission = group
	}
	if p.DesktopName != "" {
		key := strings.ToLower(p.DesktopName)
		if err := workspace.CheckComputerName(string(directory.ColDesktopName), p.DesktopName, workspace.MaxComputerName); err != nil {
			return err
		}
		if taken[key] {
			return workspace.Errorf(workspace.CodeNameTaken, "%s: %q is in use", directory.ColDesktopName, p.DesktopName)
		}
		if line, twice := desktops[key]; twice {
			return workspace.Errorf(workspace.CodeNameTaken, "%s: %q is listed twice, also in line %d", directory.ColDesktopName, p.DesktopName, line)
		}
		desktops[key] = p.Line
	}
	if p.DesktopIP == "" {
		return nil
	}
	addr, err := netip.ParseAddr(p.DesktopIP)
	if err != nil || !addr.Is4() {
		return workspace.Invalid(string(directory.ColDesktopIP), "%q is not an IPv4 address", p.DesktopIP)
	}
	if subnet == nil {
		return nil
	}
	prefix, err := netip.ParsePrefix(subnet.CIDR)
	if err != nil {
		return fmt.Errorf("reading subnet %s: %w", subnet.ID, err)
	}
	if !desktop.UsableAddress(prefix, addr) || p.DesktopIP == subnet.Gateway {
		return workspace.Invalid(string(directory.ColDesktopIP), "%s is not a usable address of the subnet %s", p.DesktopIP, subnet.CIDR)
	}
	return nil
}

// importSubnet returns the subnet that a request names, or nil.
func importSubnet(ctx context.Context, tx *store.Tx, r ImportUsers) (*catalog.Subnet, error) {
	if r.SubnetID == "" && r.VPCID == "" {
		return nil, nil
	}
	subnets, err := catalog.Subnets(ctx, tx, r.ProjectID)
	if err != nil {
		return nil, err
	}
	for _, s := range subnets {
		if s.ID == r.SubnetID || r.SubnetID == "" && s.VPCID == r.VPCID && s.Default {
			if r.VPCID != "" && s.VPCID != r.VPCID {
				return nil, workspace.Invalid("vpc_id", "subnet %s is in VPC %s, not in %s", s.ID, s.VPCID, r.VPCID)
			}
			return &s, nil
		}
	}
	if r.SubnetID == "" {
		return nil, workspace.Invalid("vpc_id", "%q does not exist, or has no default subnet", r.VPCID)
	}
	return nil, workspace.Errorf(workspace.CodeSubnetNotFound, "subnet_id: %q does not exist", r.SubnetID)
}

// maxGroups is the maximum number of groups of a project that are read.
const maxGroups = 100_000

// findImportedGroups replaces the names of groups by their ids.
func findImportedGroups(ctx context.Context, tx *store.Tx, projectID string, people []ImportedUser) error {
	if !slices.ContainsFunc(people, func(p ImportedUser) bool { return len(p.groups) > 0 }) {
		return nil
	}
	groups, _, err := directory.Groups(ctx, tx, directory.GroupQuery{ProjectID: projectID, Page: workspace.Page{Limit: maxGroups}})
	if err != nil {
		return err
	}
	byName := make(map[string]string, len(groups))
	for _, g := range groups {
		byName[strings.ToLower(g.Name)] = g.ID
	}
	for i := range people {
		p := &people[i]
		p.GroupIDs = nil
		for _, name := range p.groups {
			id, there := byName[strings.ToLower(name)]
			if !there && p.err == nil {
				p.err = workspace.Errorf(workspace.CodeGroupNotFound, "%s: group %q does not exist, add it first", directory.ColGroups, name)
			}
			p.GroupIDs = append(p.GroupIDs, id)
		}
	}
	return nil
}

func knownPeople(ctx context.Context, tx *store.Tx, projectID string, people []ImportedUser) (map[string]directory.User, error) {
	names := make([]string, len(people))
	for i, p := range people {
		names[i] = p.Name
	}
	users, _, err := directory.Users(ctx, tx, directory.UserQuery{ProjectID: projectID, Names: names, Page: workspace.Page{Limit: len(names)}})
	known := make(map[string]directory.User, len(users))
	for _, u := range users {
		known[strings.ToLower(u.Name)] = u
	}
	return known, err
}

func takenDesktopNames(ctx context.Context, tx *store.Tx, projectID string, people []ImportedUser) (map[string]bool, error) {
	var names []string
	for _, p := range people {
		if p.DesktopName != "" {
			names = append(names, p.DesktopName)
		}
	}
	taken := map[string]bool{}
	found, err := desktop.TakenNames(ctx, tx, projectID, names)
	for _, n := range found {
		taken[n] = true
	}
	return taken, err
}
