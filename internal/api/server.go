package api

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"strings"
	"time"

	"github.com/danielgtaylor/huma/v2"
	"github.com/danielgtaylor/huma/v2/adapters/humago"
	"github.com/prometheus/client_golang/prometheus"

	"carrel/internal/core"
	"carrel/internal/iam"
	"carrel/internal/text"
	"carrel/internal/workspace"
)

// Paths are what to give to a Server, as patterns of net/http.ServeMux. What it does not know among them it answers with a
// JSON 404.
var Paths = []string{
	"/v1/", "/v1.0/", "/v2/", "/v2.0/", "/v2.1/", "/v3/", "/v3.0/", "/v5/", "/openapi.json", "/docs",
}

// Catalog is where the services that a Server serves are found.
var Catalog = []iam.CatalogService{
	{Type: "workspace", Path: "/v2/{project_id}"},
	{Type: "sts", Path: ""},
}

// Config is what a Server needs.
type Config struct {
	Services *core.Services
	IAM      *iam.Service
	Log      *slog.Logger
	Metrics  prometheus.Registerer
	// CallTime is how long a call may take, its body among it. Nothing here waits for a machine.
	CallTime time.Duration
}

// Server serves the Workspace API, the identity API and their description.
type Server struct {
	Config
	faces   []face
	handler http.Handler
	memory  *memory // of large bodies under way
}

// face is a service of its own. One ServeMux cannot hold several: their patterns overlap.
type face struct {
	mux   *http.ServeMux // knows which requests are the face's
	serve http.Handler   // the mux, behind authentication if it asks for that
}

// New makes a Server. It fails when its metrics are registered already.
func New(c Config) (*Server, error) {
	s := &Server{Config: c, memory: newMemory(c.CallTime / 6)}
	meter, err := newMeter(c.Metrics)
	if err != nil {
		return nil, fmt.Errorf("registering metrics of the API: %w", err)
	}
	desktops := http.NewServeMux()
	workspaceAPI := humago.New(desktops, humaConfig())
	s.register(workspaceAPI)
	description, err := describe(workspaceAPI.OpenAPI())
	if err != nil {
		return nil, err
	}
	identity := c.IAM.Handler()
	misspelt := renamed(desktops)
	s.faces = []face{
		{description, description}, {identity, identity}, {desktops, c.IAM.Require(named(legible(tokened(lenient(desktops)))))},
		{misspelt, c.IAM.Require(named(legible(tokened(lenient(misspelt)))))},
	}
	s.handler = observed(c.Log, meter, s.limited(http.HandlerFunc(s.dispatch)))
	return s, nil
}

// ServeHTTP implements http.Handler.
func (s *Server) ServeHTTP(w http.ResponseWriter, r *http.Request) { s.handler.ServeHTTP(w, r) }

// dispatch gives a request to the first face that knows its method and path. Others are 404 for a wrong method too, as clients
// know it of the original.
func (s *Server) dispatch(w http.ResponseWriter, r *http.Request) {
	for _, f := range s.faces {
		if _, pattern := f.mux.Handler(r); pattern != "" && !hasWordForID(pattern, r.URL.Path) {
			note(r.Context(), pattern)
			f.serve.ServeHTTP(w, r)
			return
		}
	}
	refuse(w, http.StatusNotFound, &Refusal{
		Code: codeUnknownPath, Message: workspace.Clip(fmt.Sprintf("there is no operation %s %s", r.Method, r.URL.Path), maxSentence),
	})
}

// codeUnknownPath is the public gateway's word for a path or method that it does not know.
const codeUnknownPath workspace.Code = "APIGW.0101"

// refuse answers with a refusal outside of huma.
func refuse(w http.ResponseWriter, status int, r *Refusal) {
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(status)
	_ = json.NewEncoder(w).Encode(r) // if this fails the caller has gone
}

// named notes who calls, for the log.
func named(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if p, ok := iam.PrincipalFrom(r.Context()); ok {
			noteCaller(r.Context(), p.AdminName)
		}
		next.ServeHTTP(w, r)
	})
}

// limited bounds the size of bodies and the time of requests.
func (s *Server) limited(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		control := http.NewResponseController(w)
		body := &openBody{ReadCloser: r.Body}
		if r.ContentLength > iam.MaxSignedBody {
			if r.Header.Get("Expect") == "" { // else the client waits for our answer before it sends
				body.drain(control)
			}
			refuse(w, http.StatusRequestEntityTooLarge, bodyTooLarge(iam.MaxSignedBody))
			return
		}
		_ = control.SetReadDeadline(time.Now().Add(s.CallTime)) // where there is none, the server's own holds
		_ = control.SetWriteDeadline(time.Now().Add(2 * s.CallTime))
		most := int64(iam.MaxSignedBody)
		if r.ContentLength < 0 {
			most = unknownBody
		}
		ctx, cancel := context.WithTimeout(r.Context(), s.CallTime)
		defer cancel()
		r = r.WithContext(ctx)
		r.Body = http.MaxBytesReader(w, body, most)
		next.ServeHTTP(w, r)
		if r.ContentLength != 0 && r.Header.Get("Expect") == "" {
			body.drain(control)
		}
	})
}

