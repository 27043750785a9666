package httpapi

import (
	"context"
	"net/http"
	"reflect"

	"github.com/afterchat/afterchat/internal/chat"
)

func (a *api) routeNotes() {
	register(a, operation{
		id: "add-note", method: http.MethodPost, path: "/v1/conversations/{id}/notes", tag: "Conversations",
		summary: "A note by an agent, for colleagues",
		doc:     "Before the end it joins the snapshot, after the end it is one more comment on the ticket. A note for a conversation that is not known yet is kept for it.",
		body:    reflect.TypeFor[chat.Note](), limit: chatBody,
	}, a.addNote)
	register(a, operation{
		id: "add-contact", method: http.MethodPost, path: "/v1/conversations/{id}/contact", tag: "Conversations",
		summary: "What the assistant asked after the chat",
		body:    reflect.TypeFor[chat.Contact](), limit: chatBody,
	}, a.addContact)
}

// Both calls answer with what is kept, which names the episode that it belongs to; none
// while the conversation is not known.

func (a *api) addNote(ctx context.Context, in *conversationInput) (*answer[chat.Note], error) {
	return answered(a.Intake.Note(ctx, in.organization, in.ID, in.body))
}

func (a *api) addContact(ctx context.Context, in *conversationInput) (*answer[chat.Contact], error) {
	return answered(a.Intake.Contact(ctx, in.organization, in.ID, in.body))
}
