package standin

import (
	"fmt"
	"time"

	"github.com/afterchat/afterchat/internal/chat"
)

// Chat makes the n-th of any number of different chats, each with a note, a user who can
// be reached and an outcome that needs a ticket.
func Chat(n int) chat.Snapshot {
	start := time.Date(2026, 11, 20, 9, 0, 0, 0, time.UTC).Add(time.Duration(n) * time.Minute)
	s := chat.Snapshot{
		ID: fmt.Sprintf("c_%06d", n), Episode: 1, Channel: "web", Product: "Espresso Pro 3", Group: "coffee", Locale: "en",
		StartedAt: start, EndedAt: start.Add(10 * time.Minute), EndedBy: "agent", Outcome: "follow_up",
		User: chat.User{
			ID: fmt.Sprintf("u_%06d", n), Name: fmt.Sprintf("Visitor %d", n), Email: fmt.Sprintf("visitor%d@example.com", n),
			EmailVerified: true, Phone: fmt.Sprintf("+4670%07d", n%10_000_000),
		},
		Agents:        []chat.Agent{{ID: "a_1", Name: "Bo Ekholm", DisplayName: "Bo", Email: "bo@acme.example"}},
		AssignedAgent: "a_1",
		Notes:         []chat.Note{{ID: "n1", At: start.Add(5 * time.Minute), Agent: "a_1", Text: fmt.Sprintf("Boiler replaced in May, case %d", n)}},
		Form:          []chat.Answer{{Key: "order_id", Label: "Order number", Value: fmt.Sprintf("A-%d", n)}},
	}
	lines := []string{
		"Hello, my machine does not heat up any more.", "Good morning! I am sorry to hear that. Since when?",
		"Since yesterday. It worked well before.", "Did you descale it lately? \U0001F914", "Yes, last week, with your own powder.",
		"Then I would like a technician to look at it.", "That would be great, thank you!", "You are welcome. You will hear from us.",
	}
	for i, text := range lines {
		author := chat.Author{Kind: chat.AuthorUser, ID: s.User.ID}
		if i%2 == 1 {
			author = chat.Author{Kind: chat.AuthorAgent, ID: "a_1"}
		}
		s.Messages = append(s.Messages, chat.Message{
			ID: fmt.Sprintf("m%d", i+1), At: start.Add(time.Duration(i) * time.Minute), Author: author, Text: text,
		})
	}
	return s
}
