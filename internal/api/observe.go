package api

import (
	"cmp"
	"context"
	"errors"
	"log/slog"
	"net/http"
	"runtime/debug"
	"strconv"
	"strings"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"carrel/internal/clientaddr"
	"carrel/internal/iam"
	"carrel/internal/telemetry"
	"carrel/internal/workspace"
)

// meter counts and times requests by operation.
type meter struct {
	requests  *prometheus.CounterVec
	seconds   *prometheus.HistogramVec
	asked     *prometheus.CounterVec
	running   prometheus.Gauge
	unaudited prometheus.Counter
}

func newMeter(r prometheus.Registerer) (*meter, error) {
	m := &meter{
		requests: prometheus.NewCounterVec(prometheus.CounterOpts{
			Name: "carrel_api_requests_total", Help: "API requests answered.",
		}, []string{"operation", "status"}),
		seconds: prometheus.NewHistogramVec(prometheus.HistogramOpts{
			Name: "carrel_api_request_seconds", Help: "How long API requests took.",
			Buckets: []float64{.001, .0025, .005, .01, .025, .05, .1, .25, .5, 1, 2.5, 10},
		}, []string{"operation"}),
		asked: prometheus.NewCounterVec(prometheus.CounterOpts{
			Name: "carrel_api_statements_total", Help: "Statements that API requests sent to the database.",
		}, []string{"operation"}),
		running: prometheus.NewGauge(prometheus.GaugeOpts{
			Name: "carrel_api_requests_running", Help: "API requests being answered.",
		}),
		unaudited: prometheus.NewCounter(prometheus.CounterOpts{
			Name: "carrel_api_unaudited_requests_total", Help: "Refused or failed API requests whose audit record could not be written.",
		}),
	}
	for _, c := range []prometheus.Collector{m.requests, m.seconds, m.asked, m.running, m.unaudited} {
		if err := r.Register(c); err != nil {
			return nil, err
		}
	}
	return m, nil
}

// record collects data about a request. Only the request's own goroutine uses it.
type record struct {
	operation  string           // or the pattern of its path
	act        workspace.Caller // as far as it is known
	principal  iam.Principal
	writes     bool // the operation changes something
	authorized bool
	token      string               // the client token; empty: none
	rehearse   bool                 // the operation is to change nothing
	visible    *workspace.Selection // what a list may show; nil: all
	access     iam.Access           // what the request asks for
	pending    bool                 // it is to be decided again when the body is read
	refusal    *Refusal             // the response, if it is one
}

type recordKey struct{}

// recordOf returns the record of a request, or nil.
func recordOf(ctx context.Context) *record {
	r, _ := ctx.Value(recordKey{}).(*record)
	return r
}

// note records the operation of a request; the last call wins.
func note(ctx context.Context, operation string) {
	if r := recordOf(ctx); r != nil {
		r.operation = operation
	}
}

func noteCaller(ctx context.Context, p iam.Principal) {
	if r := recordOf(ctx); r != nil {
		r.principal, r.act.Credential = p, p.Credential()
		r.act.Actor = workspace.Actor{ID: p.AdminID, Name: p.AdminName, Kind: workspace.ActorAdministrator}
	}
}

// observed gives each request an id, a log line and metrics, records refusals, and turns a panic into a response.
func (s *Server) observed(next http.Handler) http.Handler {
	log, m := s.Log, s.meter
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		start := time.Now()
		id := cmp.Or(telemetry.RequestID(r.Context()), RequestID(r))
		w.Header().Set(iam.RequestIDHeader, id)
		w.Header().Set(iam.TraceIDHeader, id)
		w.Header().Set("Cache-Control", "no-store")
		w.Header().Set("X-Content-Type-Options", "nosniff")
		w.Header().Set("Content-Security-Policy", "default-src 'none'; frame-ancestors 'none'") // responses are not pages
		seen := &record{operation: "unknown", act: workspace.Caller{RequestID: id, Address: clientaddr.Text(r)}}
		ctx, statements := telemetry.CountStatements(context.WithValue(telemetry.WithRequest(r.Context(), id), recordKey{}, seen))
		answer := &answerWriter{ResponseWriter: w}
		m.running.Inc()
		defer func() {
			m.running.Dec()
			took := time.Since(start)
			if answer.status >= http.StatusInternalServerError && errors.Is(r.Context().Err(), context.Canceled) {
				answer.status = statusCallerGone
			}
			s.auditRefusal(ctx, seen, answer.status)
			m.requests.WithLabelValues(seen.operation, strconv.Itoa(answer.status)).Inc()
			m.seconds.WithLabelValues(seen.operation).Observe(took.Seconds())
			m.asked.WithLabelValues(seen.operation).Add(float64(statements.Load()))
			log.InfoContext(ctx, "request", "operation", seen.operation, "action", seen.act.Permission, "method", r.Method, "path", r.URL.Path,
				"dry_run", seen.rehearse, "status", answer.status, "bytes", answer.bytes, "ms", float64(took.Microseconds())/1000,
				"statements", statements.Load(), "caller", seen.act.Actor.Name, "from", seen.act.Address)
		}()
		recovered(log, next).ServeHTTP(answer, r.WithContext(ctx))
	})
}

// statusCallerGone is recorded, and sent to nobody, if a caller did not wait for the response: that is not an error of the
// server.
const statusCallerGone = 499

// recovered answers 500 to a request whose handler panicked, and logs the stack.
func recovered(log *slog.Logger, next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		defer func() {
			fault := recover()
			if fault == nil {
				return
			}
			if err, ok := fault.(error); ok && errors.Is(err, http.ErrAbortHandler) {
				panic(fault)
			}
			log.ErrorContext(r.Context(), "request panicked", "panic", fault, "stack", string(debug.Stack()))
			if answer, ok := w.(*answerWriter); ok && answer.status == 0 {
				refuse(w, http.StatusInternalServerError, &Refusal{Code: workspace.CodeInternal, Message: workspace.MessageOf(nil)})
			}
		}()
		next.ServeHTTP(w, r)
	})
}

// maxRequestID is the maximum length of an id that a caller sends.
const maxRequestID = 64

// RequestID returns the id of a request: the caller's, if it is valid, or a new one.
func RequestID(r *http.Request) string {
	id := r.Header.Get(iam.RequestIDHeader)
	if id == "" || len(id) > maxRequestID || strings.ContainsFunc(id, notInRequestID) {
		return workspace.NewID()
	}
	return id
}

func notInRequestID(c rune) bool {
	return !(c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z' || c >= '0' && c <= '9' || strings.ContainsRune("-_.:", c))
}

// answerWriter records the status of the response.
type answerWriter struct {
	http.ResponseWriter
	status int
	bytes  int
}

// WriteHeader implements http.ResponseWriter.
func (a *answerWriter) WriteHeader(status int) {
	if a.status == 0 {
		a.status = status
	}
	a.ResponseWriter.WriteHeader(status)
}

// Write implements http.ResponseWriter.
func (a *answerWriter) Write(b []byte) (int, error) {
	if a.status == 0 {
		a.status = http.StatusOK
	}
	n, err := a.ResponseWriter.Write(b)
	a.bytes += n
	return n, err
}

// Unwrap lets http.ResponseController find the wrapped writer.
func (a *answerWriter) Unwrap() http.ResponseWriter { return a.ResponseWriter }
