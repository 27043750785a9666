package store_test

import (
	"fmt"
	"strconv"
	"sync"
	"testing"
	"time"

	"github.com/afterchat/afterchat/internal/chat"
	"github.com/afterchat/afterchat/internal/config"
	"github.com/afterchat/afterchat/internal/fault"
	"github.com/afterchat/afterchat/internal/plan"
	"github.com/afterchat/afterchat/internal/store"
)

// ask asks for a customer transcript for the user; the answer is the delivery's id.
func (r *rig) ask(conversation string, episode int, request string, repeat store.Idempotency) (chat.Key, error) {
	r.t.Helper()
	o := *r.organization
	o.Mail = &config.Mail{}
	answer, err := r.AskTranscript(r.t.Context(), acme, store.NewTranscript{
		Conversation: conversation, Episode: episode, Repeat: repeat,
		Plan: func(c chat.Conversation, addresses []string) (chat.Delivery, string, error) {
			d, err := plan.Asked(c, &o, plan.Ask{ID: request, To: plan.ToUser, Audience: chat.Customer}, addresses)
			return d, d.ID.String(), err
		},
	})
	if err != nil {
		return chat.Key{}, err
	}
	return chat.ParseKey(answer)
}

func (r *rig) transcripts() int {
	return r.count("select count(*) from deliveries where action = 'email_transcript'")
}

// contact takes contact data as either door does.
func (r *rig) contact(id, email string) {
	r.t.Helper()
	if _, err := r.AddContact(r.t.Context(), acme, "c", chat.Contact{ID: id, Email: email}); err != nil {
		r.t.Fatal(err)
	}
}

func TestATranscriptThatIsAskedForIsOfTheLatestEpisodeThatEnded(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	r.mustEnd(snapshot("c", 1))
	r.mustEnd(snapshot("c", 2))
	r.put(snapshot("c", 3))
	for i, want := range map[int]int{0: 2, 1: 1, 2: 2} {
		id, err := r.ask("c", i, "t"+strconv.Itoa(i), store.Idempotency{})
		if err != nil {
			t.Fatal(err)
		}
		if d := r.see(id); d.Episode != want || d.State != chat.Pending || !d.Params.Asked {
			t.Errorf("asked for %d: %+v", i, d.Delivery)
		}
		if got := r.frozen(r.claim(id)); got.Episode != want {
			t.Errorf("asked for %d, rendered is %d", i, got.Episode)
		}
	}
	for i, kind := range map[int]fault.Kind{3: fault.Conflict, 4: fault.NotFound} {
		if _, err := r.ask("c", i, "x", store.Idempotency{}); !fault.Is(err, kind) {
			t.Errorf("episode %d: %v", i, err)
		}
	}
	if _, err := r.ask("nobody", 0, "x", store.Idempotency{}); !fault.Is(err, fault.NotFound) {
		t.Errorf("a conversation that nobody knows: %v", err)
	}
	if n := r.count("select count(*) from conversations"); n != 1 {
		t.Errorf("%d conversations", n)
	}
}

func TestATranscriptThatIsAskedForWhileTheEpisodeSettlesWaitsForThat(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	if _, err := r.end(acme, snapshot("c", 1), time.Hour); err != nil {
		t.Fatal(err)
	}
	id, err := r.ask("c", 0, "t1", store.Idempotency{})
	if err != nil {
		t.Fatal(err)
	}
	r.want(id, chat.Pending, chat.HeldBySettle)
	r.refused(id)
	r.exec("update episodes set freeze_at = now()")
	if n, err := r.FreezeSettled(t.Context(), 10); n != 1 || err != nil {
		t.Fatal(n, err)
	}
	r.claim(id)
}

func TestTheSameRequestForATranscriptIsAnsweredAlikeWhateverHasHappenedSince(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	r.mustEnd(snapshot("c", 1))
	repeat := store.Idempotency{Key: "k", Digest: []byte("body")}
	first, err := r.ask("c", 0, "t1", repeat)
	if err != nil {
		t.Fatal(err)
	}
	r.mustEnd(snapshot("c", 2))
	for i := range 3 {
		if again, err := r.ask("c", 0, fmt.Sprintf("t%d", i+2), repeat); err != nil || again != first {
			t.Errorf("%s, %v; want %s", again, err, first)
		}
	}
	if n := r.transcripts(); n != 3 {
		t.Errorf("%d transcripts", n)
	}
	if _, err := r.ask("c", 0, "t9", store.Idempotency{Key: "k", Digest: []byte("other")}); !fault.Is(err, fault.Conflict) {
		t.Errorf("another body under the same key: %v", err)
	}
	r.each(8, func(i int) {
		if _, err := r.ask("c", 0, fmt.Sprintf("at once %d", i), store.Idempotency{Key: "k2", Digest: []byte("body")}); err != nil {
			t.Error(err)
		}
	})
	if n := r.transcripts(); n != 4 {
		t.Errorf("%d transcripts after eight requests at once", n)
	}
}

