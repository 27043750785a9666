package httpapi

import (
	"net/http"
	"strings"

	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/codes"
	"go.opentelemetry.io/otel/trace"

	"github.com/afterchat/afterchat/internal/tracing"
)

// begin begins the span of a request. It goes on with the trace of a chat core alone: a
// stranger could otherwise have every request kept, whatever the sampler says.
func (a *api) begin(r *http.Request) (*http.Request, trace.Span) {
	if a.Tracer == nil || isAboutItself(r) {
		return r, trace.SpanFromContext(r.Context())
	}
	traceparent := ""
	if a.caller(r) != nil {
		traceparent = r.Header.Get(tracing.Header)
	}
	ctx, span := tracing.Begin(r.Context(), a.Tracer, trace.SpanKindServer, knownMethod(r.Method), traceparent)
	return r.WithContext(ctx), span
}

// end names a request's span by its route, and says no more of the path than a
// conversation's id: paths hold tokens.
func end(span trace.Span, r *http.Request, route string, rec *recorder) {
	if !span.IsRecording() {
		return
	}
	method := knownMethod(r.Method)
	span.SetName(strings.TrimSpace(method + " " + route))
	span.SetAttributes(attribute.String("http.request.method", method), attribute.String("http.route", route),
		attribute.Int("http.response.status_code", rec.status), attribute.String("afterchat.request_id", rec.Header().Get("X-Request-Id")))
	if rec.organization != "" {
		conversation := ""
		if strings.HasPrefix(route, "/v1/conversations/{id}") {
			conversation = r.PathValue("id")
		}
		tracing.Concerns(r.Context(), rec.organization, conversation)
	}
	if rec.status >= http.StatusInternalServerError {
		span.SetStatus(codes.Error, "")
	}
	span.End()
}
