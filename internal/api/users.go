package api

import (
	"context"
	"net/http"
	"strconv"
	"strings"
	"time"

	"carrel/internal/api/wire"
	"carrel/internal/directory"
	"carrel/internal/iam"
	"carrel/internal/user"
	"carrel/internal/workspace"
)

func (s *Server) userOperations() []operation {
	const users = "/v2/{project_id}/users"
	return []operation{
		{"POST", users, "CreateDesktopUser", iam.Write, answering(s.createUser), "Create a user"},
		{"POST", users + "/batch-create", "BatchCreateUsers", iam.Write, silent(http.StatusOK, s.createUsers), "Create users, all or none"},
		{"GET", users, "ListUsers", iam.Read, answering(s.listUsers), "List users"},
		{"GET", users + "/{user_id}", "ListUserDetail", iam.Read, answering(s.showUser), "Show a user"},
		{"DELETE", users + "/{user_id}", "DeleteUser", iam.Write, silent(http.StatusOK, s.deleteUser), "Delete a user"},
		{"POST", users + "/batch-delete", "BatchDeleteUser", iam.Write, silent(http.StatusOK, s.deleteUsers), "Delete users"},
		{"PUT", users + "/{user_id}", "UpdateUserInfo", iam.Write, answering(s.updateUser), "Update a user"},
		{"POST", users + "/{user_id}/actions", "ChangeUserStatus", iam.Write, silent(http.StatusNoContent, s.actOnUser), "Lock or unlock a user, or reset the password"},
		{"GET", users + "/{user_id}/random-password", "ResetRandomPassword", iam.Write, answering(s.randomPassword), "Set and return a random password for a user"},
		{"POST", users + "/{user_id}/resend-email", "SendEmail", iam.Write, silent(http.StatusOK, s.inviteUser), "Send a user's invitation mail again"},
		{"GET", users + "/notification-records", "ListNotificationRecords", iam.Read, answering(s.listNotifications), "List the status of messages to users"},
	}
}

type createUserInput struct {
	Project
	Body createUserBody
}

type createUserBody struct {
	Name         string               `json:"user_name" required:"true"`
	Email        string               `json:"user_email,omitempty"`
	Phone        string               `json:"user_phone,omitempty" doc:"Digits, with spaces, hyphens and parentheses between them and a plus before them; at most 32 characters"`
	Expires      string               `json:"account_expires,omitempty" doc:"A time such as 2030-01-31T12:00:00Z, or 0 for never (default)"`
	Activation   directory.Activation `json:"active_type,omitempty" doc:"USER_ACTIVATE (default): by a mailed link; ADMIN_ACTIVATE: with the password given here"`
	Password     string               `json:"password,omitempty" doc:"With ADMIN_ACTIVATE"`
	MayChange    *bool                `json:"enable_change_password,omitempty"`
	MustChange   *bool                `json:"next_login_change_password,omitempty"`
	Description  string               `json:"description,omitempty" doc:"At most 255 characters"`
	Alias        string               `json:"alias_name,omitempty"`
	EnterpriseID string               `json:"enterprise_project_id,omitempty"`
	Domain       string               `json:"domain,omitempty"`

	GroupIDs []string `json:"group_ids,omitempty" doc:"At most 5"`

	InfoMap string `json:"user_info_map,omitempty" doc:"Refused"`
}

func (b createUserBody) request() user.CreateUser {
	expires, unreadable := directory.ReadExpiry("account_expires", b.Expires)
	var unsupported given
	unsupported.add("user_info_map", b.InfoMap != "")
	return user.CreateUser{
		Name: b.Name, Email: b.Email, Phone: b.Phone, Alias: b.Alias, Description: b.Description,
		Activation: b.Activation, Password: b.Password, Expires: expires, MayChangePassword: b.MayChange,
		MustChangePassword: b.MustChange, EnterpriseID: b.EnterpriseID, Domain: b.Domain, GroupIDs: b.GroupIDs,
		Unsupported: unsupported, Unreadable: unreadable,
	}
}

type idReply struct {
	ID string `json:"id"`
}

func (s *Server) createUser(ctx context.Context, in *createUserInput) (idReply, error) {
	r := in.Body.request()
	r.Caller = in.caller(ctx)
	id, err := s.Services.Users.CreateUser(ctx, r)
	return idReply{id}, err
}

type createUsersInput struct {
	Project
	Body struct {
		Users []createUserBody `json:"users" required:"true" doc:"1 to 200, created all or none"`
	}
}

