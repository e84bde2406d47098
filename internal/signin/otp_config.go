package signin

import (
	"context"
	"fmt"
	"net/netip"
	"slices"
	"time"

	"carrel/internal/store"
	"carrel/internal/workspace"
)

// OTPConfig says who in a project signs in with codes of an authenticator app. It is also the row; a project without one has the usual
// config: users are asked for codes once they have set up an app, and nobody must.
type OTPConfig struct {
	store.BaseModel `bun:"table:otp_configs,alias:otp_configs"`
	ProjectID       string `bun:",pk"`
	Enabled         bool   // false: no user is asked for a code, not even one with an app, and none can set up an app
	Origin          OTPOrigin
	Created         time.Time
	Updated         time.Time
}

// OTPOrigin says which sign-ins need a code, by the address of the client.
type OTPOrigin string

// The origins.
const (
	FromAnywhere OTPOrigin = ""
	FromInternet OTPOrigin = "INTERNET" // public addresses
	FromPrivate  OTPOrigin = "PRIVATE"  // private, link-local and loopback addresses
)

// covers reports whether a sign-in from an address needs a code. One from an unknown address always does.
func (o OTPOrigin) covers(address string) bool {
	a, err := netip.ParseAddr(address)
	if o == FromAnywhere || err != nil {
		return true
	}
	return (o == FromPrivate) == (a.IsPrivate() || a.IsLoopback() || a.IsLinkLocalUnicast())
}

func usualOTPConfig(projectID string) OTPConfig {
	return OTPConfig{ProjectID: projectID, Enabled: true}
}

// policy decides whether a user of the project needs codes. must says whether the user is among those who have to. The operator's choice
// holds for all projects, unless it leaves it to them.
func (c OTPConfig) policy(operator SecondFactor, must bool) SecondFactor {
	switch {
	case operator != SecondFactorOptional:
		return operator
	case !c.Enabled:
		return SecondFactorOff
	case must:
		return SecondFactorRequired
	default:
		return SecondFactorOptional
	}
}

// under returns the config as it takes effect below the operator's choice.
func (c OTPConfig) under(operator SecondFactor) OTPConfig {
	if operator != SecondFactorOptional {
		c.Enabled, c.Origin = operator.offered(), FromAnywhere
	}
	return c
}

// OTPConfig returns a project's config as it takes effect.
func (s *Service) OTPConfig(ctx context.Context, projectID string) (OTPConfig, error) {
	return store.View(ctx, s.Store, func(tx *store.Tx) (OTPConfig, error) {
		c, err := readOTPConfig(ctx, tx, projectID)
		return c.under(s.SecondFactor), err
	})
}

// OTPConfigChange asks to change a project's config. What is nil stays as it is.
type OTPConfigChange struct {
	Enabled *bool
	Origin  *OTPOrigin
}

// UpdateOTPConfig changes a project's config, for sign-ins from now on: sign-ins that exist go on. CodeNotSubscribed; CodeInvalid for an
// unknown origin; CodeUnsupported if the operator decides for all projects. Concurrent calls are serialised by the lock on the row.
func (s *Service) UpdateOTPConfig(ctx context.Context, c workspace.Caller, change OTPConfigChange) error {
	if change.Origin != nil && !slices.Contains([]OTPOrigin{FromAnywhere, FromInternet, FromPrivate}, *change.Origin) {
		return workspace.Invalid("otp_config_info.apply_rule.rule", "%q is unknown, use INTERNET or PRIVATE", *change.Origin)
	}
	if err := s.mayConfigure(change); err != nil {
		return err
	}
	return s.Store.Update(ctx, store.By(c, func(tx *store.Tx) error {
		if err := store.RequireSubscription(ctx, tx, c.ProjectID); err != nil {
			return err
		}
		config, err := lockOTPConfig(ctx, tx, c.ProjectID)
		if err != nil {
			return err
		}
		workspace.Set(&config.Enabled, change.Enabled)
		workspace.Set(&config.Origin, change.Origin)
		return saveOTPConfig(ctx, tx, config)
	}))
}

// mayConfigure returns CodeUnsupported for a change that would have no effect, because the operator decides for all projects. What asks for
// the operator's choice is allowed.
func (s *Service) mayConfigure(change OTPConfigChange) error {
	if s.SecondFactor == SecondFactorOptional {
		return nil
	}
	if change.Enabled != nil && *change.Enabled != s.SecondFactor.offered() {
		return workspace.Unsupported("otp_config_info.enable", s.operatorDecides())
	}
	if change.Origin != nil && *change.Origin != FromAnywhere {
		return workspace.Unsupported("otp_config_info.apply_rule", s.operatorDecides())
	}
	return nil
}

// operatorDecides says why a project's settings would have no effect.
func (s *Service) operatorDecides() string {
	choice := SecondFactorOff
	if s.SecondFactor.offered() {
		choice = s.SecondFactor
	}
	return fmt.Sprintf("portal.second_factor in the configuration of this server is %q, for all projects and users", choice)
}
