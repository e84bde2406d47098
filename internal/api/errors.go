package api

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"reflect"
	"strconv"
	"strings"

	"github.com/danielgtaylor/huma/v2"

	"carrel/internal/iam"
	"carrel/internal/workspace"
)

// statusOf has the HTTP status of every code.
var statusOf = func() map[workspace.Code]int {
	statuses := make(map[workspace.Code]int, len(catalogue))
	for _, c := range catalogue {
		statuses[c.code] = c.status
	}
	return statuses
}()

// Refusal is the body of every response with status 400 or above. Clients require its first two fields to be present and not
// empty.
type Refusal struct {
	Code    workspace.Code `json:"error_code" doc:"Identifies the error, for programs"`
	Message string         `json:"error_msg" doc:"The error and its remedy, for users; begins with the field at fault, if any"`
	Detail  string         `json:"error_detail,omitempty" doc:"All errors, if there are several"`
	Encoded string         `json:"encoded_authorization_message,omitempty" doc:"Why policies do not allow it, for DecodeAuthorizationMessage"`
}

func (r *Refusal) Error() string { return string(r.Code) + ": " + r.Message }

// GetStatus implements huma.StatusError.
func (r *Refusal) GetStatus() int {
	if status, ok := statusOf[r.Code]; ok {
		return status
	}
	return http.StatusInternalServerError
}

// GetHeaders implements huma.HeadersError: Retry-After for an outage.
func (r *Refusal) GetHeaders() http.Header {
	headers := http.Header{}
	if r.Code == workspace.CodeNoDatabase {
		headers.Set("Retry-After", strconv.Itoa(int(workspace.OutageRetry.Seconds())))
	}
	return headers
}

// refusalOf returns the part of an error that a caller may see.
func refusalOf(err error) *Refusal {
	if errors.Is(err, context.DeadlineExceeded) && workspace.CodeOf(err) != workspace.CodeNoDatabase {
		return &Refusal{Code: workspace.CodeDeadline, Message: "the server took too long, try again"}
	}
	r := &Refusal{Code: workspace.CodeOf(err), Message: workspace.MessageOf(err), Detail: workspace.DetailOf(err)}
	if denied, is := errors.AsType[*iam.Denied](err); is {
		r.Encoded = denied.Encoded
	}
	return r
}

// newRefusal returns the response for errors that huma finds itself.
func newRefusal(status int, message string, errs []error) *Refusal {
	if len(errs) > 0 {
		if refusal, ok := errors.AsType[*Refusal](errs[0]); ok {
			return refusal
		}
		if tooLarge, ok := errors.AsType[*http.MaxBytesError](errs[0]); ok {
			return bodyTooLarge(tooLarge.Limit)
		}
	}
	switch status {
	case http.StatusUnprocessableEntity:
		return invalidRequest(errs)
	case http.StatusBadRequest:
		return malformed(message, errs)
	case http.StatusUnsupportedMediaType:
		return &Refusal{Code: workspace.CodeMalformed, Message: "Content-Type: send the body as application/json"}
	case http.StatusRequestEntityTooLarge:
		return bodyTooLarge(maxJSONBody)
	case http.StatusRequestTimeout:
		return &Refusal{Code: workspace.CodeMalformed, Message: "the body took too long to arrive"}
	case http.StatusInternalServerError:
		if len(errs) > 0 && message == "cannot read request body" {
			return &Refusal{Code: workspace.CodeMalformed, Message: "the body ended before it was complete"}
		}
	}
	return &Refusal{Code: workspace.CodeInternal, Message: workspace.MessageOf(nil)}
}

func bodyTooLarge(limit int64) *Refusal {
	return &Refusal{Code: workspace.CodeTooLarge, Message: fmt.Sprintf("the body may have %d MB", limit>>20)}
}

// malformed returns the response for a body that is missing or not JSON.
func malformed(message string, errs []error) *Refusal {
	empty := &Refusal{Code: workspace.CodeEmptyBody, Message: "the request has no body, send a JSON object"}
	if len(errs) == 0 {
		return empty
	}
	detail, ok := errors.AsType[*huma.ErrorDetail](errs[0])
	if !ok {
		return &Refusal{Code: workspace.CodeMalformed, Message: message}
	}
	if body, _ := detail.Value.(string); strings.TrimSpace(body) == "" {
		return empty
	}
	if shape, wrong := strings.CutPrefix(detail.Message, shapeMark); wrong {
		return &Refusal{Code: workspace.CodeInvalid, Message: "the body is too complex: " + shape}
	}
	if fault, wrong := strings.CutPrefix(detail.Message, textMark); wrong {
		return &Refusal{Code: workspace.CodeMalformed, Message: workspace.Clip(fault, maxSentence)}
	}
	return &Refusal{Code: workspace.CodeMalformed, Message: "the body is not valid JSON: " + workspace.Clip(detail.Message, maxSentence)}
}

// invalidRequest names each field that is missing, of the wrong type or outside its limits.
func invalidRequest(errs []error) *Refusal {
	if len(errs) == 0 {
		return &Refusal{Code: workspace.CodeInvalid, Message: "the request is not valid"}
	}
	var sentences []string
	for _, err := range errs[:min(len(errs), maxSentences)] {
		sentences = append(sentences, workspace.Clip(sentence(err), maxSentence))
	}
	if more := len(errs) - maxSentences; more > 0 {
		sentences = append(sentences, fmt.Sprintf("and %d more", more))
	}
	r := &Refusal{Code: workspace.CodeInvalid, Message: sentences[0]}
	if len(sentences) > 1 {
		r.Detail = strings.Join(sentences, "; ")
	}
	return r
}

// A response lists at most this many errors, each with at most this many bytes; of more it has the number.
const (
	maxSentences = 20
	maxSentence  = 400
)

func sentence(err error) string {
	detail, ok := errors.AsType[*huma.ErrorDetail](err)
	if !ok {
		return err.Error()
	}
	field := detail.Location
	for _, place := range []string{"body.", "query.", "path."} {
		field = strings.TrimPrefix(field, place)
	}
	name, found := strings.CutPrefix(detail.Message, "expected required property ")
	if name, isMissing := strings.CutSuffix(name, " to be present"); found && isMissing {
		if field == "body" {
			return name + ": must be given"
		}
		return field + "." + name + ": must be given"
	}
	if detail.Message == "required query parameter is missing" {
		return field + ": must be given"
	}
	if strings.HasPrefix(detail.Message, "json: cannot unmarshal number") {
		return field + ": a number is too large"
	}
	return field + ": " + detail.Message + got(field, detail.Value)
}

// got quotes a small value that is not secret.
func got(field string, value any) string {
	if value == nil || strings.Contains(field, "password") {
		return ""
	}
	switch reflect.TypeOf(value).Kind() {
	case reflect.String:
		if text := value.(string); len(text) <= 64 {
			return ", got " + strconv.Quote(text)
		}
	case reflect.Bool, reflect.Int, reflect.Int64, reflect.Float64:
		return fmt.Sprintf(", got %v", value)
	}
	return ""
}
