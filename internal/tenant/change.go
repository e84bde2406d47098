package tenant

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"carrel/internal/catalog"
	"carrel/internal/desktop"
	"carrel/internal/pool"
	"carrel/internal/store"
	"carrel/internal/workspace"
)

// Change is a request to change an open service. Empty fields stay as they are.
type Change struct {
	SubnetIDs    []string // those that the service uses from now on
	EnterpriseID string
}

// Update changes an open service, and returns the id of a job that has ended, since clients wait for one. CodeConflict for a subnet that is in use and
// left out; CodeSubnetNotFound, CodeNameTaken, CodeInvalid; errors as store.RequireSubscription.
func (s *Service) Update(ctx context.Context, c workspace.Caller, change Change) (string, error) {
	if change.EnterpriseID != "" {
		if err := CheckEnterpriseID(change.EnterpriseID); err != nil {
			return "", err
		}
	}
	return store.Update(ctx, s.Store, store.As(c, func(tx *store.Tx) (string, error) {
		now, err := tx.LockSubscription(ctx, c.ProjectID)
		if err != nil {
			return "", err
		}
		if change.EnterpriseID != "" {
			now.EnterpriseID = change.EnterpriseID
			if err := tx.SaveSubscription(ctx, now); err != nil {
				return "", err
			}
		}
		if len(change.SubnetIDs) > 0 {
			if err := changeSubnets(ctx, tx, now, change.SubnetIDs); err != nil {
				return "", err
			}
		}
		return endedJob(ctx, tx, c, workspace.JobUpdateService)
	}))
}

func changeSubnets(ctx context.Context, tx *store.Tx, s workspace.Subscription, asked []string) error {
	subnets, err := catalog.Subnets(ctx, tx, s.ProjectID)
	if err != nil {
		return err
	}
	ids, err := catalog.ChooseSubnets(subnets, s.VPCID, "subnet_ids", asked)
	if err != nil {
		return err
	}
	var before []string
	for _, subnet := range subnets {
		if !subnet.Withdrawn {
			before = append(before, subnet.ID)
		}
	}
	tx.Audit(store.SubscriptionOf(s.ProjectID), "", workspace.FieldChange{Field: "subnet_ids", Old: strings.Join(before, ","), New: strings.Join(ids, ",")})
	return catalog.UseSubnets(ctx, tx, s.ProjectID, ids)
}

// endedJob writes a job whose only sub-job has ended: what it is about was done by the transaction.
func endedJob(ctx context.Context, tx *store.Tx, c workspace.Caller, t workspace.JobType) (string, error) {
	job := workspace.Job{ID: workspace.NewID(), ProjectID: c.ProjectID, Type: t, RequestID: c.RequestID, Created: tx.Now()}
	sub := job.NextSubJob(struct{}{})
	sub.State, sub.Progress, sub.Begun, sub.Ended = workspace.SubJobSuccess, 100, job.Created, job.Created
	job.SubJobs = append(job.SubJobs, sub)
	tx.Audit(store.SubscriptionOf(c.ProjectID), job.ID)
	return job.ID, tx.InsertJob(ctx, job)
}

// Close closes the service of a project that has no desktops and no pools, and returns the id of a job that has ended. Users, groups and networks stay,
// and are there when it is opened again; the enterprise id becomes free. A closed service is a success, with the job that closed it. CodeConflict with
// what is still there, or while the service is being opened; CodeNotSubscribed if it never was open; CodeServiceLocked.
func (s *Service) Close(ctx context.Context, c workspace.Caller) (string, error) {
	return store.Update(ctx, s.Store, store.As(c, func(tx *store.Tx) (string, error) {
		now, err := tx.HoldSubscription(ctx, c.ProjectID)
		if err != nil || now.Status == workspace.ServiceClosed {
			return now.JobID, err
		}
		if err := now.Usable(); err != nil && now.Status != workspace.ServiceFailed {
			return "", err
		}
		held, err := Holds(ctx, tx, c.ProjectID)
		if err != nil {
			return "", err
		}
		if len(held) > 0 {
			return "", workspace.Errorf(workspace.CodeConflict, "the Workspace service still has %s: delete them first", strings.Join(held, " and "))
		}
		if now.JobID, err = endedJob(ctx, tx, c, workspace.JobCloseService); err != nil {
			return "", err
		}
		now.Status, now.FailReason, now.EnterpriseID, now.KnownUsersOnly, now.NoScripts = workspace.ServiceClosed, "", "", false, false
		return now.JobID, tx.SaveSubscription(ctx, now)
	}))
}

// Holds returns what keeps a service from being closed: desktops in every state and pools, with their numbers.
func Holds(ctx context.Context, tx *store.Tx, projectID string) ([]string, error) {
	_, desktops, err := desktop.Desktops(ctx, tx, desktop.DesktopQuery{ProjectID: projectID})
	if err != nil {
		return nil, fmt.Errorf("counting a project's desktops: %w", err)
	}
	_, pools, err := pool.Pools(ctx, tx, pool.PoolQuery{ProjectID: projectID})
	if err != nil {
		return nil, fmt.Errorf("counting a project's pools: %w", err)
	}
	held := []string{workspace.Plural(desktops, "desktop"), workspace.Plural(pools, "desktop pool")}
	return slices.DeleteFunc(held, func(what string) bool { return strings.HasPrefix(what, "0 ") }), nil
}
