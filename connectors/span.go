package connectors

import (
	"context"

	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/codes"
	"go.opentelemetry.io/otel/trace"

	"github.com/afterchat/afterchat/internal/fault"
)

// begin begins the span of a call, beneath the attempt that it belongs to and where that
// is recorded. Nobody outside hears of it: no connector passes it on.
func (a *Account) begin(ctx context.Context, op string) (context.Context, trace.Span) {
	attempt := trace.SpanFromContext(ctx)
	if !attempt.IsRecording() {
		return ctx, attempt // which takes nothing in
	}
	return attempt.TracerProvider().Tracer("github.com/afterchat/afterchat/connectors").Start(ctx, a.Type()+" "+op,
		trace.WithSpanKind(trace.SpanKindClient),
		trace.WithAttributes(attribute.String("afterchat.account_type", a.Type()), attribute.String("afterchat.operation", op)))
}

// end says by a fault's kind and code how a call went; its text stays out.
func end(span trace.Span, outcome string, err error) {
	if !span.IsRecording() {
		return
	}
	span.SetAttributes(attribute.String("afterchat.outcome", outcome))
	if err != nil {
		span.SetAttributes(attribute.String("afterchat.code", fault.CodeOf(err)))
		span.SetStatus(codes.Error, fault.CodeOf(err))
	}
	span.End()
}
