package httpapi_test

import (
	"fmt"
	"net/http"
	"strings"
	"testing"

	sdktrace "go.opentelemetry.io/otel/sdk/trace"
	"go.opentelemetry.io/otel/sdk/trace/tracetest"

	"github.com/afterchat/afterchat/internal/httpapi"
)

func TestASpanNamesTheRouteAndGoesOnWithTheTraceOfAKnownCallerAlone(t *testing.T) {
	t.Parallel()
	spans := tracetest.NewInMemoryExporter()
	d := newDoor(t, func(deps *httpapi.Deps) {
		deps.Tracer = sdktrace.NewTracerProvider(sdktrace.WithSyncer(spans)).Tracer("")
	})
	const theirs = "4bf92f3577b34da6a3ce929d0e0e4736"
	for _, c := range []struct {
		method, path, key, name string
		known                   bool
	}{
		{"GET", "/v1/conversations/c_1?quagga", acmeKey, "GET /v1/conversations/{id} 404", true},
		{"GET", "/v1/conversations/quagga", "quagga", "GET /v1/conversations/{id} 401", false},
		{"GET", "/v1/conversations/quagga", "", "GET /v1/conversations/{id} 401", false},
		{"GET", "/r/quagga", "", "GET /r/{token} 404", false},
		{"GET", "/pane/quagga?quagga", "", "GET /pane/{signed} 403", false},
		{"POST", "/webhooks/twilio/quagga/status", "", "POST /webhooks/twilio/{organization}/status 403", false},
		{"QUAGGA", "/r/quagga", "", "other 405", false},
		{"GET", "/quagga", "", "GET 404", false},
		{"GET", "/healthz", "", "", false},
		{"GET", "/metrics", "", "", false},
	} {
		spans.Reset()
		r, err := http.NewRequestWithContext(t.Context(), c.method, d.url+c.path, nil)
		if err != nil {
			t.Fatal(err)
		}
		if c.key != "" {
			r.Header.Set("Authorization", "Bearer "+c.key)
		}
		r.Header.Set("Traceparent", "00-"+theirs+"-00f067aa0ba902b7-01")
		r.Header.Set("Tracestate", "core=quagga")
		answer, err := (&http.Transport{DisableKeepAlives: true}).RoundTrip(r)
		if err != nil {
			t.Fatal(err)
		}
		_ = answer.Body.Close()
		got := spans.GetSpans()
		if c.name == "" {
			if len(got) > 0 {
				t.Errorf("%s has a span", c.path)
			}
			continue
		}
		if len(got) != 1 || fmt.Sprint(got[0].Name, " ", answer.StatusCode) != c.name {
			t.Errorf("%s %s is answered with %d and has %+v", c.method, c.path, answer.StatusCode, got)
			continue
		}
		if goesOn := got[0].SpanContext.TraceID().String() == theirs; goesOn != c.known {
			t.Errorf("%s %s as %q goes on with the trace: %v", c.method, c.path, c.key, goesOn)
		}
		if text := fmt.Sprintf("%+v", got); strings.Contains(strings.ToLower(text), "quagga") {
			t.Errorf("%s %s: %s", c.method, c.path, text)
		}
	}
}
