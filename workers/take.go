package workers

import (
	"context"
	"fmt"
	"maps"
	"time"

	"github.com/hibiken/asynq"

	"github.com/afterchat/afterchat/internal/chat"
	"github.com/afterchat/afterchat/internal/config"
	"github.com/afterchat/afterchat/internal/fault"
	"github.com/afterchat/afterchat/internal/store"
	"github.com/afterchat/afterchat/internal/tracing"
	"github.com/afterchat/afterchat/workers/tasks"
)

// envelope is what a chat core's task has beside the HTTP body.
type envelope struct {
	Organization string `json:"organization"`
	Conversation string `json:"conversation"`
}

// take is the frame of every task of a chat core: find the organization, hand the body
// in, reject what cannot be taken. The task leaves Redis once it is stored or rejected,
// and only then.
func (w *Worker) take(in func(context.Context, *config.Organization, string, []byte) error) asynq.HandlerFunc {
	return func(ctx context.Context, t *asynq.Task) error {
		if len(t.Payload()) > tasks.MaxPayload {
			return w.reject(ctx, t, "", "payload_too_large")
		}
		var e envelope
		if err := chat.Decode(chat.Sanitize(t.Payload()), &e); err != nil {
			return w.reject(ctx, t, "", reason(err))
		}
		if e.Organization == "" {
			return w.reject(ctx, t, "", "organization_missing")
		}
		o, ok := w.Organizations[e.Organization]
		if !ok {
			return w.unknownOrganization(ctx, t, e.Organization)
		}
		tracing.Concerns(ctx, o.ID, e.Conversation)
		err := in(ctx, o, e.Conversation, t.Payload())
		switch fault.KindOf(err) {
		case 0:
			return nil
		case fault.Transient, fault.RateLimited, fault.Ambiguous, fault.Denied:
			return w.again(ctx, t, err)
		case fault.Invalid, fault.NotFound, fault.Conflict, fault.Unsupported:
			return w.reject(ctx, t, o.ID, reason(err))
		}
		return err
	}
}

// unknownOrganization gives a task a while, because configuration may be on its way.
func (w *Worker) unknownOrganization(ctx context.Context, t *asynq.Task, organization string) error {
	seen, err := w.Store.SeeReject(ctx, rejected(ctx, t, organization, "unknown_organization"))
	if err != nil {
		return w.again(ctx, t, err)
	}
	if seen >= w.UnknownFor {
		return w.reject(ctx, t, organization, "unknown_organization")
	}
	wait := min(max(seen, time.Second), time.Minute)
	return w.again(ctx, t, fault.New(fault.Transient, "unknown_organization", "no such organization is configured").After(wait))
}

// reject moves a task to the table of rejects; it then leaves Redis.
func (w *Worker) reject(ctx context.Context, t *asynq.Task, organization, why string) error {
	if err := w.Store.Reject(ctx, rejected(ctx, t, organization, why)); err != nil {
		return w.again(ctx, t, err)
	}
	tracing.Outcome(ctx, "rejected", why, true)
	w.Log.WarnContext(ctx, "task rejected", "type", t.Type(), "organization", organization, "reason", why)
	return nil
}

// again has a task run again later. asynq archives a task whose sender allowed no (more)
// retries, whatever the error says, so such a task is put back as a new one.
func (w *Worker) again(ctx context.Context, t *asynq.Task, err error) error {
	tracing.Outcome(ctx, fault.KindOf(err).String(), fault.CodeOf(err), true)
	retried, _ := asynq.GetRetryCount(ctx)
	most, _ := asynq.GetMaxRetry(ctx)
	if retried < most {
		return err
	}
	if putErr := w.PutBack(ctx, t, RetryDelay(retried, err, t)); putErr != nil {
		return fmt.Errorf("putting a task back: %w", putErr)
	}
	return nil
}

func rejected(ctx context.Context, t *asynq.Task, organization, why string) store.Reject {
	return store.Reject{Task: taskID(ctx, t), Type: t.Type(), Organization: organization, Reason: why, Payload: t.Payload()}
}

// taskID is a task's id, the first one if it was put back.
func taskID(ctx context.Context, t *asynq.Task) string {
	if original := t.Headers()[originalTask]; original != "" {
		return original
	}
	id, _ := asynq.GetTaskID(ctx)
	return id
}

// originalTask is the header that keeps a task's first id when it is put back.
const originalTask = "afterchat-task"

// reason is a fault's code, with the field where it names one.
func reason(err error) string {
	if field := fault.FieldOf(err); field != "" {
		return fault.CodeOf(err) + " at " + field
	}
	return fault.CodeOf(err)
}

// PutBackTask is the task that is enqueued when one has to be put back.
func PutBackTask(ctx context.Context, t *asynq.Task, delay time.Duration) (*asynq.Task, []asynq.Option) {
	headers := maps.Clone(t.Headers())
	if headers == nil {
		headers = map[string]string{}
	}
	headers[originalTask] = taskID(ctx, t)
	return asynq.NewTaskWithHeaders(t.Type(), t.Payload(), headers),
		[]asynq.Option{asynq.Queue(tasks.QueueIntake), asynq.ProcessIn(delay), asynq.MaxRetry(1 << 20)}
}
