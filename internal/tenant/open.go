package tenant

import (
	"context"
	"slices"

	"carrel/internal/catalog"
	"carrel/internal/store"
	"carrel/internal/workspace"
)

// Service opens, changes and closes the Workspace service of projects. Each method is one transaction. It is safe for concurrent use, also by several
// processes on one database.
type Service struct {
	Store store.Transactions
	// Networks is where a project without a network gets one from.
	Networks catalog.Range
	// LockProject locks the row of an account's project until the transaction ends, and returns its name (iam.LockProject). An error means that there
	// is no such project. Nil: there are no rows of projects.
	LockProject func(ctx context.Context, tx *store.Tx, accountID, projectID string) (name string, err error)
}

// Open is a request to open the service of a project.
type Open struct {
	workspace.Caller
	AccountID    string
	VPCID        string   // empty: that which the project has, or a new one
	SubnetIDs    []string // of the VPC; none: all
	EnterpriseID string   // empty: the project's name, or its id if that is in use or no enterprise id
}

// OpenParams are the parameters of an applyWorkspace sub-job.
type OpenParams struct {
	NewVPC string `json:"new_vpc,omitempty"` // was made for it: goes if it cannot be opened
}

// Open opens the service in a job, whose id it returns, with the project's network or a new one. CodeConflict if it is open or being opened already, or
// there is no network for it; CodeInvalid, CodeSubnetNotFound, CodeNameTaken (the enterprise id), CodeProjectNotFound.
func (s *Service) Open(ctx context.Context, r Open) (string, error) {
	if r.EnterpriseID != "" {
		if err := CheckEnterpriseID(r.EnterpriseID); err != nil {
			return "", err
		}
	}
	return store.Update(ctx, s.Store, store.As(r.Caller, func(tx *store.Tx) (string, error) {
		name, err := s.lockProject(ctx, tx, r)
		if err != nil {
			return "", err
		}
		now := workspace.Subscription{ID: workspace.NewID(), ProjectID: r.ProjectID, Opened: tx.Now(), Status: workspace.ServiceClosed}
		if now, err = tx.OpenSubscription(ctx, now); err != nil {
			return "", err
		}
		if err := mayOpen(now); err != nil {
			return "", err
		}
		next := now
		if next.EnterpriseID, err = chooseEnterprise(ctx, tx, r, name); err != nil {
			return "", err
		}
		var params OpenParams
		if next.VPCID, params, err = s.settleNetwork(ctx, tx, r, now.VPCID); err != nil {
			return "", err
		}
		if err := catalog.EnsureSecurityGroups(ctx, tx, r.ProjectID); err != nil {
			return "", err
		}
		job := workspace.Job{ID: workspace.NewID(), ProjectID: r.ProjectID, Type: workspace.JobOpenService, RequestID: r.RequestID, Created: tx.Now()}
		job.SubJobs = append(job.SubJobs, job.NextSubJob(params))
		next.Status, next.JobID, next.FailReason, next.Opened = workspace.ServiceOpening, job.ID, "", tx.Now()
		if err := tx.SaveSubscription(ctx, next); err != nil {
			return "", err
		}
		tx.Audit(store.SubscriptionOf(r.ProjectID), job.ID)
		return job.ID, tx.InsertJob(ctx, job)
	}))
}

func (s *Service) lockProject(ctx context.Context, tx *store.Tx, r Open) (name string, err error) {
	if s.LockProject == nil {
		return "", nil
	}
	name, err = s.LockProject(ctx, tx, r.AccountID, r.ProjectID)
	if err != nil {
		return "", workspace.Errorf(workspace.CodeProjectNotFound, "project %q does not exist", r.ProjectID)
	}
	return name, nil
}

