package demo

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/afterchat/afterchat/connectors/smtp/smtptest"
	"github.com/afterchat/afterchat/connectors/twilio/twiliotest"
	"github.com/afterchat/afterchat/connectors/zendesk/zendesktest"
	"github.com/afterchat/afterchat/internal/chat"
	"github.com/afterchat/afterchat/internal/signing"
	"github.com/afterchat/afterchat/internal/standin"
)

// world is one chat that was promised, delivered and received as it should be.
type world struct {
	promise  promise
	ledger   ledger
	received received
}

func (w *world) verify() tally { return verify([]promise{w.promise}, w.ledger, w.received) }

// delivery returns the ledger's entry of an action.
func (w *world) delivery(a chat.Action) *chat.Delivery {
	return &w.ledger.deliveries[slices.IndexFunc(w.ledger.deliveries, func(d chat.Delivery) bool { return d.Action == a })]
}

func (w *world) ticket() *zendesktest.Ticket { return &w.received.tickets[0] }

const token = "0123456789abcdefghijABCDEFGHIJ0123456789abc"

func newWorld() *world {
	s := standin.Chat(1)
	plan := func(a chat.Action, target, discriminator string) chat.Delivery {
		return chat.Delivery{
			ID: chat.NewKey(standin.Organization, s.ID, 1, a, discriminator), Organization: standin.Organization, Conversation: s.ID,
			Episode: 1, Action: a, Target: target, State: chat.Pending,
		}
	}
	ticket, notes := plan(chat.FileTicket, "zd", ""), plan(chat.AttachNotes, "zd", chat.EndNotes)
	notes.DependsOn = ticket.ID
	mail, link := plan(chat.EmailTranscript, chat.AccountMail, "user"), plan(chat.SendLink, chat.AccountSMS, "l_1 1")
	link.Params.Link = "l_1"
	w := &world{
		promise: promise{snapshot: s, plan: []chat.Delivery{ticket, notes, mail}, asked: s.User.Phone, number: s.User.Phone},
		ledger:  ledger{links: map[string]chat.Link{"l_1": {ID: "l_1", Conversation: s.ID, TokenHash: signing.LinkHash(token)}}},
	}
	for _, d := range []chat.Delivery{ticket, notes, mail, link} {
		d.State = chat.Delivered
		w.ledger.deliveries = append(w.ledger.deliveries, d)
	}
	w.delivery(chat.FileTicket).Ref.ID = "1001"
	said := strings.Join(w.promise.said(), "\n")
	w.received = received{
		tickets: []zendesktest.Ticket{{
			ID: 1001, ExternalID: ticket.ID.String(), Subject: "Chat", Body: said, RequesterName: s.User.Name, RequesterEmail: s.User.Email,
			Comments: []zendesktest.Comment{{ID: 1002, Body: "Notes\n" + s.Notes[0].Text, Metadata: map[string]string{"afterchat": notes.ID.String()}}},
		}},
		mails: []smtptest.Message{{To: s.User.Email, MessageID: "<" + mail.ID.String() + "@acme.example>", Raw: rawMail(said)}},
		texts: []twiliotest.Message{{
			To: s.User.Phone, Body: "Continue: http://127.0.0.1:8025/r/" + token + " (until tomorrow)",
			StatusCallback: "http://127.0.0.1:8025/webhooks/twilio/acme/status?delivery=" + link.ID.String(),
		}},
	}
	return w
}

func rawMail(text string) []byte {
	page := "<html><body><p>" + strings.ReplaceAll(text, "\n", "</p>\n<p>") + "</p></body></html>"
	return []byte(strings.ReplaceAll(fmt.Sprintf(`Subject: Your chat
Content-Type: multipart/alternative; boundary=b

--b
Content-Type: text/plain; charset=utf-8
Content-Transfer-Encoding: 8bit

%s
--b
Content-Type: text/html; charset=utf-8
Content-Transfer-Encoding: 8bit

%s
--b--
`, text, page), "\n", "\r\n"))
}

func TestWhatIsRightPasses(t *testing.T) {
	t.Parallel()
	got := newWorld().verify()
	if !got.right() || got.Chats != 1 || got.Deliveries != 4 || got.Delivered != 4 || len(got.Actions) != 4 {
		t.Errorf("%+v", got)
	}
}

