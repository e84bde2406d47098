package catalog

import (
	"context"
	"fmt"
	"slices"
	"time"

	"carrel/internal/store"
	"carrel/internal/workspace"
)

// MemberStatus is what a project says to an image that another shares with it.
type MemberStatus string

// The answers.
const (
	MemberPending  MemberStatus = "pending"
	MemberAccepted MemberStatus = "accepted"
	MemberRejected MemberStatus = "rejected"
)

// member is a project that an image is shared with.
type member struct {
	store.BaseModel `bun:"table:image_members"`
	ImageID         string `bun:",pk"`
	ProjectID       string `bun:",pk"`
	Status          MemberStatus
	Created         time.Time
	Updated         time.Time
}

// checkShared returns an error unless a request names 1 to most of something, each once.
func checkShared(field string, ids []string, most int) error {
	if len(ids) == 0 || len(ids) > most {
		return workspace.Invalid(field, "%d ids, give 1 to %d", len(ids), most)
	}
	for n, id := range ids {
		if slices.Contains(ids[:n], id) {
			return workspace.Invalid(fmt.Sprintf("%s[%d]", field, n), "%q is listed twice", id)
		}
	}
	return nil
}

// ShareImages offers images of the caller's project to other projects of the account, which accept or reject them (AnswerImages). What is shared
// already stays as it is. It returns the id of a job that has ended, as do the others. CodeInvalid, CodeCloudImageNotFound, CodeImageNotOwned.
func (s *Service) ShareImages(ctx context.Context, c workspace.Caller, accountID string, images, projects []string) (jobID string, err error) {
	if err := checkShares(images, projects); err != nil {
		return "", err
	}
	return store.Update(ctx, s.Store, store.As(c, func(tx *store.Tx) (string, error) {
		if n := slices.Index(projects, c.ProjectID); n >= 0 {
			return "", workspace.Invalid(fmt.Sprintf("projects[%d]", n), "is the project that shares")
		}
		known, err := projectsOf(ctx, tx, accountID, projects)
		if err != nil {
			return "", err
		}
		for n, id := range projects {
			if !slices.Contains(known, id) {
				return "", workspace.Errorf(workspace.CodeProjectNotFound, "projects[%d]: project %q does not exist", n, id)
			}
		}
		for _, id := range slices.Sorted(slices.Values(images)) { // in one order, so that two requests do not wait for each other
			i, err := LockOwnImage(ctx, tx, c.ProjectID, id)
			if err != nil {
				return "", err
			}
			if err := insertMembers(ctx, tx, i, projects); err != nil {
				return "", err
			}
		}
		return sharedBy(ctx, tx, c)
	}))
}

// sharedBy writes the job of a change that has been made, and returns its id.
func sharedBy(ctx context.Context, tx *store.Tx, c workspace.Caller) (string, error) {
	job := workspace.Job{ID: workspace.NewID(), ProjectID: c.ProjectID, Type: workspace.JobShareImages, RequestID: c.RequestID, Created: tx.Now()}
	return job.ID, tx.InsertJob(ctx, job)
}

func checkShares(images, projects []string) error {
	if err := checkShared("images", images, MaxImageMembers); err != nil {
		return err
	}
	return checkShared("projects", projects, MaxImageMembers)
}

// UnshareImages ends that images of the caller's project are shared with projects. Desktops that these have from them stay. What is not shared is a
// success. CodeInvalid, CodeCloudImageNotFound, CodeImageNotOwned.
func (s *Service) UnshareImages(ctx context.Context, c workspace.Caller, images, projects []string) (jobID string, err error) {
	if err := checkShares(images, projects); err != nil {
		return "", err
	}
	return store.Update(ctx, s.Store, store.As(c, func(tx *store.Tx) (string, error) {
		for _, id := range slices.Sorted(slices.Values(images)) {
			i, err := LockOwnImage(ctx, tx, c.ProjectID, id)
			if err != nil {
				return "", err
			}
			if err := deleteMembers(ctx, tx, i, projects); err != nil {
				return "", err
			}
		}
		return sharedBy(ctx, tx, c)
	}))
}

// AnswerImages accepts or rejects images that others share with the caller's project. CodeInvalid; CodeCloudImageNotFound if one is not shared with
// it.
func (s *Service) AnswerImages(ctx context.Context, c workspace.Caller, images []string, answer MemberStatus) (jobID string, err error) {
	if err := checkShared("images", images, MaxImageMembers); err != nil {
		return "", err
	}
	if answer != MemberAccepted && answer != MemberRejected {
		return "", workspace.Invalid("status", "%q is unknown, use accepted or rejected", answer)
	}
	return store.Update(ctx, s.Store, store.As(c, func(tx *store.Tx) (string, error) {
		for _, id := range slices.Sorted(slices.Values(images)) {
			if err := answerShare(ctx, tx, c.ProjectID, id, answer); err != nil {
				return "", err
			}
		}
		return sharedBy(ctx, tx, c)
	}))
}
