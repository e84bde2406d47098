package directory

import (
	"context"

	"carrel/internal/store"
)

// UserDetail is a user with the names of their groups.
type UserDetail struct {
	User
	Groups []string
}

// User reads one person, or fails with CodeUserNotFound.
func (s *Service) User(ctx context.Context, projectID, id string) (User, error) {
	return store.View(ctx, s.Store, func(tx *store.Tx) (User, error) { return ReadUser(ctx, tx, projectID, id) })
}

// UserDetail is User with groups. CodeUserNotFound.
func (s *Service) UserDetail(ctx context.Context, projectID, id string) (UserDetail, error) {
	return store.View(ctx, s.Store, func(tx *store.Tx) (UserDetail, error) {
		u, err := ReadUser(ctx, tx, projectID, id)
		if err != nil {
			return UserDetail{}, err
		}
		details, err := WithGroups(ctx, tx, []User{u})
		if err != nil {
			return UserDetail{}, err
		}
		return details[0], nil
	})
}

// ListUsers reads a page of people and counts all that match.
func (s *Service) ListUsers(ctx context.Context, q UserQuery) ([]User, int, error) {
	return store.List(ctx, s.Store, func(tx *store.Tx) ([]User, int, error) { return Users(ctx, tx, q) })
}

// ListUserDetails is ListUsers with groups.
func (s *Service) ListUserDetails(ctx context.Context, q UserQuery) ([]UserDetail, int, error) {
	return store.List(ctx, s.Store, func(tx *store.Tx) ([]UserDetail, int, error) {
		users, total, err := Users(ctx, tx, q)
		if err != nil {
			return nil, 0, err
		}
		details, err := WithGroups(ctx, tx, users)
		return details, total, err
	})
}

func WithGroups(ctx context.Context, tx *store.Tx, users []User) ([]UserDetail, error) {
	ids := make([]string, len(users))
	for i, u := range users {
		ids[i] = u.ID
	}
	names, err := GroupNames(ctx, tx, ids)
	if err != nil {
		return nil, err
	}
	details := make([]UserDetail, len(users))
	for i, u := range users {
		details[i] = UserDetail{User: u, Groups: names[u.ID]}
	}
	return details, nil
}
