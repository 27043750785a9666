package app

import (
	"cmp"
	"context"
	"fmt"
	"log/slog"
	"net/url"
	"os"
	"regexp"
	"sync"
	"time"

	"github.com/go-logr/logr"
	"go.opentelemetry.io/otel"
	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/exporters/otlp/otlptrace/otlptracehttp"
	"go.opentelemetry.io/otel/sdk/resource"
	sdktrace "go.opentelemetry.io/otel/sdk/trace"
	"go.opentelemetry.io/otel/trace"
)

const (
	// flushTime is how long the end of the process waits for the last spans to be sent.
	flushTime = 5 * time.Second
	// complainEvery is how often a collector that takes no spans is worth a line.
	complainEvery = time.Minute
)

// startTraces begins to send spans by OTLP over HTTP where OpenTelemetry's standard
// environment asks for it; the provider is nil otherwise. Endpoint, headers, sampler,
// batches and service name are read by the SDK itself
// (https://opentelemetry.io/docs/specs/otel/configuration/sdk-environment-variables/).
//
// Traces hold up nothing: what is wrong with them is a line in the log, spans are sent in
// the background, and those that a collector is too slow for are dropped. Stop sends what
// is left.
func startTraces(ctx context.Context, log *slog.Logger) (provider trace.TracerProvider, stop func()) {
	wanted, err := tracesWanted()
	if err == nil && !wanted {
		return nil, func() {}
	}
	c := &complaints{log: log}
	otel.SetErrorHandler(c) // the SDK has one for the whole process, and prints by default
	otel.SetLogger(logr.New(c))
	var exporter sdktrace.SpanExporter
	if err == nil {
		exporter, err = otlptracehttp.New(ctx)
	}
	if err != nil {
		c.Handle(err)
		return nil, func() {}
	}
	about, err := resource.New(ctx, resource.WithAttributes(attribute.String("service.name", "afterchat")),
		resource.WithHost(), resource.WithTelemetrySDK(), resource.WithFromEnv())
	if err != nil {
		c.Handle(err) // and what could be found out is good enough
	}
	p := sdktrace.NewTracerProvider(sdktrace.WithBatcher(exporter), sdktrace.WithResource(about))
	return p, func() {
		ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), flushTime)
		defer cancel()
		if err := p.Shutdown(ctx); err != nil {
			c.Handle(err)
		}
	}
}

// tracesWanted reports whether the environment asks for traces that can be had. Without
// OTEL_TRACES_EXPORTER it has to name an endpoint.
func tracesWanted() (bool, error) {
	endpoint := cmp.Or(os.Getenv("OTEL_EXPORTER_OTLP_TRACES_ENDPOINT"), os.Getenv("OTEL_EXPORTER_OTLP_ENDPOINT"))
	exporter := os.Getenv("OTEL_TRACES_EXPORTER")
	if os.Getenv("OTEL_SDK_DISABLED") == "true" || exporter == "none" || exporter == "" && endpoint == "" {
		return false, nil
	}
	if exporter != "" && exporter != "otlp" {
		return false, fmt.Errorf("OTEL_TRACES_EXPORTER is %q: there are otlp and none", exporter)
	}
	protocol := cmp.Or(os.Getenv("OTEL_EXPORTER_OTLP_TRACES_PROTOCOL"), os.Getenv("OTEL_EXPORTER_OTLP_PROTOCOL"))
	if protocol == "grpc" {
		return false, fmt.Errorf("OTEL_EXPORTER_OTLP_PROTOCOL is %q: there are http/protobuf and http/json", protocol)
	}
	if u, err := url.Parse(endpoint); endpoint != "" && (err != nil || u.Host == "" || u.Scheme != "http" && u.Scheme != "https") {
		return false, fmt.Errorf("OTEL_EXPORTER_OTLP_ENDPOINT is no URL, as http://localhost:4318")
	}
	return true, nil
}

// complaints makes of what goes wrong with traces a line now and then. It is the SDK's
// handler of errors and its log; what the latter says beside an error may be a secret.
type complaints struct {
	log  *slog.Logger
	mu   sync.Mutex
	last time.Time
}

// private are the parts of an exporter's error that may hold anything: the collector's
// address and what it answered.
var private = regexp.MustCompile(`(?s)https?://\S*|body: .*`)

// Handle logs an error, unless one was logged a moment ago.
func (c *complaints) Handle(err error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if time.Since(c.last) < complainEvery {
		return
	}
	c.last = time.Now()
	c.log.LogAttrs(context.Background(), slog.LevelWarn, "traces are not sent", slog.String("reason", private.ReplaceAllString(err.Error(), "…")))
}

// Init is told nothing of interest.
func (c *complaints) Init(logr.RuntimeInfo) {}

// Enabled says that only errors are.
func (c *complaints) Enabled(int) bool { return false }

// Info drops what is no error.
func (c *complaints) Info(int, string, ...any) {}

// Error logs an error without the values beside it.
func (c *complaints) Error(err error, what string, _ ...any) {
	c.Handle(fmt.Errorf("%s: %w", what, err))
}

// WithValues drops values.
func (c *complaints) WithValues(...any) logr.LogSink { return c }

// WithName drops a name.
func (c *complaints) WithName(string) logr.LogSink { return c }
