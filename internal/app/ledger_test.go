package app_test

import (
	"context"
	"errors"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/afterchat/afterchat/internal/app"
	"github.com/afterchat/afterchat/internal/standin"
)

// An account that was another for a while, and is itself again, can be asked again.
func TestWhatMayHaveHappenedIsLookedForAtTheAccountThatWasCalled(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	s := standin.Chat(1)
	if code := r.call(http.MethodPost, "/v1/conversations/"+s.ID+"/end", s, nil); code != http.StatusAccepted {
		t.Fatalf("end: %d", code)
	}
	c, err := app.LoadConfig(r.path)
	if err != nil {
		t.Fatal(err)
	}
	db, err := pgx.Connect(t.Context(), c.Database.Reveal())
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close(context.WithoutCancel(t.Context()))
	var id string
	for id == "" {
		err := db.QueryRow(t.Context(), "update deliveries set state = 'unknown', look_first = true where action = 'file_ticket' and state = 'delivered' returning replace(id::text, '-', '')").Scan(&id)
		if err != nil && !errors.Is(err, pgx.ErrNoRows) {
			t.Fatal(err)
		}
		time.Sleep(20 * time.Millisecond)
	}
	retry := func(change string, want int) {
		t.Helper()
		if _, err := db.Exec(t.Context(), "update deliveries set identity = "+change+" where action = 'file_ticket'"); err != nil {
			t.Fatal(err)
		}
		if code := r.call(http.MethodPost, "/v1/deliveries/"+id+"/retry", map[string]any{}, nil); code != want {
			t.Errorf("with the identity %s: %d, want %d", change, code, want)
		}
	}
	retry("'was ' || identity", http.StatusConflict)
	retry("substr(identity, 5)", http.StatusOK)
}

func TestTheLedgerSaysWhatWasSentToWhom(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	s := standin.Chat(1)
	if code := r.call(http.MethodPost, "/v1/conversations/"+s.ID+"/end", s, nil); code != http.StatusAccepted {
		t.Fatalf("end: %d", code)
	}
	var made struct{ ID string }
	body := map[string]any{"to": "boss@example.com", "note": "As promised,\n\x1b[2JBo"}
	if code := r.call(http.MethodPost, "/v1/conversations/"+s.ID+"/transcripts", body, &made); code != http.StatusAccepted {
		t.Fatalf("ask: %d", code)
	}
	var shown strings.Builder
	ledger, err := app.OpenLedger(t.Context(), r.path, standin.Organization, false, &shown)
	if err != nil {
		t.Fatal(err)
	}
	defer ledger.Close()
	if err := ledger.Show(t.Context(), made.ID); err != nil {
		t.Fatal(err)
	}
	if got := shown.String(); !strings.Contains(got, "to boss@example.com (customer, asked for)\n  As promised,\n  [2JBo\n") {
		t.Errorf("it shows %q", got)
	}
	shown.Reset()
	if err := ledger.List(t.Context(), "", "email_transcript", s.ID, 0); err != nil {
		t.Fatal(err)
	}
	if got := shown.String(); !strings.Contains(got, "to "+s.User.Email+" (customer)\n") || !strings.Contains(got, "to boss@example.com (customer, asked for)\n") {
		t.Errorf("it lists %q", got)
	}
}
