package app_test

import (
	"context"
	"log/slog"
	"net/http"
	"testing"

	"github.com/afterchat/afterchat/internal/app"
	"github.com/afterchat/afterchat/internal/chat"
	"github.com/afterchat/afterchat/internal/standin"
)

func TestAProcessThatStartsLooksAtWhatItsConfigurationHasAgain(t *testing.T) {
	t.Parallel()
	r := newRigOf(t, app.Options{Roles: []string{app.RoleAPI}})
	s := standin.Chat(1)
	if code := r.call(http.MethodPost, "/v1/conversations/"+s.ID+"/end", s, nil); code != http.StatusAccepted {
		t.Fatalf("end: %d", code)
	}
	var tl timeline
	r.call(http.MethodGet, "/v1/conversations/"+s.ID+"/deliveries", nil, &tl)
	for _, d := range tl.Deliveries {
		key, err := chat.ParseKey(d.ID)
		if err != nil {
			t.Fatal(err)
		}
		if c, err := r.app.Store().Claim(t.Context(), key, false, ""); c != nil || err != nil { // by a process without the account
			t.Fatal(c, err)
		}
	}
	c, err := app.LoadConfig(r.path)
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	worker, err := app.New(ctx, c, app.Options{Roles: []string{app.RoleWorker}, Log: slog.New(slog.NewTextHandler(r.log, nil))})
	if err != nil {
		cancel()
		t.Fatal(err)
	}
	done := make(chan error, 1)
	go func() { done <- worker.Run(ctx) }()
	defer func() {
		cancel()
		if err := <-done; err != nil {
			t.Error(err)
		}
		worker.Close()
	}()
	for _, d := range r.settled(s.ID).Deliveries {
		if d.State != "delivered" {
			t.Errorf("%s is %s (%v)", d.Action, d.State, d.Error)
		}
	}
}
