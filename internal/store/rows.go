package store

import (
	"encoding/json"
	"errors"

	"github.com/jackc/pgx/v5"

	"github.com/afterchat/afterchat/internal/chat"
	"github.com/afterchat/afterchat/internal/store/sqlc"
)

// delivery reads a row. The queries turn the zero time into null and back.
func delivery(d sqlc.Delivery, conversation string) chat.Delivery {
	return chat.Delivery{
		ID: d.ID, Organization: d.Organization, Conversation: conversation, Episode: int(d.Episode),
		Action: chat.Action(d.Action), Target: d.Target, Params: params(d.Params), DependsOn: value(d.DependsOn),
		State: chat.State(d.State), Hold: chat.Hold(d.HeldBy), DueAt: value(d.DueAt), WaitingSince: d.WaitingSince,
		LookFirst: d.LookFirst, Fence: d.Fence, LeaseUntil: value(d.LeaseUntil), FirstCallAt: value(d.FirstCallAt),
		LastCallAt: value(d.LastCallAt), Identity: d.Identity, Attempts: int(d.Attempts),
		Ref: chat.Ref{ID: d.RefID, URL: d.RefUrl}, Receipt: d.Receipt, Error: d.Error,
		CreatedAt: d.CreatedAt, UpdatedAt: d.UpdatedAt,
	}
}

func params(raw string) chat.Params {
	var p chat.Params
	_ = json.Unmarshal([]byte(raw), &p) // written by encode below, never by anyone else
	return p
}

func encode(v any) string {
	raw, _ := json.Marshal(v) // the domain's types have nothing that can be refused
	return string(raw)
}

func ticketRef(desk, id, url *string) *chat.TicketRef {
	if desk == nil {
		return nil
	}
	return &chat.TicketRef{Desk: *desk, Ref: chat.Ref{ID: value(id), URL: value(url)}}
}

func value[T any](p *T) T {
	if p == nil {
		var zero T
		return zero
	}
	return *p
}

// found makes "no rows" an answer instead of an error.
func found(err error) (bool, error) {
	if errors.Is(err, pgx.ErrNoRows) {
		return false, nil
	}
	return err == nil, err
}

func appendDelivery(p *sqlc.MoveDeliveriesParams, d chat.Delivery) {
	p.Ids = append(p.Ids, d.ID)
	p.States = append(p.States, string(d.State))
	p.Holds = append(p.Holds, string(d.Hold))
	p.DueAt = append(p.DueAt, d.DueAt)
	p.WaitingSince = append(p.WaitingSince, d.WaitingSince)
	p.LookFirst = append(p.LookFirst, d.LookFirst)
	p.Fences = append(p.Fences, d.Fence)
	p.LeaseUntil = append(p.LeaseUntil, d.LeaseUntil)
	p.FirstCallAt = append(p.FirstCallAt, d.FirstCallAt)
	p.LastCallAt = append(p.LastCallAt, d.LastCallAt)
	p.Identities = append(p.Identities, d.Identity)
	p.Attempts = append(p.Attempts, int32(min(d.Attempts, 1<<30)))
	p.RefIds = append(p.RefIds, d.Ref.ID)
	p.RefUrls = append(p.RefUrls, d.Ref.URL)
	p.Errors = append(p.Errors, d.Error)
}

func appendTicket(p *sqlc.MoveDeliveriesParams, r *row) {
	p.Conversations = append(p.Conversations, r.conversation)
	p.Desks = append(p.Desks, r.newTicket.Desk)
	p.Tickets = append(p.Tickets, r.newTicket.ID)
	p.Urls = append(p.Urls, r.newTicket.URL)
	p.By = append(p.By, r.ID)
}

func appendAttempts(p *sqlc.MoveDeliveriesParams, attempts []sqlc.Attempt) {
	for _, a := range attempts {
		p.Tried = append(p.Tried, a.Delivery)
		p.TriedFences = append(p.TriedFences, a.Fence)
		p.TriedAt = append(p.TriedAt, a.At)
		p.Outcomes = append(p.Outcomes, a.Outcome)
		p.TriedErrors = append(p.TriedErrors, a.Error)
		p.Durations = append(p.Durations, a.DurationMs)
		p.TriedRefs = append(p.TriedRefs, a.RefID)
	}
}
