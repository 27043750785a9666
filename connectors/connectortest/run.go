package connectortest

import (
	"context"
	"strings"
	"testing"
	"time"

	"github.com/afterchat/afterchat/connectors"
)

// callTime is how long one call of the suite may take, whatever the connector's Traits.
const callTime = 30 * time.Second

// Run proves that a connector keeps what connectors.go asks for and what its own Traits
// promise. Parts that it has no interface for are left out. newHarness is called for
// every test.
func Run(t *testing.T, newHarness func(t *testing.T) *Harness) {
	t.Helper()
	probe := newHarness(t)
	traits(t, probe)
	if _, ok := probe.Connector.(connectors.Prober); ok {
		// Not in parallel: it compares all that the other side holds.
		t.Run("a probe signs in and changes nothing", func(t *testing.T) { probing(t, newHarness(t)) })
	}
	group := func(name string, can bool, run func(*testing.T, func(*testing.T) *Harness)) {
		if !can {
			return
		}
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			run(t, newHarness)
		})
	}
	_, tickets := probe.Connector.(connectors.Ticketer)
	_, comments := probe.Connector.(connectors.Commenter)
	_, history := probe.Connector.(connectors.Historian)
	_, amends := probe.Connector.(connectors.Amender)
	_, sends := probe.Connector.(connectors.Sender)
	group("tickets", tickets, testTickets)
	group("comments", tickets && comments, testComments)
	group("history", tickets && history, testHistory)
	group("requesters", tickets && amends, testRequesters)
	group("messages", sends, testMessages)
	group("no time left", true, testNoTimeLeft)
	group("dropped connections", probe.Break != nil, testDrops)
	group("statuses", probe.Break != nil && !probe.NotHTTP, testStatuses)
}

// each runs named tests in parallel, each with a harness of its own.
func each(t *testing.T, newHarness func(*testing.T) *Harness, tests map[string]func(*testing.T, *Harness)) {
	t.Helper()
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			test(t, newHarness(t))
		})
	}
}

// traits checks that what a connector says of itself makes sense.
func traits(t *testing.T, h *Harness) {
	t.Helper()
	traits := h.Connector.Traits()
	if traits.Timeout <= 0 {
		t.Error("Traits.Timeout is missing: every call has a deadline")
	}
	if _, ok := h.Connector.(connectors.Ticketer); ok {
		if h.Tickets == nil {
			t.Error("Harness.Tickets is missing for a connector that files tickets")
		}
		if traits.Create.Kind == connectors.BlindKind {
			t.Error("Traits.Create is blind although FindTicket is there")
		}
	}
	if _, ok := h.Connector.(connectors.Commenter); ok && traits.Comment.Kind == connectors.BlindKind {
		t.Error("Traits.Comment is blind although FindComment is there")
	}
	if _, ok := h.Connector.(connectors.Sender); ok && (h.Sent == nil || h.To == nil) {
		t.Error("Harness.Sent or Harness.To is missing for a connector that sends")
	}
	if _, ok := h.Connector.(connectors.SentFinder); ok && traits.Send.Kind == connectors.BlindKind {
		t.Error("Traits.Send is blind although FindSent is there")
	}
	if t.Failed() {
		t.FailNow()
	}
}

// within returns a context for one call.
func within(t *testing.T) context.Context {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), callTime)
	t.Cleanup(cancel)
	return ctx
}

// eventually calls found until it is true or the lag of a promise and a little more is
// over.
func eventually(t *testing.T, lag time.Duration, found func() bool) bool {
	t.Helper()
	for deadline := time.Now().Add(lag + 2*time.Second); ; time.Sleep(50 * time.Millisecond) {
		if found() {
			return true
		}
		if time.Now().After(deadline) {
			return false
		}
	}
}

// sameLines makes line ends comparable: many systems store CRLF.
func sameLines(s string) string {
	return strings.ReplaceAll(strings.ReplaceAll(s, "\r\n", "\n"), "\r", "\n")
}
