// Package connectortest is the suite that every connector passes, against its stand-in
// and, where one can be had, against the real system.
//
// A connector's test calls Run with a function that builds a Harness: the connector,
// and a way to see what the other side holds and to make it misbehave. The suite then
// proves what the connector's Traits promise.
package connectortest

import (
	"net/http"
	"testing"

	"github.com/afterchat/afterchat/connectors"
)

// Harness is one connector and the system that it talks to. Several tests run at once,
// each with a harness of its own; the systems behind them may be one and the same.
type Harness struct {
	Connector connectors.Connector
	// Tickets returns what the other side holds; nil for a connector that files none.
	Tickets func(t *testing.T) []Ticket
	// Sent returns what the other side took to send; nil for a connector that sends none.
	Sent func(t *testing.T) []Message
	// To returns a recipient that the other side accepts (senders only).
	To func(t *testing.T) string
	// Break makes the other side misbehave once, at the next request that would have an
	// effect. Nil where the other side cannot be told to (a real server).
	Break func(t *testing.T, how Breakage)
	// CloseTicket closes a ticket for good; nil where there is no such thing.
	CloseTicket func(t *testing.T, id string)
	// NotHTTP says that the other side does not answer with HTTP statuses: Break is then
	// asked for dropped connections alone.
	NotHTTP bool
	// Secrets are words that no error and no log line may hold: credentials, addresses.
	Secrets []string
}

// Ticket is a ticket as the other side holds it.
type Ticket struct {
	ID, Subject, Body, RequesterEmail, RequesterName string
	// BodyPublic tells whether the requester may read Body; nil where nothing can tell.
	BodyPublic *bool
	Key        string // as the other side stores it
	Comments   []Comment
	Files      []string // names
}

// Comment is a later addition to a ticket as the other side holds it.
type Comment struct {
	Body   string
	Public bool
	Files  []string
}

// Message is a message as the other side took it, its Body decoded to plain text.
type Message struct {
	To, Body, Subject, ID string
}

// Breakage is how the other side misbehaves once.
type Breakage struct {
	// Status and Header answer without any effect.
	Status int
	Header http.Header
	// DropBefore closes the connection without any effect; DropAfter carries out the
	// request and then closes the connection without an answer.
	DropBefore, DropAfter bool
}