// mayOpen returns why a service cannot be opened, or nil.
func mayOpen(s workspace.Subscription) error {
	switch s.Status {
	case workspace.ServiceOpen:
		return workspace.Errorf(workspace.CodeConflict, "the Workspace service is open already: change it with PUT /v2/%s/workspaces, or close it first", s.ProjectID)
	case workspace.ServiceOpening:
		return workspace.Errorf(workspace.CodeConflict, "the Workspace service is being opened already, by job %s", s.JobID)
	case workspace.ServiceFailed, workspace.ServiceClosed:
	}
	return nil
}

// settleNetwork returns the VPC of a service that is opened. before is the one that it used, if it was open before.
func (s *Service) settleNetwork(ctx context.Context, tx *store.Tx, r Open, before string) (vpcID string, params OpenParams, err error) {
	vpcs, err := catalog.VPCs(ctx, tx, r.ProjectID)
	if err != nil {
		return "", params, err
	}
	v, there, err := catalog.ChooseNetwork(vpcs, r.VPCID, before)
	if err != nil {
		return "", params, err
	}
	if !there {
		if len(r.SubnetIDs) > 0 {
			return "", params, workspace.Errorf(workspace.CodeSubnetNotFound, "subnet_ids: the project has no subnets: leave it out for a network of its own")
		}
		v, _, err = catalog.NewNetwork(ctx, tx, r.ProjectID, s.Networks)
		return v.ID, OpenParams{NewVPC: v.ID}, err
	}
	subnets, err := catalog.Subnets(ctx, tx, r.ProjectID)
	if err != nil {
		return "", params, err
	}
	ids, err := catalog.ChooseSubnets(subnets, v.ID, "subnet_ids", r.SubnetIDs)
	if err != nil {
		return "", params, err
	}
	return v.ID, params, catalog.UseSubnets(ctx, tx, r.ProjectID, ids)
}

// Subnets reads the subnets that the service of a project uses, whose networks must be there before it is open.
func (s *Service) Subnets(ctx context.Context, projectID string) ([]catalog.Subnet, error) {
	return store.View(ctx, s.Store, func(tx *store.Tx) ([]catalog.Subnet, error) {
		return UsedSubnets(ctx, tx, projectID)
	})
}

// UsedSubnets reads the subnets that the service of a project uses.
func UsedSubnets(ctx context.Context, tx *store.Tx, projectID string) ([]catalog.Subnet, error) {
	subnets, err := catalog.Subnets(ctx, tx, projectID)
	return slices.DeleteFunc(subnets, func(s catalog.Subnet) bool { return s.Withdrawn }), err
}

// Opened records that the networks of a service that is being opened are there. It does nothing unless the sub-job still owns the opening.
func Opened(ctx context.Context, tx *store.Tx, sub workspace.SubJob) error {
	s, err := tx.HoldSubscription(ctx, sub.ProjectID)
	if err != nil || s.Status != workspace.ServiceOpening || s.JobID != sub.JobID {
		return gone(err)
	}
	s.Status = workspace.ServiceOpen
	return tx.SaveSubscription(ctx, s)
}

// NotOpened records why a service could not be opened, and takes back the network that was made for it, so that the next attempt gets another. It does
// nothing unless the sub-job still owns the opening.
func NotOpened(ctx context.Context, tx *store.Tx, sub workspace.SubJob, reason string) error {
	s, err := tx.HoldSubscription(ctx, sub.ProjectID)
	if err != nil || s.Status != workspace.ServiceOpening || s.JobID != sub.JobID {
		return gone(err)
	}
	params, err := workspace.ReadParams[OpenParams](sub)
	if err != nil {
		return err
	}
	s.Status, s.FailReason = workspace.ServiceFailed, reason
	if params.NewVPC != "" {
		s.VPCID = ""
		if err := catalog.DropNetwork(ctx, tx, sub.ProjectID, params.NewVPC); err != nil {
			return err
		}
	}
	return tx.SaveSubscription(ctx, s)
}

// gone makes a success of a project that is gone: there is nothing to record.
func gone(err error) error {
	if workspace.CodeOf(err) == workspace.CodeNotSubscribed {
		return nil
	}
	return err
}
