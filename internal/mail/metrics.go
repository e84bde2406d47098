package mail

import (
	"context"
	"fmt"
	"math"
	"time"

	"github.com/prometheus/client_golang/prometheus"
)

// countLimit limits the count of waiting mails, which runs when the metrics are read.
const countLimit = 2 * time.Second

type metrics struct {
	sent    *prometheus.CounterVec
	failed  *prometheus.CounterVec
	dropped *prometheus.CounterVec

	templateFaults prometheus.Gauge
}

func newMetrics(registry prometheus.Registerer, count func(context.Context) (int, error)) (*metrics, error) {
	counter := func(name, help string) *prometheus.CounterVec {
		return prometheus.NewCounterVec(prometheus.CounterOpts{Name: name, Help: help}, []string{"kind"})
	}
	m := &metrics{
		sent:    counter("carrel_mails_sent_total", "Mails that the mail server has taken, or the log when mail is off."),
		failed:  counter("carrel_mails_failed_total", "Tries to send a mail that failed."),
		dropped: counter("carrel_mails_dropped_total", "Mails given up."),
		templateFaults: prometheus.NewGauge(prometheus.GaugeOpts{
			Name: "carrel_mail_template_faults",
			Help: "Invalid custom mail templates, replaced by built-in ones; the log and carrel doctor name them.",
		}),
	}
	waiting := prometheus.NewGaugeFunc(prometheus.GaugeOpts{
		Name: "carrel_mails_waiting",
		Help: "Mails in the outbox, the same for all processes on one database; NaN when it does not answer.",
	}, func() float64 {
		ctx, cancel := context.WithTimeout(context.Background(), countLimit)
		defer cancel()
		n, err := count(ctx)
		if err != nil {
			return math.NaN()
		}
		return float64(n)
	})
	for _, c := range []prometheus.Collector{m.sent, m.failed, m.dropped, waiting, m.templateFaults} {
		if err := registry.Register(c); err != nil {
			return nil, fmt.Errorf("registering the metrics of mail: %w", err)
		}
	}
	return m, nil
}
