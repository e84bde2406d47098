package portal

import (
	"context"
	"encoding/base64"
	"fmt"
	"net/http"
	"net/url"
	"strings"

	"rsc.io/qr"

	"carrel/internal/clientaddr"
	"carrel/internal/signin"
)

// issuer is the name of the account in authenticator apps.
const issuer = "Carrel"

// codesState says whether a user signs in with codes.
type codesState struct {
	Policy       signin.SecondFactor `json:"policy" enum:"off,optional,required"`
	On           bool                `json:"on"`
	RecoveryLeft int                 `json:"recovery_codes_left"`
	MustEnrol    bool                `json:"must_set_up,omitempty" doc:"Before anything else; a requirement that is new holds from the next sign-in"`
}

type codeInput struct{ Body codeBody }

type codeBody struct {
	Code string `json:"code" required:"true"`
}

// enrolment has the secret for an authenticator app, as text and QR code.
type enrolment struct {
	Secret string `json:"secret" doc:"Base32, to be typed"`
	URI    string `json:"uri" doc:"Opens the app on the same device"`
	QR     string `json:"qr_code" doc:"The URI as a picture, in an SVG's data address"`
}

type recoveryCodes struct {
	Codes []string `json:"recovery_codes"`
}

func (p *Portal) codesOf(ctx context.Context, v signin.Visitor) (codesState, error) {
	state, err := p.SignIns.CodesOf(ctx, v)
	if state.Policy == "" {
		state.Policy = signin.SecondFactorOff
	}
	return codesState(state), err
}

func (p *Portal) beginEnrolment(r *http.Request, v signin.Visitor, _ *none) (*answer[enrolment], error) {
	secret, err := p.SignIns.BeginEnrolment(r.Context(), v)
	if err != nil {
		return nil, err
	}
	e := enrolment{Secret: secret, URI: otpURI(v.Name, secret)}
	if e.QR, err = qrCode(e.URI); err != nil {
		return nil, err
	}
	return &answer[enrolment]{Body: e}, nil
}

func (p *Portal) confirmEnrolment(r *http.Request, v signin.Visitor, in *codeInput) (*answer[recoveryCodes], error) {
	return p.withCode(r, v, in, "An authenticator was set up", p.SignIns.ConfirmEnrolment)
}

func (p *Portal) renewRecoveryCodes(r *http.Request, v signin.Visitor, in *codeInput) (*answer[recoveryCodes], error) {
	return p.withCode(r, v, in, "Recovery codes were made anew", p.SignIns.RenewRecoveryCodes)
}

func (p *Portal) removeAuthenticator(r *http.Request, v signin.Visitor, in *codeInput) (*none, error) {
	if err := p.SignIns.RemoveAuthenticator(r.Context(), v, in.Body.Code); err != nil {
		return nil, err
	}
	p.Log.InfoContext(r.Context(), "an authenticator was removed by its person", "user_id", v.ID, "address", clientaddr.Of(r))
	return nil, nil
}

// withCode serves calls that take a code and return recovery codes, and logs their success.
func (p *Portal) withCode(
	r *http.Request, v signin.Visitor, in *codeInput, did string, use func(ctx context.Context, v signin.Visitor, code string) ([]string, error),
) (*answer[recoveryCodes], error) {
	codes, err := use(r.Context(), v, in.Body.Code)
	if err != nil {
		return nil, err
	}
	p.Log.InfoContext(r.Context(), did, "user_id", v.ID, "address", clientaddr.Of(r)) //nolint:sloglint // one of two sentences
	return &answer[recoveryCodes]{Body: recoveryCodes{codes}}, nil
}

// otpURI returns a secret as an otpauth URI. It omits the default parameters (SHA-1, 6 digits, 30 s), since some apps reject URIs that contain
// them.
func otpURI(userName, secret string) string {
	label := url.PathEscape(issuer + ":" + userName)
	return "otpauth://totp/" + label + "?secret=" + secret + "&issuer=" + url.QueryEscape(issuer)
}

// qrCode returns a text as a QR code in SVG, black on white in every colour scheme: apps need the contrast and the margin.
func qrCode(text string) (string, error) {
	code, err := qr.Encode(text, qr.M)
	if err != nil {
		return "", fmt.Errorf("drawing a QR code: %w", err)
	}
	const margin = 4
	var dots strings.Builder
	for y := range code.Size {
		for x := range code.Size {
			if code.Black(x, y) {
				fmt.Fprintf(&dots, "M%d %dh1v1h-1z", x+margin, y+margin)
			}
		}
	}
	size := code.Size + 2*margin
	svg := fmt.Sprintf(`<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 %[1]d %[1]d" shape-rendering="crispEdges">`+
		`<rect width="%[1]d" height="%[1]d" fill="#fff"/><path d="%[2]s"/></svg>`, size, dots.String())
	return "data:image/svg+xml;base64," + base64.StdEncoding.EncodeToString([]byte(svg)), nil
}
