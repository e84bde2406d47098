package directory

import (
	"context"
	"slices"
	"strings"

	"carrel/internal/store"
	"carrel/internal/workspace"
)

// MaxUnitLevels limits how deep units may be.
const MaxUnitLevels = 5

// OU is an organisational unit of the built-in directory, for desktops; "Berlin/Sales" is within "Berlin". Users and groups are
// at the directory's root. It is also the row.
type OU struct {
	store.BaseModel `bun:"table:ous,alias:ous"`
	workspace.Meta
	Description string
}

var ous = store.Table{Name: "ous", Noun: "organisational unit", Field: "ou_name", Missing: workspace.CodeOUNotFound}

// DN returns the unit's distinguished name in the directory.
func (o OU) DN() string {
	levels := strings.Split(o.Name, "/")
	slices.Reverse(levels)
	return "OU=" + strings.Join(levels, ",OU=") + "," + RootDN
}

// CheckOUName returns why name is not valid for a unit, or nil: letters of any script, digits, spaces, hyphens, underscores and dots, in up
// to 5 levels separated by slashes. Its length was checked with the request.
func CheckOUName(field, name string) error {
	levels := strings.Split(name, "/")
	if len(levels) > MaxUnitLevels {
		return workspace.Invalid(field, "%q has %d levels, at most %d are allowed", name, len(levels), MaxUnitLevels)
	}
	for _, level := range levels {
		if level == "" || strings.TrimSpace(level) != level {
			return workspace.Invalid(field, "%q has a level that is empty, or starts or ends with a space", name)
		}
		if err := CheckTitle(field, name, level); err != nil {
			return err
		}
	}
	return nil
}

// Check returns what is wrong with a unit, or nil.
func (o OU) Check() error {
	return CheckOUName("ou_name", o.Name)
}

// OUQuery selects units of one project.
type OUQuery struct {
	ProjectID string
	Name      string // part of the name, ignoring case
	workspace.Page
}

// CreateOU adds a unit and returns its id. CodeNameTaken, CodeInvalid.
func (s *Service) CreateOU(ctx context.Context, c workspace.Caller, domain, name, description string) (string, error) {
	if err := CheckDomain("domain", domain); err != nil {
		return "", err
	}
	o := OU{Meta: workspace.NewMeta(c, name), Description: description}
	if err := o.Check(); err != nil {
		return "", err
	}
	return store.Update(ctx, s.Store, store.As(c, func(tx *store.Tx) (string, error) {
		if err := store.RequireSubscription(ctx, tx, c.ProjectID); err != nil {
			return "", err
		}
		return o.ID, ous.Insert(ctx, tx, &o)
	}))
}

// UpdateOU renames a unit, also on its desktops and pools, and changes its description. CodeOUNotFound, CodeNameTaken,
// CodeInvalid.
func (s *Service) UpdateOU(ctx context.Context, c workspace.Caller, id, name, description string) error {
	wanted := OU{Meta: workspace.Meta{Name: name}, Description: description}
	if err := wanted.Check(); err != nil {
		return err
	}
	return s.Store.Update(ctx, store.By(c, func(tx *store.Tx) error {
		o, err := LockOU(ctx, tx, c.ProjectID, id)
		if err != nil {
			return err
		}
		o.Name, o.Description = name, description
		return ous.Save(ctx, tx, &o)
	}))
}

// ListOUs reads a page of units and counts all that match.
func (s *Service) ListOUs(ctx context.Context, q OUQuery) ([]OU, int, error) {
	return store.List(ctx, s.Store, func(tx *store.Tx) ([]OU, int, error) { return OUs(ctx, tx, q) })
}

// PeopleAt is ListUsers for a place in the directory, given by its distinguished name, ignoring case: all users are at RootDN,
// none in a unit. CodeOUNotFound if the place does not exist.
func (s *Service) PeopleAt(ctx context.Context, dn string, q UserQuery) ([]User, int, error) {
	if strings.EqualFold(dn, RootDN) {
		return store.List(ctx, s.Store, func(tx *store.Tx) ([]User, int, error) { return Users(ctx, tx, q) })
	}
	units, _, err := s.ListOUs(ctx, OUQuery{ProjectID: q.ProjectID, Page: workspace.Page{Limit: maxUnits}})
	if err != nil {
		return nil, 0, err
	}
	if !slices.ContainsFunc(units, func(o OU) bool { return strings.EqualFold(dn, o.DN()) }) {
		return nil, 0, workspace.Errorf(workspace.CodeOUNotFound, "ou_dn: %q does not exist", dn)
	}
	return nil, 0, nil
}

// maxUnits is the maximum number of units that are read.
const maxUnits = 10000

// FindOU returns the id of the unit with a name, ignoring case, and an empty one for no name. Foreign keys keep the unit from being
// deleted once something refers to it.
func FindOU(ctx context.Context, tx *store.Tx, projectID, name string) (string, error) {
	if name == "" {
		return "", nil
	}
	var o OU
	err := ous.GetNamed(ctx, tx, projectID, name, &o)
	if workspace.CodeOf(err) == workspace.CodeOUNotFound {
		return "", workspace.Invalid("ou_name", "%q does not exist, add it first or leave it out", name)
	}
	return o.ID, err
}
