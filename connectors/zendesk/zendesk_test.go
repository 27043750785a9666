package zendesk_test

import (
	"encoding/json"
	"fmt"
	"net/http"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/afterchat/afterchat/connectors"
	"github.com/afterchat/afterchat/connectors/connectortest"
	"github.com/afterchat/afterchat/connectors/zendesk"
	"github.com/afterchat/afterchat/connectors/zendesk/zendesktest"
	"github.com/afterchat/afterchat/internal/chat"
	"github.com/afterchat/afterchat/internal/fault"
)

// A connector that loses one of these would have its rules refused.
var (
	_ connectors.Ticketer  = (*zendesk.Client)(nil)
	_ connectors.Commenter = (*zendesk.Client)(nil)
	_ connectors.Historian = (*zendesk.Client)(nil)
	_ connectors.Amender   = (*zendesk.Client)(nil)
	_ connectors.Prober    = (*zendesk.Client)(nil)
)

func ticketOf(conversation string) connectors.Ticket {
	return connectors.Ticket{
		Key: chat.NewKey("acme", conversation, 1, chat.FileTicket, ""), Subject: "Chat", Body: "It smells of smoke",
		Requester: connectors.Person{Name: "Ann", Email: "ann@example.com"},
	}
}

func commentOf(note string) connectors.Comment {
	return connectors.Comment{Key: chat.NewKey("acme", "c", 1, chat.AttachNotes, note), Body: "Boiler replaced: " + note}
}

func file(t *testing.T, d desk, ticket connectors.Ticket) chat.Ref {
	t.Helper()
	ref, err := d.client.CreateTicket(t.Context(), ticket)
	if err != nil {
		t.Fatal(err)
	}
	return ref
}

func TestATicketIsRoutedAsItsRuleSays(t *testing.T) {
	t.Parallel()
	d := newDesk(t, zendesktest.Options{Groups: []string{"Tea", "Coffee & Machines"}})
	ticket := ticketOf("c")
	ticket.Group, ticket.Priority = "coffee & machines", "urgent"
	ticket.Tags = []string{"Live Chat", "live_chat", " ", "a,b", "värme"}
	ticket.Fields = map[string]string{"360012": "A-1007", "360013": ""}
	ticket.Files = []connectors.File{{Name: "räksmörgås & co.txt", ContentType: "text/plain", Content: []byte("all of it")}}
	ref := file(t, d, ticket)
	got := d.server.Tickets()[0]
	want := zendesktest.Ticket{
		ID: got.ID, ExternalID: ticket.Key.String(), Subject: "Chat", Body: "It smells of smoke",
		Status: "new", Priority: "urgent", Group: "Coffee & Machines", Tags: []string{"live_chat", "a_b", "värme"},
		Fields: map[int64]string{360012: "A-1007"}, RequesterName: "Ann", RequesterEmail: "ann@example.com",
		Files:     []zendesktest.File{{Name: "räksmörgås & co.txt", ContentType: "text/plain", Content: []byte("all of it")}},
		UpdatedAt: got.UpdatedAt,
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("the ticket is not as asked for (-want +got):\n%s", diff)
	}
	if want := fmt.Sprintf("%s/agent/tickets/%d", d.url, got.ID); ref.URL != want {
		t.Errorf("URL is %q, want %q", ref.URL, want)
	}
}

func TestWhatCannotBeRoutedIsRefusedByField(t *testing.T) {
	t.Parallel()
	for name, test := range map[string]struct {
		change      func(*connectors.Ticket)
		code, field string
	}{
		"a group that is not there":         {func(t *connectors.Ticket) { t.Group = "Cocoa" }, "unknown_group", "group:"},
		"a field that has a name and no id": {func(t *connectors.Ticket) { t.Fields = map[string]string{"order": "1"} }, "invalid_field", "fields:"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			d := newDesk(t, zendesktest.Options{Groups: []string{"Coffee"}})
			ticket := ticketOf("c")
			test.change(&ticket)
			_, err := d.client.CreateTicket(t.Context(), ticket)
			if !fault.Is(err, fault.Invalid) || fault.CodeOf(err) != test.code || !strings.Contains(err.Error(), test.field) {
				t.Errorf("got %v, want an invalid %s at %s", err, test.code, test.field)
			}
			if n := len(d.server.Tickets()); n != 0 {
				t.Errorf("%d tickets were filed", n)
			}
		})
	}
}

