package workers

import (
	"context"

	"github.com/afterchat/afterchat/internal/config"
)

// chatOpened takes in an open chat as it stands: PUT /v1/conversations/{id} by asynq.
func (w *Worker) chatOpened(ctx context.Context, o *config.Organization, conversation string, body []byte) error {
	return w.Intake.Open(ctx, o, conversation, body)
}
