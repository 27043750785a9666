package workers_test

import (
	"strings"
	"testing"
	"time"

	"github.com/afterchat/afterchat/connectors"
	"github.com/afterchat/afterchat/internal/chat"
	"github.com/afterchat/afterchat/workers/tasks"
)

// A desk that was pointed at another system has other tickets under the same numbers.
func TestNothingIsAddedToTheTicketOfAnotherSystem(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	r.organization().Desks["zd"] = mailDesk{Answers: connectors.Answers{ReplyTo: "support+id{ticket}@acme.zendesk.example"}}
	old := r.accountAt("https://sandbox.example", "zd", searchable(), "")
	mail := r.account(chat.AccountMail, searchable(), "")
	ids := r.end(sample("c", 1))
	r.run(ids[chat.FileTicket])
	v := &amender{vendor: r.accountAt("https://acme.example", "zd", searchable(), "")}
	r.accounts["zd"] = connectors.NewAccount(v, settings{base: v.base}, free{}, func(string, string, time.Duration) {})

	if d := r.run(ids[chat.AttachNotes]); d.State != chat.Pending || d.Error != "transient: not_configured" {
		t.Errorf("its notes are %s (%s)", d.State, d.Error)
	}
	r.run(ids[chat.EmailTranscript])
	if m := mail.things("message"); len(m) != 1 || m[0].replyTo != "" {
		t.Errorf("answers go into a ticket: %+v", m)
	}
	contact := map[string]any{"organization": acme, "conversation": "c", "id": "k", "email": "late@example.com"}
	if err := r.take(tasks.TypeChatContact, contact); err != nil {
		t.Fatal(err)
	}
	r.run(chat.NewKey(acme, "c", 1, chat.AmendTicket, "k"))
	if v.calls != 0 || v.requester != (connectors.Person{}) || len(old.things("comment")) != 0 {
		t.Errorf("the other system was called %d times: %+v, requester %+v", v.calls, v.made, v.requester)
	}

	if d := r.run(r.end(sample("c", 2))[chat.FileTicket]); d.State != chat.Delivered {
		t.Fatalf("the next episode is %s (%s)", d.State, d.Error)
	}
	if made := v.things("ticket"); len(made) != 1 || len(v.made) != 1 || !strings.Contains(made[0].text, "https://sandbox.example/ticket/1") {
		t.Errorf("a new ticket that names the old one: %+v", v.made)
	}
	if d := r.run(r.end(sample("c", 3))[chat.FileTicket]); d.State != chat.Delivered || len(v.things("comment")) != 1 {
		t.Errorf("the third episode is %s (%s), not added to the new ticket: %+v", d.State, d.Error, v.made)
	}
}

func TestAnAdditionTakesNoGroupOrFieldsOfAnotherDesk(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	zd := r.account("zd", searchable(), "")
	r.account("rt", searchable(), "")
	r.organization().Desks["rt"] = settings{}
	one := r.end(sample("c", 1))[chat.FileTicket]
	if err := r.store.CancelDelivery(t.Context(), acme, one); err != nil {
		t.Fatal(err)
	}
	rule := &r.organization().Tickets[0]
	rule.Desk, rule.Group, rule.Fields = "rt", "General", map[string]string{"Severity": "1"}
	two := r.end(sample("c", 2))[chat.FileTicket]
	if err := r.store.RetryDelivery(t.Context(), acme, one, true, false); err != nil {
		t.Fatal(err)
	}
	r.run(one)
	zd.close(zd.things("ticket")[0].ref)
	if d := r.run(two); d.State != chat.Delivered {
		t.Fatalf("%s (%s)", d.State, d.Error)
	}
	if made := zd.things("ticket"); len(made) != 2 || made[1].group != "" || made[1].fields != nil {
		t.Errorf("%+v", made)
	}
}
