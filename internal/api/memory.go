package api

import (
	"context"
	"net/http"
	"strings"
	"time"

	"github.com/danielgtaylor/huma/v2"
	"github.com/danielgtaylor/huma/v2/adapters/humago"
	"golang.org/x/sync/semaphore"

	"carrel/internal/workspace"
)

// The memory that large bodies may take while they are worked on, in bytes, for all requests together. A body becomes about
// perByte times as large when it is decoded, a table unpackedTable at most on top. Small bodies do not count: their
// number is bounded by that of connections.
const (
	bodyMemory    = 384 << 20
	perByte       = 16
	smallBody     = 64 << 10
	unpackedTable = 96 << 20
	unknownBody   = maxJSONBody // the most that a body may have whose length is not told beforehand
	memoryRetry   = "2"         // seconds, for who was sent away
)

// memory shares bodyMemory among requests.
type memory struct {
	free *semaphore.Weighted
	wait time.Duration // for others to be done
}

func newMemory(wait time.Duration) *memory { return &memory{semaphore.NewWeighted(bodyMemory), wait} }

// weight is how much memory a body of so many bytes may take. One of unknown length, which is then at most unknownBody, counts as
// that.
func weight(length int64, contentType string) int64 {
	if length < 0 {
		length = unknownBody
	}
	switch {
	case length > 0 && strings.HasPrefix(contentType, "multipart/"):
		return length*perByte + unpackedTable
	case length <= smallBody:
		return 0
	}
	return min(length*perByte, bodyMemory)
}

// bound lets a request wait for a while until there is memory for its body, and refuses it when there is none by then. It runs
// behind authentication, so that nobody else can keep callers waiting.
func (m *memory) bound(api huma.API) func(huma.Context, func(huma.Context)) {
	return func(ctx huma.Context, next func(huma.Context)) {
		r, _ := humago.Unwrap(ctx)
		need := weight(r.ContentLength, ctx.Header("Content-Type"))
		if need == 0 {
			next(ctx)
			return
		}
		waiting, cancel := context.WithTimeout(ctx.Context(), m.wait)
		defer cancel()
		if err := m.free.Acquire(waiting, need); err != nil {
			ctx.SetHeader("Retry-After", memoryRetry)
			refusal := &Refusal{Code: workspace.CodeUnavailable, Message: "too many large requests are under way, try again in a moment"}
			huma.WriteErr(api, ctx, http.StatusServiceUnavailable, "", refusal)
			return
		}
		defer m.free.Release(need)
		next(ctx)
	}
}
