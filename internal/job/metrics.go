package job

import (
	"errors"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"carrel/internal/workspace"
)

// Metrics is a Meter for Prometheus.
type Metrics struct {
	waited *prometheus.HistogramVec
	took   *prometheus.HistogramVec
	faults *prometheus.CounterVec
}

var _ Meter = (*Metrics)(nil)

// NewMetrics creates the metrics and registers them.
func NewMetrics(registry prometheus.Registerer) (*Metrics, error) {
	buckets := []float64{.05, .1, .25, .5, 1, 2, 5, 10, 30, 60, 300, 900}
	m := &Metrics{
		waited: prometheus.NewHistogramVec(prometheus.HistogramOpts{
			Name: "carrel_sub_job_wait_seconds", Help: "Time from the request to the first claim of a sub-job.", Buckets: buckets,
		}, []string{"type"}),
		took: prometheus.NewHistogramVec(prometheus.HistogramOpts{
			Name: "carrel_sub_job_seconds", Help: "Duration of the last attempt at a sub-job, by how it ended.", Buckets: buckets,
		}, []string{"type", "state"}),
		faults: prometheus.NewCounterVec(prometheus.CounterOpts{
			Name: "carrel_sub_job_faults_total", Help: "Passing faults in the steps of sub-jobs, which were tried again.",
		}, []string{"type"}),
	}
	return m, errors.Join(registry.Register(m.waited), registry.Register(m.took), registry.Register(m.faults))
}

// Claimed implements Meter.
func (m *Metrics) Claimed(t workspace.JobType, waited time.Duration) {
	m.waited.WithLabelValues(string(t)).Observe(waited.Seconds())
}

// Ended implements Meter.
func (m *Metrics) Ended(t workspace.JobType, state workspace.SubJobState, took time.Duration) {
	m.took.WithLabelValues(string(t), string(state)).Observe(took.Seconds())
}

// Fault implements Meter.
func (m *Metrics) Fault(t workspace.JobType) { m.faults.WithLabelValues(string(t)).Inc() }
