package httpapi

import (
	"context"
	"net/http"
	"reflect"
	"strings"
	"unicode/utf8"

	"github.com/afterchat/afterchat/internal/chat"
	"github.com/afterchat/afterchat/internal/store"
)

func (a *api) routeConversations() {
	register(a, operation{
		id: "put-conversation", method: http.MethodPut, path: "/v1/conversations/{id}", tag: "Conversations",
		summary: "The open chat so far",
		doc:     "A snapshot without ended_at. Starts fetching the user's earlier tickets. Fewer messages than are stored, or an episode that has ended, change nothing.",
		body:    reflect.TypeFor[chat.Snapshot](), limit: chatBody,
	}, a.putConversation)
	register(a, operation{
		id: "get-conversation", method: http.MethodGet, path: "/v1/conversations/{id}", tag: "Conversations",
		summary: "State, episodes and ticket of a conversation",
	}, a.getConversation)
}

// conversationInput is the input of every call about one conversation.
type conversationInput struct {
	request
	ID string `path:"id" doc:"The chat core's id of the conversation."`
}

// check refuses ids that no conversation can have: PostgreSQL could not hold them.
func (in *conversationInput) check() error {
	if len(in.ID) > 255 || strings.ContainsRune(in.ID, 0) || !utf8.ValidString(in.ID) {
		return invalid("conversation", "is longer than 255 bytes, or no text")
	}
	return nil
}

// conversation is {"conversation","state","episodes","ticket"}.
type conversation struct {
	Conversation string           `json:"conversation"`
	State        string           `json:"state" enum:"open,ended,unknown" doc:"Of the latest episode; unknown when only notes or contact data have come."`
	Episodes     []store.Episode  `json:"episodes" nullable:"false"`
	Ticket       nullable[ticket] `json:"ticket"`
}

type ticket struct {
	Desk string `json:"desk"`
	ID   string `json:"id"`
	URL  string `json:"url"`
}

func (a *api) putConversation(ctx context.Context, in *conversationInput) (*answer[conversation], error) {
	if err := a.Intake.Open(ctx, in.organization, in.ID, in.body); err != nil {
		return nil, err
	}
	return a.getConversation(ctx, in)
}

func (a *api) getConversation(ctx context.Context, in *conversationInput) (*answer[conversation], error) {
	c, err := a.Store.Conversation(ctx, in.organization.ID, in.ID)
	if err != nil {
		return nil, err
	}
	out := conversation{Conversation: c.ID, State: "unknown", Episodes: orEmpty(c.Episodes)}
	if n := len(c.Episodes); n > 0 {
		out.State = c.Episodes[n-1].State
	}
	if c.Ticket != nil {
		out.Ticket = some(ticket{c.Ticket.Desk, c.Ticket.ID, c.Ticket.URL})
	}
	return answered(out, nil)
}
