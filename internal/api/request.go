package api

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"io"
	"mime/multipart"
	"net/http"
	"net/url"
	"reflect"
	"strings"

	"github.com/danielgtaylor/huma/v2"

	"carrel/internal/iam"
	"carrel/internal/rehearsal"
	"carrel/internal/route"
	"carrel/internal/workspace"
)

// The headers with which a client asks for more of a request that changes something.
const (
	clientTokenHeader = route.ClientTokenHeader
	dryRunHeader      = route.DryRunHeader
)

// changes reports whether the operation changes something. Two need only the permission to read, but make a file.
func (o operation) changes() bool {
	return o.needs == iam.Write || o.id == "ExportUserGroupUsersNew" || o.id == "ExportDesktopListNew"
}

// requestHeaders describes the headers of operations that change something.
func requestHeaders(api huma.API) []*huma.Param {
	api.OpenAPI().Components.Schemas.Schema(reflect.TypeFor[rehearsal.DryRun](), true, "")
	return route.RequestHeaders(workspace.MaxClientToken, true)
}

// noteRequest notes what the headers of a request ask for. CodeInvalid.
func noteRequest(ctx huma.Context) error {
	token, dry := ctx.Header(clientTokenHeader), ctx.Header(dryRunHeader)
	if err := workspace.CheckClientToken(clientTokenHeader, token); err != nil {
		return err
	}
	rehearse := strings.EqualFold(dry, "true")
	if !rehearse && dry != "" && !strings.EqualFold(dry, "false") {
		return workspace.Invalid(dryRunHeader, "%q is unknown, use true or false", workspace.Clip(dry, maxEchoedCell))
	}
	if seen := recordOf(ctx.Context()); seen != nil {
		seen.token, seen.rehearse = token, rehearse
	}
	return nil
}

// requested answers requests with a client token, and dry runs, in one transaction each (store.Requests). The body is read before, so
// that a slow client holds no lock. Other requests pass through.
func (s *Server) requested(api huma.API, o operation) func(huma.Context, func(huma.Context)) {
	return func(ctx huma.Context, next func(huma.Context)) {
		seen := recordOf(ctx.Context())
		if seen == nil || !o.changes() || seen.token == "" && !seen.rehearse {
			next(ctx)
			return
		}
		body, end := bodyOf(ctx)
		form, formFault := formOf(ctx)
		request := workspace.Request{Caller: seen.act, Token: seen.token, Content: contentOf(ctx, body, form), Rehearse: seen.rehearse}
		answer, err := s.Services.Requests.Run(ctx.Context(), request, func(within context.Context) workspace.Answer {
			seen.refusal = nil
			c := &heldContext{humaContext: ctx, ctx: within, in: io.MultiReader(bytes.NewReader(body), end), form: form, formFault: formFault}
			next(c)
			return c.answer()
		})
		if err == nil && seen.rehearse && !answer.Refused() {
			answer, err = rehearsal.Response(answer)
		}
		if err != nil {
			refusal := s.refusal(ctx.Context(), o.id, err)
			for name, values := range refusal.GetHeaders() {
				ctx.SetHeader(name, values[0])
			}
			huma.WriteErr(api, ctx, refusal.GetStatus(), "", refusal)
			return
		}
		if seen.rehearse {
			ctx.SetHeader(dryRunHeader, "true")
		}
		if answer.Kind != "" {
			ctx.SetHeader("Content-Type", answer.Kind)
		}
		ctx.SetStatus(answer.Status)
		_, _ = io.WriteString(ctx.BodyWriter(), answer.Body) // an error means that the caller is gone
	}
}

// bodyOf reads a body that is no upload, up to one byte more than it may have, and the error that the reading ended with, as a reader.
func bodyOf(ctx huma.Context) ([]byte, io.Reader) {
	if isUpload(ctx) {
		return nil, strings.NewReader("")
	}
	body, err := io.ReadAll(io.LimitReader(ctx.BodyReader(), ctx.Operation().MaxBodyBytes+1))
	if err != nil {
		return body, fault{err}
	}
	return body, strings.NewReader("")
}

