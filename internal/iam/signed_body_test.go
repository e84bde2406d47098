package iam

import (
	"errors"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
)

func TestSignedBodiesShareTheirMemory(t *testing.T) {
	share := NewSignedBodies(4 * bodyPart)
	request := func(size int) *http.Request {
		return httptest.NewRequest("POST", "/", strings.NewReader(strings.Repeat("x", size)))
	}
	first := request(3*bodyPart + 1)
	if body, err := share.read(first); err != nil || len(body) != 3*bodyPart+1 {
		t.Fatalf("%d bytes, %v", len(body), err)
	}
	refusal, refused := errors.AsType[*Refusal](errOf(share.read(request(2*bodyPart + 1))))
	if !refused || refusal.Status != http.StatusServiceUnavailable || refusal.RetryAfter == 0 {
		t.Errorf("beyond the share: %v", refusal)
	}
	if _, err := share.read(request(bodyPart - 1)); err != nil {
		t.Errorf("a small body had to wait for large ones: %v", err)
	}
	first.Body.Close()
	first.Body.Close() // gives back once
	again := request(3*bodyPart + 1)
	if _, err := share.read(again); err != nil {
		t.Errorf("what was given back is not given out: %v", err)
	}
	if _, err := share.read(request(2*bodyPart + 1)); err == nil {
		t.Error("one body gave its memory back twice")
	}
	again.Body.Close()
	if _, err := (SignedBodies{}).read(request(2 * bodyPart)); err != nil {
		t.Error(err)
	}
}

func errOf(_ []byte, err error) error { return err }
