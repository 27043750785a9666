package app_test

import (
	"net/http"
	"strings"
	"testing"

	"github.com/afterchat/afterchat/internal/app"
	"github.com/afterchat/afterchat/internal/standin"
)

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
