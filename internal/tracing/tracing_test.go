package tracing_test

import (
	"strings"
	"testing"

	sdktrace "go.opentelemetry.io/otel/sdk/trace"
	"go.opentelemetry.io/otel/sdk/trace/tracetest"
	"go.opentelemetry.io/otel/trace"

	"github.com/afterchat/afterchat/internal/tracing"
)

const parent = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01"

func TestWithoutATracerNothingIsAllocated(t *testing.T) {
	ctx := t.Context()
	allocated := testing.AllocsPerRun(100, func() {
		ctx, span := tracing.Begin(ctx, nil, trace.SpanKindServer, "name", parent)
		tracing.Concerns(ctx, "acme", "c_1")
		tracing.Outcome(ctx, "delivered", "", false)
		if tracing.Headers(ctx) != nil {
			t.Error("there is a trace")
		}
		span.End()
	})
	if allocated > 0 {
		t.Errorf("%v allocations", allocated)
	}
}

func TestASpanGoesOnWithTheTraceThatIsNamed(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		traceparent, trace string
		recorded           int
	}{
		"kept":           {parent, "4bf92f3577b34da6a3ce929d0e0e4736", 1},
		"not kept":       {strings.TrimSuffix(parent, "1") + "0", "4bf92f3577b34da6a3ce929d0e0e4736", 0},
		"none":           {"", "", 1},
		"nonsense":       {"quagga", "", 1},
		"of zeros alone": {"00-00000000000000000000000000000000-0000000000000000-01", "", 1},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			spans := tracetest.NewInMemoryExporter()
			tracer := sdktrace.NewTracerProvider(sdktrace.WithSyncer(spans)).Tracer("")
			ctx, span := tracing.Begin(t.Context(), tracer, trace.SpanKindServer, "name", c.traceparent)
			tracing.Concerns(ctx, "acme", strings.Repeat("x", 256))
			headers := tracing.Headers(ctx)
			span.End()
			if c.trace != "" && span.SpanContext().TraceID().String() != c.trace {
				t.Errorf("the trace is %s", span.SpanContext().TraceID())
			}
			if id := span.SpanContext().SpanID().String(); len(headers) != 1 || !strings.Contains(headers[tracing.Header], id) {
				t.Errorf("%s passes on %v", id, headers)
			}
			if n := len(spans.GetSpans()); n != c.recorded {
				t.Fatalf("%d spans are recorded", n)
			}
			if c.recorded > 0 && len(spans.GetSpans()[0].Attributes) != 1 {
				t.Errorf("it says %v", spans.GetSpans()[0].Attributes)
			}
		})
	}
}
