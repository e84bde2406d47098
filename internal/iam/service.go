package iam

import (
	"context"
	"log/slog"
	"time"

	"carrel/internal/signin"
	"carrel/internal/store"
	"carrel/internal/workspace"
)

// Service authenticates callers and serves the identity API. It is safe for concurrent use, also by several processes on one database: what
// it remembers of callers (memory) is compared with the database, so that a revocation takes effect at once in the process that makes it, and
// within Recheck in others. Throttling takes effect in all processes at once.
type Service struct {
	Store        store.Transactions
	Box          Box
	Passwords    workspace.Passwords
	Log          *slog.Logger
	Bodies       SignedBodies     // the memory of signed bodies
	Region       string           // the one region, such as "local-1"
	Endpoint     string           // the address that the catalogue names, "https://host:port"; empty: the one each request came to
	Catalog      []CatalogService // what the catalogue lists
	Actions      []string         // of the other services, for policies to name
	Refusals     signin.Refusals  // records tokens that were refused; nil: they are not recorded
	RefusedCalls signin.Refusals  // records requests that were refused; nil: they are not recorded
	Limit        Limiter          // of the requests of each key and token; nil: none
	Recheck      time.Duration    // how long an account's version is trusted; 0: each request reads it

	// ProjectHolds returns what a project still has, such as "3 desktops"; empty: it may be deleted.
	ProjectHolds func(ctx context.Context, tx *store.Tx, projectID string) ([]string, error)
	// ReleaseProject deletes what a project has that does not keep it from being deleted. Nil: nothing.
	ReleaseProject func(ctx context.Context, tx *store.Tx, projectID string) error

	versions versions
	memory   memory
	uses     keyUses
}

// Limiter limits how often a credential is used: Take returns 0, or after how long the next request may come. *listen.Limiter implements it.
type Limiter interface {
	Take(credential string, at time.Time) time.Duration
}

// Box encrypts the secrets of access keys; secret.Box implements it.
type Box interface {
	Seal(plain, context string) string
	Open(sealed, context string) ([]byte, error)
}

// CatalogService is a service that callers can find in the catalogue.
type CatalogService struct {
	Type string // "workspace"
	Path string // "/v2/{project_id}"; the project is filled in
}

// stamp formats a time for the identity API.
func stamp(t time.Time) string { return t.UTC().Format("2006-01-02T15:04:05.000000Z") }