func TestEverySpoiledResultIsFound(t *testing.T) {
	t.Parallel()
	key := func(id string) string { return chat.NewKey("x", id, 1, chat.FileTicket, "").String() }
	for name, c := range map[string]struct {
		spoil                          func(*world)
		lost, duplicated, stray, wrong int
	}{
		"a mail that came twice": {func(w *world) { w.received.mails = append(w.received.mails, w.received.mails[0]) }, 0, 1, 0, 0},
		"a ticket filed three times": {func(w *world) {
			w.received.tickets = append(w.received.tickets, w.received.tickets[0], w.received.tickets[0])
			w.received.tickets[1].Comments, w.received.tickets[2].Comments = nil, nil
		}, 0, 2, 0, 0},
		"notes that came twice":      {func(w *world) { w.ticket().Comments = append(w.ticket().Comments, w.ticket().Comments[0]) }, 0, 1, 0, 0},
		"an SMS that did not come":   {func(w *world) { w.received.texts = nil }, 1, 0, 0, 0},
		"a ticket that is not there": {func(w *world) { w.received.tickets = nil }, 2, 0, 0, 0},
		"a mail without a key":       {func(w *world) { w.received.mails[0].MessageID = "<hello@example.com>" }, 1, 0, 1, 0},
		"a comment without a key":    {func(w *world) { w.ticket().Comments = append(w.ticket().Comments, zendesktest.Comment{Body: "Hi"}) }, 0, 0, 1, 0},
		"a mail of an unknown delivery": {func(w *world) {
			w.received.mails = append(w.received.mails, smtptest.Message{MessageID: "<" + key("c_2") + "@x>"})
		}, 0, 0, 1, 0},
		"a delivery nobody asked for": {func(w *world) {
			w.ledger.deliveries = append(w.ledger.deliveries, chat.Delivery{ID: chat.Key{1}, Action: chat.AmendTicket, State: chat.Delivered})
		}, 0, 0, 1, 0},
		"a delivery that the ledger does not know": {func(w *world) {
			w.ledger.deliveries = slices.DeleteFunc(w.ledger.deliveries, func(d chat.Delivery) bool { return d.Action == chat.EmailTranscript })
		}, 1, 0, 1, 0},
		"a link that was never planned":                {func(w *world) { w.ledger.deliveries = w.ledger.deliveries[:3]; w.received.texts = nil }, 1, 0, 0, 0},
		"a delivery that failed":                       {func(w *world) { w.delivery(chat.SendLink).State = chat.Failed; w.received.texts = nil }, 1, 0, 0, 0},
		"a delivery that failed and came all the same": {func(w *world) { w.delivery(chat.SendLink).State = chat.Failed }, 0, 0, 0, 1},
		"a delivery that has not ended":                {func(w *world) { w.delivery(chat.AttachNotes).State = chat.Pending; w.ticket().Comments = nil }, 1, 0, 0, 0},
		"a transcript suppressed without a reason":     {func(w *world) { w.delivery(chat.EmailTranscript).State = chat.Suppressed; w.received.mails = nil }, 1, 0, 0, 0},
		"a suppressed transcript that came":            {func(w *world) { w.delivery(chat.EmailTranscript).State = chat.Suppressed }, 0, 0, 0, 1},
		"a ticket of somebody else":                    {func(w *world) { w.ticket().RequesterEmail = "eve@example.com" }, 0, 0, 0, 1},
		"a ticket with another number":                 {func(w *world) { w.delivery(chat.FileTicket).Ref.ID = "7" }, 0, 0, 0, 1},
		"a ticket that its requester can read":         {func(w *world) { w.ticket().Public = true }, 0, 0, 0, 1},
		"a ticket that lacks a message":                {func(w *world) { w.ticket().Body = w.promise.said()[0] }, 0, 0, 0, 1},
		"a ticket with messages out of order": {func(w *world) {
			said := w.promise.said()
			slices.Reverse(said)
			w.ticket().Body = strings.Join(said, "\n")
		}, 0, 0, 0, 1},
		"a ticket whose text has a note":    {func(w *world) { w.ticket().Body += "\n" + w.promise.snapshot.Notes[0].Text }, 0, 0, 0, 1},
		"notes that the customer can read":  {func(w *world) { w.ticket().Comments[0].Public = true }, 0, 0, 0, 1},
		"notes without their text":          {func(w *world) { w.ticket().Comments[0].Body = "Notes" }, 0, 0, 0, 1},
		"a transcript to another address":   {func(w *world) { w.received.mails[0].To = "eve@example.com" }, 0, 0, 0, 1},
		"a transcript that lacks a message": {func(w *world) { w.received.mails[0].Raw = rawMail(w.promise.said()[0]) }, 0, 0, 0, 1},
		"a transcript with a note": {func(w *world) {
			w.received.mails[0].Raw = rawMail(strings.Join(w.promise.said(), "\n") + "\n" + w.promise.snapshot.Notes[0].Text)
		}, 0, 0, 0, 1},
		"a transcript with a private address": {func(w *world) {
			w.received.mails[0].Raw = rawMail(strings.Join(w.promise.said(), "\n") + "\n" + w.promise.snapshot.Agents[0].Email)
		}, 0, 0, 0, 1},
		"a link to another number": {func(w *world) { w.received.texts[0].To = "+46700000000" }, 0, 0, 0, 1},
		"a link of another conversation": {func(w *world) {
			w.ledger.links["l_1"] = chat.Link{Conversation: "c_2", TokenHash: signing.LinkHash(token)}
		}, 0, 0, 0, 1},
		"a link that is another one": {func(w *world) { w.received.texts[0].Body = "http://127.0.0.1:8025/r/another" }, 0, 0, 0, 1},
		"a text that has no link":    {func(w *world) { w.received.texts[0].Body = "Hello" }, 0, 0, 0, 1},
		"a mail in the place of a ticket": {func(w *world) {
			w.received.mails = append(w.received.mails, smtptest.Message{MessageID: "<" + w.ticket().ExternalID + "@x>"})
			w.received.tickets = nil
		}, 1, 0, 0, 1},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w := newWorld()
			c.spoil(w)
			got := w.verify()
			if got.right() || got.Lost != c.lost || got.Duplicated != c.duplicated || got.Stray != c.stray || got.Wrong != c.wrong {
				t.Errorf("lost %d, duplicated %d, stray %d, wrong %d: %q", got.Lost, got.Duplicated, got.Stray, got.Wrong, got.Findings)
			}
			for _, finding := range got.Findings {
				if strings.Contains(finding, "example.com") || strings.Contains(finding, "+46") || strings.Contains(finding, "Boiler") {
					t.Errorf("the finding %q says more than ids", finding)
				}
			}
		})
	}
}

