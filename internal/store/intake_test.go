package store_test

import (
	"bytes"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/afterchat/afterchat/internal/chat"
	"github.com/afterchat/afterchat/internal/config"
	"github.com/afterchat/afterchat/internal/fault"
	"github.com/afterchat/afterchat/internal/plan"
	"github.com/afterchat/afterchat/internal/store"
)

func TestTheSameEndAgainReturnsThePlanThatWasMade(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	s := snapshot("c", 1)
	s.Notes = []chat.Note{note("n1", "Boiler replaced")}
	s.Messages[0].Attachments = []chat.Attachment{{ID: "f1", URL: "https://files.example/1?signature=a"}}
	first := r.mustEnd(s)
	if len(first) != 3 {
		t.Fatalf("planned: %v", first)
	}
	r.organization.Tickets, r.organization.Transcripts = nil, nil // today's rules do not count
	s.Messages[0].Attachments[0].URL = "https://files.example/1?signature=b"
	s.StartedAt = s.StartedAt.In(time.FixedZone("", 3600))
	if diff := cmp.Diff(first, r.mustEnd(s)); diff != "" {
		t.Error(diff)
	}
	if n := r.count("select count(*) from deliveries"); n != 3 {
		t.Errorf("%d deliveries", n)
	}
}

func TestTheSameEndAgainReturnsNothingThatCameByItself(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	s := snapshot("c", 1)
	s.Notes = []chat.Note{note("n1", "In the snapshot")}
	first, err := r.end(acme, s, 0)
	if err != nil {
		t.Fatal(err)
	}
	r.deliver(byAction(first)[chat.FileTicket], "7")
	if _, err := r.AddNote(t.Context(), acme, "c", note("n2", "Late")); err != nil {
		t.Fatal(err)
	}
	r.contact("k", "new@example.com")
	l, _ := link("l1")
	r.createLink(l)
	if _, err := r.ask("c", 1, "t1", store.Idempotency{}); err != nil {
		t.Fatal(err)
	}
	again, err := r.end(acme, s, 0)
	if err != nil {
		t.Fatal(err)
	}
	if n := r.count("select count(*) from deliveries"); n != len(first)+4 {
		t.Fatalf("%d deliveries", n)
	}
	same := func(a, b chat.Delivery) bool { return a.ID == b.ID }
	if !slices.EqualFunc(first, again, same) {
		t.Errorf("first %+v\nand then %+v", first, again)
	}
}

func TestAnEndsUnknownFieldsAreKeptAndDoNotMakeItAnotherEnd(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	for _, odd := range []string{`"first"`, `{"later": 1}`} {
		parsed, raw, err := chat.ParseSnapshot([]byte(`{"id":"c","started_at":"2026-11-20T09:12:03Z","messages":[],"odd":` + odd + `}`))
		if err != nil {
			t.Fatal(err)
		}
		_, err = r.EndConversation(t.Context(), acme, store.End{Snapshot: parsed, Raw: raw}, func(chat.Conversation) []chat.Delivery { return nil })
		if err != nil {
			t.Error(err)
		}
	}
}

func TestADifferentEndIsAConflictAndChangesNothing(t *testing.T) {
	t.Parallel()
	for name, change := range map[string]func(*chat.Snapshot){
		"another text":       func(s *chat.Snapshot) { s.Messages[0].Text = "It smells of coffee" },
		"one message more":   func(s *chat.Snapshot) { s.Messages = append(s.Messages, message("m9", s.StartedAt, "x")) },
		"one message fewer":  func(s *chat.Snapshot) { s.Messages = s.Messages[:1] },
		"another outcome":    func(s *chat.Snapshot) { s.Outcome = "resolved" },
		"another address":    func(s *chat.Snapshot) { s.User.Email = "eve@example.com" },
		"a note":             func(s *chat.Snapshot) { s.Notes = []chat.Note{note("n1", "x")} },
		"another attachment": func(s *chat.Snapshot) { s.Messages[0].Attachments = []chat.Attachment{{ID: "f2"}} },
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			r := newRig(t)
			s := snapshot("c", 1)
			r.mustEnd(s)
			other := snapshot("c", 1)
			change(&other)
			if _, err := r.end(acme, other, 0); !fault.Is(err, fault.Conflict) || fault.CodeOf(err) != "already_ended" {
				t.Errorf("got %v", err)
			}
			if diff := cmp.Diff(s.Messages, r.conversation("c").Latest.Messages); diff != "" {
				t.Error(diff)
			}
		})
	}
}

