package iam

import (
	"net/http"

	"carrel/internal/signin"
	"carrel/internal/store"
	"carrel/internal/workspace"
)

type userBody struct {
	ID                string  `json:"id"`
	Name              string  `json:"name"`
	DomainID          string  `json:"domain_id"`
	Description       string  `json:"description"`
	Enabled           bool    `json:"enabled"`
	AccessMode        string  `json:"access_mode"`
	Role              Role    `json:"role" doc:"A built-in role for the whole account, or empty; others are attached"`
	PasswordExpiresAt *string `json:"password_expires_at"` // null: never
	Links             links   `json:"links"`
}

func (s *Service) userBody(r *http.Request, a Admin) userBody {
	return userBody{
		ID: a.ID, Name: a.Name, DomainID: a.AccountID, Description: a.Description, Enabled: a.Enabled, AccessMode: a.accessMode(), Role: a.Role,
		Links: s.links(r, "/v3/users/"+a.ID),
	}
}

// accessMode says in which ways a user can authenticate.
func (a Admin) accessMode() string {
	if a.PasswordHash == "" {
		return "programmatic"
	}
	return "default"
}

// usersInput has filters: what is given must be the user's.
type usersInput struct {
	Page     string `query:"page" doc:"A number from 1"`
	PerPage  string `query:"per_page" doc:"1 to 5000; 5000 if absent"`
	Name     string `query:"name"`
	DomainID string `query:"domain_id"`
	Enabled  string `query:"enabled" doc:"true or false"`
}

type usersBody struct {
	Users []userBody `json:"users"`
	Links links      `json:"links"`
}

// listUsers lists the account's administrators.
func (s *Service) listUsers(r *http.Request, in *usersInput) (*body[usersBody], error) {
	window, err := pageOf(in.Page, in.PerPage)
	if err != nil {
		return nil, err
	}
	p, _ := PrincipalFrom(r.Context())
	enabled, err := boolean("enabled", in.Enabled)
	if err != nil {
		return nil, err
	}
	if !matches(in.DomainID, p.AccountID) {
		return s.usersBody(r, nil), nil
	}
	admins, err := store.View(r.Context(), s.Store, func(tx *store.Tx) ([]Admin, error) {
		return Admins(r.Context(), tx, AdminQuery{AccountID: p.AccountID, Name: in.Name, Enabled: enabled, Page: window})
	})
	if err != nil {
		return nil, err
	}
	return s.usersBody(r, admins), nil
}

// usersBody answers with users.
func (s *Service) usersBody(r *http.Request, admins []Admin) *body[usersBody] {
	out := usersBody{Users: []userBody{}, Links: s.links(r, r.URL.Path)}
	for _, a := range admins {
		out.Users = append(out.Users, s.userBody(r, a))
	}
	return &body[usersBody]{Body: out}
}

type userInput struct {
	ID string `path:"user_id"`
}

type showUserBody struct {
	User userBody `json:"user"`
}

func (s *Service) showUser(r *http.Request, in *userInput) (*body[showUserBody], error) {
	p, _ := PrincipalFrom(r.Context())
	if in.ID != p.AdminID {
		if err := s.permit(r.Context(), p, operationOf(r.Context()).needs); err != nil {
			return nil, err
		}
	}
	a, err := store.View(r.Context(), s.Store, func(tx *store.Tx) (Admin, error) { return ReadAdmin(r.Context(), tx, p.AccountID, in.ID) })
	return bodyOf(showUserBody{s.userBody(r, a)}, noneSuch(err, "user", in.ID))
}

// The wire forms of changes of users.
type (
	createUserInput   struct{ Body createUserRequest }
	createUserRequest struct {
		User createUserFields `json:"user" required:"true"`
	}
	createUserFields struct {
		Name        string `json:"name" required:"true" doc:"1 to 64 letters, digits, spaces, hyphens, underscores, dots and @; unique in the account, ignoring case"`
		Password    string `json:"password" doc:"8 to 64 characters of three kinds; without one, the user has access keys only"`
		Description string `json:"description" doc:"At most 255 characters"`
		Enabled     *bool  `json:"enabled" doc:"true if absent"`
		Role        Role   `json:"role" doc:"A built-in role for the whole account, such as admin or reader; absent: none"`
		UnsupportedUserFields
	}
	updateUserInput struct {
		ID   string `path:"user_id"`
		Body updateUserRequest
	}
	updateUserRequest struct {
		User updateUserFields `json:"user" required:"true"`
	}
	updateUserFields struct {
		Name        *string `json:"name"`
		Password    *string `json:"password" doc:"Ends the user's tokens and temporary keys"`
		Description *string `json:"description"`
		Enabled     *bool   `json:"enabled" doc:"false: no credential of the user is accepted; tokens and temporary keys end"`
		Role        *Role   `json:"role" doc:"A built-in role for the whole account, or empty; others are attached"`
		UnsupportedUserFields
	}

	// UnsupportedUserFields are fields of the public service that are refused, but for the account. The type is exported so that its fields are described.
	UnsupportedUserFields struct {
		DomainID         string `json:"domain_id" doc:"The caller's account; may be absent"`
		Email            any    `json:"email" doc:"Not supported"`
		Phone            any    `json:"phone" doc:"Not supported"`
		AreaCode         any    `json:"areacode" doc:"Not supported"`
		DefaultProjectID any    `json:"default_project_id" doc:"Not supported: name the project in auth.scope"`
		PasswordStatus   any    `json:"pwd_status" doc:"Not supported: nobody has to change a password at first"`
		ExternalID       any    `json:"xuser_id" doc:"Not supported"`
		ExternalType     any    `json:"xuser_type" doc:"Not supported"`
	}

	changePasswordInput struct {
		ID   string `path:"user_id"`
		Body changePasswordRequest
	}
	changePasswordRequest struct {
		User changePasswordFields `json:"user" required:"true"`
	}
	changePasswordFields struct {
		Password string `json:"password" required:"true"`
		Original string `json:"original_password" required:"true"`
	}
)