func TestAGroupThatIsNotThereIsNotLookedForAgainAtOnce(t *testing.T) {
	t.Parallel()
	d := newDesk(t, zendesktest.Options{Groups: []string{"Coffee"}})
	var lists atomic.Int32
	d = d.behind(t, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if strings.HasSuffix(r.URL.Path, "/groups") {
			lists.Add(1)
		}
		d.server.ServeHTTP(w, r)
	}))
	ticket := ticketOf("c")
	ticket.Group = "Cocoa"
	for range 3 {
		if _, err := d.client.CreateTicket(t.Context(), ticket); fault.CodeOf(err) != "unknown_group" {
			t.Errorf("got %v", err)
		}
	}
	if n := lists.Load(); n != 1 {
		t.Errorf("the groups were asked for %d times", n)
	}
}

func TestTheOldestTicketWithAKeyIsTheTicket(t *testing.T) {
	t.Parallel()
	d := newDesk(t, zendesktest.Options{IdempotencyWindow: time.Nanosecond})
	oldest := file(t, d, ticketOf("c"))
	if again := file(t, d, ticketOf("c")); again == oldest {
		t.Fatal("the desk still knew the key")
	}
	if found, err := d.client.FindTicket(t.Context(), ticketOf("c").Key); err != nil || found != oldest {
		t.Errorf("found %+v (%v), want %+v", found, err, oldest)
	}
}

func TestATicketOfAnotherDeskIsNotFollowedUp(t *testing.T) {
	t.Parallel()
	d := newDesk(t, zendesktest.Options{})
	old := file(t, d, ticketOf("c1"))
	d.server.Close(d.server.Tickets()[0].ID)
	for url, want := range map[string]int64{old.URL: d.server.Tickets()[0].ID, "https://other.zendesk.com/agent/tickets/" + old.ID: 0} {
		next := ticketOf("after " + url)
		next.FollowUpOf = &chat.Ref{ID: old.ID, URL: url}
		file(t, d, next)
		all := d.server.Tickets()
		if got := all[len(all)-1].FollowUpOf; got != want {
			t.Errorf("after %s: the ticket follows %d, want %d", url, got, want)
		}
	}
}

func TestAnEndUserCannotSignIn(t *testing.T) {
	t.Parallel()
	for role, code := range map[string]string{"end-user": "not_an_agent", "agent": ""} {
		d := desk{}.behind(t, http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Content-Type", "application/json")
			fmt.Fprintf(w, `{"user":{"id":7,"role":%q}}`, role)
		}))
		if err := d.client.Probe(t.Context()); fault.CodeOf(err) != code {
			t.Errorf("as %s: %v", role, err)
		}
	}
}

func TestARequesterWithoutAnAddressIsFoundAgain(t *testing.T) {
	t.Parallel()
	for name, test := range map[string]struct {
		person connectors.Person
		id     string // that a number is, is told apart from Zendesk's own ids
	}{
		"by a number":                 {connectors.Person{Name: "Ann", Phone: "+46701234567"}, "tel:+46701234567"},
		"by an id of another system":  {connectors.Person{Name: "Ann", ExternalID: "u_77"}, "u_77"},
		"by a number and an own name": {connectors.Person{Phone: "+46701234567"}, "tel:+46701234567"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			d := newDesk(t, zendesktest.Options{})
			for _, conversation := range []string{"c1", "c2"} {
				ticket := ticketOf(conversation)
				ticket.Requester = test.person
				file(t, d, ticket)
			}
			got := d.server.Tickets()
			if got[0].RequesterPhone != test.person.Phone || got[0].RequesterExternalID != test.id || got[0].RequesterExternalID != got[1].RequesterExternalID {
				t.Errorf("the requesters are %+v and %+v", got[0], got[1])
			}
		})
	}
}

