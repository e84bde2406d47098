package api

import (
	"context"
	"strconv"
	"strings"
	"time"

	"carrel/internal/api/wire"
	"carrel/internal/directory"
	"carrel/internal/user"
	"carrel/internal/workspace"
)

func createUserOf(r wire.CreateUserRequest) user.CreateUser {
	expires, unreadable := directory.ReadExpiry("account_expires", r.AccountExpires)
	return user.CreateUser{
		Name: r.UserName, Email: r.UserEmail, Phone: r.UserPhone, Alias: r.AliasName, Description: r.Description,
		Activation: directory.Activation(r.ActiveType), Password: r.Password, Expires: expires, MayChangePassword: r.EnableChangePassword,
		MustChangePassword: r.NextLoginChangePassword, EnterpriseID: r.EnterpriseProjectID, Domain: r.Domain, GroupIDs: r.GroupIDs,
		Unreadable: unreadable,
	}
}

func (s *Server) createUser(ctx context.Context, in *wire.CreateDesktopUserInput) (wire.CreateDesktopUserResponse, error) {
	r := createUserOf(in.Body)
	r.Caller = caller(ctx, in.Project)
	id, err := s.Services.Users.CreateUser(ctx, r)
	return wire.CreateDesktopUserResponse{ID: id}, err
}

func (s *Server) createUsers(ctx context.Context, in *wire.BatchCreateUsersInput) error {
	_, err := s.Services.Users.CreateUsers(ctx, caller(ctx, in.Project), each(in.Body.Users, createUserOf))
	return err
}

// millis returns a time in milliseconds since 1970; 0 means never.
func millis(t time.Time) int64 {
	if t.IsZero() {
		return 0
	}
	return t.UnixMilli()
}

// selectsNobody reports whether the filters select users by something that Carrel does not have.
func selectsNobody(in *wire.ListUsersInput) bool {
	return in.ShareSpaceSubscription || in.ShareSpaceDesktops || otherDirectory(in.Domain) || in.PlatformType != "" && in.PlatformType != "LOCAL"
}

// otherDirectory reports whether a filter names another directory than the built-in one.
func otherDirectory(name string) bool {
	return name != "" && !strings.EqualFold(name, directory.BuiltInDomain)
}

func (s *Server) listUsers(ctx context.Context, in *wire.ListUsersInput) (wire.ListUsersResponse, error) {
	page, err := pageOf(in.Offset, in.Limit)
	if err != nil {
		return wire.ListUsersResponse{}, err
	}
	if selectsNobody(in) {
		return wire.ListUsersResponse{Users: []wire.User{}}, nil
	}
	users, total, err := s.Services.Directory.ListUserDetails(ctx, directory.UserQuery{
		ProjectID: in.ProjectID, Name: in.UserName, Names: split[string](in.UserNames...), Description: in.Description,
		Activation: directory.Activation(in.ActiveType), EnterpriseID: in.EnterpriseProjectID, Disabled: in.Disabled.Pointer(),
		GroupName: in.GroupName, Visible: visibleTo(ctx), Page: page,
	})
	return wire.ListUsersResponse{TotalCount: total, Users: each(users, func(u directory.UserDetail) wire.User {
		return userOf(u, in.IsQueryTotalDesktops, time.Now())
	})}, err
}

// pageOf parses a page of lists of people and groups, whose limit and offset are strings. CodeInvalid.
func pageOf(offset, limit string) (workspace.Page, error) { return pageUpTo(2000, offset, limit) }

// pageUpTo parses a page of operations whose limit and offset are strings. CodeInvalid.
func pageUpTo(most int, offset, limit string) (p workspace.Page, err error) {
	if p.Limit, err = numeral("limit", limit, most); err != nil {
		return p, err
	}
	p.Offset, err = numeral("offset", offset, 1<<31-1)
	return p, err
}

// numeral parses a number from 0 to highest. CodeInvalid.
func numeral(field, text string, highest int) (int, error) {
	n, err := strconv.Atoi(text)
	if err != nil || n < 0 || n > highest {
		return 0, workspace.Errorf(workspace.CodeInvalid, "%s: %q is out of range, use a number from 0 to %d", field, text, highest)
	}
	return n, nil
}

func userOf(d directory.UserDetail, counted bool, now time.Time) wire.User {
	u := d.User
	out := wire.User{
		ID: u.ID, UserName: u.Name, UserEmail: u.Email, UserPhone: u.Phone, ActiveType: string(u.Activation),
		AccountExpires: expiresText(u.Expires), AccountExpired: expired(u, now), PasswordNeverExpired: u.PasswordNeverExpires,
		EnableChangePassword: u.MayChangePassword, NextLoginChangePassword: u.MustChangePassword, Description: u.Description,
		Locked: u.Locked, Disabled: u.Disabled, GroupNames: append([]string{}, d.Groups...), EnterpriseProjectID: u.EnterpriseID,
		Domain: directory.BuiltInDomain, SID: u.ID,
	}
	if counted {
		out.TotalDesktops = &u.Desktops
	}
	return out
}

func expired(u directory.User, now time.Time) bool {
	return !u.Expires.IsZero() && !now.Before(u.Expires)
}

func (s *Server) showUser(ctx context.Context, in *wire.ListUserDetailInput) (wire.ListUserDetailResponse, error) {
	u, err := s.Services.Directory.UserDetail(ctx, in.ProjectID, in.UserID)
	return wire.ListUserDetailResponse{UserDetail: userDetailOf(u, time.Now())}, err
}

func userDetailOf(d directory.UserDetail, now time.Time) wire.UserDetail {
	u := d.User
	return wire.UserDetail{
		ID: u.ID, UserName: u.Name, UserEmail: u.Email, UserPhone: u.Phone, ActiveType: string(u.Activation), SamAccountName: u.Account,
		UserPrincipalName: u.Account + "@" + directory.BuiltInDomain, FullName: u.Alias, Description: u.Description,
		WhenCreated: stamp(u.Created), AccountExpires: millis(u.Expires), UserExpired: expired(u, now), Locked: u.Locked,
		EnableChangePassword: u.MayChangePassword, PasswordNeverExpired: u.PasswordNeverExpires, NextLoginChangePassword: u.MustChangePassword,
		Disabled: u.Disabled, GroupNames: append([]string{}, d.Groups...), TotalDesktops: u.Desktops, DistinguishedName: u.DN(),
	}
}

func (s *Server) deleteUser(ctx context.Context, in *wire.DeleteUserInput) error {
	return s.Services.Users.DeleteUser(ctx, caller(ctx, in.Project), in.UserID)
}

func (s *Server) deleteUsers(ctx context.Context, in *wire.BatchDeleteUserInput) error {
	return s.Services.Users.DeleteUsers(ctx, caller(ctx, in.Project), in.Body.UserIDs)
}
