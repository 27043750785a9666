package rt

import (
	"context"
	"encoding/json"
	"net/http"
	"net/url"
	"path"

	"github.com/afterchat/afterchat/connectors"
	"github.com/afterchat/afterchat/connectors/rest"
	"github.com/afterchat/afterchat/internal/chat"
	"github.com/afterchat/afterchat/internal/fault"
)

// AddComment adds a private comment, or a public reply, which RT also mails to the
// requester. A resolved ticket takes it (and RT may open it again); a rejected or
// deleted one is closed for good.
func (c *Client) AddComment(ctx context.Context, ticket chat.Ref, comment connectors.Comment) (chat.Ref, error) {
	if err := c.checkOpen(ctx, ticket); err != nil {
		return chat.Ref{}, err
	}
	kind := "comment"
	if comment.Public {
		kind = "correspond"
	}
	return c.postMessage(ctx, "adding a comment", ticket, kind, newMessage{
		Content:     marked(comment.Body, comment.Key),
		Attachments: attachments(comment.Files),
	})
}

// FindComment searches the ticket's texts for the comment's marker. When replies quote
// it, the oldest text is the comment.
func (c *Client) FindComment(ctx context.Context, ticket chat.Ref, key chat.Key) (chat.Ref, error) {
	missing := fault.New(fault.NotFound, "no_comment", "the ticket has no comment with this key")
	if !isNumber(ticket.ID) {
		return chat.Ref{}, missing
	}
	query, err := json.Marshal([]map[string]string{{"field": "Content", "operator": "LIKE", "value": key.Marker()}})
	if err != nil {
		return chat.Ref{}, fault.Wrap(fault.Invalid, "encoding", "finding a comment: cannot encode the search", err)
	}
	var found page[foundAttachment]
	_, err = c.rest.Do(ctx, rest.Call{
		Op: "finding a comment", Method: http.MethodGet, Path: "/ticket/" + ticket.ID + "/attachments",
		Query: url.Values{"query": {string(query)}, "fields": {"TransactionId"}, "orderby": {"id"}, "per_page": {"100"}},
		Into:  &found,
	})
	if err != nil {
		return chat.Ref{}, err
	}
	for _, a := range found.Items {
		if isNumber(string(a.TransactionID)) {
			return c.commentRef(ticket.ID, string(a.TransactionID)), nil
		}
	}
	return chat.Ref{}, missing
}

// checkOpen returns a fault when the ticket is gone or closed for good. RT itself would
// take the comment.
func (c *Client) checkOpen(ctx context.Context, ticket chat.Ref) error {
	if !isNumber(ticket.ID) {
		return fault.New(fault.NotFound, "no_ticket", "this is not the id of a ticket in RT")
	}
	var found struct {
		Status string `json:"Status"`
	}
	_, err := c.rest.Do(ctx, rest.Call{
		Op: "reading the ticket", Method: http.MethodGet, Path: "/ticket/" + ticket.ID, Into: &found,
	})
	if err != nil {
		return err
	}
	if found.Status == "rejected" || found.Status == "deleted" {
		return fault.New(fault.Conflict, "ticket_closed", "the ticket is "+found.Status)
	}
	return nil
}

// postMessage adds to a ticket and returns the transaction that it became, which RT
// names in the header Location alone.
func (c *Client) postMessage(ctx context.Context, op string, ticket chat.Ref, kind string, m newMessage) (chat.Ref, error) {
	m.ContentType = "text/plain"
	header, err := c.rest.Do(ctx, rest.Call{
		Op: op, Method: http.MethodPost, Path: "/ticket/" + ticket.ID + "/" + kind, Body: m,
	})
	if err != nil {
		return chat.Ref{}, denied(err)
	}
	transaction := path.Base(header.Get("Location"))
	if !isNumber(transaction) {
		return chat.Ref{}, fault.New(fault.Ambiguous, "no_id", op+": RT answered without the comment's id")
	}
	return c.commentRef(ticket.ID, transaction), nil
}

// commentRef names a comment, by the transaction that holds it.
func (c *Client) commentRef(ticket, transaction string) chat.Ref {
	return chat.Ref{ID: transaction, URL: c.ref(ticket).URL + "#txn-" + transaction}
}

// marked returns a body with its key below the line that separates a signature, where
// readers do not look and mail clients fade it.
func marked(body string, key chat.Key) string {
	return plain(body) + "\n\n-- \n" + key.Marker()
}
