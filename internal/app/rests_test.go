package app_test

import (
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/afterchat/afterchat/internal/app"
	"github.com/afterchat/afterchat/internal/standin"
)

// shown is a delivery of the timeline as both doors out show it.
type shown struct {
	Action, State string
	HeldBy        *string    `json:"held_by"`
	DueAt         *time.Time `json:"due_at"`
	Attempts      []struct{ Error *string }
}

// ticketOf waits for a chat's ticket to be held by something, and returns it.
func (r *rig) ticketOf(conversation string) shown {
	r.t.Helper()
	var tl struct{ Deliveries []shown }
	for range 400 {
		r.call(http.MethodGet, "/v1/conversations/"+conversation+"/deliveries", nil, &tl)
		if len(tl.Deliveries) > 0 && tl.Deliveries[0].HeldBy != nil {
			return tl.Deliveries[0]
		}
		time.Sleep(25 * time.Millisecond)
	}
	r.t.Fatalf("nothing holds the ticket: %+v", tl)
	return shown{}
}

func TestWhatWaitsForAnAccountThatRestsSaysSoThoughItWasNeverCalled(t *testing.T) {
	t.Parallel()
	busy := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Retry-After", "600")
		w.WriteHeader(http.StatusTooManyRequests)
	}))
	t.Cleanup(busy.Close)
	r := newRig(t, func(config string) string {
		before, after, _ := strings.Cut(config, "type: zendesk, base_url: \"")
		_, after, _ = strings.Cut(after, "\"")
		return before + "type: zendesk, base_url: \"" + busy.URL + "\"" + after
	})
	for n, tries := range []int{1, 0} {
		chat := standin.Chat(n + 1)
		if code := r.call(http.MethodPost, "/v1/conversations/"+chat.ID+"/end", chat, nil); code != http.StatusAccepted {
			t.Fatalf("end: %d", code)
		}
		held(t, r.ticketOf(chat.ID), tries)
	}
	// The command line is another process, which hears of it from Redis.
	var out strings.Builder
	ledger, err := app.OpenLedger(t.Context(), r.path, standin.Organization, true, &out)
	if err != nil {
		t.Fatal(err)
	}
	defer ledger.Close()
	if err := ledger.List(t.Context(), "pending", "file_ticket", "", 0); err != nil {
		t.Fatal(err)
	}
	var list struct{ Deliveries []shown }
	if err := json.Unmarshal([]byte(out.String()), &list); err != nil || len(list.Deliveries) != 2 {
		t.Fatalf("%d deliveries, %v", len(list.Deliveries), err)
	}
	for i, tries := range []int{1, 0} {
		held(t, list.Deliveries[i], tries)
	}
}

// held checks that a delivery that was tried so often waits for its account's rest.
func held(t *testing.T, d shown, tries int) {
	t.Helper()
	if len(d.Attempts) != tries || d.State != "pending" || d.HeldBy == nil || *d.HeldBy != "rate_limit" {
		t.Errorf("after %d tries: %+v", tries, d)
	}
	if d.DueAt == nil || time.Until(*d.DueAt) < 9*time.Minute || time.Until(*d.DueAt) > 11*time.Minute {
		t.Errorf("after %d tries it is due at %v", tries, d.DueAt)
	}
}
