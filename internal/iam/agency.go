package iam

import (
	"context"
	"net/http"
	"regexp"
	"strings"
	"time"

	"carrel/internal/store"
	"carrel/internal/workspace"
)

// Lives of what an agency is assumed with.
const (
	defaultAgencyLife = time.Hour
	minAgencyLife     = 15 * time.Minute
	maxAgencyLife     = 24 * time.Hour
	maxAgencies       = 200 // of an account
)

// NewAgency describes an agency to create in the caller's account.
type NewAgency struct {
	Name           string
	Description    string
	TrustAccountID string        // empty: the caller's account
	TrustUserID    string        // empty: every user of the trusted account who may assume agencies
	Role           Role          // empty: none, what the agency may do is attached
	Life           time.Duration // of credentials, at most; 0: an hour
}

func (n NewAgency) check() error {
	if err := checkName("agency.name", n.Name); err != nil {
		return err
	}
	if strings.ContainsAny(n.Name, ":/") {
		return invalid("agency.name", "must not contain colons or slashes, which separate the parts of an URN")
	}
	if err := checkDescription("agency.description", n.Description); err != nil {
		return err
	}
	if n.Life != 0 && (n.Life < minAgencyLife || n.Life > maxAgencyLife) {
		return invalid("agency.duration", "%v is out of range, use %v to %v", n.Life, minAgencyLife, maxAgencyLife)
	}
	return n.Role.check()
}

// CreateAgency creates an agency in the caller's account.
func (s *Service) CreateAgency(ctx context.Context, c workspace.Caller, n NewAgency) (Agency, error) {
	if err := n.check(); err != nil {
		return Agency{}, err
	}
	return store.Update(ctx, s.Store, store.As(c, func(tx *store.Tx) (Agency, error) {
		if err := LockAccount(ctx, tx, c.ProjectID); err != nil {
			return Agency{}, err
		}
		there, err := Agencies(ctx, tx, c.ProjectID, workspace.Page{Limit: maxAgencies})
		if err != nil {
			return Agency{}, err
		}
		if len(there) >= maxAgencies {
			return Agency{}, limited("the account has %d agencies, the most allowed; delete one first", len(there))
		}
		a := Agency{
			ID: newID(), AccountID: c.ProjectID, Name: n.Name, Description: n.Description, TrustAccountID: n.TrustAccountID,
			TrustAdminID: n.TrustUserID, Role: n.Role, Seconds: int(n.Life.Seconds()), Created: tx.Now(),
		}
		if a.TrustAccountID == "" {
			a.TrustAccountID = c.ProjectID
		}
		if a.Seconds == 0 {
			a.Seconds = int(defaultAgencyLife.Seconds())
		}
		if a.TrustAdminID != "" {
			if _, err := ReadAdmin(ctx, tx, a.TrustAccountID, a.TrustAdminID); err != nil {
				return a, noneSuch(err, "trusted user", a.TrustAdminID)
			}
		}
		return a, nameTaken(InsertAgency(ctx, tx, a), "agency.name", n.Name)
	}))
}

// DeleteAgency deletes an agency of the caller's account by its name.
func (s *Service) DeleteAgency(ctx context.Context, c workspace.Caller, name string) error {
	return s.Store.Update(ctx, store.By(c, func(tx *store.Tx) error {
		if err := RaiseVersion(ctx, tx, c.ProjectID); err != nil {
			return err
		}
		a, err := ReadAgencyByName(ctx, tx, c.ProjectID, name)
		if err != nil {
			return noneSuch(err, "agency", name)
		}
		return DeleteAgency(ctx, tx, a)
	}))
}

// assumedAgency is an agency that a credential is for, with its account; the zero value is none.
type assumedAgency struct {
	Agency
	account Account
}

// readAssumed reads the agency of a credential, if it has one.
func readAssumed(ctx context.Context, tx *store.Tx, id string) (a assumedAgency, err error) {
	if id == "" {
		return a, nil
	}
	if a.Agency, err = ReadAgency(ctx, tx, id); err != nil {
		return a, err
	}
	a.account, err = ReadAccount(ctx, tx, a.AccountID)
	return a, err
}

// accountOf returns the account that a user acts in.
func (a assumedAgency) accountOf(c Caller) Account {
	if a.ID == "" {
		return c.Account
	}
	return a.account
}

// principalOf returns the caller who acts as the agency, if there is one, with a session of this name.
func (a assumedAgency) principalOf(c Caller, session string) Principal {
	p := principalOf(c)
	if a.ID == "" {
		return p
	}
	p.AccountID, p.AccountName, p.Role, p.version = a.account.ID, a.account.Name, a.Role, a.account.PolicyVersion
	p.AgencyID, p.AgencyName, p.Session = a.ID, a.Name, session
	p.AdminName += " as agency " + a.Name
	return p
}

// mayAssume reads an agency and returns nil if it trusts the caller: by name, or as one of the trusted account's users who may assume agencies.
// Nobody else learns whether it exists.
func (s *Service) mayAssume(ctx context.Context, p Principal, field, accountID, name string) (assumedAgency, error) {
	if p.AgencyID != "" {
		return assumedAgency{}, forbidden("%s: an agency cannot assume another one", field)
	}
	a, err := store.View(ctx, s.Store, func(tx *store.Tx) (a assumedAgency, err error) {
		if a.Agency, err = ReadAgencyByName(ctx, tx, accountID, name); err != nil {
			return a, err
		}
		a.account, err = ReadAccount(ctx, tx, a.AccountID)
		return a, err
	})
	if err != nil && !isMissing(err) {
		return a, err
	}
	trusted := err == nil && a.TrustAccountID == p.AccountID
	switch {
	case trusted && a.TrustAdminID == p.AdminID:
		return a, nil
	case trusted && a.TrustAdminID == "":
		return a, s.permit(ctx, p, needs{action: "sts:agencies:assume", kind: Write, own: true})
	}
	return a, forbidden("%s: there is no agency %q that trusts the caller", field, name)
}

