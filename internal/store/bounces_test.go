package store_test

import (
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"github.com/afterchat/afterchat/internal/chat"
	"github.com/afterchat/afterchat/internal/fault"
	"github.com/afterchat/afterchat/internal/plan"
	"github.com/afterchat/afterchat/internal/store"
)

// bounced is a bounce; the longer receipt is the newer.
func bounced(receipt, suppress string) store.Bounce {
	return store.Bounce{
		Receipt: receipt, Suppress: suppress, Normalize: plan.NormalizeAddress,
		Newer: func(old, latest string) bool { return len(latest) > len(old) },
	}
}

// suppressed lists "channel address reason".
func (r *rig) suppressed(organization string) []string {
	r.t.Helper()
	list, err := r.Suppressions(r.t.Context(), organization, "", store.SuppressedAddress{}, 100)
	if err != nil {
		r.t.Fatal(err)
	}
	var out []string
	for _, s := range list {
		out = append(out, strings.Join([]string{s.Channel, s.Address, s.Reason}, " "))
	}
	return out
}

func (r *rig) bounce(id chat.Key, b store.Bounce, news bool) {
	r.t.Helper()
	got, err := r.TakeBounce(r.t.Context(), acme, id, b)
	if err != nil || got != news {
		r.t.Errorf("%s is news: %v, %v; want %v", b.Receipt, got, err, news)
	}
}

func TestABounceIsTheMailsReceiptAndSuppressesItsAddress(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	s := snapshot("c", 1)
	s.User.Email = " Ann@Example.com"
	id := r.mustEnd(s)[chat.EmailTranscript]
	r.deliver(id, "<m>")
	r.bounce(id, bounced("delayed", ""), true)
	if got := r.suppressed(acme); got != nil {
		t.Errorf("a delay suppresses %q", got)
	}
	r.bounce(id, bounced("bounced 5.1.1", "bounced"), true)
	r.bounce(id, bounced("delayed", ""), false)
	if d := r.see(id); d.State != chat.Delivered || d.Receipt != "bounced 5.1.1" {
		t.Errorf("%s, %q", d.State, d.Receipt)
	}
	want := []string{"email ann@example.com bounced"}
	if diff := cmp.Diff(want, r.suppressed(acme)); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
	// An operator knows better, and an old report that comes again changes nothing.
	if removed, err := r.RemoveSuppression(t.Context(), acme, chat.ChannelEmail, "ann@example.com"); err != nil || removed == nil {
		t.Fatal(removed, err)
	}
	r.bounce(id, bounced("bounced 5.1.1", "bounced"), false)
	if got := r.suppressed(acme); got != nil {
		t.Errorf("the same bounce again suppresses %q", got)
	}
}

func TestTheAddressThatBouncesIsTheOneThatWasWrittenTo(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	s := snapshot("c", 1)
	id := r.mustEnd(s)[chat.EmailTranscript]
	add := func(c chat.Contact) {
		t.Helper()
		if _, err := r.AddContact(t.Context(), acme, "c", c); err != nil {
			t.Fatal(err)
		}
	}
	add(chat.Contact{ID: "k1", Email: "lee@example.com"})
	r.deliver(id, "<m>")
	time.Sleep(2 * time.Millisecond)
	add(chat.Contact{ID: "k2", Email: "new@example.com"})
	r.bounce(id, bounced("bounced", "bounced"), true)
	if diff := cmp.Diff([]string{"email lee@example.com bounced"}, r.suppressed(acme)); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}

func TestAComplaintCountsMoreThanABounceAndLessThanAPerson(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	for address, test := range map[string]struct{ before, reason, want string }{
		"a@example.com": {"bounced", "complained", "complained"},
		"b@example.com": {"complained", "bounced", "complained"},
		"c@example.com": {"manual", "complained", "manual"},
	} {
		s := snapshot(address, 1)
		s.User.Email = address
		id := r.mustEnd(s)[chat.EmailTranscript]
		r.deliver(id, "<m>")
		if _, err := r.AddSuppression(t.Context(), acme, chat.ChannelEmail, address, test.before); err != nil {
			t.Fatal(err)
		}
		r.bounce(id, bounced(test.reason, test.reason), true)
		if n := r.count("select count(*) from suppressions where address = $1 and reason = $2", address, test.want); n != 1 {
			t.Errorf("%s after %s is not %s", test.reason, test.before, test.want)
		}
	}
}

