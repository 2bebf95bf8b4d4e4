package main

import (
	"errors"
	"fmt"
	"net"
	"net/http"
	"runtime"
	"strings"
	"sync"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/collectors"
	"github.com/prometheus/client_golang/prometheus/promhttp"

	"kerbscope/analyze"
	"kerbscope/decode/krb5"
)

// staleAfter is how old the numbers of a capture may be before it is said to
// hang.
const staleAfter = 30 * time.Second

// A metricsServer answers Prometheus with what a capture counts, as it was last
// published: a scrape never waits for the capture, nor the capture for a scrape.
type metricsServer struct {
	listener net.Listener
	server   *http.Server
	changes  *prometheus.CounterVec

	mu     sync.Mutex
	status *captureStatus // nil: not yet
	at     time.Time
}

var (
	descPackets   = prometheus.NewDesc("kerbscope_packets_total", "Packets that were looked at.", nil, nil)
	descBytes     = prometheus.NewDesc("kerbscope_bytes_total", "Captured bytes of these packets.", nil, nil)
	descLost      = prometheus.NewDesc("kerbscope_lost_total", "Packets that were not looked at or not kept, and what limits cost, by cause.", []string{"cause"}, nil)
	descMessages  = prometheus.NewDesc("kerbscope_messages_total", "Kerberos messages.", nil, nil)
	descExchanges = prometheus.NewDesc("kerbscope_exchanges_total", "Kerberos exchanges by kind, outcome and etype of the ticket (none: without a ticket).", []string{"kind", "outcome", "etype"}, nil)
	descTickets   = prometheus.NewDesc("kerbscope_tickets_total", "Different tickets.", nil, nil)
	descFindings  = prometheus.NewDesc("kerbscope_findings", "Findings that stand now.", []string{"rule", "severity", "confidence"}, nil)
	descKept      = prometheus.NewDesc("kerbscope_kept", "What is in memory now.", []string{"what"}, nil)
	descDown      = prometheus.NewDesc("kerbscope_interface_down", "1 for an interface that is down or gone.", []string{"interface"}, nil)
	descLag       = prometheus.NewDesc("kerbscope_lag_seconds", "Time since the newest packet when these numbers were taken, by the capture's clock: how far behind the capture is, or how quiet the network.", nil, nil)
	descAge       = prometheus.NewDesc("kerbscope_status_age_seconds", "Age of these numbers.", nil, nil)
	descRunning   = prometheus.NewDesc("kerbscope_running_seconds", "Time since the capture began.", nil, nil)
	descBuild     = prometheus.NewDesc("kerbscope_build_info", "1, with the version.", []string{"version", "goversion"}, nil)
)

// serveMetrics answers on addr from now on.
func serveMetrics(addr string) (*metricsServer, error) {
	refuse := func(err error) error {
		return &failure{exitCapture, "--metrics " + quote(addr) + ": " + err.Error(), "ADDR is HOST:PORT that nobody else has, for example 127.0.0.1:9464"}
	}
	if _, _, err := net.SplitHostPort(addr); err != nil {
		return nil, refuse(err)
	}
	listener, err := net.Listen("tcp", addr)
	if err != nil {
		return nil, refuse(err)
	}
	m := &metricsServer{listener: listener}
	m.changes = prometheus.NewCounterVec(prometheus.CounterOpts{
		Name: "kerbscope_finding_changes_total", Help: "Findings that came (new), changed and were withdrawn, by rule.",
	}, []string{"rule", "state"})
	registry := prometheus.NewRegistry()
	registry.MustRegister(m, m.changes, collectors.NewGoCollector(), collectors.NewProcessCollector(collectors.ProcessCollectorOpts{}))
	mux := http.NewServeMux()
	mux.Handle("GET /metrics", promhttp.HandlerFor(registry, promhttp.HandlerOpts{MaxRequestsInFlight: 4}))
	mux.HandleFunc("GET /healthz", m.health)
	mux.HandleFunc("GET /{$}", func(w http.ResponseWriter, _ *http.Request) {
		fmt.Fprint(w, "kerbscope: /metrics for Prometheus, /healthz\n")
	})
	m.server = &http.Server{Handler: mux, ReadHeaderTimeout: 5 * time.Second, ReadTimeout: 10 * time.Second, WriteTimeout: 30 * time.Second, IdleTimeout: time.Minute, MaxHeaderBytes: 16 << 10}
	go func() { _ = m.server.Serve(listener) }() // ends with close
	return m, nil
}

