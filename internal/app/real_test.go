//go:build real

package app_test

import (
	"fmt"
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/afterchat/afterchat/internal/standin"
	"github.com/afterchat/afterchat/internal/testenv/rtserver"
)

// TestOneChatReachesARealRT follows a chat to a real Request Tracker: ticket with
// requester, notes as a private comment, a late note, an addition by a second episode,
// and the ticket again among the user's prior tickets.
func TestOneChatReachesARealRT(t *testing.T) {
	t.Parallel()
	server := rtserver.Start(t)
	r := newRig(t, func(config string) string {
		desk := fmt.Sprintf("    desks:\n      rt: {type: rt, base_url: %q, user: %q, password: %q, queue: %q, key_field: %q}\n",
			server.BaseURL, server.User, server.Password, server.Queue, server.KeyField)
		config = strings.Replace(config, "    desks:\n", desk, 1)
		config = strings.ReplaceAll(config, "desk: zd", "desk: rt")
		return strings.Replace(config, "group: Coffee, ", "", 1)
	})
	first := standin.Chat(7)
	r.call(http.MethodPost, "/v1/conversations/"+first.ID+"/end", first, nil)
	r.settled(first.ID)
	r.call(http.MethodPost, "/v1/conversations/"+first.ID+"/notes", map[string]string{"id": "late", "agent": "a_1", "text": "Technician booked"}, nil)
	second := standin.Chat(7)
	second.Episode = 2
	for i := range second.Messages {
		second.Messages[i].ID = "again-" + second.Messages[i].ID
		second.Messages[i].At = second.Messages[i].At.Add(time.Hour)
	}
	second.Notes = nil
	r.call(http.MethodPost, "/v1/conversations/"+first.ID+"/end", second, nil)
	tl := r.settled(first.ID)
	for _, d := range tl.Deliveries {
		if d.State != "delivered" {
			t.Errorf("%s is %s", d.Action, d.State)
		}
	}
	tickets := server.Tickets(t)
	if len(tickets) != 1 {
		t.Fatalf("RT has %d tickets, want 1", len(tickets))
	}
	ticket := tickets[0]
	if len(ticket.Requesters) != 1 || ticket.Requesters[0].Email != first.User.Email {
		t.Errorf("requesters: %+v", ticket.Requesters)
	}
	if key := ticket.Fields[server.KeyField]; !slices.Contains(key, tl.Deliveries[0].ID) {
		t.Errorf("the key field holds %q, want %q", key, tl.Deliveries[0].ID)
	}
	seen := server.SeenBy(t, first.User.Email, ticket.ID)
	for _, note := range []string{"Boiler replaced in May, case 7", "Technician booked"} {
		count := 0
		for _, text := range ticket.Texts {
			count += strings.Count(text.Body, note)
		}
		if count != 1 {
			t.Errorf("the note %q stands %d times in the ticket", note, count)
		}
		if strings.Contains(seen, note) {
			t.Errorf("the requester sees the note %q", note)
		}
	}
	if !r.shows(first.ID, ticket.ID) {
		t.Error("the ticket is not among the user's prior tickets")
	}
}

// shows waits until the details pane lists a ticket.
func (r *rig) shows(conversation, ticket string) bool {
	var pane struct {
		Prior []struct {
			State   string
			Tickets []struct{ ID string }
		} `json:"prior_tickets"`
	}
	for range 200 {
		r.call(http.MethodGet, "/v1/conversations/"+conversation+"/details", nil, &pane)
		for _, desk := range pane.Prior {
			for _, prior := range desk.Tickets {
				if prior.ID == ticket {
					return true
				}
			}
		}
		time.Sleep(50 * time.Millisecond)
	}
	return false
}
