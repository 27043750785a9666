package store_test

import (
	"context"
	"reflect"
	"slices"
	"testing"
	"time"

	"github.com/afterchat/afterchat/internal/chat"
	"github.com/afterchat/afterchat/internal/fault"
	"github.com/afterchat/afterchat/internal/store"
)

// stranger is another organization, which has a conversation with the same id.
const stranger = "bolt"

func TestNoOrganizationSeesOrMovesWhatIsAnothers(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	ctx := t.Context()
	ids := r.mustEnd(snapshot("c", 1))
	r.deliver(ids[chat.FileTicket], "7")
	failed := r.mustEnd(snapshot("failed", 1))[chat.FileTicket]
	r.record(r.claim(failed), refusal())
	unknown := r.mustEnd(snapshot("unknown", 1))[chat.FileTicket]
	r.record(r.claim(unknown), store.Outcome{Result: chat.Result{Err: fault.New(fault.Ambiguous, "timeout", "")}})
	if _, _, err := r.CreateLink(ctx, acme, store.NewLink{ID: "l", Conversation: "c", Purpose: chat.LinkResume, TokenHash: []byte("hash"), TTL: time.Hour}); err != nil {
		t.Fatal(err)
	}
	if err := r.SavePriorTickets(ctx, acme, "c", store.PriorTickets{Desk: "zd"}); err != nil {
		t.Fatal(err)
	}
	if err := r.Suppress(ctx, acme, chat.ChannelSMS, "+46701234567", "stop"); err != nil {
		t.Fatal(err)
	}
	sent := r.mustEnd(snapshot("sent", 1))[chat.EmailTranscript]
	r.deliver(sent, "<m>")
	before := r.dump()

	notFound := func(what string, err error) {
		t.Helper()
		if !fault.Is(err, fault.NotFound) {
			t.Errorf("%s: %v, want not found", what, err)
		}
	}
	_, err := r.Conversation(ctx, stranger, "c")
	notFound("Conversation", err)
	_, err = r.Deliveries(ctx, stranger, "c")
	notFound("Deliveries", err)
	_, err = r.Delivery(ctx, stranger, ids[chat.FileTicket])
	notFound("Delivery", err)
	notFound("RetryDelivery", r.RetryDelivery(ctx, stranger, failed, true, true))
	notFound("CancelDelivery", r.CancelDelivery(ctx, stranger, ids[chat.EmailTranscript]))
	notFound("ResolveDelivery", r.ResolveDelivery(ctx, stranger, unknown, chat.Failed, chat.Ref{}))
	notFound("SetReceipt", r.SetReceipt(ctx, stranger, ids[chat.FileTicket], "read", func(string, string) bool { return true }))
	_, err = r.TakeBounce(ctx, stranger, sent, bounced("bounced 5.1.1", "bounced"))
	notFound("TakeBounce", err)
	if removed, err := r.RemoveSuppression(ctx, stranger, chat.ChannelSMS, "+46701234567"); removed != nil || err != nil {
		t.Errorf("RemoveSuppression: %v, %v", removed, err)
	}
	if list, err := r.Suppressions(ctx, stranger, "", store.SuppressedAddress{}, 10); len(list) > 0 || err != nil {
		t.Errorf("Suppressions: %v, %v", list, err)
	}
	if changed, err := r.AddSuppression(ctx, stranger, chat.ChannelSMS, "+46701234567", "manual"); !changed || err != nil {
		t.Errorf("AddSuppression: %v, %v", changed, err)
	}
	_, err = r.Link(ctx, stranger, "l")
	notFound("Link", err)
	notFound("RevokeLink", r.RevokeLink(ctx, stranger, "l"))
	_, err = r.PriorTickets(ctx, stranger, "c")
	notFound("PriorTickets", err)
	notFound("SavePriorTickets", r.SavePriorTickets(ctx, stranger, "c", store.PriorTickets{Desk: "zd"}))
	if links, err := r.Links(ctx, stranger, "c"); len(links) > 0 || err != nil {
		t.Errorf("Links: %v, %v", links, err)
	}
	if list, _, err := r.ListDeliveries(ctx, stranger, store.Filter{Most: 10}); len(list) > 0 || err != nil {
		t.Errorf("ListDeliveries: %v, %v", list, err)
	}
	if err := r.Unsuppress(ctx, stranger, chat.ChannelSMS, "+46701234567", "stop"); err != nil {
		t.Error(err)
	}
	if _, err := r.Pause(ctx, store.Account{Organization: stranger, Target: "zd"}, "http_401"); err != nil {
		t.Error(err)
	}
	if pauses, err := r.Pauses(ctx); len(pauses) != 1 || err != nil {
		t.Errorf("Pauses: %v, %v", pauses, err)
	}
	if after := r.dump(); !reflect.DeepEqual(before, after) {
		t.Errorf("%s changed\n%v\nto\n%v", acme, before, after)
	}
}

