package httpapi

import (
	"context"
	"net/http"
	"reflect"

	"github.com/afterchat/afterchat/internal/chat"
)

func (a *api) routeEnd() {
	register(a, operation{
		id: "end-conversation", method: http.MethodPost, path: "/v1/conversations/{id}/end", tag: "Conversations",
		summary: "The snapshot at the end of an episode",
		doc:     "Plans what is to be delivered and answers with the plan. The same end again answers with the same plan, in the states of now; a different one is a conflict (already_ended).",
		status:  http.StatusAccepted, body: reflect.TypeFor[chat.Snapshot](), limit: chatBody,
	}, a.end)
}

// ended is {"conversation","episode","deliveries"}.
type ended struct {
	Conversation string    `json:"conversation"`
	Episode      int       `json:"episode"`
	Deliveries   []planned `json:"deliveries" nullable:"false"`
}

// planned is a delivery as the plan has it.
type planned struct {
	ID     string      `json:"id" doc:"32 hexadecimal digits."`
	Action chat.Action `json:"action"`
	Target string      `json:"target"`
	State  chat.State  `json:"state"`
}

func (a *api) end(ctx context.Context, in *conversationInput) (*answer[ended], error) {
	episode, deliveries, err := a.Intake.End(ctx, in.organization, in.ID, in.body)
	if err != nil {
		return nil, err
	}
	out := ended{Conversation: in.ID, Episode: episode, Deliveries: make([]planned, 0, len(deliveries))}
	for _, d := range deliveries {
		out.Deliveries = append(out.Deliveries, planned{d.ID.String(), d.Action, d.Target, d.State})
	}
	return answered(out, nil)
}
