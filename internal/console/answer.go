package console

import (
	"encoding/json"
	"errors"
	"io"
	"mime"
	"net/http"
	"strconv"

	"carrel/internal/route"
	"carrel/internal/text"
	"carrel/internal/workspace"
)

// bodyLimit is the maximum size of the body of a call of the console's own, in bytes; none needs more than a few hundred.
const bodyLimit = 16 << 10

// statuses maps the codes that can occur in the console to HTTP statuses; any other is internal.
var statuses = map[workspace.Code]int{
	workspace.CodeMalformed:      http.StatusBadRequest,
	workspace.CodeTooLarge:       http.StatusRequestEntityTooLarge,
	workspace.CodeBadCredentials: http.StatusUnauthorized,
	workspace.CodeForbidden:      http.StatusForbidden,
	workspace.CodeNoDatabase:     http.StatusServiceUnavailable,
}

// failure is the body of an error. Those of the API and the identity API have these fields, too.
type failure struct {
	Code    string `json:"error_code" doc:"Identifies the error, for programs"`
	Message string `json:"error_msg" doc:"The error, for administrators"`
}

// refusal is an answer of the API that a call of the console's own passes on.
type refusal struct {
	answer *recorded
}

func (r *refusal) Error() string { return "the API answered " + strconv.Itoa(r.answer.status) }

// answerError writes the part of an error that the caller may see, and logs errors that the caller did not cause.
func (c *Console) answerError(w http.ResponseWriter, r *http.Request, err error) {
	if passed, is := errors.AsType[*refusal](err); is {
		passed.answer.pass(w)
		return
	}
	body := failure{Code: string(workspace.CodeInternal), Message: "something went wrong on the server, try again"}
	status := http.StatusInternalServerError
	if e, is := errors.AsType[*workspace.Error](err); is && statuses[e.Code] != 0 {
		body.Code, body.Message, status = string(e.Code), workspace.MessageOf(e), statuses[e.Code]
	}
	if status == http.StatusInternalServerError && r.Context().Err() == nil {
		c.Log.ErrorContext(r.Context(), "a console call failed", "method", r.Method, "path", r.URL.Path, "error", err)
	}
	if status == http.StatusServiceUnavailable {
		w.Header().Set("Retry-After", strconv.Itoa(int(workspace.OutageRetry.Seconds())))
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
