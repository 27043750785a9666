// Package tracing is what the rooms share of OpenTelemetry's traces: a chat's way is one
// trace, from the chat core's call to every attempt at what the call brought about.
//
// What stands in a span are ids, names of operations, and kinds and codes of faults: never
// an address, a number, a text, a token, or the text of an error. Without a tracer nothing
// here allocates. Where spans go is decided by the composition root, in package app.
package tracing

import (
	"context"

	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/codes"
	"go.opentelemetry.io/otel/propagation"
	"go.opentelemetry.io/otel/trace"
)

// Header names the W3C header (https://www.w3.org/TR/trace-context/) of a request or a
// task. Its companion tracestate, which may hold anything, is neither taken nor passed on.
const Header = "traceparent"

// Begin begins a span beneath the one that a traceparent names, or the context's own where
// it names none. Without a tracer it returns the context as it is and a span that records
// nothing.
func Begin(ctx context.Context, t trace.Tracer, kind trace.SpanKind, name, traceparent string) (context.Context, trace.Span) {
	if t == nil {
		return ctx, trace.SpanFromContext(ctx)
	}
	if traceparent != "" {
		ctx = propagation.TraceContext{}.Extract(ctx, propagation.MapCarrier{Header: traceparent})
	}
	return t.Start(ctx, name, trace.WithSpanKind(kind))
}

// Headers are those of a task that goes on with the context's trace; nil if it has none.
func Headers(ctx context.Context) map[string]string {
	if !trace.SpanContextFromContext(ctx).IsValid() {
		return nil
	}
	headers := propagation.MapCarrier{}
	propagation.TraceContext{}.Inject(ctx, headers)
	return headers
}

// Concerns says whose conversation the context's span is about. What is longer than an id
// may be is none.
func Concerns(ctx context.Context, organization, conversation string) {
	span := trace.SpanFromContext(ctx)
	if !span.IsRecording() {
		return
	}
	span.SetAttributes(attribute.String("afterchat.organization", organization))
	if conversation != "" && len(conversation) <= 255 {
		span.SetAttributes(attribute.String("afterchat.conversation", conversation))
	}
}

// Outcome says how what the context's span is about went, in the words of the log: a state
// or a fault's kind, and the code of what stood in the way, if anything. Wrong marks it as
// something for an operator to look at.
func Outcome(ctx context.Context, outcome, code string, wrong bool) {
	span := trace.SpanFromContext(ctx)
	if !span.IsRecording() {
		return
	}
	span.SetAttributes(attribute.String("afterchat.outcome", outcome))
	if code != "" {
		span.SetAttributes(attribute.String("afterchat.code", code))
	}
	if wrong {
		span.SetStatus(codes.Error, code)
	}
}
