package gateway

import (
	"errors"

	"github.com/prometheus/client_golang/prometheus"
)

type metrics struct {
	connections prometheus.Gauge
	bytes       *prometheus.CounterVec // by direction
	opens       *prometheus.CounterVec // by outcome: "opened", "handshake" or an Ending's name
	ends        *prometheus.CounterVec // by an Ending's name
	firstByte   prometheus.Histogram
}

func newMetrics(r prometheus.Registerer) (*metrics, error) {
	m := &metrics{
		connections: prometheus.NewGauge(prometheus.GaugeOpts{
			Name: "carrel_gateway_connections", Help: "Displays open now.",
		}),
		bytes: prometheus.NewCounterVec(prometheus.CounterOpts{
			Name: "carrel_gateway_bytes_total", Help: "Bytes of displays carried.",
		}, []string{"direction"}),
		opens: prometheus.NewCounterVec(prometheus.CounterOpts{
			Name: "carrel_gateway_opens_total", Help: "Attempts to open a display, by outcome.",
		}, []string{"outcome"}),
		ends: prometheus.NewCounterVec(prometheus.CounterOpts{
			Name: "carrel_gateway_ends_total", Help: "Ends of open displays, by what ended them.",
		}, []string{"ending"}),
		firstByte: prometheus.NewHistogram(prometheus.HistogramOpts{
			Name: "carrel_gateway_first_byte_seconds", Help: "From a browser's request to the display's first byte.",
			Buckets: []float64{.01, .02, .05, .1, .2, .5, 1, 2, 5, 10, 20},
		}),
	}
	var errs []error
	for _, c := range []prometheus.Collector{m.connections, m.bytes, m.opens, m.ends, m.firstByte} {
		errs = append(errs, r.Register(c))
	}
	return m, errors.Join(errs...)
}
