package workers

import (
	"context"

	"github.com/afterchat/afterchat/internal/config"
)

// chatNote takes a note: POST …/notes by asynq.
func (w *Worker) chatNote(ctx context.Context, o *config.Organization, conversation string, body []byte) error {
	_, err := w.Intake.Note(ctx, o, conversation, body)
	return err
}
