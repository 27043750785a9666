package zendesk

import (
	"context"
	"net/http"
	"net/url"
	"strconv"

	"github.com/afterchat/afterchat/connectors"
	"github.com/afterchat/afterchat/connectors/rest"
	"github.com/afterchat/afterchat/internal/chat"
	"github.com/afterchat/afterchat/internal/fault"
)

// keyName is the name of the key in an audit's metadata. Zendesk keeps up to 1 KB of it
// with every update that changes something, as a comment always does, gives it back as
// metadata.custom, and shows it to nobody: see
// https://developer.zendesk.com/documentation/ticketing/managing-tickets/creating-and-updating-tickets/#setting-metadata.
const keyName = "afterchat"

// maxAuditPages bounds the look through one ticket: 100 audits a page, and Zendesk takes
// at most 5,000 comments.
const maxAuditPages = 200

type audit struct {
	Metadata struct {
		Custom map[string]any `json:"custom"`
	} `json:"metadata"`
	Events []struct {
		ID   int64  `json:"id"`
		Type string `json:"type"`
	} `json:"events"`
}

// AddComment adds a comment with its files. Its reference's id is the comment's own.
func (c *Client) AddComment(ctx context.Context, ticket chat.Ref, comment connectors.Comment) (chat.Ref, error) {
	const op = "adding a comment"
	uploads, err := c.upload(ctx, comment.Files)
	if err != nil {
		return chat.Ref{}, err
	}
	made, err := c.update(ctx, op, ticket, ticketBody{
		Comment:  &commentBody{Body: comment.Body, Public: comment.Public, Uploads: uploads},
		Metadata: map[string]string{keyName: comment.Key.String()},
	})
	if err != nil {
		return chat.Ref{}, err
	}
	if ref, ok := c.commentRef(ticket, made); ok {
		return ref, nil
	}
	return chat.Ref{}, noReference(op)
}

// FindComment looks through the ticket's audits for the key. They come oldest first, and
// whether they can be asked for newest first is not documented, so they are read in that
// order until it is found.
func (c *Client) FindComment(ctx context.Context, ticket chat.Ref, key chat.Key) (chat.Ref, error) {
	query := url.Values{"page[size]": {"100"}}
	for range maxAuditPages {
		var list struct {
			Audits []audit `json:"audits"`
			cursor
		}
		_, err := c.rest.Do(ctx, rest.Call{
			Op: "finding a comment", Method: http.MethodGet, Path: ticketPath(ticket) + "/audits",
			Query: query, Into: &list,
		})
		if err != nil {
			return chat.Ref{}, err
		}
		for _, a := range list.Audits {
			if a.Metadata.Custom[keyName] != key.String() {
				continue
			}
			if ref, ok := c.commentRef(ticket, a); ok {
				return ref, nil
			}
		}
		if !list.next(query) {
			return chat.Ref{}, fault.New(fault.NotFound, "no_comment", "finding a comment: none of this ticket has this key")
		}
	}
	return chat.Ref{}, fault.New(fault.Transient, "too_long", "finding a comment: the ticket's history has no end")
}

// update changes a ticket and returns the audit that it made. A ticket closed for good
// gives a Conflict. That is read from the ticket and not from the refusal, whose text
// Zendesk translates.
func (c *Client) update(ctx context.Context, op string, ticket chat.Ref, body ticketBody) (audit, error) {
	var made struct {
		Audit audit `json:"audit"`
	}
	_, err := c.rest.Do(ctx, rest.Call{
		Op: op, Method: http.MethodPut, Path: ticketPath(ticket),
		Body: map[string]ticketBody{"ticket": body}, Into: &made,
	})
	// 409, which is transient, means that somebody else changed the ticket at the same
	// moment: see https://developer.zendesk.com/api-reference/introduction/requests/.
	if fault.Is(err, fault.Invalid) && c.closed(ctx, ticket) {
		return audit{}, fault.Wrap(fault.Conflict, "ticket_closed", op+": the ticket is closed for good", err)
	}
	return made.Audit, err
}

// closed reports whether the ticket is surely closed for good.
func (c *Client) closed(ctx context.Context, ticket chat.Ref) bool {
	var got struct {
		Ticket ticketAnswer `json:"ticket"`
	}
	_, err := c.rest.Do(ctx, rest.Call{Op: "reading a ticket", Method: http.MethodGet, Path: ticketPath(ticket), Into: &got})
	return err == nil && got.Ticket.Status == "closed"
}

func (c *Client) commentRef(ticket chat.Ref, a audit) (chat.Ref, bool) {
	for _, e := range a.Events {
		if e.Type == "Comment" && e.ID != 0 {
			return c.ref(strconv.FormatInt(e.ID, 10), ticket.ID), true
		}
	}
	return chat.Ref{}, false
}

func ticketPath(ticket chat.Ref) string { return "/tickets/" + url.PathEscape(ticket.ID) }
