package templates

import (
	"strings"
	"time"
)

// Delivery is what has become of one effect outside, in the contract's words; At is when
// it came to its state. Receipt is what the other side said later ("bounced 5.1.1"), Ref
// its id there and URL a web address. A message has To, its address or number, "" where
// that is not known, a transcript its Audience, and one that an agent asked for (Asked)
// may have a covering Note. ID is its own, for the pane's form that settles it.
type Delivery struct {
	ID                                               string
	Action, Target, State, HeldBy, Receipt, Ref, URL string
	To, Audience, Note                               string
	Asked                                            bool
	At                                               time.Time
}

// deliveryFacts says of each delivery where it goes, to whom, how far it has come, and what
// it is called there.
func (w *words) deliveryFacts(deliveries []Delivery, l *time.Location) []Fact {
	facts := make([]Fact, len(deliveries))
	for i, d := range deliveries {
		parts := remarks(w.isolate(line(d.Target)), w.isolate(line(d.To)), known(w.Pane.Audiences, line(d.Audience)), w.asked(d),
			known(w.Pane.States, line(d.State)), w.isolate(line(d.Receipt)), w.isolate(line(d.Ref)), w.heldBy(d), w.since(d, l))
		facts[i] = Fact{Label: known(w.Pane.Actions, line(d.Action)), Value: strings.Join(parts, " · "), URL: webURL(d.URL)}
	}
	return facts
}

// asked says that an agent asked for a delivery, "" if none did.
func (w *words) asked(d Delivery) string {
	if !d.Asked {
		return ""
	}
	return w.Pane.Asked
}

// heldBy says why a delivery waits, "" if nothing holds it.
func (w *words) heldBy(d Delivery) string {
	if d.HeldBy == "" {
		return ""
	}
	return fill(w.Pane.Held, "{why}", known(w.Pane.Holds, line(d.HeldBy)))
}

// since says when a delivery came to its state, "" if that is not known.
func (w *words) since(d Delivery, l *time.Location) string {
	if d.At.IsZero() {
		return ""
	}
	return w.stamp(d.At, l)
}