func TestATranscriptWaitsForAnAddressAndIsSentOnce(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		emails []string // of the contacts, in order; "wait" lets the wait pass
		to     string   // "" if it is not free to go
		holds  chat.Hold
	}{
		"an address lets it go":                            {[]string{"ann@example.com"}, "ann@example.com", ""},
		"the first of two lets it go, the last is written": {[]string{"ann@example.com", "ann@work.example"}, "ann@work.example", ""},
		"without an address it waits on":                   {[]string{"", ""}, "", chat.HeldByContact},
		"for an address that is no good it waits on":       {[]string{"ann at home"}, "", chat.HeldByContact},
		"a good one after a bad one lets it go":            {[]string{"ann at home", "ann@example.com"}, "ann@example.com", ""},
		"a bad one after a good one does not replace it":   {[]string{"ann@example.com", "ann at home"}, "ann@example.com", ""},
		"after the wait it goes, and has nowhere to go":    {[]string{"wait"}, "nowhere", chat.HeldByContact},
		"after the wait a bad one is all there is":         {[]string{"ann at home", "wait"}, "ann at home", chat.HeldByContact},
		"an address after the wait and before it was tried": {
			[]string{"wait", "ann@example.com"}, "ann@example.com", "",
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			r := newRig(t)
			r.organization.ContactWait = config.Duration(30 * time.Minute)
			s := snapshot("c", 1)
			s.User = chat.User{Name: "Ann"}
			id := r.mustEnd(s)[chat.EmailTranscript]
			r.want(id, chat.Pending, chat.HeldByContact)
			for i, email := range c.emails {
				if email == "wait" {
					r.age(id, 31*time.Minute)
				} else {
					r.contact(fmt.Sprintf("k%d", i), email)
				}
				r.mustEnd(s)
			}
			r.want(id, chat.Pending, c.holds)
			if c.to == "" {
				r.refused(id)
				return
			}
			claimed := r.claim(id)
			if to := r.frozen(claimed).User.Email; to != c.to && (c.to != "nowhere" || to != "") {
				t.Errorf("it goes to %q", to)
			}
			r.record(claimed, worked(claimed.Delivery, "sent"))
			for i := range 2 {
				r.contact(fmt.Sprintf("later %d", i), "later@example.com")
				r.mustEnd(s)
			}
			r.want(id, chat.Delivered, "")
			r.refused(id)
			if n := r.transcripts(); n != 1 {
				t.Errorf("%d transcripts", n)
			}
		})
	}
}

// nowhere is the outcome of a transcript whose user has no address.
func nowhere(code string) store.Outcome {
	return store.Outcome{Result: chat.Result{End: chat.Suppressed, Err: fault.New(fault.Invalid, code, "")}}
}

