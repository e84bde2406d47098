package workspace

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"strings"
	"time"
)

// SignInService signs people in, with passwords and codes, and changes how they sign in. Each method is one
// transaction; the work on machines is left to the job runner. Methods may be called concurrently, by several processes on one database.
type SignInService struct {
	Store        Store
	Passwords    Passwords
	Box          Sealer // of secrets of authenticator apps, and of passwords that wait to be hashed
	SecondFactor SecondFactor
}

// How long things last that people hold.
const (
	SignInLife     = 12 * time.Hour
	HalfSignInLife = 5 * time.Minute // between password and code
	TicketLife     = 30 * time.Second
)

// PauseError refuses an attempt that comes too soon. It is a CodeRateLimited.
type PauseError struct{ Until time.Time }

func (e *PauseError) Error() string { return e.Unwrap().Error() }

// Unwrap returns the Error that callers see.
func (e *PauseError) Unwrap() error {
	return &Error{Code: CodeRateLimited, Message: "too many attempts to sign in, wait a moment and try again"}
}

// HashToken is what is stored of a bearer token, and looked up: its SHA-256 as 64 hexadecimal digits. It is right only for tokens
// of at least 80 random bits (NewToken has 256); for what people choose there is Passwords.
func HashToken(token string) string {
	sum := sha256.Sum256([]byte(token))
	return hex.EncodeToString(sum[:])
}

// SignInResult is a new sign-in: the token for the person's cookie and who they are. With NeedsCode the token is only good for
// SignInWithCode.
type SignInResult struct {
	Token     string
	Expires   time.Time
	User      User
	NeedsCode bool
}

// Visitor is a signed-in person and the sign-in they came with.
type Visitor struct {
	User
	SignInHash string
}

