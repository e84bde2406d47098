package signin

// factor is what decides whether a user is asked for a code.
type factor struct {
	config OTPConfig
	must   bool // the user is one of the project's objects, or in one
	device OTPDevice
	found  bool // the user has an authenticator, in whatever state
}

// registered reports whether the user has an authenticator that gives codes.
func (f factor) registered() bool { return f.found && f.device.Status == OTPRegistered }

// need is what a sign-in needs besides the password.
type need int

const (
	needNothing need = iota
	needCode         // before the user is signed in
	needApp          // an authenticator, before anything else
)

// need decides what a sign-in from an address needs. operator is the choice for all projects.
func (f factor) need(operator SecondFactor, address string) need {
	policy := f.config.policy(operator, f.must)
	switch {
	case !policy.offered() || !f.config.under(operator).Origin.covers(address):
		return needNothing
	case f.registered():
		return needCode
	case policy == SecondFactorRequired:
		return needApp
	default:
		return needNothing
	}
}

// mustEnrol reports whether a visitor has to set up an authenticator before anything else: the operator requires it, or the project did at
// the sign-in and still does.
func (f factor) mustEnrol(operator SecondFactor, v Visitor) bool {
	required := f.config.policy(operator, f.must) == SecondFactorRequired
	return required && !f.registered() && (operator == SecondFactorRequired || v.MustEnrol)
}
