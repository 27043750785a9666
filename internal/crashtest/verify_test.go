//go:build linux

package crashtest

import (
	"fmt"
	"net/http"
	"net/url"
	"strings"
	"testing"

	"github.com/afterchat/afterchat/internal/chat"
	"github.com/afterchat/afterchat/internal/standin"
)

// verify checks that the vendors have received every effect of the chats exactly once,
// each at its place, and nothing else, and that the ledger knows it.
func (r *rig) verify(c *core) {
	r.t.Helper()
	chats := c.next
	planned := map[chat.Key]bool{}
	links := map[string]chat.Key{}
	for _, d := range r.ledger("") {
		planned[d.ID] = true
		if d.State != chat.Delivered {
			r.t.Errorf("not delivered: %s", d)
		}
		if d.Action == chat.SendLink {
			if links[d.Conversation] != (chat.Key{}) {
				r.t.Errorf("a second link for %s", d.Conversation)
			}
			links[d.Conversation] = d.ID
		}
	}
	effects := r.vendors.Effects()
	for key, n := range effects {
		if !planned[key] {
			r.t.Errorf("stray: %s came %d times and was never planned", key, n)
		}
	}
	for key := range planned {
		if n := effects[key]; n != 1 {
			r.t.Errorf("%s came %d times", key, n)
		}
	}
	at := r.received()
	for n := 1; n <= chats; n++ {
		s := standin.Chat(n)
		ticket := at.ticket[key(s, chat.FileTicket, "")]
		want := place{
			ticket: s.User.Email, notes: ticket.number, mail: s.User.Email, text: s.User.Phone,
		}
		got := place{
			ticket: ticket.requester, notes: at.notes[key(s, chat.AttachNotes, chat.EndNotes)+fmt.Sprintf(" case %d", n)],
			mail: at.mail[key(s, chat.EmailTranscript, "user")], text: at.text[links[s.ID].String()],
		}
		if got != want || ticket.number == 0 {
			r.t.Errorf("%s: the vendors have %+v, want %+v", s.ID, got, want)
		}
		if linkByHTTP(n) && c.links[n] != links[s.ID] {
			r.t.Errorf("%s: its link was answered with delivery %s, the ledger has %s", s.ID, c.links[n], links[s.ID])
		}
		r.verifyTicket(s.ID, ticket.number)
	}
	if want := 4 * chats; len(planned) != want || at.tickets != chats || at.comments != chats {
		r.t.Errorf("%d deliveries, %d tickets and %d comments for %d chats", len(planned), at.tickets, at.comments, chats)
	}
}

// place is where a chat's effects have come to.
type place struct {
	ticket string // the requester
	notes  int64  // the ticket that has them
	mail   string
	text   string
}

func (r *rig) verifyTicket(conversation string, number int64) {
	r.t.Helper()
	var got struct{ Ticket struct{ ID string } }
	r.must(http.MethodGet, "/v1/conversations/"+conversation, nil, &got)
	if got.Ticket.ID != fmt.Sprint(number) {
		r.t.Errorf("%s has ticket %s, the desk says %d", conversation, got.Ticket.ID, number)
	}
}

// arrivals are what the vendors received, by the delivery's key.
type arrivals struct {
	ticket            map[string]arrivedTicket
	notes             map[string]int64 // by key and what the note says
	mail, text        map[string]string
	tickets, comments int
}

type arrivedTicket struct {
	number    int64
	requester string
}

func (r *rig) received() arrivals {
	a := arrivals{ticket: map[string]arrivedTicket{}, notes: map[string]int64{}, mail: map[string]string{}, text: map[string]string{}}
	for _, t := range r.vendors.Zendesk.Tickets() {
		a.tickets++
		a.ticket[t.ExternalID] = arrivedTicket{t.ID, t.RequesterEmail}
		for _, c := range t.Comments {
			a.comments++
			if c.Public {
				r.t.Errorf("a comment on ticket %d is public", t.ID)
			}
			for _, key := range c.Metadata {
				// The stand-in's notes end with the number of their case.
				words := strings.Fields(c.Body)
				a.notes[key+" case "+words[len(words)-1]] = t.ID
			}
		}
	}
	for _, m := range r.vendors.Mail.Messages() {
		a.mail[standin.MailKey(m)] = m.To
	}
	for _, m := range r.vendors.Twilio.Messages() {
		if u, err := url.Parse(m.StatusCallback); err == nil {
			a.text[u.Query().Get("delivery")] = m.To
		}
	}
	return a
}

func key(s chat.Snapshot, action chat.Action, discriminator string) string {
	return chat.NewKey(standin.Organization, s.ID, s.Episode, action, discriminator).String()
}

// private are pieces of what people wrote, of their addresses and of secrets: none of
// them may be in Redis, in a log or on the dashboard.
func private() []string {
	return []string{
		"visitor", "Visitor", "+4670", "46700000", "Boiler", "descale", "technician", "Ekholm", "bo@acme", "/r/",
		standin.APIKey, standin.AdminToken, standin.LinkSecret,
	}
}

func mustHoldNothingPrivate(t *testing.T, where, text string) {
	t.Helper()
	for _, piece := range private() {
		if i := strings.Index(text, piece); i >= 0 {
			t.Errorf("%s: %q in %q", where, piece, text[max(0, i-60):min(len(text), i+60)])
		}
	}
}