func TestAnOpenChatOnlyGrows(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	s := snapshot("c", 1)
	if !r.put(s) {
		t.Error("a new chat changed nothing")
	}
	fewer := s
	fewer.Messages, fewer.Product = s.Messages[:1], "another"
	if r.put(fewer) {
		t.Error("a PUT with fewer messages changed something")
	}
	if got := r.conversation("c").Latest; len(got.Messages) != 2 || got.Product != "" {
		t.Errorf("now %d messages of %q", len(got.Messages), got.Product)
	}
	more := s
	more.Messages = append(more.Messages[:2:2], message("m3", s.EndedAt, "One more"))
	if !r.put(more) || len(r.conversation("c").Latest.Messages) != 3 {
		t.Error("a PUT with more messages was not taken")
	}
}

func TestAnOpenChatThatComesAfterItsEndChangesNothing(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	s := snapshot("c", 1)
	r.mustEnd(s)
	more := s
	more.Messages = append(more.Messages[:2:2], message("m3", s.EndedAt, "Too late"))
	if r.put(more) {
		t.Error("it changed something")
	}
	if got := r.conversation("c"); len(got.Latest.Messages) != 2 || got.Episodes[0].State != "ended" {
		t.Errorf("now %d messages, %s", len(got.Latest.Messages), got.Episodes[0].State)
	}
}

func TestWhatTheOpenChatHadIsPartOfTheEnd(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	s := snapshot("c", 1)
	r.put(s)
	s.Messages = s.Messages[1:]
	ids := r.mustEnd(s)
	got := r.frozen(r.claim(ids[chat.FileTicket]))
	if len(got.Messages) != 2 || got.Messages[0].ID != "m1.1" {
		t.Errorf("frozen with %+v", got.Messages)
	}
	if n := r.count("select count(*) from messages"); n != 0 {
		t.Errorf("%d messages still stand in rows of their own", n)
	}
}

func TestMessagesOfEarlierEpisodesAreDropped(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	one, two, three := snapshot("c", 1), snapshot("c", 2), snapshot("c", 3)
	two.Messages = append(one.Messages[:2:2], two.Messages...)
	three.Messages = append(two.Messages[:4:4], three.Messages...)
	r.deliver(r.mustEnd(one)[chat.FileTicket], "7")
	r.deliver(r.mustEnd(two)[chat.FileTicket], "7")
	r.put(three)
	if open := r.conversation("c").Latest.Messages; len(open) != 2 || open[0].ID != "m3.1" {
		t.Errorf("while it is open the third episode has %+v", open)
	}
	got := r.frozen(r.claim(r.mustEnd(three)[chat.FileTicket]))
	if len(got.Messages) != 2 || got.Messages[0].ID != "m3.1" {
		t.Errorf("the third episode has %+v", got.Messages)
	}
	if got := r.conversation("c"); len(got.Episodes) != 3 {
		t.Errorf("episodes: %+v", got.Episodes)
	}
}

func TestANoteForAConversationNotYetKnownIsKeptForIt(t *testing.T) {
	t.Parallel()
	for name, n := range map[string]chat.Note{
		"of the latest episode": note("early", "Boiler replaced"),
		"of the first episode":  {ID: "early", Episode: 1, At: note("", "").At, Agent: "a_1", Text: "Boiler replaced"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			r := newRig(t)
			if _, err := r.AddNote(t.Context(), acme, "c", n); err != nil {
				t.Fatal(err)
			}
			ids := r.mustEnd(snapshot("c", 1))
			if got := r.frozen(r.claim(ids[chat.FileTicket])).Notes; len(got) != 1 || got[0].Text != "Boiler replaced" {
				t.Errorf("frozen with %+v", got)
			}
			if _, ok := ids[chat.AttachNotes]; !ok {
				t.Error("its notes are not attached")
			}
		})
	}
}

