package workers_test

import (
	"strings"
	"testing"
	"time"

	"github.com/afterchat/afterchat/connectors"
	"github.com/afterchat/afterchat/internal/chat"
	"github.com/afterchat/afterchat/internal/config"
	"github.com/afterchat/afterchat/internal/fault"
)

// holds reports which of the sample's private words stand in a text.
func holds(text string) []string {
	var found []string
	for _, word := range private() {
		if strings.Contains(text, word) {
			found = append(found, word)
		}
	}
	return found
}

func TestWhoeverCanReadATicketDecidesWhatStandsInIt(t *testing.T) {
	t.Parallel()
	open := searchable()
	open.PrivateComments = false
	for name, c := range map[string]struct {
		traits connectors.Traits
		body   chat.Audience
		public bool
		notes  chat.State
	}{
		"an internal ticket is not public":                      {searchable(), chat.Internal, false, chat.Delivered},
		"a ticket for the customer is public":                   {searchable(), chat.Customer, true, chat.Delivered},
		"a desk without private comments is read by everybody":  {open, chat.Internal, true, chat.Suppressed},
		"so is its ticket for the customer":                     {open, chat.Customer, true, chat.Suppressed},
		"who may read is not said: nobody but the organization": {searchable(), "", false, chat.Delivered},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			r := newRig(t)
			r.organization().Tickets = []config.TicketRule{{Desk: "zd", Body: c.body}}
			v := r.account("zd", c.traits, "")
			one, two := r.end(sample("c", 1)), r.end(sample("c", 2))
			r.run(one[chat.FileTicket])
			r.run(two[chat.FileTicket])
			if d := r.run(one[chat.AttachNotes]); d.State != c.notes || c.notes == chat.Suppressed && d.Error != "no_private_comments" {
				t.Errorf("the notes are %s (%s)", d.State, d.Error)
			}
			if n := len(v.things("ticket")); n != 1 {
				t.Errorf("%d tickets", n)
			}
			for _, x := range append(v.things("ticket"), v.things("comment")...) {
				if found := holds(x.text); x.public && len(found) > 0 {
					t.Errorf("a public %s holds %q", x.what, found)
				}
				if x.key != one[chat.AttachNotes] && x.public != c.public {
					t.Errorf("a %s is public: %t", x.what, x.public)
				}
				if x.key == one[chat.AttachNotes] && (x.public || !strings.Contains(x.text, "Boiler replaced")) {
					t.Errorf("the notes are public: %t: %s", x.public, x.text)
				}
			}
		})
	}
}

func TestAnEpisodeIsRenderedForTheDeskThatItGoesTo(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	open := searchable()
	open.PrivateComments = false
	public := r.account("open", open, "")
	r.account("zd", searchable(), "")
	r.organization().Tickets = []config.TicketRule{{Desk: "open", Body: chat.Internal}}
	one := r.end(sample("c", 1))[chat.FileTicket]
	public.mishaps = []mishap{not(fault.Invalid)}
	r.run(one)
	r.organization().Tickets[0].Desk = "zd"
	two := r.end(sample("c", 2))[chat.FileTicket] // planned for a desk with private comments,
	if err := r.store.RetryDelivery(t.Context(), acme, one, true, false); err != nil {
		t.Fatal(err)
	}
	r.run(one) // but the first episode's ticket comes to be after all, at one without
	if d := r.run(two); d.State != chat.Delivered {
		t.Fatalf("%s (%s)", d.State, d.Error)
	}
	added := public.things("comment")
	if len(added) != 1 || !added[0].public || len(holds(added[0].text)) > 0 {
		t.Errorf("added: %+v", added)
	}
}

func TestATranscriptShowsWhatItsAudienceMaySee(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	r.organization().Transcripts = append(r.organization().Transcripts, config.TranscriptRule{To: "qa@acme.example", Audience: chat.Internal})
	v := r.account(chat.AccountMail, searchable(), "")
	r.end(sample("c", 1))
	r.mailAll("c")
	sent := v.things("message")
	if len(sent) != 2 {
		t.Fatalf("%d mails", len(sent))
	}
	for _, m := range sent {
		switch found := holds(m.text); {
		case m.on == "ann@example.com" && len(found) > 0:
			t.Errorf("the customer reads %q", found)
		case m.on == "qa@acme.example" && !strings.Contains(m.text, "Boiler replaced"):
			t.Error("the colleagues miss the notes")
		}
	}
	if found := holds(r.log.String()); len(found) > 0 || strings.Contains(r.log.String(), "@") {
		t.Errorf("the log holds %q", found)
	}
}

