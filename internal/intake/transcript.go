package intake

import (
	"cmp"
	"context"
	"crypto/rand"
	"encoding/json"
	"fmt"
	"strings"

	"github.com/afterchat/afterchat/internal/chat"
	"github.com/afterchat/afterchat/internal/config"
	"github.com/afterchat/afterchat/internal/plan"
	"github.com/afterchat/afterchat/internal/store"
)

// TranscriptRequest is the body of POST /v1/conversations/{id}/transcripts.
type TranscriptRequest struct {
	To       string        `json:"to,omitempty" doc:"An address, or user. Default: the user's own."`
	Audience chat.Audience `json:"audience,omitempty" enum:"customer,internal" doc:"Default customer; the user never gets internal."`
	Note     string        `json:"note,omitempty" maxLength:"4000" doc:"A covering note, which stands above the transcript."`
	Episode  int           `json:"episode,omitempty" doc:"Default: the latest that has ended."`
	PDF      bool          `json:"pdf,omitempty" doc:"Attach the transcript as a PDF, too. Default false."`
}

// TranscriptAnswer is the answer to it: the delivery as it was planned.
type TranscriptAnswer struct {
	ID     string      `json:"id" doc:"32 hexadecimal digits."`
	Action chat.Action `json:"action"`
	Target string      `json:"target"`
	State  chat.State  `json:"state"`
}

// Transcript plans a transcript that an agent asks for. The same idempotency key with the
// same body gives the same answer.
func (i *Intake) Transcript(ctx context.Context, o *config.Organization, id string, body []byte, idempotencyKey string) (TranscriptAnswer, error) {
	var r TranscriptRequest
	if len(body) > 0 {
		if err := chat.Decode(chat.Sanitize(body), &r); err != nil {
			return TranscriptAnswer{}, err
		}
	}
	if err := checkConversation(id); err != nil {
		return TranscriptAnswer{}, err
	}
	if r.Episode < 0 || r.Episode > chat.MaxEpisode {
		return TranscriptAnswer{}, wrong("episode", "is out of range")
	}
	r.To, r.Audience = cmp.Or(strings.TrimSpace(r.To), plan.ToUser), cmp.Or(r.Audience, chat.Customer)
	repeat, err := repeatable("transcript", idempotencyKey, struct {
		Conversation string
		TranscriptRequest
	}{id, r})
	if err != nil {
		return TranscriptAnswer{}, err
	}
	ask := plan.Ask{ID: "t_" + rand.Text(), To: r.To, Audience: r.Audience, Cover: r.Note, PDF: r.PDF}
	raw, err := i.Store.AskTranscript(ctx, o.ID, store.NewTranscript{
		Conversation: id, Episode: r.Episode, Repeat: repeat,
		Plan: func(c chat.Conversation, addresses []string) (chat.Delivery, string, error) {
			d, err := plan.Asked(c, o, ask, addresses)
			if err != nil {
				return chat.Delivery{}, "", err
			}
			answer, err := json.Marshal(TranscriptAnswer{d.ID.String(), d.Action, d.Target, d.State})
			return d, string(answer), err
		},
	})
	if err != nil {
		return TranscriptAnswer{}, err
	}
	var answer TranscriptAnswer
	if err := json.Unmarshal([]byte(raw), &answer); err != nil {
		return TranscriptAnswer{}, fmt.Errorf("reading the answer: %w", err)
	}
	i.Wake()
	return answer, nil
}
