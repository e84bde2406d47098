package app

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"slices"
	"strings"
	"sync"
	"time"

	"carrel/internal/api"
	"carrel/internal/console"
	"carrel/internal/gateway"
	"carrel/internal/portal"
	"carrel/internal/telemetry"
	"carrel/internal/workspace"
	"carrel/web"
)

// serve starts the gateway, the portal and the server on the open port.
func (a *App) serve(ctx context.Context) error {
	tlsConfig, err := a.tlsConfig(ctx)
	if err != nil {
		return err
	}
	webPages, built := web.Pages()
	if !built {
		a.log.WarnContext(ctx, "the web pages are not built in: the portal only says how to build them")
	}
	displays, err := gateway.New(gateway.Config{Sessions: a.Services.Connections, Displays: a.engine, Log: a.log, Metrics: a.registry, Origins: a.config.Origins})
	if err != nil {
		return err
	}
	pages, err := portal.New(portal.Config{
		SignIns: a.Services.SignIn, Desktops: a.Services.Connections, Refusals: a.Services.Refusals, Log: a.log, Pages: webPages, Origins: a.config.Origins, Secure: a.config.secure(),
	})
	if err != nil {
		return err
	}
	faces, err := api.New(api.Config{
		Services: a.Services, IAM: a.iam, Log: a.log, Metrics: a.registry, CallTime: a.config.Deadlines.Call,
		Others: slices.Concat(portal.Routes(), gateway.Routes()),
	})
	if err != nil {
		return err
	}
	consoles, err := console.New(console.Config{
		API: faces, Store: a.store, Box: a.box, Log: a.log, Origins: a.config.Origins, Secure: a.config.secure(), Idle: a.config.Console.Idle,
	})
	if err != nil {
		return err
	}

	probes := telemetry.NewHandler(a.registry, a.health)
	front, err := a.front(routes(faces, pages, consoles, displays, probes, a.metricsFor(probes)))
	if err != nil {
		return err
	}
	listener, err := a.limitConnections(ctx, a.listener)
	if err != nil {
		return err
	}

	running, stopRunning := context.WithCancel(context.WithoutCancel(ctx))
	var background sync.WaitGroup
	background.Go(func() { displays.Run(running) })
	background.Go(func() { pages.Run(running) })
	background.Go(func() { a.iam.Run(running) })

	server := &http.Server{
		Handler:           front,
		TLSConfig:         tlsConfig,
		ReadHeaderTimeout: 10 * time.Second, IdleTimeout: 2 * time.Minute, MaxHeaderBytes: 64 << 10,
		ErrorLog:    slog.NewLogLogger(a.log.Handler(), slog.LevelDebug),
		BaseContext: func(net.Listener) context.Context { return running },
	}
	go func() {
		serve := server.Serve
		if tlsConfig != nil {
			serve = func(l net.Listener) error { return server.ServeTLS(l, "", "") }
		}
		err := serve(listener)
		if errors.Is(err, http.ErrServerClosed) {
			err = nil
		}
		a.served <- err
	}()
	a.onStop(func(ctx context.Context) {
		a.complain(ctx, "ending displays", displays.Drain(ctx))
		stopRunning() // ends the portal's streams, for which Shutdown would wait
		background.Wait()
		if err := server.Shutdown(ctx); err != nil {
			a.complain(ctx, "ending requests that took too long", errors.Join(err, server.Close()))
		}
		a.iam.FlushKeyUses(ctx)
	})
	return nil
}

// routes passes each request to its face. There is one port and one origin for everything.
func routes(faces, pages, consoles, displays, probes, metrics http.Handler) http.Handler {
	mux := http.NewServeMux()
	for _, path := range []string{"/healthz", "/readyz"} {
		mux.Handle("GET "+path, probes)
	}
	mux.Handle("GET /metrics", metrics)
	mux.Handle(gateway.Path, displays)
	mux.Handle(console.Path, consoles)
	for _, path := range api.Paths {
		mux.Handle(path, faces)
	}
	mux.Handle("/", pages)
	return oneSlash(mux)
}

// oneSlash treats "//v2/…" as "/v2/…": clients whose endpoint ends in a slash send that. A redirect would lose their
// signature.
func oneSlash(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if strings.HasPrefix(r.URL.Path, "//") {
			r = r.Clone(r.Context())
			r.URL.Path = "/" + strings.TrimLeft(r.URL.Path, "/")
			if r.URL.RawPath != "" {
				r.URL.RawPath = "/" + strings.TrimLeft(r.URL.RawPath, "/")
			}
		}
		next.ServeHTTP(w, r)
	})
}

// refuseNUL refuses addresses with the character NUL, which no database can look up.
func refuseNUL(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if strings.ContainsRune(r.URL.Path, 0) || strings.Contains(r.URL.RawQuery, "%00") {
			w.Header().Set("Content-Type", "application/json")
			w.WriteHeader(http.StatusBadRequest)
			_, _ = fmt.Fprintf(w, `{"error_code":%q,"error_msg":"the address holds the character NUL (%%00), which cannot be looked up"}`,
				workspace.CodeMalformed) // an error means that the caller is gone
			return
		}
		next.ServeHTTP(w, r)
	})
}