func TestAnEpisodeWhoseTicketIsClosedOrWhoseDeskIsGoneFilesANewOneThatLinksToTheOld(t *testing.T) {
	t.Parallel()
	t.Run("closed", func(t *testing.T) {
		t.Parallel()
		r := newRig(t)
		v := r.account("zd", searchable(), "")
		r.run(r.end(sample("c", 1))[chat.FileTicket])
		v.close(v.things("ticket")[0].ref)
		v.mishaps = []mishap{lost()} // the new ticket's answer is lost
		two := r.end(sample("c", 2))[chat.FileTicket]
		r.run(two)
		r.age(two, time.Hour)
		if d := r.run(two); d.State != chat.Delivered {
			t.Errorf("%s (%s)", d.State, d.Error)
		}
		tickets := v.things("ticket")
		if len(tickets) != 2 || tickets[1].followUp == nil || tickets[1].followUp.ID != tickets[0].ref.ID {
			t.Fatalf("tickets: %+v", tickets)
		}
		if c, err := r.store.Conversation(t.Context(), acme, "c"); err != nil || c.Ticket.ID != tickets[1].ref.ID {
			t.Errorf("the conversation's ticket is %+v, %v", c.Ticket, err)
		}
	})
	t.Run("deleted", func(t *testing.T) {
		t.Parallel()
		r := newRig(t)
		v := r.account("zd", searchable(), "")
		r.run(r.end(sample("c", 1))[chat.FileTicket])
		v.gone = true
		if d := r.run(r.end(sample("c", 2))[chat.FileTicket]); d.State != chat.Delivered {
			t.Fatalf("%s (%s)", d.State, d.Error)
		}
		if tickets := v.things("ticket"); len(tickets) != 2 || !strings.Contains(tickets[1].text, "zd 1") {
			t.Errorf("tickets: %+v", tickets)
		}
	})
	t.Run("gone", func(t *testing.T) {
		t.Parallel()
		r := newRig(t)
		r.account("zd", searchable(), "")
		r.run(r.end(sample("c", 1))[chat.FileTicket])
		delete(r.accounts, "zd")
		v := r.account("rt", searchable(), "")
		r.organization().Desks = map[string]connectors.Settings{"rt": settings{}}
		r.organization().Tickets[0].Desk = "rt"
		if d := r.run(r.end(sample("c", 2))[chat.FileTicket]); d.State != chat.Delivered {
			t.Fatalf("%s (%s)", d.State, d.Error)
		}
		if tickets := v.things("ticket"); len(tickets) != 1 || tickets[0].followUp != nil || !strings.Contains(tickets[0].text, "zd 1") {
			t.Errorf("tickets: %+v", tickets)
		}
	})
}

func TestAnAdditionWhoseAnswerWasLostIsLookedForAlthoughTicketsNeedNotBe(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	traits := idempotent()
	traits.Comment = connectors.Searchable(0)
	v := r.account("zd", traits, "")
	r.run(r.end(sample("c", 1))[chat.FileTicket])
	v.mishaps = []mishap{lost()}
	two := r.end(sample("c", 2))[chat.FileTicket]
	r.run(two)
	r.age(two, time.Minute)
	if d := r.run(two); d.State != chat.Delivered || len(v.things("comment")) != 1 {
		t.Errorf("%s with %d comments", d.State, len(v.things("comment")))
	}
}

func TestContactDataThatComeLateAmendTheTicket(t *testing.T) {
	t.Parallel()
	contact := map[string]any{"id": "k", "name": "Ann", "email": "late@example.com", "phone": "+46701234567"}
	answers := map[string]any{"id": "k", "email": "late@example.com", "answers": []map[string]string{{"key": "order", "label": "Order", "value": "A-1007"}}}
	for name, c := range map[string]struct {
		body      map[string]any
		can       bool
		refuses   error
		requester string
		comments  int
	}{
		"the requester is set where the desk can":            {contact, true, nil, "late@example.com", 0},
		"what a requester cannot hold is added":              {answers, true, nil, "late@example.com", 1},
		"it is an internal comment where the desk cannot":    {contact, false, nil, "", 1},
		"it is a comment, too, where the desk refuses":       {contact, true, fault.New(fault.Invalid, "", ""), "", 1},
		"it is tried again where the desk does not work now": {contact, true, fault.New(fault.Ambiguous, "", ""), "", 0},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			r := newRig(t)
			r.worker.Resting = rested{}
			v := r.account("zd", searchable(), "")
			a := &amender{vendor: v, refuses: c.refuses}
			if c.can {
				r.accounts["zd"] = connectors.NewAccount(a, settings{}, free{}, func(string, string, time.Duration) {})
			}
			r.run(r.end(sample("c", 1))[chat.FileTicket])
			c.body["organization"], c.body["conversation"] = acme, "c"
			if err := r.take("chat:contact", c.body); err != nil {
				t.Fatal(err)
			}
			d := r.run(chat.NewKey(acme, "c", 1, chat.AmendTicket, "k"))
			if want := chat.Delivered; d.State != want && !fault.Is(c.refuses, fault.Ambiguous) {
				t.Errorf("%s (%s)", d.State, d.Error)
			}
			if fault.Is(c.refuses, fault.Ambiguous) && (d.State != chat.Pending || d.LookFirst) {
				t.Errorf("%s, look first %t", d.State, d.LookFirst)
			}
			if a.requester.Email != c.requester {
				t.Errorf("the requester is %q", a.requester.Email)
			}
			comments := v.things("comment")
			if len(comments) != c.comments || len(comments) > 0 && (comments[0].public || !strings.Contains(comments[0].text, "late@example.com")) {
				t.Errorf("comments: %+v", comments)
			}
		})
	}
}

func TestWhoeverChattedIsWrittenToInTheirOwnLanguage(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	r.organization().Transcripts = append(r.organization().Transcripts, config.TranscriptRule{To: "qa@acme.example", Audience: chat.Internal})
	mail, sms := r.account(chat.AccountMail, searchable(), ""), r.account(chat.AccountSMS, searchable(), "")
	s := sample("c", 1)
	s.Locale, s.User.Locale = "de-DE", "sv-SE"
	r.end(s)
	all, err := r.store.Deliveries(t.Context(), acme, "c")
	if err != nil {
		t.Fatal(err)
	}
	for _, d := range all {
		if d.Action == chat.EmailTranscript {
			r.run(d.ID)
		}
	}
	_, id := r.link()
	r.run(id)
	for _, m := range append(mail.things("message"), sms.things("message")...) {
		if want := map[string]string{"qa@acme.example": "Conversation", "ann@example.com": "Här är din kopia", "+46701234567": "Fortsätt din chatt"}[m.on]; !strings.Contains(m.text, want) {
			t.Errorf("%s reads no %q in %q", m.on, want, m.text)
		}
	}
	if n := len(mail.things("message")) + len(sms.things("message")); n != 3 {
		t.Errorf("%d messages", n)
	}
}
