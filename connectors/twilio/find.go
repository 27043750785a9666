package twilio

import (
	"context"
	"fmt"
	"net/url"
	"strings"
	"time"

	openapi "github.com/twilio/twilio-go/rest/api/v2010"

	"github.com/afterchat/afterchat/connectors"
	"github.com/afterchat/afterchat/internal/chat"
	"github.com/afterchat/afterchat/internal/fault"
)

const (
	pageSize = 100
	maxPages = 20
	// slack allows for clocks that differ and for the list's order.
	slack = time.Hour
)

// FindSent looks through the messages to m.To for one whose body holds m.Unique (or is
// m.Text, if Unique is empty). The list is not filtered by DateSent, because a message
// that still waits in Twilio's queue has none.
func (c *Client) FindSent(ctx context.Context, m connectors.Outgoing) (chat.Ref, error) {
	number, err := NormalizeNumber(m.To, "", c.countries)
	if err != nil {
		return chat.Ref{}, err
	}
	params := new(openapi.ListMessageParams).SetTo(number).SetPageSize(pageSize)
	token, page := "", ""
	for range maxPages {
		var list *openapi.ListMessageResponse
		err := c.call(ctx, "looking for an SMS", func(api *openapi.ApiService) (err error) {
			list, err = api.PageMessage(params, token, page)
			return err
		})
		if err != nil {
			return chat.Ref{}, err
		}
		if sid := sidOf(list.Messages, m); sid != "" {
			return chat.Ref{ID: sid}, nil
		}
		if token, page = next(list); token == "" || olderThan(list.Messages, m.Since) {
			return chat.Ref{}, fault.New(fault.NotFound, "not_found", "no such SMS was sent")
		}
	}
	// To say that there is none would be a guess.
	return chat.Ref{}, fault.New(fault.Transient, "too_many", fmt.Sprintf("looking for an SMS: more than %d to this number", pageSize*maxPages))
}

func sidOf(messages []openapi.ApiV2010Message, m connectors.Outgoing) string {
	for _, sent := range messages {
		if sent.Body == nil || sent.Sid == nil || sent.Direction != nil && *sent.Direction == "inbound" {
			continue
		}
		if m.Unique != "" && strings.Contains(*sent.Body, m.Unique) || m.Unique == "" && *sent.Body == m.Text {
			return *sent.Sid
		}
	}
	return ""
}

// next reads the token of the next page; "" if this one was the last.
func next(list *openapi.ListMessageResponse) (token, page string) {
	if list.NextPageUri == nil {
		return "", ""
	}
	u, err := url.Parse(*list.NextPageUri)
	if err != nil {
		return "", ""
	}
	return u.Query().Get("PageToken"), u.Query().Get("Page")
}

// olderThan reports whether every message of a page was made well before since.
func olderThan(messages []openapi.ApiV2010Message, since time.Time) bool {
	if since.IsZero() {
		return false
	}
	for _, m := range messages {
		if m.DateCreated == nil {
			return false
		}
		at, err := time.Parse(time.RFC1123Z, *m.DateCreated)
		if err != nil || at.After(since.Add(-slack)) {
			return false
		}
	}
	return true
}
