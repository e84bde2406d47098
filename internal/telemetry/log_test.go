package telemetry_test

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"log/slog"
	"net/http"
	"os"
	"strings"
	"testing"
	"testing/slogtest"
	"time"

	"carrel/internal/telemetry"
)

type output struct{ bytes.Buffer }

func (o *output) lines(t *testing.T) []map[string]any {
	t.Helper()
	var lines []map[string]any
	for text := range strings.Lines(o.String()) {
		var line map[string]any
		if err := json.Unmarshal([]byte(text), &line); err != nil {
			t.Fatalf("log line %q: %v", text, err)
		}
		lines = append(lines, line)
	}
	return lines
}

func TestLogHandlerKeepsTheContractOfSlog(t *testing.T) {
	var out *output
	ctx := telemetry.WithRequest(context.Background(), "r1")
	newHandler := func(*testing.T) slog.Handler {
		out = new(output)
		return telemetry.NewLogger(out, telemetry.JSON, slog.LevelInfo).Handler()
	}
	last := func(t *testing.T) map[string]any { lines := out.lines(t); return lines[len(lines)-1] }
	slogtest.Run(t, newHandler, last)
	// Once more with a context that carries something, which takes another path.
	slogtest.Run(t, func(t *testing.T) slog.Handler { return alwaysWith{newHandler(t), ctx} }, last)
}

// alwaysWith handles each record under one context.
type alwaysWith struct {
	slog.Handler
	ctx context.Context
}

func (h alwaysWith) Handle(_ context.Context, r slog.Record) error { return h.Handler.Handle(h.ctx, r) }
func (h alwaysWith) WithAttrs(a []slog.Attr) slog.Handler {
	return alwaysWith{h.Handler.WithAttrs(a), h.ctx}
}
func (h alwaysWith) WithGroup(name string) slog.Handler {
	return alwaysWith{h.Handler.WithGroup(name), h.ctx}
}

func TestLog(t *testing.T) {
	t.Run("CarriesTheIDsOfTheContextOutsideGroups", func(t *testing.T) {
		var out output
		log := telemetry.NewLogger(&out, telemetry.JSON, slog.LevelInfo)
		ctx := telemetry.WithSubJob(telemetry.WithJob(telemetry.WithRequest(t.Context(), "r1"), "j1"), "s1")
		log.With("a", 1).WithGroup("engine").With("b", 2).InfoContext(ctx, "hello", "c", 3)
		line := out.lines(t)[0]
		if line["request_id"] != "r1" || line["job_id"] != "j1" || line["sub_job_id"] != "s1" || line["a"] != 1.0 {
			t.Errorf("line %v", line)
		}
		if engine, _ := line["engine"].(map[string]any); len(engine) != 2 || engine["b"] != 2.0 || engine["c"] != 3.0 {
			t.Errorf("group %v", line["engine"])
		}
		if got := telemetry.RequestID(ctx); got != "r1" {
			t.Errorf("RequestID = %q", got)
		}
	})
	t.Run("LoggersOfOneParentDoNotMix", func(t *testing.T) {
		var out output
		ctx := telemetry.WithRequest(t.Context(), "r1")
		parent := telemetry.NewLogger(&out, telemetry.JSON, slog.LevelInfo).WithGroup("g").With("p", 0)
		one, two := parent.With("one", 1), parent.With("two", 2)
		one.InfoContext(ctx, "first")
		two.InfoContext(ctx, "second")
		lines := out.lines(t)
		first, second := lines[0]["g"].(map[string]any), lines[1]["g"].(map[string]any)
		if first["one"] == nil || first["two"] != nil || second["two"] == nil || second["one"] != nil {
			t.Errorf("lines %v", lines)
		}
	})
	t.Run("LeavesOutWhatIsBelowTheLevel", func(t *testing.T) {
		var out output
		var level slog.LevelVar
		log := telemetry.NewLogger(&out, telemetry.JSON, &level)
		log.Debug("unseen")
		level.Set(slog.LevelDebug)
		log.Debug("seen")
		if lines := out.lines(t); len(lines) != 1 || lines[0]["msg"] != "seen" {
			t.Errorf("lines %v", lines)
		}
	})
	t.Run("IsJSONUnlessAPersonReadsIt", func(t *testing.T) {
		file, err := os.Create(t.TempDir() + "/log")
		if err != nil {
			t.Fatal(err)
		}
		defer file.Close()
		telemetry.NewLogger(file, telemetry.Auto, slog.LevelInfo).Info("hello")
		if text, _ := os.ReadFile(file.Name()); !json.Valid(text) {
			t.Errorf("in a file: %q", text)
		}
		var out output
		telemetry.NewLogger(&out, telemetry.Text, slog.LevelInfo).Info("hello")
		if !strings.Contains(out.String(), "msg=hello") {
			t.Errorf("as text: %q", out.String())
		}
	})
}

