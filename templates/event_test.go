package templates

import (
	"strings"
	"testing"

	"github.com/afterchat/afterchat/internal/chat"
)

// What a chat core leaves out of an event is not made up, and leaves no hole in a sentence.
func TestAnEventOfWhichLittleIsKnownIsSaidWithoutAHole(t *testing.T) {
	t.Parallel()
	system, agent := chat.Author{Kind: chat.AuthorSystem}, chat.Author{Kind: chat.AuthorAgent, ID: "a"}
	for _, c := range []struct {
		name               string
		by                 chat.Author
		event              chat.Event
		customer, internal string
	}{
		{"without anything", system, chat.Event{}, "The chat was updated.", "The chat was updated."},
		{"without a type", system, chat.Event{From: "a", To: "u"}, "The chat was updated.", "Event: ?, from Bo Ek to Ann."},
		{"joined, nobody knows who", system, chat.Event{Type: "joined"}, "The chat was updated.", "Event: joined."},
		{"left, nobody knows who", system, chat.Event{Type: "left"}, "The chat was updated.", "Event: left."},
		{"joined, by whoever wrote it", agent, chat.Event{Type: "joined"}, "Bo joined the chat.", "Bo Ek joined the chat."},
		{"left, by one who is not in the list", system, chat.Event{Type: "left", From: "a_9"}, "Support left the chat.", "a_9 left the chat."},
	} {
		s := chat.Snapshot{
			User: chat.User{ID: "u", Name: "Ann"}, Agents: []chat.Agent{{ID: "a", Name: "Bo Ek", DisplayName: "Bo"}},
			Messages: []chat.Message{{Author: c.by, Event: &c.event}},
		}
		customer, err := renderer(t).TranscriptForCustomer(ForCustomer(s, Options{}))
		if err != nil {
			t.Fatal(err)
		}
		internal, err := renderer(t).TranscriptForInternal(ForInternal(s, Options{}))
		if err != nil {
			t.Fatal(err)
		}
		for _, form := range [][2]string{{customer.Text, "— " + c.customer}, {customer.HTML, c.customer}, {internal.Text, "— " + c.internal}, {internal.HTML, c.internal}} {
			if !strings.Contains(form[0], form[1]) {
				t.Errorf("%s: %q is not in %s", c.name, form[1], form[0])
			}
		}
	}
}
