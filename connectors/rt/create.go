package rt

import (
	"context"
	"net/http"
	"slices"
	"strings"

	"github.com/afterchat/afterchat/connectors"
	"github.com/afterchat/afterchat/connectors/rest"
	"github.com/afterchat/afterchat/internal/chat"
	"github.com/afterchat/afterchat/internal/fault"
)

// pending stands before the key in the key field until the internal body is there.
const pending = "pending:"

// maxSubject is the width of RT's column, in bytes.
const maxSubject = 200

// CreateTicket files a ticket. One with an internal body is completed if an earlier try
// left it pending, and returned as it is if it is whole already.
func (c *Client) CreateTicket(ctx context.Context, t connectors.Ticket) (chat.Ref, error) {
	fields := c.fields(t)
	names := make([]string, 0, len(fields))
	for name := range fields {
		names = append(names, name)
	}
	slices.Sort(names)
	queue, err := c.queueFor(ctx, t.Group, names)
	if err != nil {
		return chat.Ref{}, err
	}
	request := newTicket{
		Queue:        queue,
		Subject:      oneLine(t.Subject, maxSubject),
		Requestor:    requestor(t.Requester),
		ContentType:  "text/plain",
		Priority:     priorityNumber(t.Priority),
		RefersTo:     c.refersTo(t.FollowUpOf),
		CustomFields: fields,
	}
	if !t.Public {
		return c.createInternal(ctx, t, request)
	}
	request.Content = plain(t.Body)
	request.Attachments = attachments(t.Files)
	fields[c.settings.KeyField] = t.Key.String()
	return c.post(ctx, t.Group, request)
}

// createInternal files a ticket whose body the requester may not read, in two steps that
// may be repeated.
func (c *Client) createInternal(ctx context.Context, t connectors.Ticket, request newTicket) (chat.Ref, error) {
	begun, err := c.search(ctx, t.Key)
	if err != nil {
		return chat.Ref{}, err
	}
	ref := begun.ref
	switch {
	case begun.whole:
		return ref, nil
	case begun.ref.ID == "":
		request.Content = plain(c.settings.Notice)
		if t.Quiet {
			request.Requestor = "" // RT mails the notice to whoever is there from the beginning
		}
		request.CustomFields[c.settings.KeyField] = pending + t.Key.String()
		if ref, err = c.post(ctx, t.Group, request); err != nil {
			return chat.Ref{}, err
		}
	default:
		_, err := c.FindComment(ctx, ref, t.Key)
		if err == nil {
			return ref, nil
		}
		if !fault.Is(err, fault.NotFound) {
			return chat.Ref{}, err
		}
	}
	if t.Quiet && requestor(t.Requester) != "" {
		// One whom RT does not take is left out, as when a ticket is created.
		if err := c.SetRequester(ctx, ref, t.Requester); err != nil && !fault.Is(err, fault.Invalid) {
			return chat.Ref{}, err
		}
	}
	_, err = c.postMessage(ctx, "adding the ticket's text", ref, "comment", newMessage{
		Content:      marked(t.Body, t.Key),
		Attachments:  attachments(t.Files),
		CustomFields: map[string]any{c.settings.KeyField: t.Key.String()},
	})
	return ref, err
}

// post creates the ticket.
func (c *Client) post(ctx context.Context, group string, request newTicket) (chat.Ref, error) {
	var created struct {
		ID id `json:"id"`
	}
	_, err := c.rest.Do(ctx, rest.Call{
		Op: "filing a ticket", Method: http.MethodPost, Path: "/ticket", Body: request, Into: &created,
	})
	if err != nil {
		if fault.CodeOf(err) == codeQueue {
			err = c.blame(err, group)
		}
		return chat.Ref{}, err
	}
	if !isNumber(string(created.ID)) {
		return chat.Ref{}, fault.New(fault.Ambiguous, "no_id", "filing a ticket: RT answered without the ticket's id")
	}
	return c.ref(string(created.ID)), nil
}

// fields returns the ticket's custom fields, the key's among them and still empty.
func (c *Client) fields(t connectors.Ticket) map[string]any {
	fields := map[string]any{c.settings.KeyField: ""}
	for name, value := range t.Fields {
		if value != "" && !strings.EqualFold(name, c.settings.KeyField) {
			fields[name] = plain(value)
		}
	}
	if c.settings.TagsField == "" {
		return fields
	}
	var tags []string
	for _, tag := range t.Tags {
		if tag = oneLine(tag, 255); tag != "" && !slices.Contains(tags, tag) {
			tags = append(tags, tag)
		}
	}
	if len(tags) > 0 {
		fields[c.settings.TagsField] = tags
	}
	return fields
}

// refersTo links to an earlier ticket: by its id if it is in this RT, otherwise by URL.
func (c *Client) refersTo(old *chat.Ref) []string {
	switch {
	case old == nil:
		return nil
	case isNumber(old.ID) && (old.URL == "" || old.URL == c.ref(old.ID).URL):
		return []string{old.ID}
	case strings.HasPrefix(old.URL, "https://"), strings.HasPrefix(old.URL, "http://"):
		return []string{old.URL}
	}
	return nil
}

// ref names a ticket.
func (c *Client) ref(ticket string) chat.Ref {
	return chat.Ref{ID: ticket, URL: c.base + "/Ticket/Display.html?id=" + ticket}
}

// isNumber reports whether s can be an id in RT, and so may stand in a path.
func isNumber(s string) bool {
	return s != "" && len(s) < 20 && strings.Trim(s, "0123456789") == ""
}