// refused returns an error for the first field that is given and not supported.
func (f UnsupportedUserFields) refused(r *http.Request) error {
	for _, field := range []struct {
		name  string
		value any
	}{
		{"email", f.Email}, {"phone", f.Phone}, {"areacode", f.AreaCode}, {"default_project_id", f.DefaultProjectID},
		{"pwd_status", f.PasswordStatus}, {"xuser_id", f.ExternalID}, {"xuser_type", f.ExternalType},
	} {
		if field.value != nil {
			return invalid("user."+field.name, "is not supported; leave it out")
		}
	}
	return ownDomain(r, "user.domain_id", f.DomainID)
}

// hashForCreated and hashForUpdated hash the password that a request sets.
func (s *Service) hashForCreated(r *http.Request, in *createUserInput) (*http.Request, error) {
	return s.withHash(r, in.Body.User.Name, in.Body.User.Password)
}

func (s *Service) hashForUpdated(r *http.Request, in *updateUserInput) (*http.Request, error) {
	return s.withHash(r, "", valueOf(in.Body.User.Password))
}

func (s *Service) createUser(r *http.Request, in *createUserInput) (*body[showUserBody], error) {
	u := in.Body.User
	if err := u.refused(r); err != nil {
		return nil, err
	}
	a, err := s.CreateUser(r.Context(), s.act(r, workspace.Resource{Type: ResourceUser, Name: u.Name}), NewUser{
		Name: u.Name, Password: u.Password, Description: u.Description, Role: u.Role, Disabled: u.Enabled != nil && !*u.Enabled,
	})
	return bodyOf(showUserBody{s.userBody(r, a)}, err)
}

func (s *Service) updateUser(r *http.Request, in *updateUserInput) (*body[showUserBody], error) {
	u := in.Body.User
	if err := u.refused(r); err != nil {
		return nil, err
	}
	a, err := s.UpdateUser(r.Context(), s.act(r, workspace.Resource{Type: ResourceUser, ID: in.ID}), in.ID, UserChange{
		Name: u.Name, Description: u.Description, Password: u.Password, Role: u.Role, Enabled: u.Enabled,
	})
	return bodyOf(showUserBody{s.userBody(r, a)}, err)
}

func (s *Service) deleteUser(r *http.Request, in *userInput) error {
	return s.DeleteUser(r.Context(), s.act(r, workspace.Resource{Type: ResourceUser, ID: in.ID}), in.ID)
}

// checkFormer checks the caller's former password, which is counted and delayed like one at sign-in, and hashes the new one.
func (s *Service) checkFormer(r *http.Request, in *changePasswordInput) (*http.Request, error) {
	p, _ := PrincipalFrom(r.Context())
	u := in.Body.User
	switch {
	case in.ID != p.AdminID:
		return r, forbidden("user_id: is not the caller; administrators set the passwords of others with PATCH /v3/users/{user_id}")
	case p.AgencyID != "":
		return r, forbidden("an agency has no password, use a token of the user")
	case u.Original == "":
		return r, invalid("user.original_password", "must be given")
	case u.Original == u.Password:
		return r, invalid("user.password", "must differ from the former one")
	}
	if err := signin.CheckPassword("user.password", u.Password, p.AdminName); err != nil {
		return r, err
	}
	if _, err := s.checkPassword(r, passwordUser{ID: p.AdminID, Password: u.Original}); err != nil {
		return r, err
	}
	return s.withHash(r, p.AdminName, u.Password)
}

// changePassword changes the caller's own password.
func (s *Service) changePassword(r *http.Request, in *changePasswordInput) error {
	p, _ := PrincipalFrom(r.Context())
	hash, err := s.hash(r.Context(), in.Body.User.Password)
	if err != nil {
		return err
	}
	c := s.act(r, workspace.Resource{Type: ResourceUser, ID: p.AdminID, Name: p.AdminName})
	return s.Store.Update(r.Context(), store.By(c, func(tx *store.Tx) error {
		a, err := lockUser(r.Context(), tx, p.AccountID, p.AdminID)
		if err != nil {
			return err
		}
		return ReplacePassword(r.Context(), tx, a, hash)
	}))
}
