package workers

import (
	"context"

	"github.com/hibiken/asynq"

	"github.com/afterchat/afterchat/internal/config"
	"github.com/afterchat/afterchat/workers/tasks"
)

// linkCreate makes a link: POST /v1/links by asynq. The Idempotency-Key of the task's
// header makes it repeatable, as the one of the request does by HTTP; without one, the
// task's own id does.
func (w *Worker) linkCreate(ctx context.Context, t *asynq.Task) error {
	key := "task " + taskID(ctx, t)
	if given := t.Headers()[tasks.IdempotencyKey]; given != "" {
		key = given
	}
	return w.take(func(ctx context.Context, o *config.Organization, _ string, body []byte) error {
		_, err := w.Intake.Link(ctx, o, body, key)
		return err
	})(ctx, t)
}
