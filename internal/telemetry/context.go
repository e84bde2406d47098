package telemetry

import (
	"context"
	"log/slog"
	"slices"
	"sync/atomic"
)

type contextKey string

// The values that a context can carry, in the order in which they are logged.
const (
	requestKey contextKey = "request_id"
	jobKey     contextKey = "job_id"
	subJobKey  contextKey = "sub_job_id"
)

var contextKeys = []contextKey{requestKey, jobKey, subJobKey}

// WithRequest returns a context whose log lines carry the id of an API request.
func WithRequest(ctx context.Context, id string) context.Context {
	return context.WithValue(ctx, requestKey, id)
}

// RequestID returns the id that WithRequest put into the context, or "".
func RequestID(ctx context.Context) string {
	id, _ := ctx.Value(requestKey).(string)
	return id
}

// WithJob returns a context whose log lines carry the id of a job.
func WithJob(ctx context.Context, id string) context.Context {
	return context.WithValue(ctx, jobKey, id)
}

// WithSubJob returns a context whose log lines carry the id of a sub-job.
func WithSubJob(ctx context.Context, id string) context.Context {
	return context.WithValue(ctx, subJobKey, id)
}

type statementsKey struct{}

// CountStatements returns a context in which Statement counts, and the count. It may be read while others count.
func CountStatements(ctx context.Context) (context.Context, *atomic.Int64) {
	n := new(atomic.Int64)
	return context.WithValue(ctx, statementsKey{}, n), n
}

// Statement counts one SQL statement for the request of the context.
func Statement(ctx context.Context) {
	if n, ok := ctx.Value(statementsKey{}).(*atomic.Int64); ok {
		n.Add(1)
	}
}

// contextHandler adds what the context carries at the top of each line, outside any group the logger has opened.
type contextHandler struct {
	slog.Handler                                   // base with everything of opened
	base         slog.Handler                      // as it was before the first group
	opened       []func(slog.Handler) slog.Handler // the first group and all that came after
}

func newContextHandler(h slog.Handler) contextHandler { return contextHandler{Handler: h, base: h} }

// Handle implements slog.Handler.
func (h contextHandler) Handle(ctx context.Context, r slog.Record) error {
	attrs := contextAttrs(ctx)
	if len(attrs) == 0 {
		return h.Handler.Handle(ctx, r)
	}
	target := h.base.WithAttrs(attrs)
	for _, step := range h.opened {
		target = step(target)
	}
	return target.Handle(ctx, r)
}

// WithAttrs implements slog.Handler.
func (h contextHandler) WithAttrs(attrs []slog.Attr) slog.Handler {
	return h.with(false, func(b slog.Handler) slog.Handler { return b.WithAttrs(attrs) })
}

// WithGroup implements slog.Handler.
func (h contextHandler) WithGroup(name string) slog.Handler {
	return h.with(true, func(b slog.Handler) slog.Handler { return b.WithGroup(name) })
}

func (h contextHandler) with(group bool, step func(slog.Handler) slog.Handler) slog.Handler {
	h.Handler = step(h.Handler)
	if group || len(h.opened) > 0 {
		h.opened = append(slices.Clip(h.opened), step)
	} else {
		h.base = h.Handler
	}
	return h
}

func contextAttrs(ctx context.Context) []slog.Attr {
	var attrs []slog.Attr
	for _, key := range contextKeys {
		if id, ok := ctx.Value(key).(string); ok && id != "" {
			attrs = append(attrs, slog.String(string(key), id))
		}
	}
	return attrs
}
