package workspace

import (
	"context"
	"slices"
)

// JobNotifyPool shows a message in the sessions of a pool, one desktop each.
const JobNotifyPool JobType = "notifyDesktopPool"

// NotifyParams are the parameters of a notifyDesktopPool sub-job.
type NotifyParams struct {
	Title string `json:"title"`
	Text  string `json:"text"`
}

// NotifyPool shows a message to everybody who is connected to a desktop of a pool now, and remembers it. It returns the id of a job
// with a sub-job for each of them; with none, and at its end, when nobody is connected. CodePoolNotFound, CodeInvalid.
func (s *PoolService) NotifyPool(ctx context.Context, r NotifyPool) (string, error) {
	if err := r.Check(); err != nil {
		return "", err
	}
	return update(ctx, s.Store, Once(ctx, r.Caller, "SendDesktopPoolNotifications", r, func(tx Tx) (string, error) {
		p, err := tx.ReadPool(ctx, r.ProjectID, r.PoolID)
		if err != nil {
			return "", err
		}
		members, err := tx.Members(ctx, p.ID)
		if err != nil {
			return "", err
		}
		jobID, err := notify(ctx, tx, r, members)
		if err != nil {
			return "", err
		}
		return jobID, tx.InsertNotice(ctx, PoolNotice{ID: NewID(), PoolID: p.ID, JobID: jobID, Text: r.Text, Created: tx.Now()})
	}))
}

// notify orders the messages.
func notify(ctx context.Context, tx Tx, r NotifyPool, members []Member) (string, error) {
	job := Job{ID: NewID(), ProjectID: r.ProjectID, Type: JobNotifyPool, PoolID: r.PoolID, RequestID: r.RequestID, Created: tx.Now()}
	members = slices.DeleteFunc(members, func(m Member) bool { return !m.Connected() })
	people, err := peopleOf(ctx, tx, r.ProjectID, members)
	if err != nil {
		return "", err
	}
	for _, m := range members {
		d := Desktop{ID: m.DesktopID, PoolID: m.PoolID, Name: m.Name, ProductID: m.ProductID}
		sub := NewSubJob(&job, d, NotifyParams{Title: noticeTitle(people[m.UserID].Language), Text: r.Text})
		sub.UserName = people[m.UserID].Name
		job.SubJobs = append(job.SubJobs, sub)
	}
	return job.ID, tx.InsertJob(ctx, job)
}

// noticeTitle is what stands above an administrator's message, in the person's language.
func noticeTitle(language string) string {
	if language == "zh" {
		return "管理员的消息"
	}
	return "Message from your administrator"
}

// peopleOf reads, by their ids, the people who have members.
func peopleOf(ctx context.Context, tx Tx, projectID string, members []Member) (map[string]User, error) {
	var ids []string
	for _, m := range members {
		if m.Bound() {
			ids = append(ids, m.UserID)
		}
	}
	people := make(map[string]User, len(ids))
	if len(ids) == 0 {
		return people, nil
	}
	users, _, err := tx.Users(ctx, UserQuery{ProjectID: projectID, IDs: ids, Page: Page{Limit: len(ids)}})
	for _, u := range users {
		people[u.ID] = u
	}
	return people, err
}