// SignIn checks a name and password and begins a sign-in. An unknown name, a wrong password and a user without a password
// get the same CodeBadCredentials in the same time. A *PauseError says when to try again, whether there is such a user or not;
// a right password of somebody who may not work gets CodeForbidden with the reason. Attempts are counted by name and by the
// network of WithNetwork; see Tallies.
func (s *SignInService) SignIn(ctx context.Context, name, password string) (SignInResult, error) {
	u, a, err := s.chargeAttempt(ctx, name)
	if err != nil {
		return SignInResult{}, err
	}
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

// chargeAttempt counts an attempt as failed before the password is looked at, so that many guesses at once cannot slip
// through, and waits for its turn. A right password takes the count back. The user is empty when nobody has the name.
func (s *SignInService) chargeAttempt(ctx context.Context, name string) (User, Attempt, error) {
	var wait time.Duration
	type charged struct {
		User
		Attempt
	}
	c, err := update(ctx, s.Store, func(tx Tx) (charged, error) {
		u, err := tx.UserByName(ctx, "", name)
		if err != nil && CodeOf(err) != CodeUserNotFound {
			return charged{}, err
		}
		a := Attempt{Subject: UserSubject(u.ID), Network: NetworkOf(ctx)}
		if err != nil {
			u, a.Subject = User{}, UnknownSubject(strings.ToLower(name))
		}
		wait, err = ChargeAttempt(ctx, tx, a, tx.Now())
		return charged{u, a}, err
	})
	if err == nil {
		err = WaitTurn(ctx, wait)
	}
	return c.User, c.Attempt, err
}

// beginSignIn records a sign-in of somebody whose password was right, unless it was changed in the meantime.
func (s *SignInService) beginSignIn(ctx context.Context, checked User, a Attempt, hash string) (SignInResult, error) {
	return update(ctx, s.Store, func(tx Tx) (SignInResult, error) {
		u, err := tx.LockUser(ctx, checked.ProjectID, checked.ID)
		if CodeOf(err) == CodeUserNotFound || err == nil && u.PasswordHash != checked.PasswordHash {
			return SignInResult{}, badCredentials()
		}
		if err != nil {
			return SignInResult{}, err
		}
		if err := MayWork(u, tx.Now()); err != nil {
			return SignInResult{}, err
		}
		if u.PasswordHash != hash {
			u.PasswordHash = hash
			if err := tx.SaveUser(ctx, u); err != nil {
				return SignInResult{}, err
			}
		}
		if err := NoteSuccess(ctx, tx, a); err != nil {
			return SignInResult{}, err
		}
		return s.admit(ctx, tx, u)
	})
}

// halfHash keeps half sign-ins apart from whole ones, whose table they share: what ends the ones ends the others.
func halfHash(token string) string { return "half-" + HashToken(token) }

// admit records the sign-in of a locked user: half of one when they use codes.
func (s *SignInService) admit(ctx context.Context, tx Tx, u User) (SignInResult, error) {
	if s.SecondFactor.offered() {
		_, found, err := otpDevice(ctx, tx, u.ID, OTPRegistered)
		if err != nil {
			return SignInResult{}, err
		}
		if found {
			r := SignInResult{Token: NewToken(), Expires: tx.Now().Add(HalfSignInLife), User: u, NeedsCode: true}
			return r, tx.InsertSignIn(ctx, SignIn{TokenHash: halfHash(r.Token), UserID: u.ID, Created: tx.Now(), Expires: r.Expires})
		}
	}
	return wholeSignIn(ctx, tx, u)
}

func wholeSignIn(ctx context.Context, tx Tx, u User) (SignInResult, error) {
	r := SignInResult{Token: NewToken(), Expires: tx.Now().Add(SignInLife), User: u}
	return r, tx.InsertSignIn(ctx, SignIn{TokenHash: HashToken(r.Token), UserID: u.ID, Created: tx.Now(), Expires: r.Expires})
}

// SignInWithCode makes a half sign-in a whole one with a code of the person's authenticator app, or a recovery code. Wrong codes
// are counted apart from passwords, so that a known password buys no further guesses. CodeBadCredentials when the half sign-in
// has ended; CodeForbidden for a wrong code or one that was used, and when the person may not work; *PauseError. The lock on
// the user decides between two callers.
func (s *SignInService) SignInWithCode(ctx context.Context, token, code string) (SignInResult, error) {
	var r SignInResult
	_, err := s.withCode(ctx, func(tx Tx) (_ []string, refusal, err error) {
		half, err := tx.ReadSignIn(ctx, halfHash(token))
		if err != nil {
			return nil, nil, err
		}
		u, err := tx.LockUser(ctx, "", half.UserID)
		if CodeOf(err) == CodeUserNotFound {
			return nil, nil, SignedOut()
		}
		if err != nil {
			return nil, nil, err
		}
		if _, err := tx.ReadSignIn(ctx, half.TokenHash); err != nil { // of two callers one comes first
			return nil, nil, err
		}
		if err := MayWork(u, tx.Now()); err != nil {
			return nil, nil, err
		}
		d, found, err := otpDevice(ctx, tx, u.ID, OTPRegistered)
		if err == nil && !found { // an administrator has removed it
			err = SignedOut()
		}
		if err != nil {
			return nil, nil, err
		}
		if refusal, err = s.useCode(ctx, tx, d, code); refusal != nil || err != nil {
			return nil, refusal, err
		}
		if err := tx.DeleteSignIn(ctx, half.TokenHash); err != nil {
			return nil, nil, err
		}
		r, err = wholeSignIn(ctx, tx, u)
		return nil, nil, err
	})
	if err != nil {
		return SignInResult{}, err
	}
	return r, nil
}

// SignedIn finds who holds a sign-in's token. CodeBadCredentials when nobody does or they may no longer work.
func (s *SignInService) SignedIn(ctx context.Context, token string) (Visitor, error) {
	return view(ctx, s.Store, func(tx Tx) (Visitor, error) {
		signIn, err := tx.ReadSignIn(ctx, HashToken(token))
		if err != nil {
			return Visitor{}, err
		}
		u, err := tx.ReadUser(ctx, "", signIn.UserID)
		if CodeOf(err) == CodeUserNotFound {
			return Visitor{}, SignedOut()
		}
		if err != nil {
			return Visitor{}, err
		}
		if MayWork(u, tx.Now()) != nil {
			return Visitor{}, SignedOut()
		}
		return Visitor{User: u, SignInHash: signIn.TokenHash}, nil
	})
}

// SignOut ends a sign-in and with it the connections made under it. Ending what has ended succeeds.
func (s *SignInService) SignOut(ctx context.Context, token string) error {
	return s.Store.Update(ctx, func(tx Tx) error { return tx.DeleteSignIn(ctx, HashToken(token)) })
}

// PasswordTokenHolder says whose a password token is. CodeForbidden when it is unknown, used or has expired.
func (s *SignInService) PasswordTokenHolder(ctx context.Context, token string) (User, error) {
	return view(ctx, s.Store, func(tx Tx) (User, error) { return tokenHolder(ctx, tx, token) })
}

// SetFirstPassword sets the password of a token's holder and uses up the token, and all others of that user. Sign-ins of
// the user end. CodeForbidden, CodeInvalid.
func (s *SignInService) SetFirstPassword(ctx context.Context, token, password string) (User, error) {
	holder, err := s.PasswordTokenHolder(ctx, token)
	if err != nil {
		return User{}, err
	}
	if err := CheckPassword("password", password, holder.Name); err != nil {
		return User{}, err
	}
	hash, err := s.Passwords.Hash(password)
	if err != nil {
		return User{}, fmt.Errorf("hashing a password: %w", err)
	}
	return update(ctx, s.Store, func(tx Tx) (User, error) {
		holder, err := tokenHolder(ctx, tx, token)
		if err != nil {
			return User{}, err
		}
		u, err := tx.LockUser(ctx, holder.ProjectID, holder.ID)
		if err != nil {
			return User{}, err
		}
		if _, err := tx.ReadPasswordToken(ctx, HashToken(token)); err != nil { // of two callers one comes first
			return User{}, linkUsed()
		}
		u.MustChangePassword = false
		return u, replacePassword(ctx, tx, u, hash)
	})
}

// ChangePassword replaces a user's own password and ends their other sign-ins, all if keep is empty. A wrong old password
// counts as a failed sign-in. CodeBadCredentials, CodeForbidden, CodeInvalid, *PauseError.
func (s *SignInService) ChangePassword(ctx context.Context, v Visitor, old, password string) error {
	if !v.MayChangePassword && !v.MustChangePassword {
		return &Error{Code: CodeForbidden, Message: "your administrator changes your password for you"}
	}
	u, a, err := s.chargeAttempt(ctx, v.Name)
	if err != nil {
		return err
	}
	if ok, _ := s.verifyPassword(u, old); !ok {
		return &Error{Code: CodeBadCredentials, Message: "the present password is wrong"}
	}
	if err := CheckPassword("password", password, u.Name); err != nil {
		return err
	}
	if old == password {
		return Invalid("password", "choose one that differs from the present one")
	}
	hash, err := s.Passwords.Hash(password)
	if err != nil {
		return fmt.Errorf("hashing a password: %w", err)
	}
	return s.Store.Update(ctx, func(tx Tx) error {
		now, err := tx.LockUser(ctx, u.ProjectID, u.ID)
		if err != nil {
			return err
		}
		if now.PasswordHash != u.PasswordHash {
			return &Error{Code: CodeConflict, Message: "the password was changed elsewhere in the meantime"}
		}
		kept, err := tx.ReadSignIn(ctx, v.SignInHash)
		if err != nil {
			return err
		}
		if err := NoteSuccess(ctx, tx, a); err != nil {
			return err
		}
		now.MustChangePassword = false
		if err := replacePassword(ctx, tx, now, hash); err != nil {
			return err
		}
		return tx.InsertSignIn(ctx, kept)
	})
}

// replacePassword writes a new hash, or none, forgives failed attempts, and ends the user's sign-ins and password tokens.
func replacePassword(ctx context.Context, tx Tx, u User, hash string) error {
	u.PasswordHash, u.Updated = hash, tx.Now()
	if err := tx.ForgetTallies(ctx, UserSubject(u.ID)); err != nil {
		return err
	}
	if err := tx.SaveUser(ctx, u); err != nil {
		return err
	}
	if err := tx.DeletePasswordTokensOf(ctx, u.ID); err != nil {
		return err
	}
	return tx.DeleteSignInsOf(ctx, u.ID)
}

func tokenHolder(ctx context.Context, tx Tx, token string) (User, error) {
	t, err := tx.ReadPasswordToken(ctx, HashToken(token))
	if CodeOf(err) == CodeForbidden {
		return User{}, linkUsed()
	}
	if err != nil {
		return User{}, err
	}
	u, err := tx.ReadUser(ctx, "", t.UserID)
	if CodeOf(err) == CodeUserNotFound {
		return User{}, linkUsed()
	}
	return u, err
}

// MayWork says why a user may not use the portal and desktops now, or nil.
func MayWork(u User, now time.Time) error {
	switch {
	case u.Locked:
		return &Error{Code: CodeForbidden, Message: "this user is locked, ask your administrator"}
	case u.Disabled:
		return &Error{Code: CodeForbidden, Message: "this user is disabled, ask your administrator"}
	case !u.Expires.IsZero() && !now.Before(u.Expires):
		return &Error{Code: CodeForbidden, Message: "this user has expired, ask your administrator"}
	}
	return nil
}

func badCredentials() error {
	return &Error{Code: CodeBadCredentials, Message: "the user name or the password is wrong"}
}

func SignedOut() error {
	return &Error{Code: CodeBadCredentials, Message: "you are signed out, sign in again"}
}

func linkUsed() error {
	return &Error{Code: CodeForbidden, Message: "this link has been used or is too old, ask your administrator for a new one"}
}
