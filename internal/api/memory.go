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

// The memory that large bodies may use while they are processed, in bytes, for all requests together. A decoded body is about
// perByte times as large, a table needs at most unpackedTable in addition. Small bodies do not count: the number of connections
// limits them.
const (
	bodyMemory    = 384 << 20
	perByte       = 16
	smallBody     = 64 << 10
	unpackedTable = 96 << 20
	unknownBody   = maxJSONBody // maximum size of a body of unknown length
	memoryRetry   = "2"         // seconds, for refused requests
)

// memory distributes bodyMemory among requests.
type memory struct {
	free *semaphore.Weighted
	wait time.Duration // maximum time to wait for memory
}

func newMemory(wait time.Duration) *memory { return &memory{semaphore.NewWeighted(bodyMemory), wait} }

// weight returns how much memory a body of this length may use. One of unknown length, which has at most unknownBody bytes,
// counts as that.
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

// bound makes a request wait until there is memory for its body, and refuses it if that takes too long. It runs after
// authentication, so that only authenticated callers can make others wait.
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
