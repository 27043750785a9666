package httpapi

import (
	"context"
	"net/http"
	"reflect"

	"github.com/afterchat/afterchat/internal/intake"
)

func (a *api) routeTranscripts() {
	register(a, operation{
		id: "ask-transcript", method: http.MethodPost, path: "/v1/conversations/{id}/transcripts", tag: "Conversations",
		summary: "Mail a transcript that an agent asks for",
		doc: "One more transcript of an episode that has ended, beside those of the rules, to any address. It is accepted (202) and then " +
			"delivered as every delivery is: its state stands in the conversation's deliveries. The audience internal is refused for " +
			"every address that the user is known by (internal_to_user), an address that mail cannot be sent to (bad_address) and a " +
			"user without one (no_address) at to, an episode that has not ended (not_ended) as a conflict.",
		status: http.StatusAccepted, body: reflect.TypeFor[intake.TranscriptRequest](), optional: true,
	}, a.askTranscript)
}

type askTranscriptInput struct {
	request
	ID             string `path:"id" doc:"The chat core's id of the conversation."`
	IdempotencyKey string `header:"Idempotency-Key" doc:"The same key with the same body gives the same answer, for a day."`
}

func (in *askTranscriptInput) check() error {
	if err := (&conversationInput{ID: in.ID}).check(); err != nil {
		return err
	}
	return checkIdempotencyKey(in.IdempotencyKey)
}

func (a *api) askTranscript(ctx context.Context, in *askTranscriptInput) (*answer[intake.TranscriptAnswer], error) {
	return answered(a.Intake.Transcript(ctx, in.organization, in.ID, in.body, in.IdempotencyKey))
}