func TestAnAddressThatComesLateRevivesATranscriptThatHadNone(t *testing.T) {
	t.Parallel()
	gaveUp := func(code string) func(*rig, *chat.Snapshot) chat.Key {
		return func(r *rig, s *chat.Snapshot) chat.Key {
			r.organization.ContactWait = config.Duration(30 * time.Minute)
			id := r.mustEnd(*s)[chat.EmailTranscript]
			r.age(id, 31*time.Minute)
			r.record(r.claim(id), nowhere(code))
			return id
		}
	}
	planned := func(email string) func(*rig, *chat.Snapshot) chat.Key {
		return func(r *rig, s *chat.Snapshot) chat.Key {
			s.User.Email = email
			return r.mustEnd(*s)[chat.EmailTranscript]
		}
	}
	for name, c := range map[string]struct {
		end     func(*rig, *chat.Snapshot) chat.Key
		email   string
		episode int // of the contact
		revived bool
	}{
		"after the wait":                      {gaveUp("no_address"), "ann@example.com", 0, true},
		"after the wait for a good one":       {gaveUp("bad_address"), "ann@example.com", 0, true},
		"where nobody waits":                  {planned(""), "ann@example.com", 1, true},
		"instead of one that is no good":      {planned("ann at home"), "ann@example.com", 0, true},
		"with one that is no good either":     {gaveUp("no_address"), "ann at work", 0, false},
		"with a name alone":                   {gaveUp("no_address"), "", 0, false},
		"where the user opted out":            {gaveUp("stop"), "ann@example.com", 0, false},
		"where a mail bounced":                {gaveUp("bounced"), "ann@example.com", 0, false},
		"where somebody complained":           {gaveUp("complained"), "ann@example.com", 0, false},
		"where the audience was wrong":        {gaveUp("internal_to_user"), "ann@example.com", 0, false},
		"for an episode that is not this one": {gaveUp("no_address"), "ann@example.com", 2, false},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			r := newRig(t)
			s := snapshot("c", 1)
			s.User = chat.User{Name: "Ann"}
			id := c.end(r, &s)
			r.want(id, chat.Suppressed, "")
			if _, err := r.AddContact(t.Context(), acme, "c", chat.Contact{ID: "k", Episode: c.episode, Name: "Ann", Email: c.email}); err != nil {
				t.Fatal(err)
			}
			if !c.revived {
				r.want(id, chat.Suppressed, "")
				r.refused(id)
				return
			}
			r.contact("k2", "ann@work.example") // one more is no second mail
			claimed := r.claim(id)
			if to := r.frozen(claimed).User.Email; to != "ann@work.example" {
				t.Errorf("it goes to %q", to)
			}
			r.record(claimed, worked(claimed.Delivery, "sent"))
			r.contact("k3", "later@example.com")
			r.mustEnd(s)
			r.want(id, chat.Delivered, "")
			r.refused(id)
			if n := r.transcripts(); n != 1 {
				t.Errorf("%d transcripts", n)
			}
		})
	}
}

func TestAMailToANamedRecipientIsNotRevivedByTheUsersAddress(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	r.organization.Transcripts = []config.TranscriptRule{{To: "qa@acme.example", Audience: chat.Internal}}
	id := r.mustEnd(snapshot("c", 1))[chat.EmailTranscript]
	r.record(r.claim(id), nowhere("bad_address"))
	r.contact("k", "ann@example.com")
	r.want(id, chat.Suppressed, "")
}

func TestARevivedTranscriptWaitsForItsEpisodeToSettle(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	s := snapshot("c", 1)
	s.User = chat.User{}
	deliveries, err := r.end(acme, s, time.Hour)
	if err != nil {
		t.Fatal(err)
	}
	id := byAction(deliveries)[chat.EmailTranscript]
	r.want(id, chat.Suppressed, "")
	r.contact("k", "ann@example.com")
	r.want(id, chat.Pending, chat.HeldBySettle)
	r.refused(id)
	r.exec("update episodes set freeze_at = now()")
	if _, err := r.FreezeSettled(t.Context(), 10); err != nil {
		t.Fatal(err)
	}
	r.deliver(id, "sent")
}

func TestAnAddressThatComesWhileATranscriptGivesUpIsNotMissed(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	r.organization.ContactWait = config.Duration(30 * time.Minute)
	waited := func(conversation string) *store.Claimed {
		s := snapshot(conversation, 1)
		s.User = chat.User{}
		id := r.mustEnd(s)[chat.EmailTranscript]
		r.age(id, 31*time.Minute)
		return r.claim(id)
	}
	early := waited("c")
	r.contact("k", "ann@example.com")
	r.record(early, nowhere("no_address"))
	r.want(early.ID, chat.Pending, "")
	if to := r.frozen(r.claim(early.ID)).User.Email; to != "ann@example.com" {
		t.Errorf("it goes to %q", to)
	}

	again := waited("d")
	if _, err := r.AddContact(t.Context(), acme, "d", chat.Contact{ID: "k", Email: "ann at home"}); err != nil {
		t.Fatal(err)
	}
	r.record(again, nowhere("no_address"))
	r.record(r.claim(again.ID), nowhere("bad_address")) // it was told all that there is
	r.want(again.ID, chat.Suppressed, "")

	other := r.open()
	var all sync.WaitGroup
	for i := range 40 {
		conversation := "race" + strconv.Itoa(i)
		c := waited(conversation)
		all.Go(func() {
			if err := other.Record(t.Context(), c, nowhere("no_address")); err != nil {
				t.Error(err)
			}
		})
		all.Go(func() {
			if _, err := r.AddContact(t.Context(), acme, conversation, chat.Contact{ID: "k", Email: "ann@example.com"}); err != nil {
				t.Error(err)
			}
		})
		all.Wait()
		r.want(c.ID, chat.Pending, "")
	}
}
