package app

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"net/url"
	"path/filepath"
	"time"

	"carrel/internal/certificate"
)

// tlsConfig returns the configuration for https, or nil for plain http.
func (a *App) tlsConfig(ctx context.Context) (*tls.Config, error) {
	c := &a.config
	switch {
	case c.ACME.On():
		return a.acmeConfig(ctx)
	case !c.TLS.On():
		return nil, nil
	}
	cert, key := c.TLS.CertFile, c.TLS.KeyFile
	if c.TLS.SelfSigned {
		cert, key = filepath.Join(c.Data, "tls.crt"), filepath.Join(c.Data, "tls.key")
		if err := certificate.EnsureSelfSigned(cert, key, c.Listen, c.host()); err != nil {
			return nil, err
		}
	}
	files, err := certificate.OpenFiles(cert, key, a.log)
	if err != nil {
		return nil, err
	}
	a.health.AddWarning("certificate", files.Expiring)
	return &tls.Config{GetCertificate: files.Get, MinVersion: tls.VersionTLS12}, nil
}

// host is the host of the address for users, or empty.
func (c *Config) host() string {
	u, err := url.Parse(c.BaseURL)
	if err != nil {
		return ""
	}
	return u.Hostname()
}

// acmeConfig returns the configuration with certificates of an authority, and opens the port for its requests by plain http, if it is to.
func (a *App) acmeConfig(ctx context.Context) (*tls.Config, error) {
	manager, err := certificate.NewManager(a.config.ACME, a.store, a.box)
	if err != nil {
		return nil, err
	}
	if a.config.ACME.HTTP == "" {
		return certificate.Config(manager), nil
	}
	l, err := (&net.ListenConfig{}).Listen(ctx, "tcp", a.config.ACME.HTTP)
	if err != nil {
		return nil, fmt.Errorf("acme.http: %w", err)
	}
	server := &http.Server{
		Handler: manager.HTTPHandler(nil), ReadHeaderTimeout: 10 * time.Second, ReadTimeout: time.Minute, WriteTimeout: time.Minute,
		MaxHeaderBytes: 16 << 10, ErrorLog: slog.NewLogLogger(a.log.Handler(), slog.LevelDebug),
	}
	go func() {
		if err := server.Serve(l); !errors.Is(err, http.ErrServerClosed) {
			a.log.ErrorContext(ctx, "the port for the certificate authority has closed", "error", err)
		}
	}()
	a.onStop(func(ctx context.Context) {
		a.complain(ctx, "closing the port for the certificate authority", server.Shutdown(ctx))
	})
	return certificate.Config(manager), nil
}
