package app

import (
	"context"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/collectors"

	"github.com/afterchat/afterchat/internal/store"
)

// metrics are what /metrics shows.
type metrics struct {
	registry  *prometheus.Registry
	calls     *prometheus.HistogramVec
	bounces   *prometheus.CounterVec
	pdfs      *prometheus.HistogramVec
	fallbacks *prometheus.CounterVec
}

func newMetrics(s *store.Store) *metrics {
	m := &metrics{
		registry: prometheus.NewRegistry(),
		calls: prometheus.NewHistogramVec(prometheus.HistogramOpts{
			Name: "afterchat_calls_seconds", Help: "Calls to help desks, mail and SMS accounts, by type of account, operation and outcome.",
			Buckets: []float64{.005, .02, .1, .5, 2, 10, 30},
		}, []string{"account_type", "operation", "outcome"}),
		bounces: prometheus.NewCounterVec(prometheus.CounterOpts{
			Name: "afterchat_bounces_total",
			Help: "Mails that mail servers sent back, by the door they came by (lmtp, smtp, webhook) and what they were: " +
				"delayed, relayed, expanded, delivered, bounced, complained; repeated, unproved, unknown or ignored where they changed nothing.",
		}, []string{"door", "outcome"}),
		pdfs: prometheus.NewHistogramVec(prometheus.HistogramOpts{
			Name: "afterchat_pdf_seconds", Help: "PDFs of transcripts, by engine and outcome: ok, or the code of what went wrong.",
			Buckets: []float64{.02, .1, .5, 1, 2, 5, 10, 20},
		}, []string{"engine", "outcome"}),
		fallbacks: prometheus.NewCounterVec(prometheus.CounterOpts{
			Name: "afterchat_template_fallbacks_total", Help: "How often a built-in template stood in for an organization's that could not be used.",
		}, []string{"organization", "template"}),
	}
	m.registry.MustRegister(m.calls, m.bounces, m.pdfs, m.fallbacks, collectors.NewGoCollector(), collectors.NewProcessCollector(collectors.ProcessCollectorOpts{}),
		prometheus.NewGaugeFunc(prometheus.GaugeOpts{
			Name: "afterchat_deliveries_waiting", Help: "Deliveries that wait for nothing but time; -1 when PostgreSQL is away.",
		}, func() float64 { return ask(s.Waiting) }),
		prometheus.NewGaugeFunc(prometheus.GaugeOpts{
			Name: "afterchat_rejects", Help: "Tasks of chat cores that could not be taken in the last seven days; -1 when PostgreSQL is away.",
		}, func() float64 { return ask(s.CountRejects) }),
	)
	return m
}

func (m *metrics) observe(kind, op, outcome string, took time.Duration) {
	m.calls.WithLabelValues(kind, op, outcome).Observe(took.Seconds())
}

func (m *metrics) bounced(door, outcome string) { m.bounces.WithLabelValues(door, outcome).Inc() }

func (m *metrics) observePDF(engine, outcome string, took time.Duration) {
	m.pdfs.WithLabelValues(engine, outcome).Observe(took.Seconds())
}

// ask bounds a figure that PostgreSQL has to be asked for.
func ask(figure func(context.Context) (int64, error)) float64 {
	ctx, cancel := context.WithTimeout(context.Background(), 2*time.Second)
	defer cancel()
	n, err := figure(ctx)
	if err != nil {
		return -1
	}
	return float64(n)
}
