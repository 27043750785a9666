package httpapi

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"reflect"
	"strings"
	"time"

	"github.com/afterchat/afterchat/internal/chat"
	"github.com/afterchat/afterchat/internal/intake"
)

func (a *api) routeLinks() {
	register(a, operation{
		id: "create-link", method: http.MethodPost, path: "/v1/links", tag: "Links",
		summary: "Make a conversation link, and send it if wanted",
		status:  http.StatusCreated, body: reflect.TypeFor[intake.LinkRequest](),
	}, a.createLink)
	register(a, operation{
		id: "get-link", method: http.MethodGet, path: "/v1/links/{id}", tag: "Links",
		summary: "State and clicks of a link",
	}, a.getLink)
	register(a, operation{
		id: "revoke-link", method: http.MethodDelete, path: "/v1/links/{id}", tag: "Links",
		summary: "Revoke a link",
		doc:     "Cancels its sending if that is still to come. The same again changes nothing.",
	}, a.revokeLink)
}

type createLinkInput struct {
	request
	IdempotencyKey string `header:"Idempotency-Key" doc:"The same key with the same body gives the same answer, for a day."`
}

func (in *createLinkInput) check() error { return checkIdempotencyKey(in.IdempotencyKey) }

func checkIdempotencyKey(key string) error {
	if len(key) > 255 || strings.ContainsFunc(key, func(r rune) bool { return r < ' ' || r > '~' }) {
		return invalid("Idempotency-Key", "is longer than 255 bytes, or not ASCII")
	}
	return nil
}

func (a *api) createLink(ctx context.Context, in *createLinkInput) (*answer[intake.LinkAnswer], error) {
	raw, err := a.Intake.Link(ctx, in.organization, in.body, in.IdempotencyKey)
	if err != nil {
		return nil, err
	}
	var made intake.LinkAnswer
	if err := json.Unmarshal(raw, &made); err != nil {
		return nil, fmt.Errorf("reading the link's answer: %w", err)
	}
	return answered(made, nil)
}

type linkInput struct {
	request
	ID string `path:"id"`
}

// check knows that a link's id is a word; PostgreSQL could not even look for some others.
func (in *linkInput) check() error {
	if word(in.ID) == "" {
		return notFound("link")
	}
	return nil
}

// link is a link as its makers see it, without its token.
type link struct {
	ID           string             `json:"id"`
	Conversation string             `json:"conversation"`
	Purpose      string             `json:"purpose" enum:"resume,invite"`
	AssignTo     nullable[assignee] `json:"assign_to"`
	State        chat.LinkState     `json:"state" enum:"open,expired,revoked"`
	Clicks       int                `json:"clicks" doc:"How often it was redeemed."`
	CreatedAt    time.Time          `json:"created_at"`
	ExpiresAt    time.Time          `json:"expires_at"`
	RedeemedAt   *time.Time         `json:"redeemed_at" doc:"When it was redeemed last."`
	RevokedAt    *time.Time         `json:"revoked_at"`
}

type assignee struct {
	Agent string `json:"agent,omitempty"`
	Group string `json:"group,omitempty"`
}

func (a *api) getLink(ctx context.Context, in *linkInput) (*answer[link], error) {
	l, err := a.Store.Link(ctx, in.organization.ID, in.ID)
	if err != nil {
		return nil, err
	}
	return answered(viewLink(l), nil)
}

func (a *api) revokeLink(ctx context.Context, in *linkInput) (*answer[link], error) {
	if err := a.Store.RevokeLink(ctx, in.organization.ID, in.ID); err != nil {
		return nil, err
	}
	return a.getLink(ctx, in)
}

func viewLinks(list []chat.Link) []link {
	out := make([]link, 0, len(list))
	for _, l := range list {
		out = append(out, viewLink(l))
	}
	return out
}

func viewLink(l chat.Link) link {
	out := link{
		ID: l.ID, Conversation: l.Conversation, Purpose: l.Purpose, State: l.State, Clicks: l.Clicks,
		CreatedAt: l.CreatedAt.UTC(), ExpiresAt: l.ExpiresAt.UTC(), RedeemedAt: l.RedeemedAt, RevokedAt: l.RevokedAt,
	}
	if l.Agent != "" || l.Group != "" {
		out.AssignTo = some(assignee{l.Agent, l.Group})
	}
	return out
}