func TestNobodyIsMailedForBecomingARequester(t *testing.T) {
	t.Parallel()
	d := newDesk(t, zendesktest.Options{})
	ref := file(t, d, ticketOf("c"))
	if err := d.client.SetRequester(t.Context(), ref, connectors.Person{Name: "Bo", Email: "bo@example.com"}); err != nil {
		t.Fatal(err)
	}
	if got := d.server.Tickets()[0].RequesterEmail; got != "bo@example.com" || d.server.Verifying() != 0 {
		t.Errorf("the requester is %s, and %d mails ask to verify an address", got, d.server.Verifying())
	}
}

func TestATypedAddressRenamesNobody(t *testing.T) {
	t.Parallel()
	d := newDesk(t, zendesktest.Options{})
	ref := file(t, d, ticketOf("c"))
	for range 2 {
		if err := d.client.SetRequester(t.Context(), ref, connectors.Person{Name: "Mallory", Email: strings.ToUpper(email)}); err != nil {
			t.Fatal(err)
		}
	}
	if got := d.server.Tickets()[0]; got.RequesterEmail != email || got.RequesterName == "Mallory" {
		t.Errorf("the requester is %s, %s", got.RequesterName, got.RequesterEmail)
	}
}

func TestHistoryGoesByExternalIDAndThenByAddress(t *testing.T) {
	t.Parallel()
	d := newDesk(t, zendesktest.Options{})
	ticket := ticketOf("c")
	ticket.Requester = connectors.Person{Name: "Ann", ExternalID: "u_77"}
	file(t, d, ticket)
	other := ticketOf("c2")
	file(t, d, other)
	for name, test := range map[string]struct {
		person connectors.Person
		by     string
	}{
		"an external id that leads to somebody": {connectors.Person{ExternalID: "u_77", Email: "ann@example.com"}, "external_id"},
		"an external id that leads to nobody":   {connectors.Person{ExternalID: "u_78", Email: "ann@example.com"}, "email"},
		"an own id that leads to nobody":        {connectors.Person{ExternalID: "99999", Email: "Ann@Example.com"}, "email"},
	} {
		got, err := d.client.TicketsOf(t.Context(), test.person, 5)
		if err != nil || len(got) != 1 || got[0].MatchedBy != test.by {
			t.Errorf("%s: got %+v, %v, want one matched by %s", name, got, err, test.by)
		}
	}
}

func TestARequesterThatZendeskDoesNotKnowDoesNotFailTheTicket(t *testing.T) {
	t.Parallel()
	d := newDesk(t, zendesktest.Options{})
	ticket := ticketOf("c")
	ticket.Requester = connectors.Person{Name: "Ann", Phone: "+46701234567", ExternalID: "99999"}
	ref := file(t, d, ticket)
	if found, err := d.client.FindTicket(t.Context(), ticket.Key); err != nil || found != ref || len(d.server.Tickets()) != 1 {
		t.Errorf("filed %+v and found %+v, %v, among %d tickets", ref, found, err, len(d.server.Tickets()))
	}
}

func TestACommentIsFoundInALongThread(t *testing.T) {
	t.Parallel()
	d := newDesk(t, zendesktest.Options{})
	ref := file(t, d, ticketOf("c"))
	var last chat.Ref
	for i := range 230 {
		var err error
		if last, err = d.client.AddComment(t.Context(), ref, commentOf(fmt.Sprint(i))); err != nil {
			t.Fatal(err)
		}
	}
	if found, err := d.client.FindComment(t.Context(), ref, commentOf("229").Key); err != nil || found != last {
		t.Errorf("found %+v, %v, want %+v", found, err, last)
	}
}

// A Conflict makes its caller file a new ticket, so it may only mean "closed for good".
func TestOnlyAClosedTicketIsAConflict(t *testing.T) {
	t.Parallel()
	d := newDesk(t, zendesktest.Options{})
	ref := file(t, d, ticketOf("c"))
	for _, status := range []int{http.StatusConflict, http.StatusPreconditionFailed, http.StatusUnprocessableEntity} {
		d.breaker.Break(connectortest.Breakage{Status: status})
		if _, err := d.client.AddComment(t.Context(), ref, commentOf("n")); err == nil || fault.Is(err, fault.Conflict) {
			t.Errorf("status %d for an open ticket gave %v", status, err)
		}
	}
	d.server.Close(d.server.Tickets()[0].ID)
	if _, err := d.client.AddComment(t.Context(), ref, commentOf("n")); fault.CodeOf(err) != "ticket_closed" {
		t.Errorf("a closed ticket gave %v", err)
	}
}