func TestTwoOrganizationsConversationsWithOneIDAreTwo(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	r.mustEnd(snapshot("c", 1))
	other := snapshot("c", 1)
	other.Messages[0].Text = "Another chat altogether"
	if _, err := r.end(stranger, other, 0); err != nil {
		t.Fatal(err)
	}
	if _, err := r.AddNote(t.Context(), stranger, "c", note("n1", "x")); err != nil {
		t.Fatal(err)
	}
	if _, err := r.AddContact(t.Context(), stranger, "c", chat.Contact{ID: "k", Email: "x@example.com"}); err != nil {
		t.Fatal(err)
	}
	parsed, raw := r.parse(snapshot("c", 2))
	if _, err := r.UpdateConversation(t.Context(), stranger, parsed, raw); err != nil {
		t.Fatal(err)
	}
	if c := r.conversation("c"); c.Latest.Messages[0].Text != "It smells of smoke" || len(c.Latest.Notes) != 0 || c.Latest.User.Email != "ann@example.com" || len(c.Episodes) != 1 {
		t.Errorf("%s sees %+v", acme, c.Latest)
	}
}

func TestASuppressionIsOneOrganizationsOwn(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	for organization, want := range map[string]string{acme: "stop", stranger: ""} {
		if err := r.Suppress(t.Context(), acme, chat.ChannelEmail, "ann@example.com", "stop"); err != nil {
			t.Fatal(err)
		}
		deliveries, err := r.end(organization, snapshot("c", 1), 0)
		if err != nil {
			t.Fatal(err)
		}
		c := r.claim(byAction(deliveries)[chat.EmailTranscript])
		if why, err := r.Suppression(t.Context(), c, chat.ChannelEmail, "ann@example.com"); why != want || err != nil {
			t.Errorf("%s: %q, %v", organization, why, err)
		}
		if why, err := r.SuppressedBecause(t.Context(), organization, chat.ChannelEmail, "ann@example.com"); why != want || err != nil {
			t.Errorf("%s, without a delivery: %q, %v", organization, why, err)
		}
	}
}

func TestOneIdempotencyKeyOfTwoOrganizationsIsTwo(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	for i, organization := range []string{acme, stranger} {
		_, replay, err := r.CreateLink(t.Context(), organization, store.NewLink{
			ID: organization, Conversation: "c", Purpose: chat.LinkResume, TokenHash: []byte{byte(i)}, TTL: time.Hour,
			Repeat: store.Idempotency{Key: "k", Digest: []byte("d"), Answer: organization},
		})
		if err != nil || replay != "" {
			t.Errorf("%s: %q, %v", organization, replay, err)
		}
	}
}

// TestEveryMethodAboutAnOrganizationTakesIt lists those that need none: they are about a
// key that holds the organization, about a token that names it, or about all of them.
func TestEveryMethodAboutAnOrganizationTakesIt(t *testing.T) {
	t.Parallel()
	without := []string{
		"Open", "Close", "Ping", "Migrate", "CheckVersion", "Prune", "Waiting", "ShowRests", // the database as a whole
		"Claim", "Extend", "Record", "Postpone", "Frozen", "DeliveriesSoFar", "EarlierMails", "LateNote", "LateContact", "Suppression", // a delivery's key, or what its claim returned
		"Dispatch", "FreezeSettled", "Pause", "Unpause", "Pauses", "WakeConfigured", // all of them, or a store.Account
		"LinkByToken", "RedeemLink", // a token
		"SeeReject", "Reject", "Rejects", "CountRejects", // the operator's
	}
	s := reflect.TypeFor[*store.Store]()
	text, ctx := reflect.TypeFor[string](), reflect.TypeFor[context.Context]()
	for m := range s.Methods() {
		takes := m.Type.NumIn() > 2 && m.Type.In(1) == ctx && m.Type.In(2) == text
		if !takes && !slices.Contains(without, m.Name) {
			t.Errorf("%s takes no organization", m.Name)
		}
	}
}

// dump is all that is known of the organization.
func (r *rig) dump() []string {
	r.t.Helper()
	rows, err := r.db.Query(r.t.Context(), `
		select d::text from deliveries d where organization = $1 union all select c::text from conversations c where organization = $1
		union all select l::text from links l where organization = $1 union all select s::text from suppressions s where organization = $1
		union all select p::text from prior_tickets p union all select u::text from due u where organization = $1 order by 1`, acme)
	if err != nil {
		r.t.Fatal(err)
	}
	defer rows.Close()
	var out []string
	for rows.Next() {
		var line string
		if err := rows.Scan(&line); err != nil {
			r.t.Fatal(err)
		}
		out = append(out, line)
	}
	return out
}
