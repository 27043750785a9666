package workers

import (
	"context"

	"github.com/afterchat/afterchat/internal/config"
)

// chatContact takes contact data that came after the chat: POST …/contact by asynq.
func (w *Worker) chatContact(ctx context.Context, o *config.Organization, conversation string, body []byte) error {
	_, err := w.Intake.Contact(ctx, o, conversation, body)
	return err
}