func TestAFailedPreparationLeavesNothingOpen(t *testing.T) {
	t.Parallel()
	withFile := ticketOf("c")
	withFile.Files = []connectors.File{{Name: "a.txt", Content: []byte("a")}}
	withPhone := ticketOf("c")
	withPhone.Requester = connectors.Person{Phone: "+46701234567"}
	for name, ticket := range map[string]connectors.Ticket{"an upload": withFile, "a requester": withPhone} {
		for _, how := range []connectortest.Breakage{{DropAfter: true}, {Status: http.StatusBadGateway}, {Status: http.StatusConflict}} {
			t.Run(fmt.Sprintf("%s, %+v", name, how), func(t *testing.T) {
				t.Parallel()
				d := newDesk(t, zendesktest.Options{})
				d.breaker.Break(how)
				if _, err := d.client.CreateTicket(t.Context(), ticket); !fault.Is(err, fault.Transient) {
					t.Errorf("got %v, want a transient fault: no ticket was asked for", err)
				}
			})
		}
	}
}

func TestAKeyInUseWithAnotherTextIsLookedUp(t *testing.T) {
	t.Parallel()
	d := newDesk(t, zendesktest.Options{})
	first := ticketOf("c")
	ref := file(t, d, first)
	first.Body = "rendered anew"
	first.Files = []connectors.File{{Name: "a.txt", Content: []byte("a")}}
	if again := file(t, d, first); again != ref {
		t.Errorf("got %+v, want %+v", again, ref)
	}
	if n := d.server.Effects()[first.Key.String()]; n != 1 {
		t.Errorf("%d tickets have the key", n)
	}
}

func TestARateIsAskedToBeKept(t *testing.T) {
	t.Parallel()
	d := newDesk(t, zendesktest.Options{Rate: connectors.Rate{PerSecond: 0.2, Burst: 1}})
	file(t, d, ticketOf("c"))
	_, err := d.client.CreateTicket(t.Context(), ticketOf("c2"))
	if after := fault.RetryAfterOf(err); !fault.Is(err, fault.RateLimited) || after < time.Second || after > 6*time.Second {
		t.Errorf("got %v, after %v", err, after)
	}
}

func TestAnotherCredentialIsDenied(t *testing.T) {
	t.Parallel()
	d := newDesk(t, zendesktest.Options{})
	client, err := zendesk.New(&zendesk.Settings{Common: connectors.Common{BaseURL: d.url}, Email: email, Token: "another"})
	if err != nil {
		t.Fatal(err)
	}
	if err := client.Probe(t.Context()); !fault.Is(err, fault.Denied) {
		t.Errorf("got %v", err)
	}
}

func TestSettingsTellWhoseTheyAreAndNoSecret(t *testing.T) {
	t.Parallel()
	kind := zendesk.Kind()
	settings, ok := kind.Settings().(*zendesk.Settings)
	if !ok || kind.Type != zendesk.Type {
		t.Fatalf("the kind is %+v", kind)
	}
	if _, err := kind.New(settings); !fault.Is(err, fault.Invalid) || !strings.Contains(err.Error(), "base_url") {
		t.Errorf("without an address: %v", err)
	}
	settings.BaseURL, settings.Email, settings.Token = "https://acme.zendesk.com/", "Bot@acme.example", token
	if got, want := settings.Identity(), "zendesk https://acme.zendesk.com bot@acme.example"; got != want {
		t.Errorf("the identity is %q, want %q", got, want)
	}
	encoded, err := json.Marshal(settings)
	if err != nil {
		t.Fatal(err)
	}
	for _, text := range []string{fmt.Sprintf("%v %+v %#v", settings, *settings, *settings), string(encoded)} {
		if strings.Contains(text, token) {
			t.Errorf("the settings give the token away: %s", text)
		}
	}
	connector, err := kind.New(settings)
	if err != nil {
		t.Fatal(err)
	}
	if rate := connector.Traits().Rate; rate.PerSecond < 3 || rate.PerSecond > 4 {
		t.Errorf("the rate is %+v", rate)
	}
}
