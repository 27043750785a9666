package httpapi

import (
	"context"
	"net/http"
	"slices"
	"time"

	"github.com/afterchat/afterchat/internal/chat"
	"github.com/afterchat/afterchat/internal/config"
	"github.com/afterchat/afterchat/internal/store"
)

func (a *api) routeDetails() {
	register(a, operation{
		id: "get-details", method: http.MethodGet, path: "/v1/conversations/{id}/details", tag: "Conversations",
		summary: "The agent's details pane",
		doc:     "Never waits for a desk: earlier tickets come from a cache, which is refreshed meanwhile.",
	}, a.getDetails)
}

// freshFor is how long a desk's answer counts as fresh.
const freshFor = 5 * time.Minute

// The states of a desk's answer.
const (
	stateFresh       = "fresh"
	stateStale       = "stale"
	statePending     = "pending"
	stateUnavailable = "unavailable"
)

// details is the pane. agents has those of the latest episode, whose names the page
// shows, timeline the deliveries as they are stored, and ended is true once an episode has
// ended; they are no part of the JSON.
type details struct {
	Conversation string         `json:"conversation"`
	User         chat.User      `json:"user"`
	Messages     []chat.Message `json:"messages" nullable:"false"`
	Notes        []chat.Note    `json:"notes" nullable:"false"`
	Form         []chat.Answer  `json:"form" nullable:"false"`
	Flags        []chat.Flag    `json:"flags" nullable:"false"`
	PriorTickets []priorTickets `json:"prior_tickets" nullable:"false"`
	Links        []link         `json:"links" nullable:"false"`
	Deliveries   []delivery     `json:"deliveries" nullable:"false"`

	agents   []chat.Agent
	timeline []store.Timeline
	ended    bool
}

// priorTickets is what one desk knows of the user.
type priorTickets struct {
	Desk      string             `json:"desk"`
	State     string             `json:"state" enum:"fresh,stale,pending,unavailable"`
	FetchedAt *time.Time         `json:"fetched_at"`
	Error     *string            `json:"error"`
	Tickets   []chat.PriorTicket `json:"tickets" nullable:"false"`
}

func (a *api) getDetails(ctx context.Context, in *conversationInput) (*answer[details], error) {
	return answered(a.details(ctx, in.organization, in.ID))
}

// details gathers the pane, and asks for a refresh of what is not fresh.
func (a *api) details(ctx context.Context, o *config.Organization, id string) (details, error) {
	c, err := a.Store.Conversation(ctx, o.ID, id)
	if err != nil {
		return details{}, err
	}
	cached, err := a.Store.PriorTickets(ctx, o.ID, id)
	if err != nil {
		return details{}, err
	}
	links, err := a.Store.Links(ctx, o.ID, id)
	if err != nil {
		return details{}, err
	}
	deliveries, err := a.Store.Deliveries(ctx, o.ID, id)
	if err != nil {
		return details{}, err
	}
	var s chat.Snapshot
	if c.Latest != nil {
		s = *c.Latest
	}
	prior, fresh := freshness(a.Historians(o), cached, time.Now())
	if !fresh {
		a.Refresh(ctx, o.ID, id)
	}
	return details{
		Conversation: id, User: s.User, Messages: orEmpty(s.Messages), Notes: orEmpty(s.Notes), Form: orEmpty(s.Form),
		Flags: orEmpty(a.Flags(o, s)), PriorTickets: prior, Links: viewLinks(links), Deliveries: viewDeliveries(deliveries),
		agents: s.Agents, timeline: deliveries,
		ended: slices.ContainsFunc(c.Episodes, func(e store.Episode) bool { return e.State == "ended" }),
	}, nil
}

// freshness lays what is cached over the desks of today's configuration, and reports
// whether all of it is fresh. A desk that failed is asked again too: it may be back.
func freshness(desks []string, cached []store.PriorTickets, now time.Time) (list []priorTickets, fresh bool) {
	byDesk := make(map[string]store.PriorTickets, len(cached))
	for _, c := range cached {
		byDesk[c.Desk] = c
	}
	list, fresh = make([]priorTickets, 0, len(desks)), true
	for _, desk := range desks {
		c := byDesk[desk]
		p := priorTickets{Desk: desk, FetchedAt: c.FetchedAt, Error: orNull(c.Error), Tickets: orEmpty(c.Tickets)}
		switch {
		case c.Error != "":
			p.State = stateUnavailable
		case c.FetchedAt == nil:
			p.State = statePending
		case now.Sub(*c.FetchedAt) > freshFor:
			p.State = stateStale
		default:
			p.State = stateFresh
		}
		fresh = fresh && p.State == stateFresh
		list = append(list, p)
	}
	return list, fresh
}
