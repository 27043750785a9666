package zendesk

import (
	"context"
	"net/http"
	"net/url"
	"slices"
	"strconv"

	"github.com/afterchat/afterchat/connectors"
	"github.com/afterchat/afterchat/connectors/rest"
	"github.com/afterchat/afterchat/internal/chat"
	"github.com/afterchat/afterchat/internal/fault"
)

// TicketsOf lists the tickets that a person requested, the last updated first: by
// external id where it leads to somebody, else by address. MatchedBy says which.
func (c *Client) TicketsOf(ctx context.Context, p connectors.Person, limit int) ([]chat.PriorTicket, error) {
	if limit < 1 {
		return nil, nil
	}
	for _, way := range []struct {
		name string
		find func(context.Context, connectors.Person) (int64, error)
	}{{"external_id", c.byExternalID}, {"email", c.byEmail}} {
		user, err := way.find(ctx, p)
		if err != nil && !fault.Is(err, fault.NotFound) {
			return nil, err
		}
		if user == 0 {
			continue
		}
		tickets, err := c.requested(ctx, user, limit)
		if fault.Is(err, fault.NotFound) {
			continue
		}
		return c.priorTickets(tickets, limit, way.name), err
	}
	return nil, nil
}

func (c *Client) byExternalID(ctx context.Context, p connectors.Person) (int64, error) {
	if id := ownID(p.ExternalID); id != 0 || p.ExternalID == "" {
		return id, nil
	}
	users, err := c.searchUsers(ctx, url.Values{"external_id": {p.ExternalID}})
	if err != nil || len(users) != 1 {
		return 0, err
	}
	return users[0].ID, nil
}

func (c *Client) byEmail(ctx context.Context, p connectors.Person) (int64, error) {
	if p.Email == "" {
		return 0, nil
	}
	return c.userByEmail(ctx, p.Email)
}

func (c *Client) requested(ctx context.Context, user int64, limit int) ([]ticketAnswer, error) {
	var list struct {
		Tickets []ticketAnswer `json:"tickets"`
	}
	_, err := c.rest.Do(ctx, rest.Call{
		Op: "listing a person's tickets", Method: http.MethodGet,
		Path: "/users/" + strconv.FormatInt(user, 10) + "/tickets/requested",
		Query: url.Values{
			"sort_by": {"updated_at"}, "sort_order": {"desc"},
			"per_page": {strconv.Itoa(min(limit, 100))},
		},
		Into: &list,
	})
	return list.Tickets, err
}

func (c *Client) priorTickets(tickets []ticketAnswer, limit int, matchedBy string) []chat.PriorTicket {
	slices.SortStableFunc(tickets, func(a, b ticketAnswer) int { return b.UpdatedAt.Compare(a.UpdatedAt) })
	prior := make([]chat.PriorTicket, 0, min(len(tickets), limit))
	for _, t := range tickets[:min(len(tickets), limit)] {
		ref := c.ticketRef(t)
		prior = append(prior, chat.PriorTicket{
			ID: ref.ID, URL: ref.URL, Subject: t.Subject, Status: t.Status, Priority: t.Priority,
			CreatedAt: t.CreatedAt, UpdatedAt: t.UpdatedAt, MatchedBy: matchedBy,
		})
	}
	return prior
}