func TestWhatHasNowhereToGoIsRightlySuppressed(t *testing.T) {
	t.Parallel()
	w := newWorld()
	w.promise.snapshot.User.Email, w.ticket().RequesterEmail, w.ticket().RequesterPhone = "", "", w.promise.snapshot.User.Phone
	w.promise.number = ""
	w.delivery(chat.EmailTranscript).State, w.received.mails = chat.Suppressed, nil
	w.delivery(chat.SendLink).State, w.received.texts = chat.Suppressed, nil
	if got := w.verify(); !got.right() || got.Suppressed != 2 || got.Delivered != 2 {
		t.Errorf("%+v", got)
	}
}

func TestWhatIsMissingIsNamed(t *testing.T) {
	t.Parallel()
	w := newWorld()
	w.delivery(chat.AttachNotes).State, w.delivery(chat.AttachNotes).Hold = chat.Pending, chat.HeldByDependency
	absent := promise{snapshot: standin.Chat(2), plan: w.promise.plan}
	got := missing([]promise{w.promise, absent}, w.ledger, patience)
	want := "nothing has ended for 30s, and 4 of 7 deliveries are open; 1 chats are not in the ledger: c_000002; " +
		"not ended: attach_notes of c_000001 (pending, held by dependency)"
	if got != want {
		t.Errorf("got  %s\nwant %s", got, want)
	}
}
