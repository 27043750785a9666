package connectortest

import (
	"slices"
	"strings"
	"testing"

	"github.com/afterchat/afterchat/connectors"
	"github.com/afterchat/afterchat/internal/chat"
	"github.com/afterchat/afterchat/internal/fault"
)

func testTickets(t *testing.T, newHarness func(*testing.T) *Harness) {
	tests := map[string]func(*testing.T, *Harness){
		"a ticket is there once with all that it was given":      ticketOnce,
		"a ticket is found by its key":                           ticketFound,
		"an unknown key is not found":                            ticketNotFound,
		"a ticket without an address can be filed":               ticketAnonymous,
		"every priority is taken":                                ticketPriorities,
		"a tag of several words is no reason to refuse a ticket": ticketTags,
	}
	for name, text := range texts() {
		tests["a body keeps "+name] = func(t *testing.T, h *Harness) { ticketKeeps(t, h, text) }
	}
	h := newHarness(t)
	if size := h.Connector.Traits().MaxBody; size > 0 {
		tests["a body of MaxBody bytes is kept whole"] = func(t *testing.T, h *Harness) { ticketKeeps(t, h, bodyOf(size)) }
	}
	if h.Connector.Traits().Create.Kind == connectors.IdempotentKind {
		tests["the same key twice makes one ticket"] = ticketTwice
	}
	if h.Connector.Traits().Files {
		tests["files are attached"] = ticketFiles
	}
	if h.CloseTicket != nil {
		tests["a ticket can follow up a closed one"] = ticketFollowUp
	}
	each(t, newHarness, tests)
}

func ticketOnce(t *testing.T, h *Harness) {
	for _, public := range []bool{false, true} {
		want := newTicket()
		want.Public = public
		ref := create(t, h, want)
		got := onlyTicket(t, h, want.Key)
		if got.ID != ref.ID {
			t.Errorf("the reference names %q, the ticket is %q", ref.ID, got.ID)
		}
		if ref.URL == "" {
			t.Error("the reference has no URL for people")
		}
		if got.Subject != want.Subject {
			t.Errorf("subject is %q, want %q", got.Subject, want.Subject)
		}
		if !strings.Contains(sameLines(got.Body), want.Body) {
			t.Errorf("body is %q, want %q", got.Body, want.Body)
		}
		if !strings.EqualFold(got.RequesterEmail, want.Requester.Email) {
			t.Errorf("requester is %q, want %q", got.RequesterEmail, want.Requester.Email)
		}
		if got.BodyPublic != nil && *got.BodyPublic != public {
			t.Errorf("may the requester read the body? %v, want %v", *got.BodyPublic, public)
		}
	}
}

func ticketFound(t *testing.T, h *Harness) {
	ticket := newTicket()
	ref := create(t, h, ticket)
	create(t, h, newTicket())
	var found chat.Ref
	if !eventually(t, h.Connector.Traits().Create.Lag, func() bool {
		var err error
		found, err = ticketer(h).FindTicket(within(t), ticket.Key)
		return err == nil
	}) {
		t.Fatal("the ticket was not found within the promised lag")
	}
	if found != ref {
		t.Errorf("found %+v, created %+v", found, ref)
	}
}

func ticketNotFound(t *testing.T, h *Harness) {
	create(t, h, newTicket())
	_, err := ticketer(h).FindTicket(within(t), newKey(chat.FileTicket))
	assertFault(t, h, err, nil, fault.NotFound)
}

func ticketAnonymous(t *testing.T, h *Harness) {
	for _, person := range []connectors.Person{{}, {Name: "Visitor " + token()}} {
		ticket := newTicket()
		ticket.Requester = person
		create(t, h, ticket)
		onlyTicket(t, h, ticket.Key)
	}
}

func ticketPriorities(t *testing.T, h *Harness) {
	for _, priority := range []string{"", "low", "normal", "high", "urgent"} {
		ticket := newTicket()
		ticket.Priority = priority
		create(t, h, ticket)
	}
}

func ticketTags(t *testing.T, h *Harness) {
	ticket := newTicket()
	ticket.Tags = []string{"Live Chat", "a,b", "  ", "värme", "live-chat", "live-chat"}
	create(t, h, ticket)
	onlyTicket(t, h, ticket.Key)
}

func ticketKeeps(t *testing.T, h *Harness, text string) {
	ticket := newTicket()
	ticket.Body = text
	create(t, h, ticket)
	if got := onlyTicket(t, h, ticket.Key); !strings.Contains(sameLines(got.Body), text) {
		t.Errorf("the body has %d bytes and does not hold the %d that were sent: %.200q", len(got.Body), len(text), got.Body)
	}
}

func ticketTwice(t *testing.T, h *Harness) {
	ticket := newTicket()
	first := create(t, h, ticket)
	if second := create(t, h, ticket); second != first {
		t.Errorf("the second time gave %+v, the first %+v", second, first)
	}
	onlyTicket(t, h, ticket.Key)
	ticket.Subject += ", rendered anew"
	if third := create(t, h, ticket); third.ID != first.ID {
		t.Errorf("the same key with another text gave %+v, the first %+v", third, first)
	}
	onlyTicket(t, h, ticket.Key)
}

func ticketFiles(t *testing.T, h *Harness) {
	ticket := newTicket()
	ticket.Files = []connectors.File{newFile(), newFile()}
	create(t, h, ticket)
	got := onlyTicket(t, h, ticket.Key)
	for _, file := range ticket.Files {
		if !slices.Contains(got.Files, file.Name) {
			t.Errorf("the ticket has the files %v, want %q among them", got.Files, file.Name)
		}
	}
}

func ticketFollowUp(t *testing.T, h *Harness) {
	old := create(t, h, newTicket())
	h.CloseTicket(t, old.ID)
	next := newTicket()
	next.FollowUpOf = &old
	if ref := create(t, h, next); ref.ID == old.ID {
		t.Error("the follow-up is the closed ticket itself")
	}
	onlyTicket(t, h, next.Key)
}

func ticketer(h *Harness) connectors.Ticketer { return h.Connector.(connectors.Ticketer) }

// create files a ticket and fails the test when that fails.
func create(t *testing.T, h *Harness, ticket connectors.Ticket) chat.Ref {
	t.Helper()
	ref, err := ticketer(h).CreateTicket(within(t), ticket)
	if err != nil {
		assertNoLeak(t, h, err, ticketWords(ticket))
		t.Fatalf("creating a ticket: %v", err)
	}
	if ref.ID == "" {
		t.Fatal("creating a ticket gave a reference without an id")
	}
	return ref
}

// onlyTicket returns the one ticket with the key, and fails when there are others.
func onlyTicket(t *testing.T, h *Harness, key chat.Key) Ticket {
	t.Helper()
	found := ticketsWith(t, h, key)
	if len(found) != 1 {
		t.Fatalf("%d tickets hold the key, want 1", len(found))
	}
	return found[0]
}

func ticketsWith(t *testing.T, h *Harness, key chat.Key) []Ticket {
	t.Helper()
	var found []Ticket
	for _, ticket := range h.Tickets(t) {
		if strings.Contains(ticket.Key, key.String()) {
			found = append(found, ticket)
		}
	}
	return found
}

// ticketByID returns the ticket with the id.
func ticketByID(t *testing.T, h *Harness, id string) Ticket {
	t.Helper()
	for _, ticket := range h.Tickets(t) {
		if ticket.ID == id {
			return ticket
		}
	}
	t.Fatalf("there is no ticket %q", id)
	return Ticket{}
}
