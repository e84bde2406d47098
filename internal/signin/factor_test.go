package signin

import (
	"testing"

	"pgregory.net/rapid"
)

func TestWhatASignInNeeds(t *testing.T) {
	const public, private = "192.0.2.7", "10.1.2.3"
	on := func(o OTPOrigin) OTPConfig { return OTPConfig{Enabled: true, Origin: o} }
	app := OTPDevice{ID: "d", Status: OTPRegistered}
	for name, c := range map[string]struct {
		f       factor
		choice  SecondFactor
		address string
		want    need
	}{
		"an app by choice":                          {factor{config: on(""), found: true, device: app}, SecondFactorOptional, public, needCode},
		"no app by choice":                          {factor{config: on("")}, SecondFactorOptional, public, needNothing},
		"an app that is not confirmed":              {factor{config: on(""), found: true, device: OTPDevice{ID: "d", Status: OTPPending}}, SecondFactorOptional, public, needNothing},
		"required, with an app that is not":         {factor{config: on(""), must: true, found: true, device: OTPDevice{ID: "d", Status: OTPPending}}, SecondFactorOptional, public, needApp},
		"required, without an app":                  {factor{config: on(""), must: true}, SecondFactorOptional, public, needApp},
		"required, with an app":                     {factor{config: on(""), must: true, found: true, device: app}, SecondFactorOptional, public, needCode},
		"off in the project":                        {factor{must: true, found: true, device: app}, SecondFactorOptional, public, needNothing},
		"off by the operator":                       {factor{config: on(""), must: true, found: true, device: app}, SecondFactorOff, public, needNothing},
		"off by an operator who says nothing":       {factor{config: on(""), must: true}, "", public, needNothing},
		"required by the operator":                  {factor{config: OTPConfig{Origin: FromInternet}}, SecondFactorRequired, private, needApp},
		"from the internet, of the internet":        {factor{config: on(FromInternet), must: true}, SecondFactorOptional, public, needApp},
		"from a private address, of the internet":   {factor{config: on(FromInternet), must: true, found: true, device: app}, SecondFactorOptional, private, needNothing},
		"from a private address, of private ones":   {factor{config: on(FromPrivate), must: true}, SecondFactorOptional, private, needApp},
		"from the internet, of private addresses":   {factor{config: on(FromPrivate), must: true}, SecondFactorOptional, public, needNothing},
		"from an unknown address, of the internet":  {factor{config: on(FromInternet), must: true}, SecondFactorOptional, "", needApp},
		"from a unique local address, of private":   {factor{config: on(FromPrivate), must: true}, SecondFactorOptional, "fd00::7", needApp},
		"from a link-local address, of private":     {factor{config: on(FromPrivate), must: true}, SecondFactorOptional, "fe80::7", needApp},
		"from loopback, of private":                 {factor{config: on(FromPrivate), must: true}, SecondFactorOptional, "::1", needApp},
		"from a public IPv6 address, of the public": {factor{config: on(FromInternet), must: true}, SecondFactorOptional, "2001:db8::7", needApp},
	} {
		if got := c.f.need(c.choice, c.address); got != c.want {
			t.Errorf("%s: %d, want %d", name, got, c.want)
		}
	}
}

// Whoever must enrol can: the same state offers codes, so that nobody is shut out. And a visitor whose sign-in did not need an app is never
// held back by what a project requires later.
func TestWhoMustEnrolCan(t *testing.T) {
	choices := []SecondFactor{"", SecondFactorOff, SecondFactorOptional, SecondFactorRequired}
	rapid.Check(t, func(t *rapid.T) {
		f := factor{
			config: OTPConfig{Enabled: rapid.Bool().Draw(t, "enabled"), Origin: rapid.SampledFrom([]OTPOrigin{FromAnywhere, FromInternet, FromPrivate}).Draw(t, "origin")},
			must:   rapid.Bool().Draw(t, "must"), found: rapid.Bool().Draw(t, "found"),
			device: OTPDevice{Status: rapid.SampledFrom([]OTPStatus{OTPPending, OTPRegistered}).Draw(t, "status")},
		}
		choice := rapid.SampledFrom(choices).Draw(t, "operator")
		v := Visitor{MustEnrol: rapid.Bool().Draw(t, "must enrol")}
		must := f.mustEnrol(choice, v)
		if must && (!f.config.policy(choice, f.must).offered() || f.registered()) {
			t.Fatal("must enrol and cannot")
		}
		if must && !v.MustEnrol && choice != SecondFactorRequired {
			t.Fatal("a visitor from before is held back")
		}
		if f.need(choice, "") == needApp && !f.mustEnrol(choice, Visitor{MustEnrol: true}) {
			t.Fatal("the sign-in needs an app, and its visitor goes on without")
		}
	})
}
