package iam

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"

	"carrel/internal/text"
)

const maxIdentityBody = 1 << 20 // bytes

// decode reads the JSON body into in and restores it, since a signature over it may still have to be verified.
func decode(w http.ResponseWriter, r *http.Request, in any) error {
	body, err := io.ReadAll(http.MaxBytesReader(w, r.Body, maxIdentityBody))
	if _, ok := errors.AsType[*http.MaxBytesError](err); ok {
		return &Refusal{
			Status: http.StatusRequestEntityTooLarge, Code: codeTooLarge,
			Message: fmt.Sprintf("the body may have %d MB", maxIdentityBody>>20),
		}
	}
	if err != nil {
		return invalid("body", "ended before it was complete")
	}
	r.Body = io.NopCloser(bytes.NewReader(body))
	body, err = text.JSON(body)
	if fault, ok := errors.AsType[*text.Fault](err); ok {
		return invalid(fault.Field, "%v", fault.Err)
	}
	if err != nil {
		return invalid("body", "%v", err)
	}
	err = json.Unmarshal(body, in)
	if wrong, ok := errors.AsType[*json.UnmarshalTypeError](err); ok {
		return invalid(wrong.Field, "must not be a %s", wrong.Value)
	}
	if err != nil {
		return invalid("body", "is not the JSON that this operation takes")
	}
	return nil
}

// legible refuses addresses and headers with texts that a database cannot store.
func legible(r *http.Request) error {
	if fault := text.CheckURL(r.URL); fault != nil {
		return invalid(fault.Field, "%v", fault.Err)
	}
	for _, name := range []string{"X-Auth-Token", "X-Subject-Token"} {
		if err := text.Check(r.Header.Get(name)); err != nil {
			return invalid(name, "%v", err)
		}
	}
	return nil
}
