package bounce

import (
	"context"
	"log/slog"

	"github.com/afterchat/afterchat/connectors"
	"github.com/afterchat/afterchat/internal/chat"
	"github.com/afterchat/afterchat/internal/config"
	"github.com/afterchat/afterchat/internal/fault"
	"github.com/afterchat/afterchat/internal/plan"
	"github.com/afterchat/afterchat/internal/signing"
	"github.com/afterchat/afterchat/internal/store"
)

// Store keeps what becomes of mails.
type Store interface {
	TakeBounce(ctx context.Context, organization string, id chat.Key, b store.Bounce) (news bool, err error)
}

// Taker carries out what reports say.
type Taker struct {
	Store Store
	Keys  *signing.Keys
	// Observe counts a report by the door that it came by and its outcome: the verdict's
	// word, or one of the outcomes below.
	Observe func(door, outcome string)
	Log     *slog.Logger
}

// The doors.
const (
	DoorLMTP    = config.ProtocolLMTP
	DoorSMTP    = config.ProtocolSMTP
	DoorWebhook = "webhook"
)

// What becomes of a mail that changes nothing. None of them is an error: nobody wants to
// hear of it (RFC 3834).
const (
	ignored  = "ignored"  // no report
	repeated = "repeated" // no news
	unproved = "unproved" // about a mail of which it shows no tag
	unknown  = "unknown"  // about no mail of this organization
)

// Arrival is how a report came in.
type Arrival struct {
	Door         string
	Organization *config.Organization
	// Recipient is the envelope's; empty if there was none.
	Recipient string
}

// Take carries out a report. Its error means that the database did not take it, and that
// it has to come again; the same again changes nothing.
func (t *Taker) Take(ctx context.Context, a Arrival, r Report) error {
	outcome, key, err := t.take(ctx, a, r)
	if err != nil {
		return err
	}
	t.Observe(a.Door, outcome)
	t.Log.LogAttrs(ctx, slog.LevelInfo, "bounce",
		slog.String("organization", a.Organization.ID), slog.String("door", a.Door), slog.String("outcome", outcome),
		slog.String("delivery", key), slog.String("status", r.Status))
	return nil
}

func (t *Taker) take(ctx context.Context, a Arrival, r Report) (outcome, key string, err error) {
	if r.Word == "" {
		return ignored, "", nil
	}
	mark, proved, ok := t.about(a, r)
	if !ok {
		return unknown, "", nil
	}
	if !proved && a.Door != DoorWebhook {
		return unproved, mark.Key.String(), nil
	}
	news, err := t.Store.TakeBounce(ctx, a.Organization.ID, mark.Key, store.Bounce{
		Receipt: r.Receipt(), Suppress: r.Suppresses(), Newer: Newer, Normalize: plan.NormalizeAddress,
	})
	switch {
	case fault.Is(err, fault.NotFound):
		return unknown, mark.Key.String(), nil
	case err != nil:
		return "", "", err
	case !news:
		return repeated, mark.Key.String(), nil
	}
	return r.Word, mark.Key.String(), nil
}

// about finds out which mail a report is about: the first that it proves to have seen,
// or else the first that it names.
func (t *Taker) about(a Arrival, r Report) (mark connectors.BounceMark, proved, ok bool) {
	for _, m := range named(a, r) {
		if t.Keys.SignedBounce(a.Organization.ID, m) {
			return m, true, true
		}
		if !ok {
			mark, ok = m, true
		}
	}
	return mark, false, ok
}

// named lists the mails that a report names, from the surest to the least sure place.
func named(a Arrival, r Report) []connectors.BounceMark {
	var out []connectors.BounceMark
	add := func(m connectors.BounceMark, ok bool) {
		if ok {
			out = append(out, m)
		}
	}
	base := a.Organization.Mail.Bounces.ReturnPath
	for _, address := range append([]string{a.Recipient}, r.Addresses...) {
		if text, ok := connectors.CutReturnPath(base, address); ok {
			add(connectors.ParseBounceMark(text))
		}
	}
	add(connectors.MessageMark(r.MessageID))
	return out
}
