package templates

import (
	"crypto/sha256"
	"encoding/base64"
	"testing"

	"github.com/afterchat/afterchat/internal/chat"
)

func hashOf(s string) string {
	sum := sha256.Sum256([]byte(s))
	return "sha256-" + base64.StdEncoding.EncodeToString(sum[:])
}

func TestEveryStateOfTheDomainHasAWord(t *testing.T) {
	t.Parallel()
	w := renderer(t).words(english).Pane
	for _, s := range []chat.State{chat.Pending, chat.Calling, chat.Delivered, chat.Failed, chat.Unknown, chat.Suppressed, chat.Cancelled} {
		if w.States[string(s)] == "" {
			t.Errorf("no word for the state %s", s)
		}
	}
	for _, a := range []chat.Action{chat.FileTicket, chat.AttachNotes, chat.AmendTicket, chat.EmailTranscript, chat.SendLink} {
		if w.Actions[string(a)] == "" {
			t.Errorf("no word for the action %s", a)
		}
	}
	for _, h := range []chat.Hold{chat.HeldByDependency, chat.HeldBySettle, chat.HeldByContact, chat.HeldByRateLimit, chat.HeldByAccountPaused, chat.HeldByNotConfigured} {
		if w.Holds[string(h)] == "" {
			t.Errorf("no word for the hold %s", h)
		}
	}
}
