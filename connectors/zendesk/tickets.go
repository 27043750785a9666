package zendesk

import (
	"cmp"
	"context"
	"maps"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"
	"unicode"

	"github.com/afterchat/afterchat/connectors"
	"github.com/afterchat/afterchat/connectors/rest"
	"github.com/afterchat/afterchat/internal/chat"
	"github.com/afterchat/afterchat/internal/fault"
)

// ticketBody is what a create or an update sends.
type ticketBody struct {
	ExternalID  string            `json:"external_id,omitempty"`
	Subject     string            `json:"subject,omitempty"`
	Comment     *commentBody      `json:"comment,omitempty"`
	Requester   *requester        `json:"requester,omitempty"`
	RequesterID int64             `json:"requester_id,omitempty"`
	Priority    string            `json:"priority,omitempty"`
	Tags        []string          `json:"tags,omitempty"`
	GroupID     int64             `json:"group_id,omitempty"`
	Fields      []fieldValue      `json:"custom_fields,omitempty"`
	FollowUpOf  int64             `json:"via_followup_source_id,omitempty"`
	Metadata    map[string]string `json:"metadata,omitempty"`
}

type commentBody struct {
	Body    string   `json:"body"`
	Public  bool     `json:"public"`
	Uploads []string `json:"uploads,omitempty"`
}

type fieldValue struct {
	ID    int64  `json:"id"`
	Value string `json:"value"`
}

// ticketAnswer is what Zendesk says of a ticket.
type ticketAnswer struct {
	ID        int64     `json:"id"`
	Subject   string    `json:"subject"`
	Status    string    `json:"status"`
	Priority  string    `json:"priority"`
	CreatedAt time.Time `json:"created_at"`
	UpdatedAt time.Time `json:"updated_at"`
}

// recordInvalid is Zendesk's code for a field that it does not take.
const recordInvalid = "RecordInvalid"

// CreateTicket files a ticket. The same key again gives the same ticket for as long as
// Zendesk knows the key, even if the text has become another by then. What people typed
// as their address may be none to Zendesk, and an id of theirs that the chat core has may
// be gone: the ticket is then filed without a requester.
func (c *Client) CreateTicket(ctx context.Context, t connectors.Ticket) (chat.Ref, error) {
	ref, err := c.createTicket(ctx, t, t.Key.String())
	if fault.CodeOf(err) == recordInvalid && (t.Requester.Email != "" || t.Requester.ExternalID != "") {
		t.Requester = connectors.Person{Name: t.Requester.Name}
		// Another body wants another key; the ticket's own key stays the same.
		return c.createTicket(ctx, t, t.Key.String()+"-anonymous")
	}
	return ref, err
}

func (c *Client) createTicket(ctx context.Context, t connectors.Ticket, idempotencyKey string) (chat.Ref, error) {
	body, err := c.ticketBody(ctx, t)
	if err != nil {
		return chat.Ref{}, err
	}
	var made struct {
		Ticket ticketAnswer `json:"ticket"`
	}
	_, err = c.rest.Do(ctx, rest.Call{
		Op: "filing a ticket", Method: http.MethodPost, Path: "/tickets",
		Header: map[string]string{"Idempotency-Key": idempotencyKey},
		Body:   map[string]ticketBody{"ticket": body}, Into: &made,
	})
	if err != nil {
		return c.refused(ctx, t.Key, err)
	}
	if made.Ticket.ID == 0 {
		return chat.Ref{}, noReference("filing a ticket")
	}
	return c.ticketRef(made.Ticket), nil
}

// refused looks for the ticket after a refusal: when its key is known with another body
// (a template changed, a file was uploaded anew), the ticket of the first try is there.
func (c *Client) refused(ctx context.Context, key chat.Key, refusal error) (chat.Ref, error) {
	switch fault.KindOf(refusal) {
	case fault.Invalid:
		if ref, err := c.FindTicket(ctx, key); err == nil {
			return ref, nil
		}
		if strings.HasPrefix(fault.CodeOf(refusal), "Idempoten") {
			return chat.Ref{}, fault.Wrap(fault.Ambiguous, "idempotency_key_in_use", "filing a ticket: an earlier try may be under way", refusal)
		}
	case fault.NotFound:
		return chat.Ref{}, fault.Wrap(fault.Invalid, "no_such_account", "filing a ticket: there is no Zendesk at this address", refusal)
	}
	return chat.Ref{}, refusal
}

