package iam

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"net/http"
	"sync"

	"golang.org/x/sync/semaphore"
)

// SignedBodies limits the memory for request bodies that are read before their signature is verified. The zero value is unlimited.
type SignedBodies struct{ free *semaphore.Weighted }

// NewSignedBodies shares this number of bytes among the requests in progress.
func NewSignedBodies(bytes int64) SignedBodies { return SignedBodies{semaphore.NewWeighted(bytes)} }

// bodyPart is the unit in which memory is reserved; smaller bodies do not count.
const bodyPart = 256 << 10

// read reads the body completely and replaces it; closing it releases its memory. It does not wait for memory: a request without memory is
// refused at once with Retry-After, since a waiting request with half a body would hold memory that others wait for.
func (b SignedBodies) read(r *http.Request) ([]byte, error) {
	var body bytes.Buffer
	var held int64
	release := func() {
		if b.free != nil {
			b.free.Release(held)
		}
	}
	for {
		n, err := io.CopyN(&body, r.Body, bodyPart)
		if err != nil && !errors.Is(err, io.EOF) {
			release()
			return nil, unreadable(err)
		}
		if body.Len() > MaxSignedBody {
			release()
			return nil, tooLarge()
		}
		if n < bodyPart {
			break
		}
		if b.free != nil && !b.free.TryAcquire(bodyPart) {
			release()
			return nil, &Refusal{
				Status: http.StatusServiceUnavailable, Code: codeBusy, RetryAfter: busyRetry,
				Message: "too many large requests are under way, try again in a moment",
			}
		}
		held += bodyPart
	}
	r.Body = &keptBody{Reader: bytes.NewReader(body.Bytes()), release: sync.OnceFunc(release)}
	return body.Bytes(), nil
}

func unreadable(err error) error {
	if _, large := errors.AsType[*http.MaxBytesError](err); large {
		return tooLarge()
	}
	return invalid("body", "ended before it was complete")
}

func tooLarge() *Refusal {
	return &Refusal{
		Status: http.StatusRequestEntityTooLarge, Code: codeTooLarge,
		Message: fmt.Sprintf("the body of a signed request may have %d MB", MaxSignedBody>>20),
	}
}

// keptBody is a body in memory.
type keptBody struct {
	*bytes.Reader
	release func()
}

// Close implements io.Closer.
func (b *keptBody) Close() error {
	b.release()
	return nil
}