type login struct {
	User     string
	Password string
	Inner    *login
}

func TestDurationsAreLoggedWithTheirUnit(t *testing.T) {
	for _, format := range []telemetry.LogFormat{telemetry.JSON, telemetry.Text} {
		var out output
		telemetry.NewLogger(&out, format, slog.LevelInfo).Info("done", "took", 1500*time.Millisecond)
		if !strings.Contains(out.String(), "1.5s") {
			t.Errorf("%s: %s", format, out.String())
		}
	}
}

func TestLogNeverShowsSecrets(t *testing.T) {
	const s = "hunter2"
	attrs := map[string]slog.Attr{
		"password":            slog.String("password", s),
		"in capitals":         slog.String("PASSWORD", s),
		"secret":              slog.String("secret", s),
		"token":               slog.String("token", s),
		"authorization":       slog.String("Authorization", s),
		"signature":           slog.String("signature", s),
		"part of a name":      slog.String("X-Subject-Token", s),
		"bytes":               slog.Any("secretKey", []byte(s)),
		"in a group":          slog.Group("user", slog.String("new_password", s)),
		"group that is one":   slog.Group("secret", slog.String("value", s)),
		"structure":           slog.Any("login", login{User: "zhou", Password: s}),
		"pointer, nested":     slog.Any("login", &login{Inner: &login{Password: s}}),
		"list of structures":  slog.Any("logins", []login{{Password: s}}),
		"map":                 slog.Any("body", map[string]any{"auth": map[string]any{"password": s}}),
		"headers":             slog.Any("headers", http.Header{"Authorization": {s}, "X-Auth-Token": {s}}),
		"structure as one":    slog.Any("token", login{User: s}),
		"value made when due": slog.Any("login", lateLogin{s}),
		"not to be encoded":   slog.Any("odd", map[string]any{"f": func() {}, "password": s}),
	}
	for _, format := range []telemetry.LogFormat{telemetry.JSON, telemetry.Text} {
		for name, attr := range attrs {
			t.Run(string(format)+"/"+name, func(t *testing.T) {
				var out output
				log := telemetry.NewLogger(&out, format, slog.LevelInfo)
				log.Info("in the line", attr)
				log.With(attr).Info("in the logger")
				log.WithGroup("group").InfoContext(telemetry.WithRequest(t.Context(), "r1"), "with a context", attr)
				if strings.Contains(out.String(), s) || strings.Contains(out.String(), "aHVudGVyMg") {
					t.Errorf("log: %s", out.String())
				}
				if strings.Count(out.String(), telemetry.Redacted) < 3 {
					t.Errorf("nothing tells that something is hidden: %s", out.String())
				}
			})
		}
	}
}

type lateLogin struct{ password string }

func (l lateLogin) LogValue() slog.Value { return slog.AnyValue(login{Password: l.password}) }

func TestLogShowsWhatIsNotSecret(t *testing.T) {
	var out output
	log := telemetry.NewLogger(&out, telemetry.JSON, slog.LevelInfo)
	log.Info("hello", "user", "zhou", "error", errors.New("no route"), "names", []string{"a", "b"}, "login", login{User: "zhou", Password: "x"})
	line := out.lines(t)[0]
	shown, _ := line["login"].(map[string]any)
	if line["user"] != "zhou" || line["error"] != "no route" || len(line["names"].([]any)) != 2 || shown["User"] != "zhou" {
		t.Errorf("line %v", line)
	}
}
