package listen

import (
	"fmt"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"pgregory.net/rapid"

	"carrel/internal/clientaddr"
)

// Whatever the calls, no more are let through than the burst and what the time brought; and who waits as long as told is let through.
func TestABucketKeepsToItsRate(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		r := Rate{PerSecond: rapid.Float64Range(0.1, 100).Draw(t, "per second"), Burst: rapid.IntRange(1, 20).Draw(t, "burst")}
		begin := time.Unix(1_800_000_000, 0)
		now := begin
		var b bucket
		taken := 0
		for range rapid.IntRange(1, 200).Draw(t, "calls") {
			now = now.Add(time.Duration(rapid.Int64Range(0, int64(time.Second)).Draw(t, "pause")))
			var wait time.Duration
			if b, wait = b.take(r, now); wait == 0 {
				taken++
			} else if _, again := b.take(r, now.Add(wait)); again > time.Microsecond {
				t.Fatalf("after the wait of %v, another of %v", wait, again)
			}
			if most := float64(r.Burst) + now.Sub(begin).Seconds()*r.PerSecond; float64(taken) > most+1e-6 {
				t.Fatalf("%d were let through, want at most %v", taken, most)
			}
		}
	})
}

func TestAClockThatGoesBackwardsFillsNoBucket(t *testing.T) {
	r, now := Rate{PerSecond: 1, Burst: 1}, time.Unix(1_800_000_000, 0)
	b, _ := bucket{}.take(r, now)
	if b, wait := b.take(r, now.Add(-time.Hour)); wait <= 0 || b.tokens > 0 {
		t.Errorf("%+v, %v", b, wait)
	}
}

func TestALimiterRemembersABoundedNumberOfCallers(t *testing.T) {
	l, now := NewLimiter(Rate{PerSecond: 1, Burst: 1}), time.Unix(1_800_000_000, 0)
	l.most = 10
	l.Take("busy", now)
	for i := range 1000 {
		if l.Take("busy", now) == 0 {
			t.Fatalf("after %d others the caller is forgotten", i)
		}
		if wait := l.Take(fmt.Sprint(i), now); wait != 0 {
			t.Fatalf("caller %d waits %v", i, wait)
		}
		if n := len(l.now) + len(l.old); n > 20 {
			t.Fatalf("%d callers are remembered", n)
		}
	}
	var none *Limiter
	if none.Take("x", now) != 0 || NewLimiter(Rate{}) != nil {
		t.Error("a limiter without a limit refuses")
	}
}

// door is a server behind the limits; Slow requests wait until release is closed.
type door struct {
	http.Handler
	entered chan struct{}
	release chan struct{}
	metrics *prometheus.Registry
}

func newDoor(t *testing.T, limits RequestLimits) *door {
	t.Helper()
	d := &door{entered: make(chan struct{}, 100), release: make(chan struct{}), metrics: prometheus.NewRegistry()}
	limits.Refuse = func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusTooManyRequests) }
	limits.Stream = func(r *http.Request) bool { return r.URL.Path == "/stream" }
	inner, err := Requests(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path != "/" {
			d.entered <- struct{}{}
			<-d.release
		}
	}), limits, slog.New(slog.DiscardHandler), d.metrics)
	if err != nil {
		t.Fatal(err)
	}
	d.Handler = (&clientaddr.Resolver{Proxies: limits.Proxies, Log: slog.New(slog.DiscardHandler)}).Handler(inner)
	return d
}

func (d *door) get(path, from, through string) *httptest.ResponseRecorder {
	r := httptest.NewRequest(http.MethodGet, path, nil)
	r.RemoteAddr = netip.AddrPortFrom(netip.MustParseAddr(from), 1234).String()
	if through != "" {
		r.Header.Set("X-Forwarded-For", from)
		r.RemoteAddr = netip.AddrPortFrom(netip.MustParseAddr(through), 1234).String()
	}
	w := httptest.NewRecorder()
	d.ServeHTTP(w, r)
	return w
}

func TestTooManyRequestsOfAnAddressAreToldWhenToComeBack(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		d := newDoor(t, RequestLimits{Rate: Rate{PerSecond: 0.5, Burst: 3}, Proxies: examples.Proxies, Operators: examples.Operators})
		for range 3 {
			if got := d.get("/", somebody.String(), ""); got.Code != http.StatusOK {
				t.Fatal(got.Code)
			}
		}
		got := d.get("/", somebody.String(), "")
		if got.Code != http.StatusTooManyRequests || got.Header().Get("Retry-After") != "2" {
			t.Errorf("%d, Retry-After %q", got.Code, got.Header().Get("Retry-After"))
		}
		if got := d.get("/", another.String(), ""); got.Code != http.StatusOK {
			t.Errorf("another address: %d", got.Code)
		}
		<-time.After(2 * time.Second)
		if got := d.get("/", somebody.String(), ""); got.Code != http.StatusOK {
			t.Errorf("after the wait: %d", got.Code)
		}
		found, err := d.metrics.Gather()
		if err != nil || len(found) != 1 || found[0].GetMetric()[0].GetCounter().GetValue() != 1 {
			t.Errorf("metrics: %v, %v", found, err)
		}
	})
}

func TestProxiesAndOperatorsAreNotLimitedButWhoComesThroughAProxyIs(t *testing.T) {
	d := newDoor(t, RequestLimits{Rate: Rate{PerSecond: 0.001, Burst: 1}, Concurrent: 1, Proxies: examples.Proxies, Operators: examples.Operators})
	for i := range 10 {
		for _, from := range []string{proxy.String(), watcher.String(), loopback.String()} {
			if got := d.get("/", from, ""); got.Code != http.StatusOK {
				t.Fatalf("request %d of %s: %d", i, from, got.Code)
			}
		}
		if got := d.get("/", fmt.Sprintf("198.51.100.%d", i), proxy.String()); got.Code != http.StatusOK {
			t.Fatalf("client %d of the proxy: %d", i, got.Code)
		}
	}
	if got := d.get("/", "198.51.100.3", proxy.String()); got.Code != http.StatusTooManyRequests {
		t.Errorf("the second request of one client: %d", got.Code)
	}
}

func TestRequestsInProgressOfAnAddressAreLimitedAndStreamsAreNot(t *testing.T) {
	d := newDoor(t, RequestLimits{Concurrent: 2})
	var all sync.WaitGroup
	for _, path := range []string{"/slow", "/slow", "/stream", "/stream", "/stream"} {
		all.Go(func() {
			if got := d.get(path, somebody.String(), ""); got.Code != http.StatusOK {
				t.Errorf("%s: %d", path, got.Code)
			}
		})
		<-d.entered
	}
	if got := d.get("/slow", somebody.String(), ""); got.Code != http.StatusTooManyRequests || got.Header().Get("Retry-After") != "1" {
		t.Errorf("a third at once: %d", got.Code)
	}
	if got := d.get("/", another.String(), ""); got.Code != http.StatusOK {
		t.Errorf("another address: %d", got.Code)
	}
	close(d.release)
	all.Wait()
	if got := d.get("/slow", somebody.String(), ""); got.Code != http.StatusOK {
		t.Errorf("afterwards: %d", got.Code)
	}
}
