//go:build linux

package crashtest

import (
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"time"

	"github.com/afterchat/afterchat/internal/chat"
	"github.com/afterchat/afterchat/internal/standin"
)

// delivery is a delivery as the HTTP door shows it.
type delivery struct {
	ID           chat.Key
	Conversation string
	Action       chat.Action
	State        chat.State
	HeldBy       *string `json:"held_by"`
	Error        *string
	Receipt      *string
	Ref          *struct{ ID string }
	Attempts     []attempt
}

type attempt struct {
	At      time.Time
	Outcome string
	Error   *string
}

// tooLate says that another call had taken over before the result came.
func tooLate(a attempt) bool { return strings.HasSuffix(a.Outcome, "(late)") }

func (d delivery) String() string {
	var b strings.Builder
	fmt.Fprintf(&b, "%s %s of %s: %s", d.ID, d.Action, d.Conversation, d.State)
	if d.HeldBy != nil {
		fmt.Fprintf(&b, ", held by %s", *d.HeldBy)
	}
	if d.Error != nil {
		fmt.Fprintf(&b, ", %s", *d.Error)
	}
	for _, a := range d.Attempts {
		fmt.Fprintf(&b, "\n    %s %s", a.At.Format("15:04:05.000"), a.Outcome)
		if a.Error != nil {
			fmt.Fprintf(&b, " (%s)", *a.Error)
		}
	}
	return b.String()
}

// ledger returns the deliveries in a state, all of them for "".
func (r *rig) ledger(state chat.State) []delivery {
	r.t.Helper()
	var all []delivery
	for cursor := ""; ; {
		var page struct {
			Deliveries []delivery
			NextCursor *string `json:"next_cursor"`
		}
		query := url.Values{"state": {string(state)}, "limit": {"200"}, "cursor": {cursor}}
		r.must(http.MethodGet, "/v1/deliveries?"+query.Encode(), nil, &page)
		all = append(all, page.Deliveries...)
		if page.NextCursor == nil {
			return all
		}
		cursor = *page.NextCursor
	}
}

// settle waits until every delivery has ended, and does what an operator has to: nobody
// can search a mailbox, so a mail that may have been sent waits for a person to look. It
// returns how many were settled by hand: found, and sent again.
func (r *rig) settle(most time.Duration) (found, resent int) {
	r.t.Helper()
	r.ended(most)
	for _, d := range r.ledger(chat.Unknown) {
		if d.Action != chat.EmailTranscript {
			r.t.Errorf("only a mail may end as unknown, not %s", d)
			continue
		}
		if r.inMailbox(d.ID) {
			found++
			r.must(http.MethodPost, "/v1/deliveries/"+d.ID.String()+"/resolve", map[string]string{"state": "delivered"}, nil)
		} else {
			resent++
			r.must(http.MethodPost, "/v1/deliveries/"+d.ID.String()+"/retry", map[string]bool{"resend": true}, nil)
		}
	}
	r.ended(most)
	return found, resent
}

// ended waits until no delivery is pending or being called.
func (r *rig) ended(most time.Duration) {
	r.t.Helper()
	for began := time.Now(); ; time.Sleep(100 * time.Millisecond) {
		open := slices.Concat(r.ledger(chat.Pending), r.ledger(chat.Calling))
		if len(open) == 0 {
			return
		}
		if time.Since(began) > most {
			for _, d := range open[:min(len(open), 20)] {
				r.t.Log(d)
			}
			r.t.Fatalf("after %s %d deliveries have not ended", most, len(open))
		}
	}
}

func (r *rig) inMailbox(key chat.Key) bool {
	for _, m := range r.vendors.Mail.Messages() {
		if standin.MailKey(m) == key.String() {
			return true
		}
	}
	return false
}
