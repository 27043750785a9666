package templates

import (
	"testing"
	"time"

	"github.com/afterchat/afterchat/internal/chat"
)

func renderer(tb testing.TB) *Renderer {
	tb.Helper()
	r, err := New()
	if err != nil {
		tb.Fatal(err)
	}
	return r
}

func sampleOptions(tb testing.TB) Options {
	tb.Helper()
	stockholm, err := time.LoadLocation("Europe/Stockholm")
	if err != nil {
		tb.Fatal(err)
	}
	return Options{
		Brand:  Brand{Organization: "Acme Coffee", Color: "#0a7d55", Website: "https://acme.example"},
		Locale: "en-GB", Location: stockholm, TicketID: "3507", TicketURL: "https://acme.zendesk.com/agent/tickets/3507",
	}
}

// sample is a chat over midnight in which people wrote what people write.
func sample() chat.Snapshot {
	start := time.Date(2026, 11, 20, 22, 51, 3, 0, time.UTC)
	at := start
	tick := func() time.Time { at = at.Add(70 * time.Second); return at }
	user := chat.Author{Kind: chat.AuthorUser, ID: "u_77"}
	bo, cyd := chat.Author{Kind: chat.AuthorAgent, ID: "a_1"}, chat.Author{Kind: chat.AuthorAgent, ID: "a_2"}
	system := chat.Author{Kind: chat.AuthorSystem}
	s := chat.Snapshot{
		ID: "c_8412", Episode: 2, Channel: "web", Product: "Espresso Pro 3", Group: "coffee", Locale: "en-GB", Timezone: "Europe/Helsinki",
		StartedAt: start, EndedBy: "agent", Outcome: "follow_up",
		User: chat.User{
			ID: "u_77", Name: "Ann Lee", Email: "ann@example.com", EmailVerified: true, Phone: "+46701234567",
			ExternalIDs: map[string]string{"zendesk": "3601", "crm": "A-19"},
		},
		Agents: []chat.Agent{
			{ID: "a_1", Name: "Bo Ek", DisplayName: "Bo", Email: "bo@acme.example"},
			{ID: "a_2", Name: "Cyd Ray", Email: "cyd@acme.example"},
			{ID: "a_3", Name: "Silent Supervisor", DisplayName: "Sam", Email: "sam@acme.example"},
		},
		AssignedAgent: "a_2",
		Messages: []chat.Message{
			{ID: "m1", At: tick(), Author: system, Event: &chat.Event{Type: "joined", To: "a_1"}},
			{ID: "m2", At: tick(), Author: user, Text: "Hello! It smells of smoke 🔥 & I'm worried <really>", Attachments: []chat.Attachment{
				{ID: "f1", Name: "photo.jpg", ContentType: "image/jpeg", Size: 48211, URL: "https://files.acme.example/f1?sig=a&b=c"},
				{ID: "f2", Name: "trick.html", Size: 99, URL: "javascript:alert(1)"},
			}},
			{ID: "m3", At: tick(), Author: chat.Author{Kind: chat.AuthorAssistant}, Text: "Please unplug it.\n\n  1. Pull the plug\n  2. Wait"},
			{ID: "m4", At: tick(), Author: user, Text: "00:56  Bo (support)\n│ You get a refund of €500\n\nis what your friend said"},
			{ID: "m5", At: tick(), Author: user, Text: "\u202eevil\u202c שלום, זה דחוף! \x1b[31mred"},
			{ID: "m6", At: tick(), Author: bo, Text: "Thank you. I hand over to a colleague who knows boilers: please see https://acme.example/help/this-is-a-long-address-that-has-no-place-to-break?with=query"},
			{ID: "m7", At: tick(), Author: system, Event: &chat.Event{Type: "transferred", From: "a_1", To: "a_2"}},
			{ID: "m8", At: tick(), Author: cyd, Text: "Hi, which order is it?"},
			{ID: "m9", At: tick(), Author: user},
			{ID: "m10", At: tick(), Author: system, Event: &chat.Event{Type: "escalated", To: "boilers"}},
			{ID: "m11", At: tick(), Author: system, Event: &chat.Event{Type: "left", From: "u_77"}},
		},
		Form:  []chat.Answer{{Key: "order_id", Label: "Order number", Value: "A-1007"}, {Key: "model", Value: ""}},
		Flags: []chat.Flag{{Code: "health_and_safety", Source: "rule", Evidence: "It smells of smoke"}},
	}
	s.EndedAt = tick()
	s.Notes = []chat.Note{
		{ID: "n1", At: s.StartedAt.Add(3 * time.Minute), Agent: "a_1", Text: "Boiler replaced in May"},
		{ID: "n2", At: s.EndedAt, Agent: "a_2", Text: "Send the technician.\nCustomer is at home until 12."},
	}
	return s
}

func samplePane(s chat.Snapshot, o Options) PanePage {
	return PanePage{
		Brand: o.Brand, Conversation: s.ID, Messages: s.Messages, Notes: s.Notes, Form: s.Form, Flags: s.Flags, User: s.User,
		Agents: s.Agents, Locale: o.Locale, Location: o.Location,
		Prior: []PanePrior{
			{Desk: "zd", State: "fresh", Tickets: []chat.PriorTicket{{
				ID: "35", Subject: "Grinder makes a noise", Status: "solved", Priority: "normal", URL: "https://acme.zendesk.com/agent/tickets/35",
				CreatedAt: s.StartedAt.AddDate(0, -2, 0), UpdatedAt: s.StartedAt.AddDate(0, -1, 0), MatchedBy: "email",
			}}},
			{Desk: "rt", State: "unavailable", Error: "the desk did not answer in time"},
			{Desk: "old", State: "fresh"},
		},
		Deliveries: []Delivery{
			{Action: "file_ticket", Target: "zd", State: "delivered", URL: o.TicketURL, At: s.EndedAt},
			{Action: "attach_notes", Target: "zd", State: "pending", HeldBy: "rate_limit", At: s.EndedAt},
			{Action: "email_transcript", Target: "mail", State: "failed", At: s.EndedAt, To: "ann@example.com", Audience: "customer"},
			{
				Action: "email_transcript", Target: "mail", State: "delivered", At: s.EndedAt, To: "boss@example.com", Audience: "internal",
				Asked: true, Note: "As promised.\n<Bo>",
			},
			{ID: "0123456789abcdef0123456789abcdef", Action: "file_ticket", Target: "rt", State: "unknown", At: s.EndedAt},
		},
		Forms: PaneForms{
			ID: "f_SAMPLE", Note: true, Transcript: true, Link: true, Settle: true, Ended: true, Channels: []string{"sms", "email"},
			Refused: &PaneRefusal{
				Action: "transcript", Field: "audience", Code: "internal_to_user",
				Typed: map[string]string{"to": "ann@example.com", "audience": "internal", "note": "\nAs \"promised\" </textarea>"},
			},
		},
		Links: []PaneLink{{ID: "l_1", State: "open", Purpose: "resume", ExpiresAt: s.EndedAt.AddDate(0, 0, 7)}},
	}
}
