package connectortest

import (
	"strings"
	"testing"
	"time"

	"github.com/afterchat/afterchat/connectors"
	"github.com/afterchat/afterchat/internal/chat"
	"github.com/afterchat/afterchat/internal/fault"
)

func testMessages(t *testing.T, newHarness func(*testing.T) *Harness) {
	h := newHarness(t)
	traits := h.Connector.Traits()
	tests := map[string]func(*testing.T, *Harness){
		"a message is sent once to its recipient":   messageOnce,
		"a subject's line breaks add no recipient":  messageHeaders,
		"a recipient that is no address is refused": messageNowhere,
	}
	for name, text := range texts() {
		tests["a message keeps "+name] = func(t *testing.T, h *Harness) { messageKeeps(t, h, text) }
	}
	if traits.MaxBody > 0 {
		tests["a message of MaxBody bytes is kept whole"] = func(t *testing.T, h *Harness) { messageKeeps(t, h, bodyOf(traits.MaxBody)) }
	}
	if traits.Send.Kind == connectors.IdempotentKind {
		tests["the same key twice sends once"] = messageTwice
	}
	if _, ok := h.Connector.(connectors.SentFinder); ok {
		tests["a sent message is found"] = messageFound
		tests["a message never sent is not found"] = messageNotFound
	}
	each(t, newHarness, tests)
}

func messageOnce(t *testing.T, h *Harness) {
	m := newMessage(t, h)
	ref := send(t, h, m)
	if ref.ID == "" {
		t.Error("the message's reference has no id")
	}
	if got := onlyMessage(t, h, m); !strings.Contains(strings.ToLower(got.To), strings.ToLower(m.To)) {
		t.Errorf("it went to %q, want %q", got.To, m.To)
	}
}

func messageHeaders(t *testing.T, h *Harness) {
	m := newMessage(t, h)
	elsewhere := token() + "@example.net"
	m.Subject = "Your chat\r\nBcc: " + elsewhere
	m.ToName = "Ann\r\nCc: " + elsewhere
	if _, err := sender(h).Send(within(t), m); err != nil {
		assertFault(t, h, err, messageWords(m), fault.Invalid)
	}
	for _, sent := range h.Sent(t) {
		if strings.Contains(sent.To, elsewhere) {
			t.Error("a line break in a subject or a name added a recipient")
		}
	}
}

func messageNowhere(t *testing.T, h *Harness) {
	m := newMessage(t, h)
	m.To = "nowhere " + token()
	_, err := sender(h).Send(within(t), m)
	assertFault(t, h, err, messageWords(m), fault.Invalid)
	if n := len(messagesWith(t, h, m)); n != 0 {
		t.Errorf("%d messages were sent nowhere", n)
	}
}

func messageKeeps(t *testing.T, h *Harness, text string) {
	m := newMessage(t, h)
	m.Text, m.Unique = text, text[len(text)-16:]
	send(t, h, m)
	if got := onlyMessage(t, h, m); !strings.Contains(sameLines(got.Body), text) {
		t.Errorf("the message has %d bytes and does not hold the %d that were sent: %.200q", len(got.Body), len(text), got.Body)
	}
}

func messageTwice(t *testing.T, h *Harness) {
	m := newMessage(t, h)
	if first, second := send(t, h, m), send(t, h, m); second != first {
		t.Errorf("the second time gave %+v, the first %+v", second, first)
	}
	onlyMessage(t, h, m)
}

func messageFound(t *testing.T, h *Harness) {
	m := newMessage(t, h)
	ref := send(t, h, m)
	send(t, h, newMessage(t, h))
	var found chat.Ref
	if !eventually(t, h.Connector.Traits().Send.Lag, func() bool {
		var err error
		found, err = h.Connector.(connectors.SentFinder).FindSent(within(t), m)
		return err == nil
	}) {
		t.Fatal("the message was not found within the promised lag")
	}
	if found.ID != ref.ID {
		t.Errorf("found %+v, sent %+v", found, ref)
	}
}

func messageNotFound(t *testing.T, h *Harness) {
	m := newMessage(t, h)
	send(t, h, m)
	never := newMessage(t, h)
	never.To = m.To
	_, err := h.Connector.(connectors.SentFinder).FindSent(within(t), never)
	assertFault(t, h, err, messageWords(never), fault.NotFound)
}

func sender(h *Harness) connectors.Sender { return h.Connector.(connectors.Sender) }

func newMessage(t *testing.T, h *Harness) connectors.Outgoing {
	t.Helper()
	unique := "https://chat.example/r/" + token()
	return connectors.Outgoing{
		Key:     newKey(chat.SendLink),
		To:      h.To(t),
		ToName:  "Ann",
		Subject: "Your chat about the boiler",
		Text:    "Go on here:\n" + unique,
		Thread:  token(),
		Unique:  unique,
		Since:   time.Now().Add(-time.Minute),
	}
}

func messageWords(m connectors.Outgoing) []string {
	return []string{m.To, m.Subject, m.Text, m.Unique}
}

// send sends a message and fails the test when that fails.
func send(t *testing.T, h *Harness, m connectors.Outgoing) chat.Ref {
	t.Helper()
	ref, err := sender(h).Send(within(t), m)
	if err != nil {
		assertNoLeak(t, h, err, messageWords(m))
		t.Fatalf("sending a message: %v", err)
	}
	return ref
}

// onlyMessage returns the one message that holds m's unique text, and fails when there
// are others.
func onlyMessage(t *testing.T, h *Harness, m connectors.Outgoing) Message {
	t.Helper()
	found := messagesWith(t, h, m)
	if len(found) != 1 {
		t.Fatalf("%d messages hold the text, want 1", len(found))
	}
	return found[0]
}

func messagesWith(t *testing.T, h *Harness, m connectors.Outgoing) []Message {
	t.Helper()
	var found []Message
	for _, sent := range h.Sent(t) {
		if strings.Contains(sent.Body, m.Unique) {
			found = append(found, sent)
		}
	}
	return found
}