// fault is a reader that fails.
type fault struct{ error }

// Read implements io.Reader.
func (f fault) Read([]byte) (int, error) { return 0, f.error }

func isUpload(ctx huma.Context) bool {
	return strings.HasPrefix(ctx.Header("Content-Type"), "multipart/")
}

// formOf reads an upload.
func formOf(ctx huma.Context) (*multipart.Form, error) {
	if !isUpload(ctx) {
		return nil, http.ErrNotMultipart
	}
	return ctx.GetMultipartForm()
}

// content is what a request asks for, in one form: spaces and the order of fields in a body make no difference, nor does what divides
// the parts of an upload.
type content struct {
	Path   string
	Query  url.Values
	Body   any                 `json:",omitempty"`
	Values map[string][]string `json:",omitempty"`
	Files  map[string][]string `json:",omitempty"` // hashes
}

func contentOf(ctx huma.Context, body []byte, form *multipart.Form) []byte {
	u := ctx.URL()
	c := content{Path: u.Path, Query: u.Query()}
	switch {
	case form != nil:
		c.Values, c.Files = form.Value, filesOf(form)
	case len(body) > 0:
		numbers := json.NewDecoder(bytes.NewReader(body))
		numbers.UseNumber()
		if err := numbers.Decode(&c.Body); err != nil {
			c.Body = body
		}
	}
	text, err := json.Marshal(c)
	if err != nil {
		panic(err) // a struct of plain fields, and of what was JSON
	}
	return text
}

// filesOf returns names and hashes of uploaded files.
func filesOf(form *multipart.Form) map[string][]string {
	files := map[string][]string{}
	for field, headers := range form.File {
		for _, h := range headers {
			files[field] = append(files[field], h.Filename, hashOf(h))
		}
	}
	return files
}

// hashOf returns the hash of an upload, or why it cannot be read; the request is refused then.
func hashOf(h *multipart.FileHeader) string {
	f, err := h.Open()
	if err != nil {
		return err.Error()
	}
	sum := sha256.New()
	_, err = io.Copy(sum, f)
	if err = errors.Join(err, f.Close()); err != nil {
		return err.Error()
	}
	return hex.EncodeToString(sum.Sum(nil))
}

type humaContext = huma.Context

// heldContext holds the response to a request until it is certain.
type heldContext struct {
	humaContext
	ctx context.Context
	in  io.Reader

	form      *multipart.Form
	formFault error

	status int
	kind   string
	out    bytes.Buffer
}

// Context implements huma.Context.
func (c *heldContext) Context() context.Context { return c.ctx }

// BodyReader implements huma.Context.
func (c *heldContext) BodyReader() io.Reader { return c.in }

// GetMultipartForm implements huma.Context.
func (c *heldContext) GetMultipartForm() (*multipart.Form, error) { return c.form, c.formFault }

// SetStatus implements huma.Context.
func (c *heldContext) SetStatus(status int) { c.status = status }

// Status implements huma.Context.
func (c *heldContext) Status() int { return c.status }

// BodyWriter implements huma.Context.
func (c *heldContext) BodyWriter() io.Writer { return &c.out }

// SetHeader implements huma.Context.
func (c *heldContext) SetHeader(name, value string) {
	if http.CanonicalHeaderKey(name) == "Content-Type" {
		c.kind = value
		return
	}
	c.humaContext.SetHeader(name, value)
}

// AppendHeader implements huma.Context. An operation sets a header once.
func (c *heldContext) AppendHeader(name, value string) { c.SetHeader(name, value) }

func (c *heldContext) answer() workspace.Answer {
	if c.status == 0 {
		c.status = http.StatusOK
	}
	return workspace.Answer{Status: c.status, Kind: c.kind, Body: c.out.String()}
}
