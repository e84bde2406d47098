package iam

import (
	"errors"
	"fmt"
	"math"
	"net/http"
	"strconv"
	"time"

	"carrel/internal/route"
	"carrel/internal/workspace"
)

// The codes of refusals. The gateway's are documented; those of the identity API have the public service's form.
const (
	codeUnauthorized = "APIGW.0301"
	codeClockSkew    = "APIGW.0303"
	codeTooLarge     = "APIGW.0308"
	codeInvalid      = "IAM.0001"
	codePassword     = "IAM.0002"
	codeForbidden    = "IAM.0003"
	codeNotFound     = "IAM.0004"
	codeLimit        = "IAM.0005"
	codeTooMany      = "IAM.0006"
	codeInternal     = "IAM.0007"
	codeBusy         = "IAM.0008"
	codeNoDatabase   = "IAM.0009"
	codeConflict     = "IAM.0010"
	codeNeedsCode    = "IAM.0011"
)

// RequestIDHeader is the response header that names the request; refusals repeat it in their body.
const RequestIDHeader = "X-Request-Id"

// busyRetry is the Retry-After of requests that were refused for lack of memory.
const busyRetry = 2 * time.Second

// maxMessage is the longest message that is shown, in bytes: it may repeat what the caller sent.
const maxMessage = 1000

// TraceIDHeader is the identity service's name for the same id; clients show it when the look-ups that they make of themselves fail.
const TraceIDHeader = "X-IAM-Trace-Id"

// Refusal is an error response of 400 or above, in the form of the public gateway.
type Refusal struct {
	Status     int
	Code       string
	Message    string        // for the caller; holds no secret
	RetryAfter time.Duration // 0: not said
	Encoded    string        // why policies do not allow it

	of subject // the credential that was refused, if there is one
}

// subject is a credential that is known, for the record of its refusal.
type subject struct {
	accountID string
	target    workspace.Resource
}

// ofKnown notes in a refusal, if err is one, which credential it is about.
func ofKnown(err error, accountID string, target workspace.Resource) error {
	if refusal, is := errors.AsType[*Refusal](err); is {
		refusal.of = subject{accountID, target}
	}
	return err
}

func (r *Refusal) Error() string { return r.Code + ": " + r.Message }

func unauthorized(format string, args ...any) *Refusal {
	return &Refusal{
		Status: http.StatusUnauthorized, Code: codeUnauthorized,
		Message: "Incorrect IAM authentication information: " + fmt.Sprintf(format, args...),
	}
}

func invalid(field, format string, args ...any) *Refusal {
	return &Refusal{Status: http.StatusBadRequest, Code: codeInvalid, Message: field + ": " + fmt.Sprintf(format, args...)}
}

func forbidden(format string, args ...any) *Refusal {
	return &Refusal{Status: http.StatusForbidden, Code: codeForbidden, Message: fmt.Sprintf(format, args...)}
}

func missing(what, id string) *Refusal {
	return &Refusal{Status: http.StatusNotFound, Code: codeNotFound, Message: fmt.Sprintf("%s %q does not exist", what, id)}
}

func conflict(format string, args ...any) *Refusal {
	return &Refusal{Status: http.StatusConflict, Code: codeConflict, Message: fmt.Sprintf(format, args...)}
}

func limited(format string, args ...any) *Refusal {
	return &Refusal{Status: http.StatusConflict, Code: codeLimit, Message: fmt.Sprintf(format, args...)}
}

func isMissing(err error) bool { return errors.Is(err, ErrNoIdentity) }

// refuse answers with err: a Refusal unchanged, any other error as an internal one, which is logged.
func (s *Service) refuse(w http.ResponseWriter, r *http.Request, err error) {
	refusal := refusalOf(err)
	if refusal == nil {
		if r.Context().Err() == nil {
			s.Log.ErrorContext(r.Context(), "identity request failed", "error", err)
		}
		refusal = faultOf(err)
	}
	if refusal.RetryAfter > 0 {
		w.Header().Set("Retry-After", strconv.Itoa(int(math.Ceil(refusal.RetryAfter.Seconds()))))
	}
	route.WriteJSON(w, refusal.Status, Failure{
		Code: refusal.Code, Message: workspace.Clip(refusal.Message, maxMessage), RequestID: w.Header().Get(RequestIDHeader),
		Encoded: refusal.Encoded,
	})
}

// refusalOf returns what a caller is told of an error that is theirs; nil if it is not.
func refusalOf(err error) *Refusal {
	if refusal, ok := errors.AsType[*Refusal](err); ok {
		return refusal
	}
	refusal := &Refusal{Message: workspace.MessageOf(err)}
	switch workspace.CodeOf(err) {
	case workspace.CodeInvalid:
		refusal.Status, refusal.Code = http.StatusBadRequest, codeInvalid
	case workspace.CodeTokenReused:
		refusal.Status, refusal.Code = http.StatusConflict, codeConflict
	default:
		return nil
	}
	return refusal
}

// Failure is the body of an error, also of one that Require answers with.
type Failure struct {
	Code      string `json:"error_code" doc:"Identifies the error, for programs"`
	Message   string `json:"error_msg" doc:"The error and its remedy, for users; begins with the field at fault, if any"`
	RequestID string `json:"request_id" doc:"As in the header X-Request-Id"`
	Encoded   string `json:"encoded_authorization_message,omitempty" doc:"Why policies do not allow it, for DecodeAuthorizationMessage"`
}

// faultOf returns the Refusal for any other error, without its details.
func faultOf(err error) *Refusal {
	if workspace.CodeOf(err) == workspace.CodeNoDatabase {
		return &Refusal{
			Status: http.StatusServiceUnavailable, Code: codeNoDatabase, Message: workspace.MessageOf(err), RetryAfter: workspace.OutageRetry,
		}
	}
	return &Refusal{
		Status: http.StatusInternalServerError, Code: codeInternal, Message: "an internal error occurred; it is in the server's log",
	}
}