func TestAContactForAConversationNotYetKnownIsKeptForIt(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	if _, err := r.AddContact(t.Context(), acme, "c", chat.Contact{ID: "k", Email: "early@example.com"}); err != nil {
		t.Fatal(err)
	}
	s := snapshot("c", 1)
	s.User, s.Outcome = chat.User{}, "unresolved"
	ids := r.mustEnd(s)
	r.want(ids[chat.EmailTranscript], chat.Pending, "")
	if got := r.frozen(r.claim(ids[chat.FileTicket])).User.Email; got != "early@example.com" {
		t.Errorf("the ticket is from %q", got)
	}
}

func TestTheSameNoteAgainChangesNothingAndAnotherWithItsIDIsAConflict(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	s := snapshot("c", 1)
	s.Notes = []chat.Note{note("n1", "In the snapshot")}
	ids := r.mustEnd(s)
	r.deliver(ids[chat.FileTicket], "7")
	for _, n := range []chat.Note{note("n1", "In the snapshot"), note("n2", "Late"), note("n2", "Late")} {
		if _, err := r.AddNote(t.Context(), acme, "c", n); err != nil {
			t.Error(err)
		}
	}
	if n := r.count("select count(*) from deliveries where action = 'attach_notes'"); n != 2 {
		t.Errorf("%d comments for one frozen and one late note", n)
	}
	for _, id := range []string{"n1", "n2"} {
		if _, err := r.AddNote(t.Context(), acme, "c", note(id, "Something else")); !fault.Is(err, fault.Conflict) {
			t.Errorf("%s: %v", id, err)
		}
	}
}

func TestTheSameContactAgainChangesNothingAndAnotherWithItsIDIsAConflict(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	ids := r.mustEnd(snapshot("c", 1))
	r.deliver(ids[chat.FileTicket], "7")
	for range 2 {
		if _, err := r.AddContact(t.Context(), acme, "c", chat.Contact{ID: "k", Email: "new@example.com"}); err != nil {
			t.Error(err)
		}
	}
	if n := r.count("select count(*) from deliveries where action = 'amend_ticket'"); n != 1 {
		t.Errorf("%d amendments", n)
	}
	if _, err := r.AddContact(t.Context(), acme, "c", chat.Contact{ID: "k", Email: "other@example.com"}); !fault.Is(err, fault.Conflict) {
		t.Errorf("got %v", err)
	}
}

func TestWhatPostgreSQLCannotHoldBecomesAReplacementCharacter(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	body := `{"id":"c","started_at":"2026-11-20T09:12:03Z","odd\u0000":"\u0000 \ud800","user":{"name":"\u0000"},` +
		`"messages":[{"id":"m1","at":"2026-11-20T09:12:03Z","author":{"kind":"user"},"text":"a\u0000b\ud83dc \ud83d\ude00 \u202eright to left","odd":"\udfff"}]}`
	parsed, raw, err := chat.ParseSnapshot([]byte(body))
	if err != nil {
		t.Fatal(err)
	}
	if _, err := r.UpdateConversation(t.Context(), acme, parsed, raw); err != nil {
		t.Fatal(err)
	}
	if _, err := r.EndConversation(t.Context(), acme, store.End{Snapshot: parsed, Raw: raw}, func(c chat.Conversation) []chat.Delivery { return plan.For(c, r.organization) }); err != nil {
		t.Fatal(err)
	}
	if got, want := r.conversation("c").Latest.Messages[0].Text, "a\uFFFDb\uFFFDc \U0001F600 \u202Eright to left"; got != want {
		t.Errorf("%q, want %q", got, want)
	}
}

func TestAnUnknownFieldThatLooksLikeAKnownOneIsKeptAndReadByNobody(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	body := `{"id":"c","started_at":"2026-11-20T09:12:03Z","outcome":"follow_up","user":{"email":"ann@example.com"},"USER":{"email":"bo@example.com"},` +
		`"messages":[{"id":"m1","at":"2026-11-20T09:12:03Z","author":{"kind":"user"},"text":"hello","Text":"other"}],"MESSAGES":[],"Outcome":5}`
	parsed, raw, err := chat.ParseSnapshot([]byte(body))
	if err != nil {
		t.Fatal(err)
	}
	if _, err := r.UpdateConversation(t.Context(), acme, parsed, raw); err != nil {
		t.Fatal(err)
	}
	deliveries, err := r.EndConversation(t.Context(), acme, store.End{Snapshot: parsed, Raw: raw}, func(c chat.Conversation) []chat.Delivery { return plan.For(c, r.organization) })
	if err != nil {
		t.Fatal(err)
	}
	if got := r.conversation("c").Latest; len(got.Messages) != 1 || got.Messages[0].Text != "hello" || got.Outcome != "follow_up" {
		t.Errorf("%+v", got)
	}
	listed, err := r.Deliveries(t.Context(), acme, "c")
	if err != nil {
		t.Fatal(err)
	}
	for _, d := range listed {
		if d.ID == byAction(deliveries)[chat.EmailTranscript] && d.To != "ann@example.com" {
			t.Errorf("the transcript goes to %q", d.To)
		}
	}
	if !bytes.Contains(raw, []byte(`"MESSAGES":[],"Outcome":5`)) {
		t.Errorf("what nobody reads was not kept: %s", raw)
	}
}

