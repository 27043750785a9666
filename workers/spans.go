package workers

import (
	"context"

	"github.com/hibiken/asynq"
	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/trace"

	"github.com/afterchat/afterchat/connectors"
	"github.com/afterchat/afterchat/internal/store"
	"github.com/afterchat/afterchat/internal/tracing"
)

// traced gives a task a span, beneath the one that a header of the task names.
func (w *Worker) traced(handle asynq.HandlerFunc) asynq.HandlerFunc {
	return func(ctx context.Context, t *asynq.Task) error {
		ctx, span := tracing.Begin(ctx, w.Tracer, trace.SpanKindConsumer, t.Type(), t.Headers()[tracing.Header])
		defer span.End()
		return handle(ctx, t)
	}
}

// begin begins the span of an attempt, beneath the call that the delivery was planned by.
// The attempt's own task knows nothing of that: a sweep may have made it.
func (w *Worker) begin(ctx context.Context, c *store.Claimed, account *connectors.Account) (context.Context, trace.Span) {
	ctx, span := tracing.Begin(ctx, w.Tracer, trace.SpanKindConsumer, TaskType(c.Action), c.Params.Trace)
	if span.IsRecording() {
		tracing.Concerns(ctx, c.Organization, c.Conversation)
		span.SetAttributes(
			attribute.Int("afterchat.episode", c.Episode), attribute.String("afterchat.delivery", c.ID.String()),
			attribute.String("afterchat.action", string(c.Action)), attribute.String("afterchat.target", c.Target),
			attribute.String("afterchat.account_type", account.Type()),
			attribute.Int("afterchat.attempt", c.Attempts+1), attribute.Bool("afterchat.look_first", c.LookFirst))
	}
	return ctx, span
}