// FindTicket lists the tickets with the key as external_id. Were there several, it
// returns the oldest.
func (c *Client) FindTicket(ctx context.Context, key chat.Key) (chat.Ref, error) {
	var list struct {
		Tickets []ticketAnswer `json:"tickets"`
	}
	_, err := c.rest.Do(ctx, rest.Call{
		Op: "finding a ticket", Method: http.MethodGet, Path: "/tickets",
		Query: url.Values{"external_id": {key.String()}}, Into: &list,
	})
	if err != nil {
		return chat.Ref{}, err
	}
	if len(list.Tickets) == 0 {
		return chat.Ref{}, fault.New(fault.NotFound, "no_ticket", "finding a ticket: none has this key")
	}
	return c.ticketRef(slices.MinFunc(list.Tickets, func(a, b ticketAnswer) int { return cmp.Compare(a.ID, b.ID) })), nil
}

// ticketBody turns a ticket into what Zendesk takes. Everything in it is in a fixed
// order, because Zendesk compares the bodies of two requests with one key.
func (c *Client) ticketBody(ctx context.Context, t connectors.Ticket) (ticketBody, error) {
	fields, err := fieldValues(t.Fields)
	if err != nil {
		return ticketBody{}, err
	}
	group, err := c.groupID(ctx, t.Group)
	if err != nil {
		return ticketBody{}, err
	}
	uploads, err := c.upload(ctx, t.Files)
	if err != nil {
		return ticketBody{}, err
	}
	body := ticketBody{
		ExternalID: t.Key.String(),
		Subject:    t.Subject,
		Comment:    &commentBody{Body: t.Body, Public: t.Public, Uploads: uploads},
		Priority:   priority(t.Priority),
		Tags:       tags(t.Tags),
		GroupID:    group,
		Fields:     fields,
		FollowUpOf: c.followUp(t.FollowUpOf),
	}
	err = c.setRequester(ctx, &body, t.Requester)
	return body, err
}

// fieldValues turns {"360012": "A-1007"} into custom fields; empty values are left out.
func fieldValues(fields map[string]string) ([]fieldValue, error) {
	var values []fieldValue
	for _, name := range slices.Sorted(maps.Keys(fields)) {
		id, ok := fieldID(name)
		if !ok {
			return nil, fault.New(fault.Invalid, "invalid_field", badFieldName).At("fields")
		}
		if fields[name] != "" {
			values = append(values, fieldValue{ID: id, Value: fields[name]})
		}
	}
	return values, nil
}

// priority passes on the four words that Zendesk has too.
func priority(p string) string {
	if slices.Contains([]string{"low", "normal", "high", "urgent"}, p) {
		return p
	}
	return ""
}

// tags makes each tag one word of the characters that a tag may have: letters, digits,
// dashes, underscores, colons and slashes.
func tags(given []string) []string {
	var kept []string
	for _, tag := range given {
		tag = strings.Map(func(r rune) rune {
			if unicode.IsLetter(r) || unicode.IsDigit(r) || strings.ContainsRune("-_:/", r) {
				return unicode.ToLower(r)
			}
			return '_'
		}, strings.TrimSpace(tag))
		if strings.Trim(tag, "_") != "" && !slices.Contains(kept, tag) {
			kept = append(kept, tag)
		}
	}
	return kept
}

// followUp returns the id of the ticket that is continued; 0 if it is not of this desk.
func (c *Client) followUp(old *chat.Ref) int64 {
	if old == nil || old.URL != "" && !strings.HasPrefix(old.URL, c.base+"/") {
		return 0
	}
	id, err := strconv.ParseInt(old.ID, 10, 64)
	if err != nil {
		return 0
	}
	return id
}

func (c *Client) ticketRef(t ticketAnswer) chat.Ref {
	id := strconv.FormatInt(t.ID, 10)
	return c.ref(id, id)
}

// noReference is what an answer of success without an id comes to: it may have happened.
func noReference(op string) error {
	return fault.New(fault.Ambiguous, "no_reference", op+": the answer does not say what was made")
}
