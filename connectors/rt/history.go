package rt

import (
	"cmp"
	"context"
	"net/url"
	"slices"
	"strconv"
	"strings"

	"github.com/afterchat/afterchat/connectors"
	"github.com/afterchat/afterchat/internal/chat"
)

// maxPage is the most that RT puts on a page.
const maxPage = 100

// TicketsOf lists the tickets that the person has requested, found by their id or user
// name in RT if the chat core knew it, and by their address. Deleted tickets and those
// that the account may not see are left out. Somebody without either has none.
func (c *Client) TicketsOf(ctx context.Context, p connectors.Person, limit int) ([]chat.PriorTicket, error) {
	var all []chat.PriorTicket
	for _, by := range searches(p) {
		found, err := c.requestedBy(ctx, by, limit)
		if err != nil {
			return nil, err
		}
		for _, t := range found {
			if !slices.ContainsFunc(all, func(other chat.PriorTicket) bool { return other.ID == t.ID }) {
				all = append(all, t)
			}
		}
	}
	slices.SortStableFunc(all, func(a, b chat.PriorTicket) int {
		return cmp.Or(b.UpdatedAt.Compare(a.UpdatedAt), cmp.Compare(len(b.ID), len(a.ID)), cmp.Compare(b.ID, a.ID))
	})
	return all[:min(len(all), max(limit, 0))], nil
}

// personSearch is one way to look for a person.
type personSearch struct {
	query     string // TicketSQL
	matchedBy string
	// email is what a requester's address has to be, if the query alone does not see to it.
	email string
}

func searches(p connectors.Person) []personSearch {
	var all []personSearch
	switch {
	case isNumber(p.ExternalID):
		all = append(all, personSearch{query: "Requestor.id = " + quoted(p.ExternalID), matchedBy: "external_id"})
	case p.ExternalID != "" && oneLine(p.ExternalID, maxPerson) == p.ExternalID && !looksLikeField(p.ExternalID):
		all = append(all, personSearch{query: "Requestor.Name = " + quoted(p.ExternalID), matchedBy: "external_id"})
	}
	switch {
	case !plainAddress(p.Email):
	case looksLikeField(p.Email):
		all = append(all, personSearch{
			query:     "Requestor.EmailAddress ENDSWITH " + quoted(p.Email[1:]),
			matchedBy: "email",
			email:     p.Email,
		})
	default:
		all = append(all, personSearch{query: "Requestor.EmailAddress = " + quoted(p.Email), matchedBy: "email"})
	}
	return all
}

// looksLikeField reports whether RT takes s for the name of a custom field even where it
// stands in quotes (RT::SQL), as it does "cf.smith@example.com".
func looksLikeField(s string) bool { return len(s) > 3 && strings.EqualFold(s[:3], "CF.") }

// requestedBy returns what one search finds, page by page up to the limit.
func (c *Client) requestedBy(ctx context.Context, by personSearch, limit int) ([]chat.PriorTicket, error) {
	var all []chat.PriorTicket
	size := min(limit, maxPage)
	query := url.Values{
		"query": {by.query}, "orderby": {"LastUpdated", "id"}, "order": {"DESC", "DESC"},
		"fields": {"Subject,Status,Priority,Created,LastUpdated"},
	}
	if by.email != "" {
		size = maxPage
		query.Set("fields", query.Get("fields")+",Requestor")
		query.Set("fields[Requestor]", "EmailAddress")
	}
	query.Set("per_page", strconv.Itoa(size))
	for number := 1; len(all) < limit; number++ {
		query.Set("page", strconv.Itoa(number))
		found, err := c.tickets(ctx, "listing a person's tickets", query)
		if err != nil {
			return nil, err
		}
		for _, t := range found {
			if isNumber(string(t.ID)) && (by.email == "" || t.from(by.email)) {
				all = append(all, c.prior(t, by.matchedBy))
			}
		}
		if len(found) < size {
			break
		}
	}
	return all, nil
}

// from reports whether the address is a requester's.
func (t foundTicket) from(email string) bool {
	for _, r := range t.Requestor {
		if strings.EqualFold(r.EmailAddress, email) {
			return true
		}
	}
	return false
}

func (c *Client) prior(t foundTicket, matchedBy string) chat.PriorTicket {
	return chat.PriorTicket{
		ID:        string(t.ID),
		Subject:   t.Subject,
		Status:    t.Status,
		Priority:  priorityWord(t.Priority),
		URL:       c.ref(string(t.ID)).URL,
		CreatedAt: t.Created.Time,
		UpdatedAt: t.LastUpdated.Time,
		MatchedBy: matchedBy,
	}
}

// priorityWord reads RT's numbers the way priorityNumber writes them; 0 is what RT
// gives a ticket that nobody set a priority of.
func priorityWord(number string) string {
	n, err := strconv.Atoi(number)
	switch {
	case err != nil || n <= 0:
		return ""
	case n < 50:
		return "low"
	case n < 75:
		return "normal"
	case n < 100:
		return "high"
	}
	return "urgent"
}
