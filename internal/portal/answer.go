package portal

import (
	"encoding/json"
	"errors"
	"io"
	"math"
	"mime"
	"net/http"
	"strconv"
	"strings"
	"time"

	"carrel/internal/route"
	"carrel/internal/text"
	"carrel/internal/workspace"
)

// bodyLimit is the maximum size of a request body in bytes; none needs more than a few hundred.
const bodyLimit = 16 << 10

// statuses maps the codes that can occur in the portal to HTTP statuses; any other is internal.
var statuses = map[workspace.Code]int{
	workspace.CodeInvalid:         http.StatusBadRequest,
	workspace.CodeMalformed:       http.StatusBadRequest,
	workspace.CodeTooLarge:        http.StatusRequestEntityTooLarge,
	workspace.CodeBadCredentials:  http.StatusUnauthorized,
	workspace.CodeForbidden:       http.StatusForbidden,
	workspace.CodeDesktopNotFound: http.StatusNotFound,
	workspace.CodePoolNotFound:    http.StatusNotFound,
	workspace.CodeUserNotFound:    http.StatusNotFound,
	workspace.CodeConflict:        http.StatusConflict,
	workspace.CodeNotSubscribed:   http.StatusForbidden,
	workspace.CodeRateLimited:     http.StatusTooManyRequests,
	workspace.CodeUnavailable:     http.StatusServiceUnavailable,
	workspace.CodeNoDatabase:      http.StatusServiceUnavailable,
}

type errorBody struct {
	Code    workspace.Code `json:"error_code" doc:"Identifies the error, for programs"`
	Message string         `json:"error_msg" doc:"The error, for administrators; pages have their own words"`
	Wait    int            `json:"retry_after,omitempty" doc:"Seconds, if the same call may succeed then"`
}

// answerError writes the part of an error that the caller may see, and logs errors that the caller did not cause.
func (p *Portal) answerError(w http.ResponseWriter, r *http.Request, err error) {
	body := errorBody{Code: workspace.CodeInternal, Message: "something went wrong on the server, try again"}
	status := http.StatusInternalServerError
	if e, ok := errors.AsType[*workspace.Error](err); ok && statuses[e.Code] != 0 {
		body.Code, body.Message, status = e.Code, workspace.MessageOf(e), statuses[e.Code]
	}
	if status >= http.StatusInternalServerError && r.Context().Err() == nil {
		p.Log.ErrorContext(r.Context(), "a portal call failed", "method", r.Method, "path", r.URL.Path, "error", err)
	}
	if pause, ok := errors.AsType[*workspace.PauseError](err); ok {
		body.Wait = max(1, int(math.Ceil(time.Until(pause.Until).Seconds())))
	}
	if body.Code == workspace.CodeNoDatabase {
		body.Wait = int(workspace.OutageRetry.Seconds())
	}
	if body.Wait > 0 {
		w.Header().Set("Retry-After", strconv.Itoa(body.Wait))
	}
	route.WriteJSON(w, status, body)
}

// read decodes a request's JSON body, or returns CodeMalformed or CodeTooLarge.
func read(w http.ResponseWriter, r *http.Request, body any) error {
	if kind, _, err := mime.ParseMediaType(r.Header.Get("Content-Type")); err != nil || kind != "application/json" {
		return workspace.Errorf(workspace.CodeMalformed, "send application/json")
	}
	sent, err := io.ReadAll(http.MaxBytesReader(w, r.Body, bodyLimit))
	if _, large := errors.AsType[*http.MaxBytesError](err); large {
		return workspace.Errorf(workspace.CodeTooLarge, "the body has more than %d bytes", bodyLimit)
	}
	if err != nil {
		return workspace.Errorf(workspace.CodeMalformed, "the body ended before it was complete")
	}
	if sent, err = text.JSON(sent); err != nil {
		return workspace.Errorf(workspace.CodeMalformed, "%v", err)
	}
	if err := json.Unmarshal(sent, body); err != nil {
		return workspace.Errorf(workspace.CodeMalformed, "the body is not the JSON of this call: %v", err)
	}
	return nil
}

// legible refuses addresses with texts that a database cannot store, and dry runs, which the portal does not have. What only reads takes
// nothing from its address.
func legible(r *http.Request) error {
	if r.Method == http.MethodGet {
		return nil
	}
	if fault := text.CheckURL(r.URL); fault != nil {
		return workspace.Errorf(workspace.CodeMalformed, "%v", fault)
	}
	if asked := r.Header.Get("X-Dry-Run"); asked != "" && !strings.EqualFold(asked, "false") {
		return workspace.Invalid("X-Dry-Run", "the portal has no dry runs, leave it out")
	}
	return nil
}
