package connectortest

import (
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/afterchat/afterchat/connectors"
	"github.com/afterchat/afterchat/internal/chat"
	"github.com/afterchat/afterchat/internal/fault"
)

func testHistory(t *testing.T, newHarness func(*testing.T) *Harness) {
	tests := map[string]func(*testing.T, *Harness){
		"a person's tickets are listed and nobody else's": historyOwn,
		"a limit is kept":                     historyLimit,
		"a person without tickets has none":   historyNone,
		"nobody in particular has no tickets": historyNobody,
	}
	if _, ok := newHarness(t).Connector.(connectors.Commenter); ok {
		tests["the last updated ticket comes first"] = historyOrder
	}
	each(t, newHarness, tests)
}

func historyOwn(t *testing.T, h *Harness) {
	ann := newPerson()
	ids := make(map[string]connectors.Ticket)
	for range 3 {
		for _, other := range append(lookalikes(ann), newPerson()) {
			ticket := newTicket()
			ticket.Requester = other
			create(t, h, ticket)
		}
		ticket := newTicket()
		ticket.Requester = ann
		ids[create(t, h, ticket).ID] = ticket
	}
	got := ticketsOf(t, h, ann, 10, len(ids))
	for _, prior := range got {
		want, ok := ids[prior.ID]
		if !ok {
			t.Fatalf("somebody else's ticket %q is listed", prior.ID)
		}
		if prior.Subject != want.Subject || prior.URL == "" || prior.Status == "" || prior.MatchedBy != "email" {
			t.Errorf("a ticket is listed as %+v, want the subject %q, a URL, a status, matched by email", prior, want.Subject)
		}
		if time.Since(prior.CreatedAt).Abs() > time.Hour || time.Since(prior.UpdatedAt).Abs() > time.Hour {
			t.Errorf("a ticket made just now is from %v, updated %v", prior.CreatedAt, prior.UpdatedAt)
		}
	}
}

func historyLimit(t *testing.T, h *Harness) {
	ann := newPerson()
	for range 3 {
		ticket := newTicket()
		ticket.Requester = ann
		create(t, h, ticket)
	}
	ticketsOf(t, h, ann, 2, 2)
}

func historyOrder(t *testing.T, h *Harness) {
	ann := newPerson()
	var refs []chat.Ref
	for range 3 {
		ticket := newTicket()
		ticket.Requester = ann
		refs = append(refs, create(t, h, ticket))
	}
	// Most systems keep times in whole seconds.
	time.Sleep(1100 * time.Millisecond)
	add(t, h, refs[1], newComment(false))
	if got := ticketsOf(t, h, ann, 3, 3); got[0].ID != refs[1].ID {
		t.Errorf("the first is %q, last updated was %q", got[0].ID, refs[1].ID)
	}
	if got := ticketsOf(t, h, ann, 1, 1); got[0].ID != refs[1].ID {
		t.Errorf("of one, the first is %q, last updated was %q", got[0].ID, refs[1].ID)
	}
}

func historyNone(t *testing.T, h *Harness) {
	ann := newPerson()
	for _, other := range append(lookalikes(ann), newPerson()) {
		ticket := newTicket()
		ticket.Requester = other
		create(t, h, ticket)
	}
	ticketsOf(t, h, ann, 5, 0)
}

// lookalikes are people whose addresses hold p's: a search that is not exact finds them.
func lookalikes(p connectors.Person) []connectors.Person {
	return []connectors.Person{{Name: p.Name, Email: "jo" + p.Email}, {Name: p.Name, Email: p.Email + ".example.org"}}
}

func historyNobody(t *testing.T, h *Harness) {
	ticket := newTicket()
	ticket.Requester = connectors.Person{}
	create(t, h, ticket)
	for _, nobody := range []connectors.Person{{}, {Name: "Ann"}} {
		got, err := historian(h).TicketsOf(within(t), nobody, 5)
		if err != nil {
			assertFault(t, h, err, nil, fault.Invalid, fault.NotFound)
		} else if len(got) > 0 {
			t.Errorf("%d tickets of nobody in particular are listed", len(got))
		}
	}
}

func testRequesters(t *testing.T, newHarness func(*testing.T) *Harness) {
	each(t, newHarness, map[string]func(*testing.T, *Harness){
		"a requester is set, and set again without harm": func(t *testing.T, h *Harness) {
			ref := create(t, h, newTicket())
			bob := newPerson()
			setRequester(t, h, ref, bob)
			setRequester(t, h, ref, bob)
		},
		"a ticket that had none gets a requester": func(t *testing.T, h *Harness) {
			ticket := newTicket()
			ticket.Requester = connectors.Person{}
			setRequester(t, h, create(t, h, ticket), newPerson())
		},
		"a ticket that is gone is not found": func(t *testing.T, h *Harness) {
			bob := newPerson()
			err := amender(h).SetRequester(within(t), chat.Ref{ID: "987654321"}, bob)
			assertFault(t, h, err, personWords(bob), fault.NotFound)
		},
	})
}

func probing(t *testing.T, h *Harness) {
	state := func() (tickets []Ticket, sent []Message) {
		if h.Tickets != nil {
			tickets = h.Tickets(t)
		}
		if h.Sent != nil {
			sent = h.Sent(t)
		}
		return tickets, sent
	}
	tickets, sent := state()
	for range 2 {
		if err := h.Connector.(connectors.Prober).Probe(within(t)); err != nil {
			assertNoLeak(t, h, err, nil)
			t.Fatalf("probing: %v", err)
		}
	}
	ticketsAfter, sentAfter := state()
	if diff := cmp.Diff(tickets, ticketsAfter); diff != "" {
		t.Errorf("the probe changed tickets (-before +after):\n%s", diff)
	}
	if diff := cmp.Diff(sent, sentAfter); diff != "" {
		t.Errorf("the probe sent something (-before +after):\n%s", diff)
	}
}

func historian(h *Harness) connectors.Historian { return h.Connector.(connectors.Historian) }

func amender(h *Harness) connectors.Amender { return h.Connector.(connectors.Amender) }

// ticketsOf lists a person's tickets, waits until there are as many as wanted, and
// checks their order.
func ticketsOf(t *testing.T, h *Harness, p connectors.Person, limit, want int) []chat.PriorTicket {
	t.Helper()
	var got []chat.PriorTicket
	if !eventually(t, h.Connector.Traits().Create.Lag, func() bool {
		var err error
		got, err = historian(h).TicketsOf(within(t), p, limit)
		if err != nil {
			assertNoLeak(t, h, err, personWords(p))
			t.Fatalf("listing a person's tickets: %v", err)
		}
		return len(got) == want
	}) {
		t.Fatalf("%d tickets are listed, want %d", len(got), want)
	}
	if !slices.IsSortedFunc(got, func(a, b chat.PriorTicket) int { return b.UpdatedAt.Compare(a.UpdatedAt) }) {
		t.Error("the last updated ticket does not come first")
	}
	return got
}

func setRequester(t *testing.T, h *Harness, ref chat.Ref, p connectors.Person) {
	t.Helper()
	if err := amender(h).SetRequester(within(t), ref, p); err != nil {
		assertNoLeak(t, h, err, personWords(p))
		t.Fatalf("setting the requester: %v", err)
	}
	if got := ticketByID(t, h, ref.ID).RequesterEmail; !strings.EqualFold(got, p.Email) {
		t.Errorf("the requester is %q, want %q", got, p.Email)
	}
}
