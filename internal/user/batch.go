package user

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"carrel/internal/assignment"
	"carrel/internal/desktop"
	"carrel/internal/directory"
	"carrel/internal/quota"
	"carrel/internal/signin"
	"carrel/internal/store"
	"carrel/internal/workspace"
)

// MaxUsersPerRequest is the maximum number of users in one request.
const MaxUsersPerRequest = 200

// CreateUsers adds users, all or none, and returns their ids in order. If some cannot be added, the error is that of the first,
// and its Detail has those of all. CodeQuotaExceeded.
func (s *Service) CreateUsers(ctx context.Context, c workspace.Caller, users []CreateUser) ([]string, error) {
	if len(users) == 0 || len(users) > MaxUsersPerRequest {
		return nil, workspace.Invalid("users", "%d users, list 1 to %d", len(users), MaxUsersPerRequest)
	}
	return s.createUsers(ctx, c, users, func(i int) string { return fmt.Sprintf("users[%d].", i) })
}

// createUsers adds users. at returns the place of a user in the request, for errors.
func (s *Service) createUsers(ctx context.Context, c workspace.Caller, users []CreateUser, at func(int) string) ([]string, error) {
	users = slices.Clone(users)
	for i := range users {
		users[i].Caller = c
	}
	err := s.Store.View(ctx, func(tx *store.Tx) error {
		o, err := store.UsableSubscription(ctx, tx, c.ProjectID)
		if err != nil {
			return err
		}
		return mayCreateUsers(ctx, tx, o, c, users, at)
	})
	if err != nil {
		return nil, err
	}
	hash := ""
	if len(users) == 1 && users[0].givesPassword() {
		if hash, err = s.Passwords.Hash(users[0].Password); err != nil { // slow on purpose, so outside the transaction
			return nil, fmt.Errorf("hashing a password: %w", err)
		}
	}
	return store.Update(ctx, s.Store, store.As(c, func(tx *store.Tx) ([]string, error) {
		allowance, err := quota.Hold(ctx, tx, c.ProjectID)
		if err != nil {
			return nil, err
		}
		if err := mayCreateUsers(ctx, tx, allowance.Subscription, c, users, at); err != nil {
			return nil, err
		}
		if err := allowance.Admit(ctx, tx, quota.Amounts{quota.Users: int64(len(users))}); err != nil {
			return nil, err
		}
		ids, _, err := s.insertUsers(ctx, tx, c, users, hash)
		return ids, err
	}))
}

// mayCreateUsers returns why the users cannot be added to a project with a subscription, or nil.
func mayCreateUsers(ctx context.Context, tx *store.Tx, o workspace.Subscription, c workspace.Caller, users []CreateUser, at func(int) string) error {
	rules, err := signin.RulesOf(o.SignInRules)
	if err != nil {
		return err
	}
	for i := range users {
		users[i].Rules = rules.Password
	}
	if err := allProblems(CheckUsers(users, tx.Now()), at); err != nil {
		return err
	}
	problems, err := problemsWithRows(ctx, tx, c, users)
	if err != nil {
		return err
	}
	return allProblems(problems, at)
}

// CheckUsers returns what is wrong with each of several new users on its own and compared with the others; nil if nothing is. now
// is the time that expiries are compared with.
func CheckUsers(users []CreateUser, now time.Time) []error {
	problems := make([]error, len(users))
	first := make(map[string]int, len(users))
	for i := range users {
		problems[i] = users[i].Check(now)
		key := strings.ToLower(users[i].Name)
		if other, twice := first[key]; twice && problems[i] == nil {
			problems[i] = workspace.Errorf(workspace.CodeNameTaken, "user_name: %q is listed twice, also as number %d", users[i].Name, other+1)
		} else if !twice {
			first[key] = i
		}
	}
	return problems
}

// problemsWithRows returns, for each new user, what conflicts with existing rows.
func problemsWithRows(ctx context.Context, tx *store.Tx, c workspace.Caller, users []CreateUser) ([]error, error) {
	var names []string
	for _, u := range users {
		names = append(names, u.Name)
	}
	found, _, err := directory.Users(ctx, tx, directory.UserQuery{ProjectID: c.ProjectID, Names: names, Page: workspace.Page{Limit: len(names)}})
	if err != nil {
		return nil, err
	}
	taken := make(map[string]bool, len(found))
	for _, u := range found {
		taken[strings.ToLower(u.Name)] = true
	}
	var groupIDs []string
	for _, u := range users {
		groupIDs = append(groupIDs, u.GroupIDs...)
	}
	there, err := directory.GroupsAmong(ctx, tx, c.ProjectID, groupIDs)
	if err != nil {
		return nil, err
	}
	problems := make([]error, len(users))
	for i, u := range users {
		for n, id := range u.GroupIDs {
			if !there[id] {
				problems[i] = workspace.Errorf(workspace.CodeGroupNotFound, "group_ids[%d]: group %q does not exist", n, id)
			}
		}
		if taken[strings.ToLower(u.Name)] {
			problems[i] = workspace.Errorf(workspace.CodeNameTaken, "user_name: %q is in use", u.Name)
		}
	}
	return problems, nil
}

// allProblems makes one error of several: code and message of the first, and all of them as its detail.
func allProblems(problems []error, at func(int) string) error {
	var first *workspace.Error
	var all []string
	for i, err := range problems {
		if err == nil {
			continue
		}
		message := at(i) + workspace.MessageOf(err)
		if first == nil {
			first = &workspace.Error{Code: workspace.CodeOf(err), Message: message}
		}
		all = append(all, message)
	}
	switch {
	case first == nil:
		return nil
	case len(all) > 1:
		first.Detail = strings.Join(all, "; ")
	}
	return first
}

// insertUsers inserts users, adds them to their groups and invites those without a password, and returns their ids. A single user
// gets hash; the passwords of several are hashed by a job, whose id is returned as well.
func (s *Service) insertUsers(ctx context.Context, tx *store.Tx, c workspace.Caller, users []CreateUser, hash string) (ids []string, jobID string, err error) {
	rows := make([]directory.User, len(users))
	ids = make([]string, len(users))
	for i := range users {
		// Lists have the order of the request: the first is a microsecond older than the second.
		rows[i] = users[i].user(hash, tx.Now().Add(time.Duration(i)*time.Microsecond))
		if hash == "" && users[i].givesPassword() {
			rows[i].PasswordHash = signin.SealPassword(s.Box, rows[i].ID, users[i].Password)
		}
		ids[i] = rows[i].ID
	}
	if err := directory.InsertUsers(ctx, tx, rows); err != nil {
		return nil, "", err
	}
	members := map[string][]string{} // by group
	for i, u := range users {
		for _, id := range u.GroupIDs {
			members[id] = append(members[id], ids[i])
		}
	}
	for _, id := range slices.Sorted(maps.Keys(members)) {
		err := assignment.ChangeGroups(ctx, tx, c, []string{id}, members[id], func([]desktop.Desktop) error { return directory.AddMembers(ctx, tx, id, members[id]) })
		if err != nil {
			return nil, "", err
		}
	}
	if jobID, err = signin.HashLater(ctx, tx, c, rows); err != nil {
		return nil, "", err
	}
	return ids, jobID, directory.InsertMails(ctx, tx, directory.FirstPasswordMails(rows, tx.Now()))
}
