package pool

import (
	"context"
	"slices"

	"carrel/internal/desktop"
	"carrel/internal/directory"
	"carrel/internal/notice"
	"carrel/internal/store"
	"carrel/internal/workspace"
)

// NotifyParams are the parameters of a notifyDesktopPool sub-job.
type NotifyParams struct {
	Title string `json:"title"`
	Text  string `json:"text"`
}

// NotifyPool shows a message to all users who are connected to a desktop of a pool now, and stores it. It returns the id of a job
// with a sub-job for each of them; if nobody is connected, the job has none and has already ended. CodePoolNotFound, CodeInvalid.
func (s *Service) NotifyPool(ctx context.Context, r NotifyPool) (string, error) {
	if err := r.Check(); err != nil {
		return "", err
	}
	return store.Update(ctx, s.Store, store.As(r.Caller, func(tx *store.Tx) (string, error) {
		p, err := ReadPool(ctx, tx, r.ProjectID, r.PoolID)
		if err != nil {
			return "", err
		}
		members, err := desktop.Members(ctx, tx, p.ID)
		if err != nil {
			return "", err
		}
		jobID, err := notify(ctx, tx, r, members)
		if err != nil {
			return "", err
		}
		return jobID, InsertNotice(ctx, tx, PoolNotice{ID: workspace.NewID(), PoolID: p.ID, JobID: jobID, Text: r.Text, Created: tx.Now()})
	}))
}

// notify writes the job that shows the message.
func notify(ctx context.Context, tx *store.Tx, r NotifyPool, members []desktop.Member) (string, error) {
	job := workspace.Job{ID: workspace.NewID(), ProjectID: r.ProjectID, Type: workspace.JobNotifyPool, PoolID: r.PoolID, RequestID: r.RequestID, Created: tx.Now()}
	members = slices.DeleteFunc(members, func(m desktop.Member) bool { return !m.Connected() })
	people, err := peopleOf(ctx, tx, r.ProjectID, members)
	if err != nil {
		return "", err
	}
	for _, m := range members {
		d := desktop.Desktop{ID: m.DesktopID, PoolID: m.PoolID, Name: m.Name, ProductID: m.ProductID}
		sub := desktop.NewSubJob(&job, d, NotifyParams{Title: notice.Title(people[m.UserID].Language), Text: r.Text})
		sub.UserName = people[m.UserID].Name
		job.SubJobs = append(job.SubJobs, sub)
	}
	return job.ID, tx.InsertJob(ctx, job)
}

// peopleOf reads, by id, the users of members.
func peopleOf(ctx context.Context, tx *store.Tx, projectID string, members []desktop.Member) (map[string]directory.User, error) {
	var ids []string
	for _, m := range members {
		if m.Bound() {
			ids = append(ids, m.UserID)
		}
	}
	people := make(map[string]directory.User, len(ids))
	if len(ids) == 0 {
		return people, nil
	}
	users, _, err := directory.Users(ctx, tx, directory.UserQuery{ProjectID: projectID, IDs: ids, Page: workspace.Page{Limit: len(ids)}})
	for _, u := range users {
		people[u.ID] = u
	}
	return people, err
}
