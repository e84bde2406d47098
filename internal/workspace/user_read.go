package workspace

import "context"

// UserDetail is a person with the names of the groups that they are in.
type UserDetail struct {
	User
	Groups []string
}

// User reads one person, or fails with CodeUserNotFound.
func (s *DirectoryService) User(ctx context.Context, projectID, id string) (User, error) {
	return view(ctx, s.Store, func(tx Tx) (User, error) { return tx.ReadUser(ctx, projectID, id) })
}

// UserDetail is User with groups.
func (s *DirectoryService) UserDetail(ctx context.Context, projectID, id string) (UserDetail, error) {
	return view(ctx, s.Store, func(tx Tx) (UserDetail, error) {
		u, err := tx.ReadUser(ctx, projectID, id)
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
func (s *DirectoryService) ListUsers(ctx context.Context, q UserQuery) ([]User, int, error) {
	return list(ctx, s.Store, func(tx Tx) ([]User, int, error) { return tx.Users(ctx, q) })
}

// ListUserDetails is ListUsers with groups.
func (s *DirectoryService) ListUserDetails(ctx context.Context, q UserQuery) ([]UserDetail, int, error) {
	return list(ctx, s.Store, func(tx Tx) ([]UserDetail, int, error) {
		users, total, err := tx.Users(ctx, q)
		if err != nil {
			return nil, 0, err
		}
		details, err := WithGroups(ctx, tx, users)
		return details, total, err
	})
}

func WithGroups(ctx context.Context, tx Tx, users []User) ([]UserDetail, error) {
	ids := make([]string, len(users))
	for i, u := range users {
		ids[i] = u.ID
	}
	names, err := tx.GroupNames(ctx, ids)
	if err != nil {
		return nil, err
	}
	details := make([]UserDetail, len(users))
	for i, u := range users {
		details[i] = UserDetail{User: u, Groups: names[u.ID]}
	}
	return details, nil
}
