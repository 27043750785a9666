package demo

import (
	"slices"

	"github.com/afterchat/afterchat/internal/chat"
	"github.com/afterchat/afterchat/internal/plan"
)

// promise is what one chat was promised when it was handed over.
type promise struct {
	snapshot chat.Snapshot
	plan     []chat.Delivery // what its end brings about
	// asked is the number, as the chat has it, that a link was asked for; empty: none was.
	// number is what it reads as, in E.164; empty: it cannot be sent to.
	asked, number string
}

// ledger is what Afterchat says that it did.
type ledger struct {
	deliveries []chat.Delivery
	links      map[string]chat.Link // by id
}

// tally is the result. All is right when the four counts of what is not are zero.
type tally struct {
	Chats      int `json:"chats"`
	Deliveries int `json:"deliveries"`
	Delivered  int `json:"delivered"`
	Suppressed int `json:"suppressed"` // rightly: there was nowhere to send it
	Lost       int `json:"lost"`       // promised, and not there
	Duplicated int `json:"duplicated"` // there once too often
	Stray      int `json:"stray"`      // there, and promised to nobody
	Wrong      int `json:"wrong"`      // there, with the wrong content or for the wrong eyes

	Actions map[chat.Action]int `json:"actions"` // how many of each were delivered
	// Findings name what is not right, by ids alone; the first few.
	Findings []string `json:"findings,omitempty"`
}

func (t tally) right() bool { return t.Lost+t.Duplicated+t.Stray+t.Wrong == 0 }

const maxFindings = 20

func (t *tally) find(count *int, what string) {
	*count++
	if len(t.Findings) < maxFindings {
		t.Findings = append(t.Findings, what)
	}
}

// verify holds what was promised against the ledger, and the ledger against what the
// stand-ins received.
func verify(promises []promise, l ledger, r received) tally {
	t := tally{Chats: len(promises), Deliveries: len(l.deliveries), Actions: map[chat.Action]int{}}
	effects, unkeyed := r.byKey()
	for _, what := range unkeyed {
		t.find(&t.Stray, what+" carries no delivery's key")
	}
	open := make(map[chat.Key]chat.Delivery, len(l.deliveries))
	links := map[string][]chat.Delivery{}
	for _, d := range l.deliveries {
		open[d.ID] = d
		if d.Action == chat.SendLink {
			links[d.Conversation] = append(links[d.Conversation], d)
		}
	}
	for _, p := range promises {
		due := slices.Clone(p.plan)
		if p.asked != "" {
			// A link's key holds a random id, so the ledger is asked which it is.
			due = append(due, firstOr(links[p.snapshot.ID], chat.Delivery{Action: chat.SendLink, Conversation: p.snapshot.ID}))
		}
		for _, planned := range due {
			d, ok := open[planned.ID]
			if !ok {
				t.find(&t.Lost, label(planned)+" is not in the ledger")
				continue
			}
			delete(open, d.ID)
			t.check(p, d, effects[d.ID], l)
			delete(effects, d.ID)
		}
	}
	for _, d := range l.deliveries {
		if _, ok := open[d.ID]; ok {
			t.find(&t.Stray, label(d)+" is in the ledger, and nobody asked for it")
			delete(effects, d.ID)
		}
	}
	for key, list := range effects {
		for range list {
			t.find(&t.Stray, key.String()+" was received, and is not in the ledger")
		}
	}
	slices.Sort(t.Findings)
	return t
}

// check counts one delivery that was promised and is in the ledger.
func (t *tally) check(p promise, d chat.Delivery, effects []effect, l ledger) {
	for range max(len(effects)-1, 0) {
		t.find(&t.Duplicated, label(d)+" was received more than once")
	}
	switch {
	case d.State == chat.Suppressed && len(effects) > 0:
		t.find(&t.Wrong, label(d)+" was received, although it is suppressed")
	case d.State == chat.Suppressed && rightly(p, d):
		t.Suppressed++
	case d.State == chat.Suppressed:
		t.find(&t.Lost, label(d)+" is suppressed without a reason: "+d.Error)
	case d.State != chat.Delivered && len(effects) > 0:
		t.find(&t.Wrong, label(d)+" was received, and the ledger says "+string(d.State))
	case d.State != chat.Delivered:
		t.find(&t.Lost, label(d)+" is "+string(d.State))
	case len(effects) == 0:
		t.find(&t.Lost, label(d)+" was not received")
	default:
		t.Delivered++
		t.Actions[d.Action]++
		if complaint := p.complaint(d, effects[0], l); complaint != "" {
			t.find(&t.Wrong, label(d)+": "+complaint)
		}
	}
}

// rightly reports whether a delivery had nowhere to go.
func rightly(p promise, d chat.Delivery) bool {
	switch d.Action {
	case chat.EmailTranscript:
		return p.snapshot.User.Email == "" || !plan.GoodAddress(p.snapshot.User.Email)
	case chat.SendLink:
		return p.number == ""
	case chat.FileTicket, chat.AttachNotes, chat.AmendTicket:
	}
	return false
}

func label(d chat.Delivery) string { return string(d.Action) + " of " + d.Conversation }

func firstOr[T any](list []T, otherwise T) T {
	if len(list) == 0 {
		return otherwise
	}
	return list[0]
}