// How much is read of a body that nobody wanted, before the answer leaves: a client that is still sending when the connection closes
// sees it break, and no answer.
const (
	drainBytes = 32 << 20
	drainTime  = 2 * time.Second
)

// openBody is a body that stays open until its rest was read.
type openBody struct {
	io.ReadCloser
	ended bool
}

// Read implements io.Reader.
func (b *openBody) Read(p []byte) (int, error) {
	n, err := b.ReadCloser.Read(p)
	b.ended = b.ended || err != nil
	return n, err
}

// Close implements io.Closer. The server closes the body itself.
func (b *openBody) Close() error { return nil }

func (b *openBody) drain(control *http.ResponseController) {
	if !b.ended {
		_ = control.SetReadDeadline(time.Now().Add(drainTime))
		_, _ = io.CopyN(io.Discard, b, drainBytes) // if this fails the client has gone, or sends for too long
	}
}

// renamed serves, under the name by which one example of the public documentation calls pools, what next serves under theirs. It
// runs behind authentication, since signatures cover the path.
func renamed(next http.Handler) *http.ServeMux {
	mux := http.NewServeMux()
	mux.HandleFunc("/v2/{project_id}/desktops-pools/", func(w http.ResponseWriter, r *http.Request) {
		r = r.Clone(r.Context())
		r.URL.Path = strings.Replace(r.URL.Path, "/desktops-pools/", "/desktop-pools/", 1)
		r.URL.RawPath = strings.Replace(r.URL.RawPath, "/desktops-pools/", "/desktop-pools/", 1)
		next.ServeHTTP(w, r)
	})
	return mux
}

// lenient reads every body as JSON whatever it is called, as clients call it many things. Uploads say what they are. It runs
// behind authentication, since a signature may cover the header.
func lenient(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if !strings.HasPrefix(r.Header.Get("Content-Type"), "multipart/") {
			r.Header.Set("Content-Type", "application/json")
		}
		next.ServeHTTP(w, r)
		if r.MultipartForm != nil { // net/http removes its temporary files from a request only that was never copied
			_ = r.MultipartForm.RemoveAll()
		}
	})
}

// huma keeps these for the whole program; several servers may be made at once.
func init() {
	huma.DefaultArrayNullable = false
	huma.NewError = func(status int, message string, errs ...error) huma.StatusError {
		return newRefusal(status, message, errs)
	}
}

func humaConfig() huma.Config {
	config := huma.DefaultConfig("Carrel: Workspace API", "v2")
	config.OpenAPIPath, config.DocsPath, config.SchemasPath = "", "", "" // see describe
	config.CreateHooks = nil                                             // no links to schemas in answers
	config.AllowAdditionalPropertiesByDefault = true                     // clients may know fields that we do not
	config.FieldsOptionalByDefault = true                                // those that are required say so
	config.Formats = map[string]huma.Format{"application/json": jsonFormat, "json": jsonFormat}
	config.Components.SecuritySchemes = map[string]*huma.SecurityScheme{
		"token":     {Type: "apiKey", In: "header", Name: "X-Auth-Token", Description: "From POST /v3/auth/tokens, header X-Subject-Token"},
		"signature": {Type: "apiKey", In: "header", Name: "Authorization", Description: "SDK-HMAC-SHA256, made with an access key"},
	}
	return config
}

// jsonFormat composes texts, and takes a null in a request for an absent field, as clients mean it.
var jsonFormat = huma.Format{
	Marshal: huma.DefaultJSONFormat.Marshal,
	Unmarshal: func(data []byte, into any) error {
		if err := checkShape(data); err != nil {
			return err
		}
		data, err := text.JSON(data)
		if err != nil {
			return err
		}
		err = json.Unmarshal(data, into)
		if anything, ok := into.(*any); ok { // what huma validates before it decodes
			dropNulls(*anything)
		}
		return err
	},
}

// legible refuses addresses whose parts are no text that a database can be asked for.
func legible(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		parts := []string{r.URL.Path}
		for name, values := range r.URL.Query() {
			parts = append(append(parts, name), values...)
		}
		for _, part := range parts {
			if err := text.Check(part); err != nil {
				refuse(w, http.StatusBadRequest, &Refusal{Code: workspace.CodeMalformed, Message: fmt.Sprintf("the address: %v", err)})
				return
			}
		}
		next.ServeHTTP(w, r)
	})
}

func dropNulls(value any) {
	switch v := value.(type) {
	case map[string]any:
		for key, field := range v {
			if field == nil {
				delete(v, key)
			} else {
				dropNulls(field)
			}
		}
	case []any:
		for _, item := range v {
			dropNulls(item)
		}
	}
}