// publish takes a status, which nobody changes afterwards.
func (m *metricsServer) publish(s *captureStatus) {
	if m == nil {
		return
	}
	m.mu.Lock()
	m.status, m.at = s, time.Now()
	m.mu.Unlock()
}

func (m *metricsServer) finding(state string, f *analyze.Finding) {
	m.changes.WithLabelValues(f.Rule, state).Inc()
}

func (m *metricsServer) close() {
	if m != nil {
		_ = m.server.Close()
	}
}

func (m *metricsServer) read() (*captureStatus, time.Time) {
	m.mu.Lock()
	defer m.mu.Unlock()
	return m.status, m.at
}

// health answers 200 as long as the capture goes on.
func (m *metricsServer) health(w http.ResponseWriter, _ *http.Request) {
	s, at := m.read()
	var err error
	switch {
	case s == nil:
		err = errors.New("starting")
	case time.Since(at) > staleAfter:
		err = fmt.Errorf("nothing happened for %d s", int(time.Since(at).Seconds()))
	case len(s.Down) > 0:
		err = fmt.Errorf("down: %s", escape(fmt.Sprint(s.Down)))
	}
	if err != nil {
		http.Error(w, err.Error(), http.StatusServiceUnavailable)
		return
	}
	fmt.Fprintln(w, "ok")
}

// Describe implements prometheus.Collector.
func (m *metricsServer) Describe(ch chan<- *prometheus.Desc) {
	for _, d := range []*prometheus.Desc{descPackets, descBytes, descLost, descMessages, descExchanges, descTickets, descFindings, descKept, descDown, descLag, descAge, descRunning, descBuild} {
		ch <- d
	}
}

// Collect implements prometheus.Collector.
func (m *metricsServer) Collect(ch chan<- prometheus.Metric) {
	gauge := func(d *prometheus.Desc, v float64, labels ...string) {
		ch <- prometheus.MustNewConstMetric(d, prometheus.GaugeValue, v, labels...)
	}
	count := func(d *prometheus.Desc, n uint64, labels ...string) {
		ch <- prometheus.MustNewConstMetric(d, prometheus.CounterValue, float64(n), labels...)
	}
	gauge(descBuild, 1, versionText(), runtime.Version())
	s, at := m.read()
	if s == nil {
		return
	}
	count(descPackets, s.Frames)
	count(descBytes, s.Bytes)
	count(descMessages, s.Messages)
	count(descTickets, s.Tickets)
	for cause, n := range s.Lost {
		count(descLost, n, strings.ToValidUTF8(cause, "?"))
	}
	for o, n := range s.Outcomes {
		etype := "none"
		if o.Etype != 0 {
			etype = krb5.EtypeName(o.Etype)
		}
		count(descExchanges, n, o.Kind.String(), o.Ending.String(), etype)
	}
	type standing struct{ rule, severity, confidence string }
	findings := map[standing]int{}
	for _, f := range s.Findings {
		findings[standing{f.Rule, string(f.Severity), string(f.Confidence)}]++
	}
	for k, n := range findings {
		gauge(descFindings, float64(n), k.rule, k.severity, k.confidence)
	}
	for what, n := range map[string]int{"rows": s.Rows, "exchanges": s.Kept, "tickets": s.Held} {
		gauge(descKept, float64(n), what)
	}
	for _, name := range s.Down {
		gauge(descDown, 1, strings.ToValidUTF8(name, "?"))
	}
	if s.Newest > 0 {
		gauge(descLag, at.Sub(time.Unix(0, s.Newest)).Seconds())
	}
	gauge(descAge, time.Since(at).Seconds())
	gauge(descRunning, s.Running.Seconds())
}
