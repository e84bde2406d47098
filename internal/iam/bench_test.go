package iam_test

import (
	"net/http/httptest"
	"testing"

	"carrel/internal/iam"
	"carrel/internal/store/storetest"
)

// benchService is an identity service on SQLite with its first account.
type benchService struct {
	iam   *iam.Service
	first iam.Credentials
	token string
}

func newBenchService(b *testing.B) benchService {
	b.Helper()
	s := newService(b, storetest.Open(b, storetest.SQLitePath(b), nil))
	s.Recheck = iam.DefaultRecheck
	first, err := s.Bootstrap(b.Context(), firstAccount)
	if err != nil {
		b.Fatal(err)
	}
	rec := httptest.NewRecorder()
	s.Handler().ServeHTTP(rec, post("/v3/auth/tokens", passwordBody(first.DomainName, first.UserName, first.Password, nil)))
	return benchService{s, first, rec.Header().Get("X-Subject-Token")}
}
