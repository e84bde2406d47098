package policy

import (
	"fmt"
	"net/netip"
	"slices"
	"strings"
	"time"

	"carrel/internal/workspace"
)

// The condition keys.
const (
	keyEnterprise = "g:EnterpriseProjectId"
	keyTag        = "g:ResourceTag/" // and the tag's key
	keyAddress    = "g:SourceIp"
	keyTime       = "g:CurrentTime"
	keyMFA        = "g:MFAPresent"
)

// requestTest is a condition on the request alone. Exactly one of its fields is set, apart from not.
type requestTest struct {
	networks      []netip.Prefix // one of them has the client's address
	after, before time.Time
	mfa           *bool
	not           bool
}

func (t *requestTest) holds(r *Request) truth {
	var is bool
	switch {
	case t.networks != nil:
		if !r.Address.IsValid() {
			return unknown
		}
		is = slices.ContainsFunc(t.networks, func(n netip.Prefix) bool { return n.Contains(r.Address) })
	case !t.after.IsZero():
		is = r.Time.After(t.after)
	case !t.before.IsZero():
		is = r.Time.Before(t.before)
	default:
		is = r.MFA == *t.mfa
	}
	if is != t.not {
		return yes
	}
	return no
}

// operator is how a condition compares.
type operator struct {
	kind     byte // s: text, i: address, d: time, b: truth
	not      bool
	wildcard bool
	after    bool
}

var operators = map[string]operator{
	"StringEquals":    {kind: 's'},
	"StringNotEquals": {kind: 's', not: true},
	"StringLike":      {kind: 's', wildcard: true},
	"StringNotLike":   {kind: 's', wildcard: true, not: true},
	"IpAddress":       {kind: 'i'},
	"NotIpAddress":    {kind: 'i', not: true},
	"DateGreaterThan": {kind: 'd', after: true},
	"DateLessThan":    {kind: 'd'},
	"Bool":            {kind: 'b'},
}

// kindOfKey is the kind of values that a key has, 0 for an unknown key.
func kindOfKey(key string) byte {
	switch {
	case key == keyEnterprise, strings.HasPrefix(key, keyTag) && len(key) > len(keyTag):
		return 's'
	case key == keyAddress:
		return 'i'
	case key == keyTime:
		return 'd'
	case key == keyMFA:
		return 'b'
	}
	return 0
}

// addCondition compiles the values of one key of an operator into the statement.
func (s *statement) addCondition(field, name, key string, values []string) error {
	op, known := operators[name]
	if each, is := strings.CutPrefix(name, "ForAnyValue:"); is { // the keys of resources have one value or none, so it is the operator alone
		if op, known = operators[each]; known && (op.kind != 's' || op.not) {
			return invalid(field, "%s is not supported, use ForAnyValue with StringEquals or StringLike only", name)
		}
	}
	if !known {
		return invalid(field, "operator %q is not supported, use one of %s", name, strings.Join(operatorNames(), ", "))
	}
	kind := kindOfKey(key)
	if kind == 0 {
		return invalid(field, "key %q is not supported, use %s, %sKEY, %s, %s or %s", key, keyEnterprise, keyTag, keyAddress, keyTime, keyMFA)
	}
	if kind != op.kind {
		return invalid(field, "operator %s cannot compare %s", name, key)
	}
	if len(values) > 1 && (kind == 'd' || kind == 'b') {
		return invalid(field, "has %d values, give one", len(values))
	}
	switch kind {
	case 's':
		return s.addResourceTest(field, op, key, values)
	case 'i':
		return s.addNetworks(field, op, values)
	case 'd':
		return s.addTime(field, op, values[0])
	default:
		return s.addTruth(field, values[0])
	}
}

func operatorNames() []string {
	var names []string
	for name := range operators {
		names = append(names, name)
	}
	slices.Sort(names)
	return names
}

func (s *statement) addResourceTest(field string, op operator, key string, values []string) error {
	test := workspace.ResourceTest{Attribute: workspace.AttributeEnterprise, Not: op.not}
	if tag, is := strings.CutPrefix(key, keyTag); is {
		test.Attribute, test.Key = workspace.AttributeTag, tag
	}
	for _, value := range values {
		pattern := workspace.TextPattern{Text: value}
		if op.wildcard {
			var err error
			if pattern, err = prefixPattern(field, value); err != nil {
				return err
			}
		}
		test.Patterns = append(test.Patterns, pattern)
	}
	s.resource = append(s.resource, test)
	return nil
}

// prefixPattern reads a pattern whose only wildcard is a * at its end: lists are filtered by the database, which can do that with an index.
func prefixPattern(field, text string) (workspace.TextPattern, error) {
	p := workspace.TextPattern{Text: text}
	if rest, is := strings.CutSuffix(text, "*"); is {
		p = workspace.TextPattern{Text: rest, Prefix: true}
	}
	if strings.ContainsAny(p.Text, "*?") {
		return p, invalid(field, "%q: a * is allowed at the end only, and ? nowhere", text)
	}
	return p, nil
}

func (s *statement) addNetworks(field string, op operator, values []string) error {
	var networks []netip.Prefix
	for _, value := range values {
		network, err := netip.ParsePrefix(value)
		if err != nil {
			address, err := netip.ParseAddr(value)
			if err != nil || address.Zone() != "" {
				return invalid(field, "%q is not an address or a network such as 192.0.2.0/24", value)
			}
			address = address.Unmap()
			network = netip.PrefixFrom(address, address.BitLen())
		}
		if network.Addr().Is4In6() {
			return invalid(field, "%q: write an IPv4 network as such", value)
		}
		networks = append(networks, network)
	}
	s.request = append(s.request, requestTest{networks: networks, not: op.not})
	return nil
}

func (s *statement) addTime(field string, op operator, value string) error {
	t, err := time.Parse(time.RFC3339, value)
	if err != nil {
		return invalid(field, "%q is not a time such as 2026-01-31T12:00:00Z", value)
	}
	if y := t.UTC().Year(); y < 1970 || y > 9999 {
		return invalid(field, "%q is outside of the years 1970 to 9999", value)
	}
	if op.after {
		s.request = append(s.request, requestTest{after: t})
	} else {
		s.request = append(s.request, requestTest{before: t})
	}
	return nil
}

func (s *statement) addTruth(field, value string) error {
	if value != "true" && value != "false" {
		return invalid(field, "%q must be \"true\" or \"false\"", value)
	}
	s.request = append(s.request, requestTest{mfa: new(value == "true")})
	return nil
}

// Error says what is wrong with a policy.
type Error struct {
	Field  string // Statement[0].Action[1]
	Reason string
}

func (e *Error) Error() string { return e.Field + ": " + e.Reason }

func invalid(field, format string, args ...any) error {
	return &Error{field, fmt.Sprintf(format, args...)}
}