func TestOnlyMailThatWasSentCanBounce(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	ids := r.mustEnd(snapshot("c", 1))
	r.deliver(ids[chat.FileTicket], "7")
	link := func(id, channel, to string) chat.Key {
		t.Helper()
		key := chat.NewKey(acme, "c", 0, chat.SendLink, id)
		_, _, err := r.CreateLink(t.Context(), acme, store.NewLink{
			ID: id, Conversation: "c", Purpose: chat.LinkResume, TokenHash: []byte(id), TTL: time.Hour,
			Send: &chat.Delivery{
				ID: key, Action: chat.SendLink, Target: chat.AccountMail, State: chat.Pending,
				Params: chat.Params{Link: id, Channel: channel, To: to},
			},
		})
		if err != nil {
			t.Fatal(err)
		}
		return key
	}
	sms, mail := link("l1", chat.ChannelSMS, "+46701234567"), link("l2", chat.ChannelEmail, "Kim@example.com")
	for _, id := range []chat.Key{sms, mail} {
		r.deliver(id, "x")
	}
	s := snapshot("suppressed", 1)
	s.User.Email = ""
	suppressed := r.mustEnd(s)[chat.EmailTranscript]
	r.exec("update deliveries set state = 'suppressed', first_call_at = now() where id = $1", suppressed)
	for name, id := range map[string]chat.Key{
		"one that was suppressed after a call": suppressed,
		"a ticket":                             ids[chat.FileTicket], "a transcript that was not sent": ids[chat.EmailTranscript], "a text message": sms, "nothing": {},
	} {
		if _, err := r.TakeBounce(t.Context(), acme, id, bounced("bounced", "bounced")); !fault.Is(err, fault.NotFound) {
			t.Errorf("%s: %v", name, err)
		}
	}
	r.bounce(mail, bounced("bounced", "bounced"), true)
	if diff := cmp.Diff([]string{"email kim@example.com bounced"}, r.suppressed(acme)); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}

func TestSuppressionsAreAddedAndRemovedOnce(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	add := func(channel, address, reason string, want bool) {
		t.Helper()
		if changed, err := r.AddSuppression(t.Context(), acme, channel, address, reason); changed != want || err != nil {
			t.Errorf("adding %s for %s: %v, %v", address, reason, changed, err)
		}
	}
	add(chat.ChannelEmail, "ann@example.com", "manual", true)
	add(chat.ChannelEmail, "ann@example.com", "manual", false)
	add(chat.ChannelEmail, "ann@example.com", "asked", true)
	add(chat.ChannelEmail, "kim@example.com", "manual", true)
	add(chat.ChannelSMS, "+46701234567", "manual", true)
	var seen []store.SuppressedAddress
	for after := (store.SuppressedAddress{}); ; after = seen[len(seen)-1] {
		page, err := r.Suppressions(t.Context(), acme, "", after, 2)
		if err != nil {
			t.Fatal(err)
		}
		if seen = append(seen, page...); len(page) == 0 {
			break
		}
	}
	want := []store.SuppressedAddress{
		{Channel: "email", Address: "ann@example.com", Reason: "asked"}, {Channel: "email", Address: "kim@example.com", Reason: "manual"},
		{Channel: "sms", Address: "+46701234567", Reason: "manual"},
	}
	if diff := cmp.Diff(want, seen, cmpopts.IgnoreFields(store.SuppressedAddress{}, "At")); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
	if list, err := r.Suppressions(t.Context(), acme, chat.ChannelSMS, store.SuppressedAddress{}, 10); len(list) != 1 || err != nil || time.Since(list[0].At) > time.Minute {
		t.Errorf("by SMS: %v, %v", list, err)
	}
	for _, want := range []bool{true, false} {
		removed, err := r.RemoveSuppression(t.Context(), acme, chat.ChannelEmail, "ann@example.com")
		if err != nil || (removed != nil) != want || want && removed.Reason != "asked" {
			t.Errorf("removing: %v, %v", removed, err)
		}
	}
}

func TestAContactThatComesDuringTheSendingDoesNotChangeWhereTheMailWent(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	id := r.mustEnd(snapshot("c", 1))[chat.EmailTranscript]
	c := r.claim(id)
	sent := r.frozen(c).User.Email
	time.Sleep(2 * time.Millisecond)
	if _, err := r.AddContact(t.Context(), acme, "c", chat.Contact{ID: "k", Email: "new@example.com"}); err != nil {
		t.Fatal(err)
	}
	time.Sleep(2 * time.Millisecond)
	r.record(c, worked(c.Delivery, "<m>"))
	if d := r.see(id); d.To != sent {
		t.Errorf("it went to %s, and is said to have gone to %s", sent, d.To)
	}
	r.bounce(id, bounced("bounced", "bounced"), true)
	if diff := cmp.Diff([]string{"email " + sent + " bounced"}, r.suppressed(acme)); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}
