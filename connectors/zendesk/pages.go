package zendesk

import (
	"context"
	"net/http"
	"net/url"

	"github.com/afterchat/afterchat/connectors/rest"
)

// maxPages bounds a list of the account's own, at 100 a page.
const maxPages = 100

// everyPage reads a list to its end and hands each page to take.
func everyPage[T interface{ next(query url.Values) bool }](ctx context.Context, c *Client, op, path string, take func(page T)) error {
	query := url.Values{"page[size]": {"100"}}
	for range maxPages {
		var page T
		_, err := c.rest.Do(ctx, rest.Call{Op: op, Method: http.MethodGet, Path: path, Query: query, Into: &page})
		if err != nil {
			return err
		}
		take(page)
		if !page.next(query) {
			break
		}
	}
	return nil
}

// cursor is the part of a list's answer that leads to the next page: see
// https://developer.zendesk.com/api-reference/introduction/pagination/.
type cursor struct {
	Meta struct {
		HasMore bool   `json:"has_more"`
		After   string `json:"after_cursor"`
	} `json:"meta"`
}

// next puts the next page into the query; false if there is none.
func (c cursor) next(query url.Values) bool {
	query.Set("page[after]", c.Meta.After)
	return c.Meta.HasMore && c.Meta.After != ""
}
