package templates

import (
	"time"

	"github.com/afterchat/afterchat/internal/chat"
)

// Sample returns a made-up chat in which there is some of everything: what templates are
// tried with where there is no real one.
func Sample() chat.Snapshot {
	start := time.Date(2026, 11, 20, 22, 51, 3, 0, time.UTC)
	at := func(minutes int) time.Time { return start.Add(time.Duration(minutes) * time.Minute) }
	user, system := chat.Author{Kind: chat.AuthorUser, ID: "u_1"}, chat.Author{Kind: chat.AuthorSystem}
	return chat.Snapshot{
		ID: "c_sample", Episode: 1, Channel: "web", Product: "Espresso Pro 3", Group: "coffee", StartedAt: start, EndedAt: at(79),
		EndedBy: "agent", Outcome: "follow_up", AssignedAgent: "a_2",
		User: chat.User{
			ID: "u_1", Name: "Ann Sample", Email: "ann@example.com", EmailVerified: true, Phone: "+15005550006",
			ExternalIDs: map[string]string{"crm": "A-19"},
		},
		Agents: []chat.Agent{
			{ID: "a_1", Name: "Bo Ek", DisplayName: "Bo", Email: "bo@example.com"},
			{ID: "a_2", Name: "Cyd Ray", DisplayName: "Cyd", Email: "cyd@example.com"},
		},
		Messages: []chat.Message{
			{ID: "m1", At: at(0), Author: user, Text: "Hello! It smells of smoke 🔥 & I am worried.", Attachments: []chat.Attachment{
				{ID: "f1", Name: "photo.jpg", ContentType: "image/jpeg", Size: 48211, URL: "https://example.com/photo.jpg"},
				{ID: "f2", Name: "lost.pdf", ContentType: "application/pdf"},
			}},
			{ID: "m2", At: at(1), Author: chat.Author{Kind: chat.AuthorAssistant}, Text: "Please unplug it:\n\n  1. Pull the plug\n  2. Wait"},
			{ID: "m3", At: at(2), Author: system, Event: &chat.Event{Type: "joined", To: "a_1"}},
			{ID: "m4", At: at(3), Author: chat.Author{Kind: chat.AuthorAgent, ID: "a_1"}, Text: "Thank you. I hand you over to a colleague who knows boilers."},
			{ID: "m5", At: at(4), Author: system, Event: &chat.Event{Type: "transferred", From: "a_1", To: "a_2"}},
			{ID: "m6", At: at(76), Author: chat.Author{Kind: chat.AuthorAgent, ID: "a_2"}, Text: "See https://example.com/help, and have a good night."},
			{ID: "m7", At: at(77), Author: user},
			{ID: "m8", At: at(78), Author: system, Event: &chat.Event{Type: "left", From: "u_1"}},
		},
		Notes: []chat.Note{{ID: "n1", At: at(5), Agent: "a_2", Text: "Boiler replaced in May.\nSend the technician."}},
		Form:  []chat.Answer{{Key: "order_id", Label: "Order number", Value: "A-1007"}, {Key: "model"}},
		Flags: []chat.Flag{{Code: "health_and_safety", Source: "rule", Evidence: "It smells of smoke"}},
	}
}
