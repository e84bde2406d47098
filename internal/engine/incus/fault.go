package incus

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/http"
	"strings"
	"syscall"

	"github.com/lxc/incus/v6/shared/api"

	"carrel/internal/engine"
)

// ErrNotPrepared is returned by Open when Prepare has not run on this Incus.
var ErrNotPrepared = errors.New("this Incus has not been prepared for Carrel")

// translate gives a fault of the daemon the meaning that the engine's callers know, and says what was being done. Where
// Incus gives no status, as for everything that fails inside an operation, its text has to do.
func translate(ctx context.Context, doing string, err error) error {
	if err == nil {
		return nil
	}
	if ctx.Err() != nil {
		return fmt.Errorf("%s: %w", doing, ctx.Err())
	}
	if meaning := meaningOf(err); meaning != nil && !errors.Is(err, meaning) {
		return fmt.Errorf("%s: %w: %w", doing, meaning, err)
	}
	return fmt.Errorf("%s: %w", doing, err)
}

func meaningOf(err error) error {
	var dial *net.OpError
	switch {
	case errors.As(err, &dial), errors.Is(err, syscall.ECONNREFUSED),
		api.StatusErrorCheck(err, http.StatusServiceUnavailable), says(err, "daemon is shutting down"):
		return engine.ErrUnavailable
	case says(err, "no space left", "quota exceeded", "maximum number of", "reached maximum", "not enough", "cannot allocate memory"):
		return engine.ErrNoCapacity
	case says(err, "already defined on another nic"):
		return engine.ErrAddressTaken
	case absent(err):
		return engine.ErrNotFound
	}
	return nil
}

// says tells whether the fault's text has one of the fragments, which are in lower case.
func says(err error, fragments ...string) bool {
	text := strings.ToLower(err.Error())
	for _, f := range fragments {
		if strings.Contains(text, f) {
			return true
		}
	}
	return false
}

// refused gives ErrInvalid to a change that Incus refuses for what it asks for, not for what else goes on.
func refused(err error) error {
	if err == nil || raced(err) || errors.Is(err, engine.ErrInvalid) {
		return err
	}
	if meaning := meaningOf(err); errors.Is(meaning, engine.ErrNoCapacity) || errors.Is(meaning, engine.ErrAddressTaken) {
		return err
	}
	if api.StatusErrorCheck(err, http.StatusBadRequest, http.StatusNotFound) || says(err, "device validation failed", "invalid devices", "invalid config") {
		return fmt.Errorf("%w: %w", engine.ErrInvalid, err)
	}
	return err
}

// raced tells whether a change failed only because another one of the same thing was under way or came first, or was
// made since the look that it follows.
func raced(err error) bool {
	return api.StatusErrorCheck(err, http.StatusPreconditionFailed) || overlapped(err)
}

// overlapped tells whether a change failed only because another one of the same machine was under way or came first.
func overlapped(err error) bool {
	return api.StatusErrorCheck(err, http.StatusConflict) ||
		says(err, "already exists", "already running", "already stopped", "is not running", "instance is running", "instance is busy", "unique constraint", "already frozen", "not frozen", "being deleted", "must be stopped")
}
