package main

import (
	"context"
	"fmt"
	"log/slog"
	"os"
	"time"

	"carrel/internal/app"
	"carrel/internal/telemetry"
)

// settings are the flags of the commands that run or inspect a control plane. A flag overrides the configuration file.
type settings struct {
	Data     string `help:"Data directory: database, keys, bootstrap.json; ${default} by default." default:"data" placeholder:"DIR"`
	Listen   string `help:"Listen address; ${default} by default." default:"127.0.0.1:8080" placeholder:"HOST:PORT"`
	Engine   string `help:"Engine that runs the desktops: incus, or sim for simulated ones; ${default} by default." default:"incus" enum:"incus,sim" placeholder:"incus|sim"`
	Config   string `help:"YAML file with all other settings; see docs/configuration.md." type:"existingfile" placeholder:"FILE"`
	Database string `help:"postgres:// URL; SQLite in the data directory by default." placeholder:"URL"`
	TLS      string `help:"Serve HTTPS with a generated certificate: self-signed." name:"tls" enum:",self-signed" default:"" placeholder:"self-signed"`
	TLSCert  string `help:"Serve HTTPS with this certificate (PEM)." name:"tls-cert" type:"existingfile" placeholder:"FILE"`
	TLSKey   string `help:"The certificate's private key (PEM)." name:"tls-key" type:"existingfile" placeholder:"FILE"`
	LogLevel string `help:"Log level: debug, info, warn or error." placeholder:"LEVEL"`
	LogJSON  bool   `help:"Log as JSON." name:"log-json"`
}

// config reads the configuration file, applies the flags and validates the result.
func (s settings) config() (app.Config, error) {
	c, err := app.ReadConfig(s.Config)
	if err != nil {
		return c, err
	}
	c.Data, c.Listen, c.Engine, c.Database, c.Version = s.Data, s.Listen, s.Engine, s.Database, version
	c.TLS = app.TLS{SelfSigned: s.TLS == "self-signed", CertFile: s.TLSCert, KeyFile: s.TLSKey}
	if s.LogLevel != "" {
		c.Log.Level = s.LogLevel
	}
	if s.LogJSON {
		c.Log.Format = string(telemetry.JSON)
	}
	return c, c.Check()
}

// configAndLog is for commands that also write a log.
func (s settings) configAndLog() (app.Config, *slog.Logger, error) {
	c, err := s.config()
	if err != nil {
		return c, nil, err
	}
	log, err := newLogger(c)
	return c, log, err
}

func newLogger(c app.Config) (*slog.Logger, error) {
	var level slog.Level
	if err := level.UnmarshalText([]byte(c.Log.Level)); err != nil {
		return nil, fmt.Errorf("log level %q: use debug, info, warn or error", c.Log.Level)
	}
	return telemetry.NewLogger(os.Stderr, telemetry.LogFormat(c.Log.Format), level), nil
}

type serveCmd struct {
	settings
}

func (s *serveCmd) Run(ctx context.Context) error {
	c, log, err := s.configAndLog()
	if err != nil {
		return err
	}
	a, err := app.Start(ctx, c, log)
	if err != nil {
		return err
	}
	fmt.Printf("Carrel serves on %s (API and portal); first credentials are in %s/bootstrap.json.\n", a.URL, c.Data)
	return finish(ctx, a)
}

// drainTime is how long running steps and requests may take after SIGTERM; the rest is resumed at the next start.
const drainTime = 20 * time.Second

// finish waits for a signal or an error, and drains.
func finish(ctx context.Context, a *app.App) error {
	err := a.Wait(ctx)
	fmt.Println("Carrel is stopping: it finishes running work. Desktops keep running.")
	stopping, cancel := context.WithTimeout(context.WithoutCancel(ctx), drainTime)
	defer cancel()
	a.Stop(stopping)
	return err
}
