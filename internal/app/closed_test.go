package app_test

import (
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/afterchat/afterchat/internal/standin"
)

// A ticket that is closed for good takes nothing more; what comes after that is brought
// to a ticket that follows it, once, and the customer does not hear of it.
func TestWhatComesAfterATicketWasClosedIsOnATicketThatFollowsIt(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	chat := standin.Chat(1)
	if code := r.call(http.MethodPost, "/v1/conversations/"+chat.ID+"/end", chat, nil); code != http.StatusAccepted {
		t.Fatalf("end: %d", code)
	}
	r.settled(chat.ID)
	old := r.vendors.Zendesk.Tickets()[0]
	r.vendors.Zendesk.Close(old.ID)
	for path, body := range map[string]any{
		"notes":   map[string]any{"id": "late1", "agent": "a_1", "text": "The pump leaks, too", "at": "2026-11-26T09:00:00Z"},
		"contact": map[string]any{"id": "k1", "email": "late@example.com"},
	} {
		if code := r.call(http.MethodPost, "/v1/conversations/"+chat.ID+"/"+path, body, nil); code >= 300 {
			t.Fatalf("%s: %d", path, code)
		}
	}
	tl := r.settled(chat.ID)
	for range 100 { // the ticket that follows is planned when the first of them is refused
		if len(tl.Deliveries) >= 6 {
			break
		}
		time.Sleep(50 * time.Millisecond)
		tl = r.settled(chat.ID)
	}
	for _, d := range tl.Deliveries {
		if d.State != "delivered" {
			t.Errorf("%s is %s (%v)", d.Action, d.State, d.Error)
		}
	}
	tickets := r.vendors.Zendesk.Tickets()
	if len(tickets) != 2 {
		t.Fatalf("%d tickets", len(tickets))
	}
	next := tickets[1]
	if next.FollowUpOf != old.ID || next.Public || next.RequesterEmail != "late@example.com" {
		t.Errorf("it follows %d, public %t, from %q", next.FollowUpOf, next.Public, next.RequesterEmail)
	}
	if len(next.Comments) != 1 || next.Comments[0].Public || !strings.Contains(next.Comments[0].Body, "The pump leaks, too") {
		t.Errorf("its comments: %+v", next.Comments)
	}
	for key, n := range r.vendors.Effects() {
		if n != 1 {
			t.Errorf("%s came %d times", key, n)
		}
	}
	if n := len(r.vendors.Mail.Messages()); n != 1 {
		t.Errorf("the customer got %d mails", n)
	}
}
