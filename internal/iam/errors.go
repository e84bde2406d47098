package iam

import (
	"net/http"
	"slices"
)

// ErrorKind is a kind of error of the identity API and of authentication.
type ErrorKind struct {
	Code    string
	Status  int
	Meaning string // a sentence
	Message string // the form of error_msg
	Remedy  string // what the caller can do
}

// Errors is the catalogue of them; docs/errors.md shows it.
var Errors = []ErrorKind{
	{
		codeUnauthorized, http.StatusUnauthorized, "The request is not authenticated.", "Incorrect IAM authentication information: why",
		"Send a valid token as X-Auth-Token, or a signature with an enabled access key.",
	},
	{codeClockSkew, http.StatusUnauthorized, "The time of the signature is too far from the server's.", "the time of the signature, and the server's", "Set the clock of the client."},
	{codeTooLarge, http.StatusRequestEntityTooLarge, "The body is too large.", "the body may have N MB", "Divide the request."},
	{codeInvalid, http.StatusBadRequest, "A field is missing, malformed or outside its limits.", "FIELD: what is wrong, with the limit", "Correct the request; the same one is refused again."},
	{codePassword, http.StatusUnauthorized, "The name or the password is wrong.", "The username or password is wrong.", "Sign in with the right ones; which is wrong is not told."},
	{codeForbidden, http.StatusForbidden, "The caller is not allowed to do this.", "what the caller lacks", "Have an administrator do it."},
	{codeNotFound, http.StatusNotFound, "There is no such thing, or it is of another account.", "THING \"ID\" does not exist", "List what there is."},
	{codeLimit, http.StatusConflict, "There are as many as there may be.", "how many there are", "Delete one first."},
	{codeTooMany, http.StatusTooManyRequests, "Too many attempts to sign in.", "when to try again", "Wait as long as Retry-After says."},
	{codeInternal, http.StatusInternalServerError, "An internal error.", "an internal error occurred; it is in the server's log", "Tell the operator the response's X-Request-Id, under which the log has the details."},
	{codeBusy, http.StatusServiceUnavailable, "Too many large requests are under way.", "too many large requests are under way, try again in a moment", "Try again after Retry-After."},
	{codeConflict, http.StatusConflict, "The name is in use, or the present state does not allow it.", "what is in use, or by whom", "Choose another name, or end what the message names."},
	{codeNeedsCode, http.StatusUnauthorized, "A code of an authenticator app is needed besides the password.", "which code to send", "Sign in with the methods password and totp."},
	{codeNoDatabase, http.StatusServiceUnavailable, "The database does not answer at the moment.", "the database does not answer at the moment, try again in a few seconds", "Try again after Retry-After."},
}

// OfSignIn reports whether only an operation that takes passwords and codes answers with the error.
func (e ErrorKind) OfSignIn() bool { return e.Code == codePassword || e.Code == codeNeedsCode }

// Authenticates reports whether every operation that wants a token or a signature can answer with the error, before anything else of it runs.
func (e ErrorKind) Authenticates() bool {
	return slices.Contains([]string{codeUnauthorized, codeClockSkew, codeTooLarge, codeInvalid, codeBusy, codeInternal, codeNoDatabase}, e.Code)
}
