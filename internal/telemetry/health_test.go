package telemetry_test

import (
	"context"
	"encoding/json"
	"errors"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"carrel/internal/telemetry"

	"go.uber.org/goleak"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

var silent = slog.New(slog.DiscardHandler)

func get(t *testing.T, h http.Handler, path string) (int, string) {
	t.Helper()
	w := httptest.NewRecorder()
	h.ServeHTTP(w, httptest.NewRequestWithContext(t.Context(), http.MethodGet, path, http.NoBody))
	body, err := io.ReadAll(w.Body)
	if err != nil {
		t.Fatal(err)
	}
	return w.Code, string(body)
}

func readiness(t *testing.T, h http.Handler) (int, telemetry.Readiness) {
	t.Helper()
	code, body := get(t, h, "/readyz")
	var r telemetry.Readiness
	if err := json.Unmarshal([]byte(body), &r); err != nil {
		t.Fatalf("%s: %v", body, err)
	}
	return code, r
}

func fine(context.Context) error { return nil }

func TestReadiness(t *testing.T) {
	t.Run("IsThereWhenAllChecksPass", func(t *testing.T) {
		health := telemetry.NewHealth(time.Second, silent)
		health.AddCheck("store", fine)
		health.AddCheck("engine", fine)
		code, r := readiness(t, telemetry.NewHandler(telemetry.NewRegistry("1.0"), health))
		if code != http.StatusOK || !r.Ready || len(r.Checks) != 2 || r.Checks[1].Name != "engine" || !r.Checks[1].OK {
			t.Errorf("%d %+v", code, r)
		}
	})
	t.Run("NamesTheCheckThatFailsAndKeepsTheCauseForTheLog", func(t *testing.T) {
		var out output
		health := telemetry.NewHealth(time.Second, telemetry.NewLogger(&out, telemetry.JSON, slog.LevelInfo))
		broken := errors.New("dial 10.0.0.9: refused")
		health.AddCheck("store", fine)
		health.AddCheck("engine", func(context.Context) error { return broken })
		handler := telemetry.NewHandler(telemetry.NewRegistry("1.0"), health)
		for range 3 {
			code, body := get(t, handler, "/readyz")
			if code != http.StatusServiceUnavailable || strings.Contains(body, "10.0.0.9") {
				t.Errorf("%d %s", code, body)
			}
		}
		_, r := readiness(t, handler)
		if r.Ready || !r.Checks[0].OK || r.Checks[1].OK || r.Checks[1].Problem == "" {
			t.Errorf("%+v", r)
		}
		broken = nil
		if _, r := readiness(t, handler); !r.Ready {
			t.Errorf("after recovery: %+v", r)
		}
		lines := out.lines(t)
		if len(lines) != 2 || lines[0]["check"] != "engine" || lines[0]["error"] != "dial 10.0.0.9: refused" || lines[1]["level"] != "INFO" {
			t.Errorf("want one line for the fault and one for the recovery: %v", lines)
		}
	})
	t.Run("EndsForGoodWithDraining", func(t *testing.T) {
		var asked atomic.Int32
		health := telemetry.NewHealth(time.Second, silent)
		health.AddCheck("store", func(context.Context) error { asked.Add(1); return nil })
		handler := telemetry.NewHandler(telemetry.NewRegistry("1.0"), health)
		health.Drain()
		if code, r := readiness(t, handler); code != http.StatusServiceUnavailable || !r.Draining || r.Ready || asked.Load() != 0 {
			t.Errorf("%d %+v, checks run: %d", code, r, asked.Load())
		}
		if code, _ := get(t, handler, "/healthz"); code != http.StatusOK {
			t.Errorf("/healthz while draining: %d", code)
		}
	})
}

func TestAHangingCheckFailsInTimeAndRunsOnce(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var runs atomic.Int32
		release := make(chan struct{})
		health := telemetry.NewHealth(2*time.Second, silent)
		health.AddCheck("fast", fine)
		health.AddCheck("deaf", func(context.Context) error { runs.Add(1); <-release; return nil })
		start := time.Now()
		var all sync.WaitGroup
		for range 20 {
			all.Go(func() {
				r := health.Ready(t.Context())
				if r.Ready || !r.Checks[0].OK || r.Checks[1].Problem != "no answer within 2s" {
					t.Errorf("%+v", r)
				}
			})
		}
		all.Wait()
		if took := time.Since(start); took != 2*time.Second {
			t.Errorf("answered after %v", took)
		}
		health.Ready(t.Context())
		if runs.Load() != 1 {
			t.Errorf("the check that hangs runs %d times", runs.Load())
		}
		close(release)
		synctest.Wait()
		if r := health.Ready(t.Context()); !r.Ready {
			t.Errorf("once it answers: %+v", r)
		}
	})
}

func TestACheckThatMindsItsContextIsEndedByTheLimit(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		health := telemetry.NewHealth(2*time.Second, silent)
		health.AddCheck("slow", func(ctx context.Context) error { <-ctx.Done(); return ctx.Err() })
		if r := health.Ready(t.Context()); r.Ready || r.Checks[0].Problem != "no answer within 2s" {
			t.Errorf("%+v", r)
		}
		synctest.Wait() // and no goroutine is left, or the bubble would not end
	})
}

func TestMetricsTellWhatRuns(t *testing.T) {
	handler := telemetry.NewHandler(telemetry.NewRegistry("1.2.3"), telemetry.NewHealth(time.Second, silent))
	code, body := get(t, handler, "/metrics")
	for _, want := range []string{`carrel_build_info{go_version="go`, `version="1.2.3"`, "go_goroutines ", "process_open_fds "} {
		if code != http.StatusOK || !strings.Contains(body, want) {
			t.Errorf("%d, no %q in the metrics", code, want)
		}
	}
}