// agencyLife returns how long a credential of an agency lives, of how long was asked for: nil is as long as possible up to an hour.
func agencyLife(field string, a Agency, asked *int) (time.Duration, error) {
	if asked == nil {
		return min(defaultAgencyLife, a.life()), nil
	}
	if life := time.Duration(*asked) * time.Second; *asked > 0 && *asked <= a.Seconds && life >= minAgencyLife {
		return life, nil
	}
	return 0, invalid(field, "%d is out of range, agency %s allows %d to %d", *asked, a.Name, int(minAgencyLife.Seconds()), a.Seconds)
}

// agencyURN matches "iam::ACCOUNT:agency:NAME".
var agencyURN = regexp.MustCompile(`^iam::([^:/]+):agency:([^:/]+)$`)

// sessionName matches the names of sessions.
var sessionName = regexp.MustCompile(`^[\w+=,.@-]{2,64}$`)

// The wire forms of assuming an agency.
type (
	assumeInput   struct{ Body assumeRequest }
	assumeRequest struct {
		AgencyURN string `json:"agency_urn" required:"true" doc:"iam::ACCOUNT_ID:agency:NAME"`
		Session   string `json:"agency_session_name" required:"true" doc:"2 to 64 letters, digits and any of _+=,.@-; audit records have it"`
		Duration  *int   `json:"duration_seconds" doc:"900 to what the agency allows; an hour if absent, or what it allows"`

		Policy         any `json:"policy" doc:"Not supported"`
		PolicyIDs      any `json:"policy_ids" doc:"Not supported"`
		ExternalID     any `json:"external_id" doc:"Not supported"`
		SerialNumber   any `json:"serial_number" doc:"Not supported: show the code when the token is issued"`
		TokenCode      any `json:"token_code" doc:"Not supported: show the code when the token is issued"`
		SourceIdentity any `json:"source_identity" doc:"Not supported"`
		Tags           any `json:"tags" doc:"Not supported"`
		TransitiveTags any `json:"transitive_tag_keys" doc:"Not supported"`
	}
	assumedBody struct {
		Agency      assumedForm        `json:"assumed_agency"`
		Credentials assumedCredentials `json:"credentials"`
	}
	assumedForm struct {
		ID  string `json:"id"`
		URN string `json:"urn"`
	}
	assumedCredentials struct {
		AccessKeyID     string `json:"access_key_id"`
		SecretAccessKey string `json:"secret_access_key"`
		SecurityToken   string `json:"security_token"`
		Expiration      string `json:"expiration"`
	}
)

// refused returns an error for the first field that is given and not supported.
func (a assumeRequest) refused() error {
	for _, field := range []struct {
		name  string
		value any
	}{
		{"policy", a.Policy}, {"policy_ids", a.PolicyIDs}, {"external_id", a.ExternalID}, {"serial_number", a.SerialNumber}, {"token_code", a.TokenCode},
		{"source_identity", a.SourceIdentity}, {"tags", a.Tags}, {"transitive_tag_keys", a.TransitiveTags},
	} {
		if field.value != nil {
			return invalid(field.name, "is not supported; leave it out")
		}
	}
	return nil
}

// assumeAgency issues a temporary key with which the caller acts as an agency. It ends with the credential that it was made with.
func (s *Service) assumeAgency(r *http.Request, in *assumeInput) (*body[assumedBody], error) {
	if err := in.Body.refused(); err != nil {
		return nil, err
	}
	urn := agencyURN.FindStringSubmatch(in.Body.AgencyURN)
	if urn == nil {
		return nil, invalid("agency_urn", "%q has not the form iam::ACCOUNT_ID:agency:NAME", in.Body.AgencyURN)
	}
	if !sessionName.MatchString(in.Body.Session) {
		return nil, invalid("agency_session_name", "use 2 to 64 letters, digits and any of _+=,.@-")
	}
	p, _ := PrincipalFrom(r.Context())
	a, err := s.mayAssume(r.Context(), p, "agency_urn", urn[1], urn[2])
	if err != nil {
		return nil, err
	}
	life, err := agencyLife("duration_seconds", a.Agency, in.Body.Duration)
	if err != nil {
		return nil, err
	}
	c := s.act(r, resourceOfAgency(a.Agency))
	c.ProjectID = a.AccountID // whose agency it is
	p.AgencyID, p.AgencyName, p.Session, p.ProjectID = a.ID, a.Name, in.Body.Session, ""
	key, err := s.issueTemporaryKey(r.Context(), c, p, life)
	if err != nil {
		return nil, err
	}
	return &body[assumedBody]{Body: assumedBody{
		Agency:      assumedForm{ID: a.ID + ":" + p.Session, URN: sessionURN(a.AccountID, a.Name, p.Session)},
		Credentials: assumedCredentials{key.Access, key.Secret, key.SecurityToken, key.ExpiresAt},
	}}, nil
}

func sessionURN(accountID, agency, session string) string {
	return "sts::" + accountID + ":assumed-agency:" + agency + "/" + session
}
