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

// translate wraps an error of the daemon with the engine's error of the same meaning and with what was being done. Where Incus
// has no status, as for all errors within an operation, it uses the text.
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

// says reports whether the error's text contains one of the fragments, which are in lower case.
func says(err error, fragments ...string) bool {
	text := strings.ToLower(err.Error())
	for _, f := range fragments {
		if strings.Contains(text, f) {
			return true
		}
	}
	return false
}

// refused adds ErrInvalid if Incus refuses a change because of its content, not because of other activity.
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

// raced reports whether a change failed only because another change of the same thing was in progress, came first, or was made
// since the last read.
func raced(err error) bool {
	return api.StatusErrorCheck(err, http.StatusPreconditionFailed) || overlapped(err)
}

// overlapped reports whether a change failed only because another change of the same machine was in progress or came first.
func overlapped(err error) bool {
	return api.StatusErrorCheck(err, http.StatusConflict) ||
		says(err, "already exists", "already running", "already stopped", "is not running", "instance is running", "instance is busy", "unique constraint", "already frozen", "not frozen", "being deleted", "must be stopped",
			"non-reusable operation") // that another call waited for the same one
}