func TestALongChatAndALongLineAreKeptWhole(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	s := snapshot("c", 1)
	s.Messages = nil
	for i := range 100_000 {
		s.Messages = append(s.Messages, message(fmt.Sprintf("m%d", i), s.StartedAt.Add(time.Duration(i)*time.Millisecond), "Hello"))
	}
	s.Messages[50_000].Text = strings.Repeat("long ", 200_000)
	r.put(s)
	ids := r.mustEnd(s)
	got := r.frozen(r.claim(ids[chat.FileTicket]))
	if len(got.Messages) != 100_000 || len(got.Messages[50_000].Text) != 1_000_000 || got.Messages[99_999].ID != "m99999" {
		t.Errorf("%d messages, the long one with %d bytes", len(got.Messages), len(got.Messages[50_000].Text))
	}
}

func TestAContactReleasesTheTicketAndTheTranscriptThatWaitForIt(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	r.organization.ContactWait = config.Duration(30 * time.Minute)
	s := snapshot("c", 1)
	s.User, s.Outcome = chat.User{Name: "Ann"}, "unresolved"
	ids := r.mustEnd(s)
	r.want(ids[chat.FileTicket], chat.Pending, chat.HeldByContact)
	r.want(ids[chat.EmailTranscript], chat.Pending, chat.HeldByContact)
	r.refused(ids[chat.FileTicket])
	if _, err := r.AddContact(t.Context(), acme, "c", chat.Contact{ID: "k", Email: "ann@example.com"}); err != nil {
		t.Fatal(err)
	}
	if got := r.frozen(r.claim(ids[chat.FileTicket])).User; got.Email != "ann@example.com" || got.Name != "Ann" {
		t.Errorf("the ticket is from %+v", got)
	}
	if got := r.frozen(r.claim(ids[chat.EmailTranscript])).User.Email; got != "ann@example.com" {
		t.Errorf("the transcript goes to %q", got)
	}
}

func TestAConversationThatIsReadWhileItEndsIsOpenOrEndedAndWhole(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	for i := range 40 {
		s := snapshot(fmt.Sprintf("c%d", i), 1)
		r.put(s)
		ended := make(chan error, 1)
		go func() {
			_, err := r.end(acme, s, 0)
			ended <- err
		}()
		for over := false; !over; {
			select {
			case err := <-ended:
				if err != nil {
					t.Fatal(err)
				}
				over = true
			default:
			}
			if c := r.conversation(s.ID); len(c.Latest.Messages) != len(s.Messages) {
				t.Fatalf("%s has %d messages, want %d", c.Episodes[0].State, len(c.Latest.Messages), len(s.Messages))
			}
		}
	}
}

func TestANoteThatAnEarlierEpisodeHadIsTheSameNoteWhenItComesLate(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	s := snapshot("c", 1)
	s.Notes = []chat.Note{note("n1", "Boiler replaced")}
	r.mustEnd(s)
	r.mustEnd(snapshot("c", 2))
	kept, err := r.AddNote(t.Context(), acme, "c", note("n1", "Boiler replaced"))
	if err != nil || kept.Episode != 1 {
		t.Errorf("it is of episode %d, %v", kept.Episode, err)
	}
	if n := r.count("select count(*) from deliveries where action = 'attach_notes'"); n != 1 {
		t.Errorf("%d comments", n)
	}
	if kept, err = r.AddNote(t.Context(), acme, "c", note("n1", "Something else")); err != nil || kept.Episode != 2 {
		t.Errorf("another note of the latest episode is of episode %d, %v", kept.Episode, err)
	}
}
