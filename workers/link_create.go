package workers

import (
	"context"

	"github.com/hibiken/asynq"

	"github.com/afterchat/afterchat/internal/config"
)

// linkCreate makes a link: POST /v1/links by asynq. The task's own id makes it
// repeatable, as an Idempotency-Key does by HTTP.
func (w *Worker) linkCreate(ctx context.Context, o *config.Organization, _ string, body []byte) error {
	id, _ := asynq.GetTaskID(ctx)
	_, err := w.Intake.Link(ctx, o, body, "task "+id)
	return err
}
