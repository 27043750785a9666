package store_test

import (
	"bytes"
	"slices"
	"testing"
	"time"

	"github.com/afterchat/afterchat/internal/chat"
	"github.com/afterchat/afterchat/internal/fault"
	"github.com/afterchat/afterchat/internal/store"
)

// link is a link with the SMS that sends it.
func link(id string) (store.NewLink, chat.Key) {
	d := chat.Delivery{
		ID: chat.NewKey(acme, "c", 0, chat.SendLink, id+" 1"), Action: chat.SendLink, Target: chat.AccountSMS, State: chat.Pending,
		Params: chat.Params{Link: id, Channel: chat.ChannelSMS, To: "+46701234567"},
	}
	return store.NewLink{ID: id, Conversation: "c", Purpose: chat.LinkResume, Agent: "a_1", TokenHash: []byte("hash of " + id), TTL: time.Hour, Send: &d}, d.ID
}

func (r *rig) createLink(l store.NewLink) chat.Link {
	r.t.Helper()
	made, _, err := r.CreateLink(r.t.Context(), acme, l)
	if err != nil {
		r.t.Fatal(err)
	}
	return made
}

func TestALinkIsFoundByItsIDItsTokenAndItsConversation(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	l, _ := link("l1")
	made := r.createLink(l)
	byID, err := r.Link(t.Context(), acme, "l1")
	if err != nil {
		t.Fatal(err)
	}
	byToken, err := r.LinkByToken(t.Context(), l.TokenHash)
	if err != nil {
		t.Fatal(err)
	}
	list, err := r.Links(t.Context(), acme, "c")
	if err != nil || len(list) != 1 {
		t.Fatal(list, err)
	}
	for _, got := range []chat.Link{made, byID, byToken, list[0]} {
		if got.ID != "l1" || got.Organization != acme || got.Conversation != "c" || got.State != chat.LinkOpen || got.Agent != "a_1" || !bytes.Equal(got.TokenHash, l.TokenHash) {
			t.Errorf("%+v", got)
		}
	}
	if _, err := r.LinkByToken(t.Context(), []byte("another")); !fault.Is(err, fault.NotFound) {
		t.Errorf("a token that nobody has: %v", err)
	}
}

func TestTheSameRequestForALinkGivesTheSameAnswerAndMakesOneLink(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	for i, id := range []string{"l1", "l2", "l3"} {
		l, _ := link(id)
		l.Repeat = store.Idempotency{Key: "k", Digest: []byte("body"), Answer: id}
		_, replay, err := r.CreateLink(t.Context(), acme, l)
		if err != nil || i > 0 && replay != "l1" {
			t.Errorf("%s: replay %q, %v", id, replay, err)
		}
	}
	if links, sends := r.count("select count(*) from links"), r.count("select count(*) from deliveries"); links != 1 || sends != 1 {
		t.Errorf("%d links, %d sent", links, sends)
	}
	l, _ := link("l4")
	l.Repeat = store.Idempotency{Key: "k", Digest: []byte("another body"), Answer: "l4"}
	if _, _, err := r.CreateLink(t.Context(), acme, l); !fault.Is(err, fault.Conflict) {
		t.Errorf("another body under the same key: %v", err)
	}
}

func TestARevokedLinkCancelsItsUnsentSendAndNoOther(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	one, sendOne := link("l1")
	two, sendTwo := link("l2")
	sent, sendSent := link("l3")
	open, sendOpen := link("l4")
	for _, l := range []store.NewLink{one, two, sent, open} {
		r.createLink(l)
	}
	r.deliver(sendSent, "SM1")
	r.record(r.claim(sendOpen), store.Outcome{Result: chat.Result{Err: fault.New(fault.Ambiguous, "timeout", ""), CanLook: true}})
	for range 2 {
		for _, id := range []string{"l1", "l3", "l4"} {
			if err := r.RevokeLink(t.Context(), acme, id); err != nil {
				t.Fatal(err)
			}
		}
	}
	r.want(sendOne, chat.Cancelled, "")
	r.want(sendTwo, chat.Pending, "")
	r.want(sendSent, chat.Delivered, "")
	if d := r.see(sendOpen); d.State != chat.Pending || !d.LookFirst {
		t.Errorf("what may have been sent is %s, and is looked for: %t", d.State, d.LookFirst)
	}
	if l, err := r.Link(t.Context(), acme, "l1"); err != nil || l.State != chat.LinkRevoked {
		t.Errorf("%s, %v", l.State, err)
	}
	if ok, err := r.RedeemLink(t.Context(), "l1"); ok || err != nil {
		t.Errorf("a revoked link works: %t, %v", ok, err)
	}
}

func TestEachClickOnALinkThatWorksIsCounted(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	l, _ := link("l1")
	r.createLink(l)
	r.each(10, func(int) {
		if ok, err := r.RedeemLink(t.Context(), "l1"); !ok || err != nil {
			t.Error(ok, err)
		}
	})
	r.exec("update links set expires_at = now()")
	if ok, err := r.RedeemLink(t.Context(), "l1"); ok || err != nil {
		t.Errorf("an expired link works: %t, %v", ok, err)
	}
	if got, err := r.Link(t.Context(), acme, "l1"); err != nil || got.Clicks != 10 || got.State != chat.LinkExpired || got.RedeemedAt == nil {
		t.Errorf("%+v, %v", got, err)
	}
}

func TestALinkForAConversationNotYetKnownIsSentAndTheChatFollows(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	l, send := link("l1")
	r.createLink(l)
	r.deliver(send, "SM1")
	if c := r.conversation("c"); len(c.Episodes) != 0 || c.Latest != nil {
		t.Errorf("%+v", c)
	}
	r.mustEnd(snapshot("c", 1))
}

func TestAConversationKnowsInWhichLanguagesItsUserReads(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	l, _ := link("l1")
	r.createLink(l)
	locales := func() []string {
		t.Helper()
		got, err := r.Locales(t.Context(), acme, "c")
		if err != nil {
			t.Fatal(err)
		}
		return got
	}
	if got := locales(); !slices.Equal(got, []string{"", ""}) {
		t.Errorf("before any episode: %q", got)
	}
	open, raw, err := chat.ParseSnapshot([]byte(`{"id":"c","started_at":"2026-11-20T09:00:00Z","locale":"de-DE","user":{"locale":"sv","LOCALE":"fi"},"Locale":"it","USER":{"locale":"nl"},"messages":[]}`))
	if err != nil {
		t.Fatal(err)
	}
	if _, err := r.UpdateConversation(t.Context(), acme, open, raw); err != nil {
		t.Fatal(err)
	}
	if got := locales(); !slices.Equal(got, []string{"sv", "de-DE"}) {
		t.Errorf("of an open chat: %q", got)
	}
	if _, err := r.Locales(t.Context(), "other", "c"); !fault.Is(err, fault.NotFound) {
		t.Errorf("of another organization's: %v", err)
	}
}
