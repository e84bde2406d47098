package listen

import (
	"log/slog"
	"math"
	"net/http"
	"net/netip"
	"strconv"
	"sync"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"carrel/internal/clientaddr"
)

// Rate is how often something may happen: PerSecond on average, and Burst at once. A PerSecond of 0 sets no limit.
type Rate struct {
	PerSecond float64 `yaml:"per_second"`
	Burst     int     `yaml:"burst"`
}

// bucket is a token bucket: it is full at first.
type bucket struct {
	tokens float64
	filled time.Time // when tokens was right
}

// take takes a token, or returns after how long there will be one.
func (b bucket) take(r Rate, now time.Time) (bucket, time.Duration) {
	if b.filled.IsZero() {
		b = bucket{float64(r.Burst), now}
	}
	if passed := now.Sub(b.filled); passed > 0 {
		b = bucket{min(float64(r.Burst), b.tokens+passed.Seconds()*r.PerSecond), now}
	}
	if b.tokens < 1 {
		return b, time.Duration(math.Ceil((1 - b.tokens) / r.PerSecond * float64(time.Second)))
	}
	b.tokens--
	return b, 0
}

// bucketsAtOnce is how many of the latest callers a Limiter remembers at least. Twice as many are the most.
const bucketsAtOnce = 10_000

// Limiter has a token bucket for each caller, such as an address or a key. It remembers a bounded number of callers: one that was forgotten
// begins with a full bucket. It is safe for concurrent use.
type Limiter struct {
	rate Rate
	most int

	mu       sync.Mutex // guards what follows
	now, old map[string]bucket
}

// NewLimiter returns a limiter, nil for a rate without a limit.
func NewLimiter(r Rate) *Limiter {
	if r.PerSecond == 0 {
		return nil
	}
	return &Limiter{rate: r, most: bucketsAtOnce, now: map[string]bucket{}}
}

// Take counts a call, and returns 0 or, if there were too many, after how long the next may come. A nil Limiter allows all.
func (l *Limiter) Take(caller string, at time.Time) time.Duration {
	if l == nil {
		return 0
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	b, known := l.now[caller]
	if !known {
		b = l.old[caller]
		if len(l.now) >= l.most {
			l.old, l.now = l.now, map[string]bucket{}
		}
	}
	b, wait := b.take(l.rate, at)
	l.now[caller] = b
	return wait
}

// RequestLimits say how many requests one client address may send. Proxies and operators are as in Limits: their requests are not limited,
// but those of the clients that a proxy names are.
type RequestLimits struct {
	Rate       Rate
	Concurrent int // requests in progress that are not streams; 0: no limit
	Operators  []netip.Prefix
	Proxies    []netip.Prefix
	// Stream reports whether a request lasts as long as its caller wants.
	Stream func(*http.Request) bool
	// Refuse answers a request that was refused; Retry-After is set.
	Refuse http.HandlerFunc
}

// requests limits the requests of each client address.
type requests struct {
	RequestLimits
	next    http.Handler
	limiter *Limiter
	refused *prometheus.CounterVec
	log     *slog.Logger

	mu      sync.Mutex // guards what follows
	running map[netip.Addr]int
	warned  time.Time
}

// Requests passes to next what is within the limits. It needs the client's address of clientaddr.Resolver.Handler. It fails when its metrics
// are registered already.
func Requests(next http.Handler, limits RequestLimits, log *slog.Logger, metrics prometheus.Registerer) (http.Handler, error) {
	q := &requests{
		RequestLimits: limits, next: next, limiter: NewLimiter(limits.Rate), log: log, running: map[netip.Addr]int{},
		refused: prometheus.NewCounterVec(prometheus.CounterOpts{
			Name: "carrel_requests_refused_total", Help: "Requests refused with 429: too many of one address in a time, or in progress.",
		}, []string{"limit"}),
	}
	return q, metrics.Register(q.refused)
}

// ServeHTTP implements http.Handler.
func (q *requests) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	addr := clientaddr.Of(r)
	if !addr.IsValid() || !limitedAddress(addr, q.Proxies, q.Operators) {
		q.next.ServeHTTP(w, r)
		return
	}
	addr = host(addr)
	if wait := q.limiter.Take(addr.String(), time.Now()); wait > 0 {
		q.refuse(w, r, "rate", addr, wait)
		return
	}
	if q.Concurrent == 0 || q.Stream != nil && q.Stream(r) {
		q.next.ServeHTTP(w, r)
		return
	}
	if !q.begin(addr) {
		q.refuse(w, r, "concurrent", addr, time.Second)
		return
	}
	defer q.end(addr)
	q.next.ServeHTTP(w, r)
}

// limitedAddress reports whether an address is of one client: neither a proxy, nor this machine or an operator.
func limitedAddress(addr netip.Addr, proxies, operators []netip.Prefix) bool {
	return !clientaddr.Contains(proxies, addr) && !addr.IsLoopback() && !clientaddr.Contains(operators, addr)
}

func (q *requests) begin(addr netip.Addr) bool {
	q.mu.Lock()
	defer q.mu.Unlock()
	if q.running[addr] >= q.Concurrent {
		return false
	}
	q.running[addr]++
	return true
}

func (q *requests) end(addr netip.Addr) {
	q.mu.Lock()
	defer q.mu.Unlock()
	if q.running[addr]--; q.running[addr] == 0 {
		delete(q.running, addr)
	}
}

func (q *requests) refuse(w http.ResponseWriter, r *http.Request, limit string, addr netip.Addr, wait time.Duration) {
	q.refused.WithLabelValues(limit).Inc()
	q.mu.Lock()
	due := time.Since(q.warned) >= warnInterval
	if due {
		q.warned = time.Now()
	}
	q.mu.Unlock()
	if due {
		q.log.WarnContext(r.Context(), "requests are refused", "limit", limit, "from", addr)
	}
	w.Header().Set("Retry-After", strconv.Itoa(RetryAfter(wait)))
	q.Refuse(w, r)
}

// RetryAfter is a wait in whole seconds, at least one.
func RetryAfter(wait time.Duration) int { return max(1, int(math.Ceil(wait.Seconds()))) }
