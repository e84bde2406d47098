package listen

import (
	"errors"
	"io"
	"net/http"
	"time"
)

// Deadlines gives every request a time in which its body must have come, and one in which its answer must have been taken. Handlers
// that need other times set them by an http.ResponseController. A request without a body has no deadline for reading, for the
// server notices by reading that its caller has gone; neither has a connection that was taken over for a WebSocket.
func Deadlines(next http.Handler, body, answer time.Duration) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		control := http.NewResponseController(w)
		_ = control.SetWriteDeadline(time.Now().Add(answer)) // a recorder in a test has none
		if r.Body != nil && r.Body != http.NoBody && r.ContentLength != 0 {
			_ = control.SetReadDeadline(time.Now().Add(body))
			// The server must find its own body in its own request, else it takes a connection on which the body never came for
			// one that waits for the next request.
			r = r.WithContext(r.Context())
			r.Body = &timedBody{ReadCloser: r.Body, whole: func() { _ = control.SetReadDeadline(time.Time{}) }}
		}
		next.ServeHTTP(w, r)
	})
}

// timedBody lifts the deadline once the body is whole: what the handler does then may take longer, and a deadline would end its
// context.
type timedBody struct {
	io.ReadCloser
	whole func()
}

// Read implements io.Reader.
func (b *timedBody) Read(p []byte) (int, error) {
	n, err := b.ReadCloser.Read(p)
	if errors.Is(err, io.EOF) {
		b.whole()
	}
	return n, err
}
