package connectortest

import (
	"errors"
	"strings"
	"testing"

	"github.com/afterchat/afterchat/connectors"
	"github.com/afterchat/afterchat/internal/fault"
)

// assertFault fails unless err is a fault of one of the kinds (of any, if none is
// given) whose text gives nothing away: none of the harness's secrets and none of words.
func assertFault(t *testing.T, h *Harness, err error, words []string, kinds ...fault.Kind) {
	t.Helper()
	if err == nil {
		t.Errorf("no error, want one of kind %v", kinds)
		return
	}
	assertNoLeak(t, h, err, words)
	f, ok := errors.AsType[*fault.Error](err)
	if !ok {
		t.Errorf("the error is no fault: %v", err)
		return
	}
	if f.Kind == 0 || f.Kind > fault.Ambiguous {
		t.Errorf("the fault has no kind: %v", err)
	}
	for _, kind := range kinds {
		if f.Kind == kind {
			return
		}
	}
	if len(kinds) > 0 {
		t.Errorf("kind is %v, want one of %v: %v", f.Kind, kinds, err)
	}
}

// assertNoLeak fails when the text of err holds a secret, or a line of a word.
func assertNoLeak(t *testing.T, h *Harness, err error, words []string) {
	t.Helper()
	if err == nil {
		return
	}
	text := strings.ToLower(err.Error())
	for _, list := range [][]string{h.Secrets, words} {
		for _, word := range list {
			for line := range strings.Lines(word) {
				line = strings.ToLower(strings.TrimSpace(line))
				if len(line) > 2 && strings.Contains(text, line) {
					t.Errorf("the error gives away %q: %v", line, err)
				}
			}
		}
	}
}

// ticketWords are the words of a ticket that no error may hold.
func ticketWords(t connectors.Ticket) []string {
	return append(personWords(t.Requester), t.Subject, t.Body)
}

func personWords(p connectors.Person) []string {
	return []string{p.Name, p.Email, p.Phone, p.ExternalID}
}
