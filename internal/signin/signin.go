package signin

import (
	"context"
	"fmt"
	"strings"
	"time"

	"carrel/internal/directory"
	"carrel/internal/store"
	"carrel/internal/workspace"
)

// Service signs users in, with passwords and codes, and changes their credentials. Each method is one transaction. Methods are safe for
// concurrent use, also by several processes on one database.
type Service struct {
	Store        store.Transactions
	Passwords    workspace.Passwords
	Box          workspace.Sealer // of secrets of authenticator apps, and of passwords that wait to be hashed
	SecondFactor SecondFactor
	Refusals     Refusals // nil: refused attempts are not recorded
}

// Lifetimes of what users hold.
const (
	SignInLife     = 12 * time.Hour
	HalfSignInLife = 5 * time.Minute // between password and code
	TicketLife     = 30 * time.Second
)

// SignInResult is a new sign-in: the token for the cookie, and the user. With NeedsCode the token is only valid for SignInWithCode.
type SignInResult struct {
	Token     string
	Expires   time.Time
	User      directory.User
	NeedsCode bool
	MustEnrol bool // an authenticator must be set up before anything else
}

// Visitor is a signed-in user and the present sign-in.
type Visitor struct {
	directory.User
	SignInHash string
	MustEnrol  bool   // as in SignInResult
	Address    string // of the client
	RequestID  string
}

// Caller returns the caller for what a user does in the portal.
func (v Visitor) Caller(operation string) workspace.Caller {
	c := userCaller(v.User, operation)
	c.RequestID, c.Address, c.Credential = v.RequestID, v.Address, workspace.CredentialSession
	return c
}

// userCaller returns the caller for what a user does with their own account.
func userCaller(u directory.User, operation string) workspace.Caller {
	return workspace.Caller{
		ProjectID: u.ProjectID, Operation: operation, Actor: workspace.Actor{ID: u.ID, Name: u.Name, Kind: workspace.ActorUser},
		Target: workspace.Resource{Type: workspace.ResourceUser, ID: u.ID, Name: u.Name},
	}
}

// SignIn checks a name and password and begins a sign-in. Where users of several projects have the name, it is preceded by the project's enterprise
// id and a backslash: "acme\ann". An unknown name, a wrong password and a user without a password get the same
// CodeBadCredentials after the same time. A *PauseError says when to retry, whether or not the user exists; a correct password of a user who
// may not work gets CodeForbidden with the reason. Attempts are counted by name and by the network of WithNetwork; see Tallies.
//
// A sign-in leaves an audit record, and so does a refused attempt, unless there are too many (Refusals).
func (s *Service) SignIn(ctx context.Context, name, password string) (SignInResult, error) {
	u, a, err := s.chargeAttempt(ctx, "", name)
	var r SignInResult
	if err == nil {
		r, err = s.signIn(ctx, u, a, password)
	}
	s.noteRefusal(ctx, "SignIn", workspace.CredentialPassword, u, err)
	return r, err
}

// signIn is SignIn once the attempt was charged.
func (s *Service) signIn(ctx context.Context, u directory.User, a workspace.Attempt, password string) (_ SignInResult, err error) {
	if u.ID == "" {
		s.Passwords.VerifyNothing(password)
		return SignInResult{}, badCredentials()
	}
	ok, rehash := s.verifyPassword(u, password)
	if !ok {
		return SignInResult{}, badCredentials()
	}
	hash := u.PasswordHash
	if rehash {
		if hash, err = s.Passwords.Hash(password); err != nil {
			return SignInResult{}, fmt.Errorf("hashing a password anew: %w", err)
		}
	}
	return s.beginSignIn(ctx, u, a, hash)
}

// chargeAttempt counts an attempt as failed before the password is checked, so that concurrent guesses are counted too, and waits for its
// turn. A correct password undoes the count. It returns an empty user if the name is unknown, and the user also if the attempt is refused.
// projectID is that of the user, if it is known.
func (s *Service) chargeAttempt(ctx context.Context, projectID, name string) (directory.User, workspace.Attempt, error) {
	var wait time.Duration
	type charged struct {
		directory.User
		workspace.Attempt
	}
	var c charged
	err := s.Store.Update(ctx, func(tx *store.Tx) error {
		u, err := findUser(ctx, tx, projectID, name)
		if err != nil {
			return err
		}
		rules, err := RulesOf(u.SignInRules)
		if err != nil {
			return err
		}
		a := workspace.Attempt{Subject: workspace.UserSubject(u.ID), Network: workspace.OriginOf(ctx).Network, Lockout: rules.Lockout.lockout()}
		if u.ID == "" {
			a.Subject = workspace.UnknownSubject(strings.ToLower(name))
		}
		c = charged{u, a}
		wait, err = workspace.ChargeAttempt(ctx, tx, a, tx.Now())
		return err
	})
	if err == nil {
		err = workspace.WaitTurn(ctx, wait)
	}
	return c.User, c.Attempt, err
}

