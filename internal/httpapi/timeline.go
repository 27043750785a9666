package httpapi

import (
	"cmp"
	"time"

	"github.com/afterchat/afterchat/internal/chat"
	"github.com/afterchat/afterchat/internal/plan"
	"github.com/afterchat/afterchat/internal/store"
)

// delivery is a delivery as the timeline shows it. Conversation and Episode are set
// where it stands outside of its conversation.
type delivery struct {
	ID           string        `json:"id" doc:"32 hexadecimal digits."`
	Conversation string        `json:"conversation,omitempty"`
	Episode      int           `json:"episode,omitempty"`
	Action       chat.Action   `json:"action" enum:"file_ticket,attach_notes,amend_ticket,email_transcript,send_link"`
	Target       string        `json:"target" doc:"The desk's name, mail or sms."`
	To           string        `json:"to,omitempty" doc:"The address or number that it goes to. user, for the conversation's own, where that is not known or deliveries of many conversations are listed."`
	Channel      string        `json:"channel,omitempty" enum:"sms,email" doc:"How a link is sent."`
	Audience     chat.Audience `json:"audience,omitempty" enum:"customer,internal" doc:"Whom a transcript is for."`
	Asked        bool          `json:"asked,omitempty" doc:"An agent asked for this transcript."`
	Note         string        `json:"note,omitempty" doc:"The covering note that stands above it."`
	State        chat.State    `json:"state" enum:"pending,calling,delivered,failed,unknown,suppressed,cancelled"`
	HeldBy       *string       `json:"held_by" doc:"dependency, settle, contact, rate_limit, account_paused or not_configured."`
	DueAt        *time.Time    `json:"due_at"`
	Ref          nullable[ref] `json:"ref"`
	Receipt      *string       `json:"receipt" doc:"What the other side said later, as delivered, undelivered 30003 or bounced 5.1.1."`
	Error        *string       `json:"error"`
	Attempts     []attempt     `json:"attempts" nullable:"false"`
}

// ref names a thing on the other side; without a web address the URL is empty.
type ref struct {
	ID  string `json:"id"`
	URL string `json:"url" required:"false"`
}

type attempt struct {
	At         time.Time `json:"at"`
	Outcome    string    `json:"outcome"`
	Error      *string   `json:"error"`
	DurationMS int64     `json:"duration_ms"`
}

func viewDeliveries(list []store.Timeline) []delivery {
	out := make([]delivery, 0, len(list))
	for _, d := range list {
		out = append(out, viewDelivery(d))
	}
	return out
}

func viewDelivery(d store.Timeline) delivery {
	out := delivery{
		ID: d.ID.String(), Action: d.Action, Target: d.Target, State: d.State, HeldBy: orNull(d.Hold), DueAt: timeOrNull(d.DueAt),
		Receipt: orNull(d.Receipt), Error: orNull(d.Error), Attempts: make([]attempt, 0, len(d.Tries)),
	}
	out.addRecipient(d)
	if d.Ref.ID != "" {
		out.Ref = some(ref{d.Ref.ID, d.Ref.URL})
	}
	for _, t := range d.Tries {
		out.Attempts = append(out.Attempts, attempt{t.At.UTC(), t.Outcome, orNull(t.Error), t.Duration.Milliseconds()})
	}
	return out
}

// addRecipient says to whom a message goes, and what more was asked for.
func (out *delivery) addRecipient(d store.Timeline) {
	switch d.Action {
	case chat.EmailTranscript:
		out.To, out.Audience, out.Asked, out.Note = cmp.Or(d.To, plan.ToUser), d.Params.Audience, d.Params.Asked, d.Params.Cover
	case chat.SendLink:
		out.To, out.Channel = d.To, d.Params.Channel
	case chat.FileTicket, chat.AttachNotes, chat.AmendTicket:
	}
}

// viewAlone is a delivery that names its conversation.
func viewAlone(d store.Timeline) delivery {
	out := viewDelivery(d)
	out.Conversation, out.Episode = d.Conversation, d.Episode
	return out
}
