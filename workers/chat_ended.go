package workers

import (
	"context"

	"github.com/afterchat/afterchat/internal/config"
)

// chatEnded takes in the snapshot at the end of an episode: POST …/end by asynq.
func (w *Worker) chatEnded(ctx context.Context, o *config.Organization, conversation string, body []byte) error {
	_, _, err := w.Intake.End(ctx, o, conversation, body)
	return err
}