func (s *Server) createUsers(ctx context.Context, in *createUsersInput) error {
	_, err := s.Services.Users.CreateUsers(ctx, in.caller(ctx), each(in.Body.Users, createUserBody.request))
	return err
}

// millis is a time in milliseconds since 1970, or 0 for never.
func millis(t time.Time) int64 {
	if t.IsZero() {
		return 0
	}
	return t.UnixMilli()
}

type listUsersInput struct {
	Project
	Name          string               `query:"user_name" doc:"Part of the name"`
	Names         []string             `query:"user_names,explode" doc:"Exact names"`
	Limit         string               `query:"limit" default:"1000" doc:"A number from 0 to 2000"`
	Offset        string               `query:"offset" default:"0" doc:"A number from 0"`
	Description   string               `query:"description" doc:"Part of the description"`
	Activation    directory.Activation `query:"active_type" enum:"USER_ACTIVATE,ADMIN_ACTIVATE"`
	GroupName     string               `query:"group_name" doc:"Part of the name of a group of the user"`
	Subscribed    bool                 `query:"share_space_subscription" doc:"Only users with a shared space: none, shared spaces are not offered"`
	SharedSpace   bool                 `query:"share_space_desktops" doc:"Only users with a shared space: none, shared spaces are not offered"`
	CountDesktops bool                 `query:"is_query_total_desktops" default:"true" doc:"Whether to count the users' desktops"`
	EnterpriseID  string               `query:"enterprise_project_id"`
	Disabled      wire.Optional[bool]  `query:"disabled"`
	Domain        string               `query:"domain" doc:"The directory"`
	Platform      string               `query:"platform_type" enum:"AD,LOCAL,UOS" doc:"All users are LOCAL"`
}

// selectsNobody says whether the filters ask for people in what Carrel does not have.
func (in *listUsersInput) selectsNobody() bool {
	return in.Subscribed || in.SharedSpace || otherDirectory(in.Domain) || in.Platform != "" && in.Platform != "LOCAL"
}

// otherDirectory says whether a filter names a directory that is not the only one.
func otherDirectory(name string) bool {
	return name != "" && !strings.EqualFold(name, directory.BuiltInDomain)
}

type usersReply struct {
	Total int           `json:"total_count"`
	Users []userSummary `json:"users"`
}

type userSummary struct {
	ID           string   `json:"id"`
	Name         string   `json:"user_name"`
	Email        string   `json:"user_email"`
	Desktops     *int     `json:"total_desktops,omitempty"`
	Phone        string   `json:"user_phone"`
	Activation   string   `json:"active_type"`
	Expires      string   `json:"account_expires" doc:"Milliseconds since 1970, 0 for never"`
	Expired      bool     `json:"account_expired"`
	NeverExpires bool     `json:"password_never_expired"`
	MayChange    bool     `json:"enable_change_password"`
	MustChange   bool     `json:"next_login_change_password"`
	Description  string   `json:"description"`
	Locked       bool     `json:"locked"`
	Disabled     bool     `json:"disabled"`
	Groups       []string `json:"group_names"`
	EnterpriseID string   `json:"enterprise_project_id"`
	Domain       string   `json:"domain"`
	SID          string   `json:"sid" doc:"The user's id in the directory"`
	WithoutSpaces
	HasCertificate bool `json:"certificate_status" doc:"Always false: sign-in with certificates is not supported"`
}

// WithoutSpaces is what nobody has or is here, so that clients read no.
type WithoutSpaces struct {
	Subscribed   bool `json:"share_space_subscription" doc:"Always false: shared spaces are not offered"`
	SharedSpaces int  `json:"share_space_desktops" doc:"Always 0: shared spaces are not offered"`
	PreUser      bool `json:"is_pre_user" doc:"Always false: there are no pre-created users"`
}

func (s *Server) listUsers(ctx context.Context, in *listUsersInput) (usersReply, error) {
	page, err := pageOf(in.Offset, in.Limit)
	if err != nil {
		return usersReply{}, err
	}
	if in.selectsNobody() {
		return usersReply{Users: []userSummary{}}, nil
	}
	users, total, err := s.Services.Directory.ListUserDetails(ctx, directory.UserQuery{
		ProjectID: in.ProjectID, Name: in.Name, Names: split[string](in.Names...), Description: in.Description,
		Activation: in.Activation, EnterpriseID: in.EnterpriseID, Disabled: in.Disabled.Pointer(), GroupName: in.GroupName,
		Page: page,
	})
	return usersReply{total, each(users, func(u directory.UserDetail) userSummary { return userSummaryOf(u, in.CountDesktops, time.Now()) })}, err
}