// findUser finds the user of a name, which may have an enterprise id before it, for who tries to sign in; an empty user if there is none, or several.
// It takes a statement for an enterprise id, known or not, and one for the user.
func findUser(ctx context.Context, tx *store.Tx, projectID, name string) (directory.User, error) {
	if enterprise, rest, qualified := strings.Cut(name, `\`); qualified && projectID == "" {
		found, err := tx.EnterpriseProject(ctx, enterprise)
		if err != nil {
			return directory.User{}, err
		}
		if found != "" {
			projectID, name = found, rest
		}
	}
	return directory.UserSigningIn(ctx, tx, projectID, name)
}

// beginSignIn records a sign-in after a correct password, unless the password was changed meanwhile. The user of a password that is older than
// the project allows has to choose another.
func (s *Service) beginSignIn(ctx context.Context, checked directory.User, a workspace.Attempt, hash string) (SignInResult, error) {
	return store.Update(ctx, s.Store, func(tx *store.Tx) (SignInResult, error) {
		u, err := directory.LockUser(ctx, tx, checked.ProjectID, checked.ID)
		if workspace.CodeOf(err) == workspace.CodeUserNotFound || err == nil && u.PasswordHash != checked.PasswordHash {
			return SignInResult{}, badCredentials()
		}
		if err != nil {
			return SignInResult{}, err
		}
		if err := MayUseDesktops(u, tx.Now()); err != nil {
			return SignInResult{}, err
		}
		rules, err := RulesOf(u.SignInRules)
		if err != nil {
			return SignInResult{}, err
		}
		expired := rules.Password.expired(u, tx.Now()) && !u.MustChangePassword
		if u.PasswordHash != hash || expired {
			u.PasswordHash, u.MustChangePassword = hash, u.MustChangePassword || expired
			if err := directory.SaveUser(ctx, tx, u); err != nil {
				return SignInResult{}, err
			}
		}
		if err := workspace.NoteSuccess(ctx, tx, a); err != nil {
			return SignInResult{}, err
		}
		return s.admit(ctx, tx, u, "SignIn", workspace.CredentialPassword)
	})
}

// halfHash distinguishes half sign-ins from complete ones, which are in the same table, so that what ends one kind ends the other.
func halfHash(token string) string { return "half-" + workspace.HashToken(token) }

// admit records a sign-in, a half one for users of codes. The user's row is locked. operation and how are for the audit record.
func (s *Service) admit(ctx context.Context, tx *store.Tx, u directory.User, operation string, how workspace.CredentialKind) (SignInResult, error) {
	if !s.SecondFactor.offered() {
		return wholeSignIn(ctx, tx, u, operation, how, false)
	}
	f, err := readFactor(ctx, tx, u.ID)
	if err != nil {
		return SignInResult{}, err
	}
	switch f.need(s.SecondFactor, workspace.OriginOf(ctx).Address) {
	case needCode:
		r := SignInResult{Token: workspace.NewToken(), Expires: tx.Now().Add(HalfSignInLife), User: u, NeedsCode: true}
		return r, InsertSignIn(ctx, tx, SignIn{TokenHash: halfHash(r.Token), UserID: u.ID, Created: tx.Now(), Expires: r.Expires})
	case needApp:
		return wholeSignIn(ctx, tx, u, operation, how, true)
	default:
		return wholeSignIn(ctx, tx, u, operation, how, false)
	}
}

func wholeSignIn(
	ctx context.Context, tx *store.Tx, u directory.User, operation string, how workspace.CredentialKind, mustEnrol bool,
) (SignInResult, error) {
	tx.Record(signInRecord(ctx, operation, how, u))
	r := SignInResult{Token: workspace.NewToken(), Expires: tx.Now().Add(SignInLife), User: u, MustEnrol: mustEnrol}
	return r, InsertSignIn(ctx, tx, SignIn{
		TokenHash: workspace.HashToken(r.Token), UserID: u.ID, Created: tx.Now(), Expires: r.Expires, MustEnrol: mustEnrol,
	})
}

// SignInWithCode completes a half sign-in with a code of the user's authenticator app, or a recovery code. Wrong codes are counted
// separately from passwords, so that knowing the password gives no further guesses. Errors: CodeBadCredentials if the half sign-in has ended;
// CodeForbidden for a wrong or used code, and if the user may not work; *PauseError. Concurrent calls are serialised by the lock on the user.
func (s *Service) SignInWithCode(ctx context.Context, token, code string) (SignInResult, error) {
	var r SignInResult
	var who directory.User
	_, err := s.withCode(ctx, workspace.Caller{}, func(tx *store.Tx) (_ []string, refusal, err error) {
		half, err := ReadSignIn(ctx, tx, halfHash(token))
		if err != nil {
			return nil, nil, err
		}
		u, err := directory.LockUser(ctx, tx, "", half.UserID)
		who = u
		if workspace.CodeOf(err) == workspace.CodeUserNotFound {
			return nil, nil, SignedOut()
		}
		if err != nil {
			return nil, nil, err
		}
		if _, err := ReadSignIn(ctx, tx, half.TokenHash); err != nil { // of two callers one comes first
			return nil, nil, err
		}
		if err := MayUseDesktops(u, tx.Now()); err != nil {
			return nil, nil, err
		}
		d, found, err := registeredDevice(ctx, tx, u.ID)
		if err == nil && !found { // an administrator has removed it
			err = SignedOut()
		}
		if err != nil {
			return nil, nil, err
		}
		if refusal, err = s.useCode(ctx, tx, u, d, code); refusal != nil || err != nil {
			return nil, refusal, err
		}
		if err := DeleteSignIn(ctx, tx, half.TokenHash); err != nil {
			return nil, nil, err
		}
		r, err = wholeSignIn(ctx, tx, u, "SignInWithCode", workspace.CredentialCode, false)
		return nil, nil, err
	})
	if err != nil {
		s.noteRefusal(ctx, "SignInWithCode", workspace.CredentialCode, who, err)
		return SignInResult{}, err
	}
	return r, nil
}

// SignedIn returns the user of a sign-in's token, or CodeBadCredentials if there is none or the user may no longer work.
func (s *Service) SignedIn(ctx context.Context, token string) (Visitor, error) {
	return store.View(ctx, s.Store, func(tx *store.Tx) (Visitor, error) {
		signIn, err := ReadSignIn(ctx, tx, workspace.HashToken(token))
		if err != nil {
			return Visitor{}, err
		}
		u, err := directory.ReadUser(ctx, tx, "", signIn.UserID)
		if workspace.CodeOf(err) == workspace.CodeUserNotFound {
			return Visitor{}, SignedOut()
		}
		if err != nil {
			return Visitor{}, err
		}
		if MayUseDesktops(u, tx.Now()) != nil {
			return Visitor{}, SignedOut()
		}
		return Visitor{User: u, SignInHash: signIn.TokenHash, MustEnrol: signIn.MustEnrol}, nil
	})
}

// SignOut ends a sign-in and the connections made with it. It succeeds if the sign-in has ended.
func (s *Service) SignOut(ctx context.Context, token string) error {
	return s.Store.Update(ctx, func(tx *store.Tx) error { return DeleteSignIn(ctx, tx, workspace.HashToken(token)) })
}

// PasswordTokenHolder returns the user of a password token, or CodeForbidden if it is unknown, used or expired.
func (s *Service) PasswordTokenHolder(ctx context.Context, token string) (directory.User, error) {
	return store.View(ctx, s.Store, func(tx *store.Tx) (directory.User, error) { return tokenHolder(ctx, tx, token) })
}

// SetFirstPassword sets the password of a token's user, and invalidates this token, the user's other tokens and sign-ins. Errors:
// CodeForbidden, CodeInvalid. Of c it needs what is known of a request without a session: its id and address.
func (s *Service) SetFirstPassword(ctx context.Context, c workspace.Caller, token, password string) (directory.User, error) {
	holder, err := s.PasswordTokenHolder(ctx, token)
	if err != nil {
		return directory.User{}, err
	}
	if err := s.checkChoice(ctx, holder, password); err != nil {
		return directory.User{}, err
	}
	hash, err := s.Passwords.Hash(password)
	if err != nil {
		return directory.User{}, fmt.Errorf("hashing a password: %w", err)
	}
	act := userCaller(holder, "SetFirstPassword")
	act.RequestID, act.Address, act.Credential = c.RequestID, c.Address, workspace.CredentialPasswordLink
	return store.Update(ctx, s.Store, store.As(act, func(tx *store.Tx) (directory.User, error) {
		holder, err := tokenHolder(ctx, tx, token)
		if err != nil {
			return directory.User{}, err
		}
		u, err := directory.LockUser(ctx, tx, holder.ProjectID, holder.ID)
		if err != nil {
			return directory.User{}, err
		}
		if _, err := ReadPasswordToken(ctx, tx, workspace.HashToken(token)); err != nil { // of two callers one comes first
			return directory.User{}, linkUsed()
		}
		u.MustChangePassword = false
		tx.Audit(act.Target, "")
		return u, replacePassword(ctx, tx, u, hash)
	}))
}

// ChangePassword changes a user's own password and ends the user's other sign-ins. A wrong old password counts as a failed sign-in. Errors:
// CodeBadCredentials, CodeForbidden, CodeInvalid, *PauseError.
func (s *Service) ChangePassword(ctx context.Context, v Visitor, old, password string) error {
	if !v.MayChangePassword && !v.MustChangePassword {
		return &workspace.Error{Code: workspace.CodeForbidden, Message: "your administrator changes your password for you"}
	}
	u, a, err := s.chargeAttempt(ctx, v.ProjectID, v.Name)
	if err == nil {
		if ok, _ := s.verifyPassword(u, old); !ok {
			err = &workspace.Error{Code: workspace.CodeBadCredentials, Message: "the present password is wrong"}
		}
	}
	if err != nil {
		s.noteRefusal(ctx, "ChangePassword", workspace.CredentialSession, u, err)
		return err
	}
	if err := s.checkChoice(ctx, u, password); err != nil {
		return err
	}
	if old == password {
		return workspace.Invalid("password", "choose one that differs from the present one")
	}
	hash, err := s.Passwords.Hash(password)
	if err != nil {
		return fmt.Errorf("hashing a password: %w", err)
	}
	c := v.Caller("ChangePassword")
	return s.Store.Update(ctx, store.By(c, func(tx *store.Tx) error {
		now, err := directory.LockUser(ctx, tx, u.ProjectID, u.ID)
		if err != nil {
			return err
		}
		if now.PasswordHash != u.PasswordHash {
			return &workspace.Error{Code: workspace.CodeConflict, Message: "the password was changed elsewhere in the meantime"}
		}
		kept, err := ReadSignIn(ctx, tx, v.SignInHash)
		if err != nil {
			return err
		}
		if err := workspace.NoteSuccess(ctx, tx, a); err != nil {
			return err
		}
		now.MustChangePassword = false
		tx.Audit(c.Target, "")
		if err := replacePassword(ctx, tx, now, hash); err != nil {
			return err
		}
		return InsertSignIn(ctx, tx, kept)
	}))
}

// replacePassword writes a new hash, or none, resets failed attempts, and ends the user's sign-ins and password tokens.
func replacePassword(ctx context.Context, tx *store.Tx, u directory.User, hash string) error {
	rules, err := RulesOf(u.SignInRules)
	if err != nil {
		return err
	}
	if _, sealed := sealedPassword(u); rules.Password.History > 0 && u.PasswordHash != "" && !sealed {
		if err := insertFormerPassword(ctx, tx, u.ID, u.PasswordHash, rules.Password.History); err != nil {
			return err
		}
	}
	u.PasswordHash, u.PasswordSet, u.Updated = hash, tx.Now(), tx.Now()
	if err := tx.ForgetTallies(ctx, workspace.UserSubject(u.ID)); err != nil {
		return err
	}
	if err := directory.SaveUser(ctx, tx, u); err != nil {
		return err
	}
	if err := DeletePasswordTokensOf(ctx, tx, u.ID); err != nil {
		return err
	}
	return DeleteSignInsOf(ctx, tx, u.ID)
}

func tokenHolder(ctx context.Context, tx *store.Tx, token string) (directory.User, error) {
	t, err := ReadPasswordToken(ctx, tx, workspace.HashToken(token))
	if workspace.CodeOf(err) == workspace.CodeForbidden {
		return directory.User{}, linkUsed()
	}
	if err != nil {
		return directory.User{}, err
	}
	u, err := directory.ReadUser(ctx, tx, "", t.UserID)
	if workspace.CodeOf(err) == workspace.CodeUserNotFound {
		return directory.User{}, linkUsed()
	}
	return u, err
}

// MayUseDesktops returns nil if a user may use the portal and desktops now, else an error with the reason.
func MayUseDesktops(u directory.User, now time.Time) error {
	switch {
	case u.Locked:
		return &workspace.Error{Code: workspace.CodeForbidden, Message: "this user is locked, ask your administrator"}
	case u.Disabled:
		return &workspace.Error{Code: workspace.CodeForbidden, Message: "this user is disabled, ask your administrator"}
	case !u.Expires.IsZero() && !now.Before(u.Expires):
		return &workspace.Error{Code: workspace.CodeForbidden, Message: "this user has expired, ask your administrator"}
	}
	return nil
}

func badCredentials() error {
	return &workspace.Error{Code: workspace.CodeBadCredentials, Message: "the user name or the password is wrong"}
}

func SignedOut() error {
	return &workspace.Error{Code: workspace.CodeBadCredentials, Message: "you are signed out, sign in again"}
}

func linkUsed() error {
	return &workspace.Error{Code: workspace.CodeForbidden, Message: "this link has been used or is too old, ask your administrator for a new one"}
}
