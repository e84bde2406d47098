package job

import (
	"context"
	"errors"
	"log/slog"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"carrel/internal/pool"
)

// PoolMetrics is a ReconcileMeter for Prometheus. When it is collected, it also counts the desktops of the oldest pools by use,
// and the users who wait.
type PoolMetrics struct {
	rounds    prometheus.Histogram
	decisions *prometheus.CounterVec
	service   *pool.Service
	log       *slog.Logger
	desktops  *prometheus.Desc
	waiting   *prometheus.Desc
}

var (
	_ ReconcileMeter       = (*PoolMetrics)(nil)
	_ prometheus.Collector = (*PoolMetrics)(nil)
)

// poolGauges is the number of pools that have gauges of their own, since the number of label values must be bounded.
const poolGauges = 100

// NewPoolMetrics creates the metrics and registers them.
func NewPoolMetrics(registry prometheus.Registerer, s *pool.Service, log *slog.Logger) (*PoolMetrics, error) {
	m := &PoolMetrics{
		rounds: prometheus.NewHistogram(prometheus.HistogramOpts{
			Name: "carrel_pool_round_seconds", Help: "Duration of a look at all pools that were due.",
			Buckets: []float64{.001, .005, .01, .025, .05, .1, .25, .5, 1, 5},
		}),
		decisions: prometheus.NewCounterVec(prometheus.CounterOpts{
			Name: "carrel_pool_decisions_total", Help: "Desktops of pools that something was decided about, by the rule that decided.",
		}, []string{"rule"}),
		service: s, log: log,
		desktops: prometheus.NewDesc("carrel_pool_desktops", "Desktops of a pool, by what they are to its people; of the 100 oldest pools.", []string{"pool", "state"}, nil),
		waiting:  prometheus.NewDesc("carrel_pool_waiting", "People who wait for a desktop of a pool; of the 100 oldest pools.", []string{"pool"}, nil),
	}
	return m, errors.Join(registry.Register(m.rounds), registry.Register(m.decisions), registry.Register(m))
}

// Reconciled implements ReconcileMeter.
func (m *PoolMetrics) Reconciled(_ int, took time.Duration) { m.rounds.Observe(took.Seconds()) }

// Decided implements ReconcileMeter.
func (m *PoolMetrics) Decided(rule string, n int) { m.decisions.WithLabelValues(rule).Add(float64(n)) }

// Describe implements prometheus.Collector.
func (m *PoolMetrics) Describe(to chan<- *prometheus.Desc) {
	to <- m.desktops
	to <- m.waiting
}

// Collect implements prometheus.Collector.
func (m *PoolMetrics) Collect(to chan<- prometheus.Metric) {
	ctx, cancel := context.WithTimeout(context.Background(), 5*time.Second)
	defer cancel()
	pools, err := m.service.Occupancy(ctx, poolGauges)
	if err != nil {
		m.log.WarnContext(ctx, "counting the desktops of pools", "error", err)
		return
	}
	for _, p := range pools {
		for state, n := range p.Desktops {
			to <- prometheus.MustNewConstMetric(m.desktops, prometheus.GaugeValue, float64(n), p.PoolID, state)
		}
		to <- prometheus.MustNewConstMetric(m.waiting, prometheus.GaugeValue, float64(p.Waiting), p.PoolID)
	}
}