// pageOf reads a page from numbers that some operations have as strings.
func pageOf(offset, limit string) (p workspace.Page, err error) {
	if p.Limit, err = numeral("limit", limit, 2000); err != nil {
		return p, err
	}
	p.Offset, err = numeral("offset", offset, 1<<31-1)
	return p, err
}

func numeral(field, text string, highest int) (int, error) {
	n, err := strconv.Atoi(text)
	if err != nil || n < 0 || n > highest {
		return 0, workspace.Errorf(workspace.CodeInvalid, "%s: %q is out of range, use a number from 0 to %d", field, text, highest)
	}
	return n, nil
}

func userSummaryOf(d directory.UserDetail, counted bool, now time.Time) userSummary {
	u := d.User
	out := userSummary{
		ID: u.ID, Name: u.Name, Email: u.Email, Phone: u.Phone, Activation: string(u.Activation),
		Expires: expiresText(u.Expires), Expired: expired(u, now), NeverExpires: u.PasswordNeverExpires,
		MayChange: u.MayChangePassword, MustChange: u.MustChangePassword, Description: u.Description,
		Locked: u.Locked, Disabled: u.Disabled, Groups: append([]string{}, d.Groups...), EnterpriseID: u.EnterpriseID, Domain: directory.BuiltInDomain,
		SID: u.ID,
	}
	if counted {
		out.Desktops = &u.Desktops
	}
	return out
}

func expired(u directory.User, now time.Time) bool {
	return !u.Expires.IsZero() && !now.Before(u.Expires)
}

// UserPath is the path of one person.
type UserPath struct {
	Project
	UserID string `path:"user_id"`
}

type userReply struct {
	User userDetail `json:"user_detail"`
}

type userDetail struct {
	ID            string   `json:"id"`
	Name          string   `json:"user_name"`
	Email         string   `json:"user_email"`
	Phone         string   `json:"user_phone"`
	Activation    string   `json:"active_type"`
	AccountName   string   `json:"sam_account_name" doc:"Login name in desktops, derived from the user name"`
	PrincipalName string   `json:"user_principal_name"`
	FullName      string   `json:"full_name"`
	Description   string   `json:"description"`
	Created       string   `json:"when_created"`
	Expires       int64    `json:"account_expires" doc:"Milliseconds since 1970, 0 for never"`
	Expired       bool     `json:"user_expired"`
	Locked        bool     `json:"locked"`
	MayChange     bool     `json:"enable_change_password"`
	NeverExpires  bool     `json:"password_never_expired"`
	MustChange    bool     `json:"next_login_change_password"`
	Disabled      bool     `json:"disabled"`
	Groups        []string `json:"group_names"`
	Desktops      int      `json:"total_desktops"`
	DN            string   `json:"distinguished_name" doc:"The user's distinguished name in the directory"`
	AccountType   int      `json:"account_type" enum:"0" doc:"0: a user"`
	WithoutSpaces
}

func (s *Server) showUser(ctx context.Context, in *UserPath) (userReply, error) {
	u, err := s.Services.Directory.UserDetail(ctx, in.ProjectID, in.UserID)
	return userReply{userDetailOf(u, time.Now())}, err
}

func userDetailOf(d directory.UserDetail, now time.Time) userDetail {
	u := d.User
	return userDetail{
		ID: u.ID, Name: u.Name, Email: u.Email, Phone: u.Phone, Activation: string(u.Activation), AccountName: u.Account,
		PrincipalName: u.Account + "@" + directory.BuiltInDomain, FullName: u.Alias, Description: u.Description,
		Created: stamp(u.Created), Expires: millis(u.Expires), Expired: expired(u, now), Locked: u.Locked,
		MayChange: u.MayChangePassword, NeverExpires: u.PasswordNeverExpires, MustChange: u.MustChangePassword, Disabled: u.Disabled,
		Groups: append([]string{}, d.Groups...), Desktops: u.Desktops, DN: u.DN(),
	}
}

func (s *Server) deleteUser(ctx context.Context, in *UserPath) error {
	return s.Services.Users.DeleteUser(ctx, in.caller(ctx), in.UserID)
}
