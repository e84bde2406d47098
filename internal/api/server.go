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
	"github.com/danielgtaylor/huma/v2/validation"
	"github.com/prometheus/client_golang/prometheus"

	"carrel/internal/core"
	"carrel/internal/iam"
	"carrel/internal/route"
	"carrel/internal/text"
	"carrel/internal/workspace"
)

// Paths are the patterns of net/http.ServeMux for which requests must be passed to a Server. It responds with a JSON 404 to paths
// that it does not know.
var Paths = []string{
	"/v1/", "/v1.0/", "/v2/", "/v2.0/", "/v2.1/", "/v3/", "/v3.0/", "/v5/", "/openapi.json",
}

// Catalog lists the services of a Server with their paths.
var Catalog = []iam.CatalogService{
	{Type: "workspace", Path: "/v2/{project_id}"},
	{Type: "sts", Path: ""},
	{Type: "eps", Path: "/v1.0"},
	{Type: "ims", Path: ""},
	{Type: "vpc", Path: ""},
	{Type: "ecs", Path: "/v2.1/{project_id}"},
	{Type: "dns", Path: ""},
	{Type: "evs", Path: "/v2/{project_id}"},
}

// Config is the configuration of a Server.
type Config struct {
	Services *core.Services
	IAM      *iam.Service
	Log      *slog.Logger
	Metrics  prometheus.Registerer
	// CallTime is the limit for a call, including reading its body. No call waits for a machine.
	CallTime time.Duration
	// Others are routes of other servers, to be described beside those of this one.
	Others []route.Route
}

// Server serves the Workspace API, the identity API and their description.
type Server struct {
	Config
	faces   []face
	handler http.Handler
	memory  *memory // for large bodies in progress
	meter   *meter
}

// face is one of the services. One ServeMux cannot have several: their patterns overlap.
type face struct {
	mux   *http.ServeMux // matches the requests of the face
	serve http.Handler   // the mux, after authentication if it is required
}

// New returns a Server. It returns an error if its metrics are registered already.
func New(c Config) (*Server, error) {
	meter, err := newMeter(c.Metrics)
	if err != nil {
		return nil, fmt.Errorf("registering metrics of the API: %w", err)
	}
	s := &Server{Config: c, memory: newMemory(c.CallTime / 6), meter: meter}
	operations := newMuxes()
	workspaceAPI := humago.New(operations, humaConfig())
	s.register(workspaceAPI)
	description := describe(workspaceAPI, c.Others)
	identity := c.IAM.Handler()
	s.faces = []face{{description, description}, {identity, identity}}
	for _, mux := range []*http.ServeMux{operations.ofCaller, operations.ofProject, renamed(operations.ofProject)} {
		s.faces = append(s.faces, face{mux, c.IAM.Require(named(lenient(mux)))})
	}
	s.handler = s.observed(s.limited(http.HandlerFunc(s.dispatch)))
	return s, nil
}

// ServeHTTP implements http.Handler.
func (s *Server) ServeHTTP(w http.ResponseWriter, r *http.Request) { s.handler.ServeHTTP(w, r) }

// dispatch passes a request to the first face that knows its method and path. Others get a 404, also for a wrong method, as with
// the public service.
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

// codeUnknownPath is the public gateway's code for an unknown path or method.
const codeUnknownPath workspace.Code = "APIGW.0101"

// refuse sends an error outside of huma.
func refuse(w http.ResponseWriter, status int, r *Refusal) {
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(status)
	_ = json.NewEncoder(w).Encode(r) // an error means that the caller is gone
}

// named notes the caller, for the log and the audit records.
func named(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if p, ok := iam.PrincipalFrom(r.Context()); ok {
			noteCaller(r.Context(), p)
		}
		next.ServeHTTP(w, r)
	})
}

// limited limits the size of bodies and the time of requests.
func (s *Server) limited(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		control := http.NewResponseController(w)
		body := &openBody{ReadCloser: r.Body}
		if r.ContentLength > iam.MaxSignedBody {
			if r.Header.Get("Expect") == "" { // with it, the client waits for our response before it sends
				body.drain(control)
			}
			refuse(w, http.StatusRequestEntityTooLarge, bodyTooLarge(iam.MaxSignedBody))
			return
		}
		_ = control.SetReadDeadline(time.Now().Add(s.CallTime)) // without support, the server's own limit applies
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

// How much of an unread body is read before the response is sent: if the connection closes while a client still sends, the client
// sees an error instead of the response.
const (
	drainBytes = 32 << 20
	drainTime  = 2 * time.Second
)

// openBody is a body that stays open until the rest of it was read.
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
		_, _ = io.CopyN(io.Discard, b, drainBytes) // an error means that the client is gone, or too slow
	}
}

// renamed serves paths that call pools as in one example of the public documentation like those that next knows. It runs after
// authentication, since signatures cover the path.
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

// lenient treats every body as JSON whatever its Content-Type, as clients send many. Uploads are an exception. It runs after
// authentication, since a signature may cover the header.
func lenient(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if !strings.HasPrefix(r.Header.Get("Content-Type"), "multipart/") {
			r.Header.Set("Content-Type", "application/json")
		}
		next.ServeHTTP(w, r)
		if r.MultipartForm != nil { // net/http removes the temporary files only for a request that was never copied
			_ = r.MultipartForm.RemoveAll()
		}
	})
}

// huma stores this for the whole process; several servers may be created concurrently.
func init() {
	validation.MsgExpectedMinLength = "%d or more characters must be given"
	validation.MsgExpectedMaxLength = "at most %d characters are allowed"
	validation.MsgExpectedMinItems = "%d or more must be given"
	validation.MsgExpectedMaxItems = "at most %d are allowed"
	huma.NewError = func(status int, message string, errs ...error) huma.StatusError {
		return newRefusal(status, message, errs)
	}
}

func humaConfig() huma.Config {
	config := route.Config()
	config.Transformers = []huma.Transformer{noteRefusal}
	config.Formats = map[string]huma.Format{"application/json": jsonFormat, "json": jsonFormat}
	return config
}

// jsonFormat composes texts, and treats a null in a request as an absent field, as clients mean it.
var jsonFormat = huma.Format{
	Marshal: huma.DefaultJSONFormat.Marshal,
	Unmarshal: func(data []byte, into any) error {
		if err := checkShape(data); err != nil {
			return err
		}
		data, err := text.JSON(data)
		if err != nil {
			return textError{err}
		}
		err = json.Unmarshal(data, into)
		if anything, ok := into.(*any); ok { // for huma's validation before decoding
			dropNulls(*anything)
		}
		return err
	},
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
