package smtp

import (
	"testing"
	"time"

	"github.com/afterchat/afterchat/connectors"
	"github.com/afterchat/afterchat/internal/chat"
	"github.com/afterchat/afterchat/templates"
)

// BenchmarkTranscriptMail makes what the worker makes of a chat of 40 messages: its HTML,
// its text, and the MIME message of both.
func BenchmarkTranscriptMail(b *testing.B) {
	stockholm, err := time.LoadLocation("Europe/Stockholm")
	if err != nil {
		b.Fatal(err)
	}
	r, err := templates.New()
	if err != nil {
		b.Fatal(err)
	}
	c, err := New(&Settings{From: "Acme Support <support@acme.example>", Address: "127.0.0.1:25", TLS: TLSNone})
	if err != nil {
		b.Fatal(err)
	}
	s, now := fortyMessages(), time.Now()
	o := templates.Options{
		Brand:    templates.Brand{Organization: "Acme Coffee", Color: "#0a7d55", Website: "https://acme.example"},
		Location: stockholm, Agents: templates.AgentPolicy{Photos: true}, BodyLimit: 100 << 10,
	}
	b.ReportAllocs()
	for b.Loop() {
		letter, err := r.TranscriptForCustomer(templates.ForCustomer(s, o))
		if err != nil {
			b.Fatal(err)
		}
		m, err := c.compose(connectors.Outgoing{
			Key: chat.NewKey("acme", "c_8412", 1, chat.EmailTranscript, "user"), To: s.User.Email, ToName: s.User.Name,
			Subject: letter.Subject, Text: letter.Text, HTML: letter.HTML, Thread: "acme/c_8412",
		}, now)
		if err != nil {
			b.Fatal(err)
		}
		b.ReportMetric(float64(len(m.raw)), "mail-bytes")
	}
}

// fortyMessages is a chat as people write: two agents, a few minutes, short texts.
func fortyMessages() chat.Snapshot {
	start := time.Date(2026, 11, 20, 9, 12, 3, 0, time.UTC)
	s := chat.Snapshot{
		ID: "c_8412", Episode: 1, Product: "Espresso Pro 3", StartedAt: start, EndedAt: start.Add(20 * time.Minute), Outcome: "follow_up",
		User: chat.User{ID: "u_77", Name: "Ann Lee", Email: "ann@example.com"},
		Agents: []chat.Agent{
			{ID: "a_1", Name: "Bo Ek", DisplayName: "Bo", PhotoURL: "https://cdn.acme.example/agents/bo.jpg"},
			{ID: "a_2", Name: "Cyd Ray", DisplayName: "Cyd"},
		},
		Form: []chat.Answer{{Key: "order_id", Label: "Order number", Value: "A-1007"}},
	}
	authors := []chat.Author{{Kind: chat.AuthorUser, ID: "u_77"}, {Kind: chat.AuthorAgent, ID: "a_1"}, {Kind: chat.AuthorUser, ID: "u_77"}, {Kind: chat.AuthorAgent, ID: "a_2"}}
	texts := []string{"It smells of smoke & the light is red, what shall I do?", "Please unplug it – and don't touch the boiler.\nIs it still warm?", "Ja, ganz schön heiß 🔥"}
	for i := range 40 {
		s.Messages = append(s.Messages, chat.Message{At: start.Add(time.Duration(i) * 30 * time.Second), Author: authors[i%4], Text: texts[i%3]})
	}
	return s
}
