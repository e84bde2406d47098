package tenant

import (
	"context"
	"regexp"

	"carrel/internal/store"
	"carrel/internal/workspace"
)

// enterpriseID is what an enterprise id is made of.
var enterpriseID = regexp.MustCompile(`^[A-Za-z0-9][A-Za-z0-9_-]{0,31}$`)

// CheckEnterpriseID returns why an enterprise id is not valid, or nil. CodeInvalid.
func CheckEnterpriseID(id string) error {
	if !enterpriseID.MatchString(id) {
		return workspace.Invalid("enterprise_id", "%q is not valid: use 1 to 32 letters, digits, _ and -, of which the first is a letter or digit", workspace.Clip(id, 64))
	}
	return nil
}

// EnterpriseOf returns the enterprise id that a project of a name gets, if no other has it; "" if the name is none.
func EnterpriseOf(projectName string) string {
	if CheckEnterpriseID(projectName) != nil {
		return ""
	}
	return projectName
}

// chooseEnterprise returns the enterprise id of a service that is opened. That two callers do not choose the same, the unique index decides.
func chooseEnterprise(ctx context.Context, tx *store.Tx, r Open, projectName string) (string, error) {
	if r.EnterpriseID != "" {
		return r.EnterpriseID, nil
	}
	name := EnterpriseOf(projectName)
	owner, err := tx.EnterpriseProject(ctx, name)
	if name == "" || owner != "" && owner != r.ProjectID {
		return r.ProjectID, err
	}
	return name, err
}

// EnterpriseInUse reports whether another project has an enterprise id, whatever its case. CodeInvalid.
func (s *Service) EnterpriseInUse(ctx context.Context, projectID, id string) (bool, error) {
	if err := CheckEnterpriseID(id); err != nil {
		return false, err
	}
	return store.View(ctx, s.Store, func(tx *store.Tx) (bool, error) {
		owner, err := tx.EnterpriseProject(ctx, id)
		return owner != "" && owner != projectID, err
	})
}

// SetEnterpriseID changes the enterprise id of an open service. CodeNameTaken if another project has it: of callers at once the unique index lets one
// through. CodeInvalid; errors as store.RequireSubscription.
func (s *Service) SetEnterpriseID(ctx context.Context, c workspace.Caller, id string) error {
	if err := CheckEnterpriseID(id); err != nil {
		return err
	}
	return s.Store.Update(ctx, store.By(c, func(tx *store.Tx) error {
		now, err := tx.LockSubscription(ctx, c.ProjectID)
		if err != nil {
			return err
		}
		now.EnterpriseID = id
		return tx.SaveSubscription(ctx, now)
	}))
}
