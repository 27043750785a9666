package zendesk

import (
	"context"
	"net/http"
	"net/url"
	"strconv"
	"strings"

	"github.com/afterchat/afterchat/connectors"
	"github.com/afterchat/afterchat/connectors/rest"
	"github.com/afterchat/afterchat/internal/chat"
	"github.com/afterchat/afterchat/internal/fault"
)

// requester is a ticket's requester by address: known people are found, others made.
type requester struct {
	Name  string `json:"name"`
	Email string `json:"email"`
}

// userBody is a user to find or make.
type userBody struct {
	Name            string `json:"name,omitempty"`
	Email           string `json:"email,omitempty"`
	Phone           string `json:"phone,omitempty"`
	ExternalID      string `json:"external_id,omitempty"`
	SkipVerifyEmail bool   `json:"skip_verify_email"`
}

type userAnswer struct {
	ID    int64  `json:"id"`
	Email string `json:"email"`
}

// SetRequester finds or makes the person and makes the ticket theirs.
func (c *Client) SetRequester(ctx context.Context, ticket chat.Ref, p connectors.Person) error {
	user, err := c.userID(ctx, p)
	if err != nil {
		return preparing(err)
	}
	if user == 0 {
		return fault.New(fault.Invalid, "no_requester", "a requester needs an address, a number or an id").At("requester")
	}
	_, err = c.update(ctx, "setting the requester", ticket, ticketBody{RequesterID: user})
	return err
}

// setRequester puts the requester into a new ticket: inline by address, by id for
// somebody without one, and nobody (which makes it the account's own) where nothing is
// known but a name.
func (c *Client) setRequester(ctx context.Context, body *ticketBody, p connectors.Person) error {
	if p.Email != "" {
		body.Requester = &requester{Name: nameOf(p), Email: p.Email}
		return nil
	}
	user, err := c.userID(ctx, p)
	if err != nil {
		return preparing(err)
	}
	body.RequesterID = user
	return nil
}

// userID returns the id of a person in Zendesk, who is made if need be; 0 for a person
// of whom nothing is known but a name. Somebody who is found by address is not changed:
// an address that is typed into a chat shall not rename an agent.
func (c *Client) userID(ctx context.Context, p connectors.Person) (int64, error) {
	body := userBody{Name: nameOf(p), Email: p.Email, Phone: p.Phone, SkipVerifyEmail: true}
	switch {
	case p.Email != "":
		found, err := c.userByEmail(ctx, p.Email)
		if err == nil {
			return found, nil
		}
		if !fault.Is(err, fault.NotFound) {
			return 0, err
		}
	case ownID(p.ExternalID) != 0:
		return ownID(p.ExternalID), nil
	case p.ExternalID != "":
		body.ExternalID = p.ExternalID
	case p.Phone != "":
		// Zendesk matches by address or external_id alone, and a number is neither.
		body.ExternalID = "tel:" + p.Phone
	default:
		return 0, nil
	}
	return c.createOrUpdate(ctx, body)
}

func (c *Client) createOrUpdate(ctx context.Context, body userBody) (int64, error) {
	var made struct {
		User userAnswer `json:"user"`
	}
	_, err := c.rest.Do(ctx, rest.Call{
		Op: "finding the requester", Method: http.MethodPost, Path: "/users/create_or_update",
		Body: map[string]userBody{"user": body}, Into: &made,
	})
	if err != nil {
		return 0, err
	}
	if made.User.ID == 0 {
		return 0, noReference("finding the requester")
	}
	return made.User.ID, nil
}

// userByEmail searches for an address. The search finds similar ones as well, so the
// answer is compared.
func (c *Client) userByEmail(ctx context.Context, email string) (int64, error) {
	users, err := c.searchUsers(ctx, url.Values{"query": {`email:"` + strings.ReplaceAll(email, `"`, "") + `"`}})
	if err != nil {
		return 0, err
	}
	for _, user := range users {
		if strings.EqualFold(user.Email, email) {
			return user.ID, nil
		}
	}
	return 0, fault.New(fault.NotFound, "no_user", "nobody has this address")
}

func (c *Client) searchUsers(ctx context.Context, query url.Values) ([]userAnswer, error) {
	var list struct {
		Users []userAnswer `json:"users"`
	}
	_, err := c.rest.Do(ctx, rest.Call{Op: "finding a person", Method: http.MethodGet, Path: "/users/search", Query: query, Into: &list})
	return list.Users, err
}

// ownID reads an external id that is Zendesk's own id of a user; 0 if it is another's.
func ownID(externalID string) int64 {
	id, err := strconv.ParseInt(externalID, 10, 64)
	if err != nil || id < 0 {
		return 0
	}
	return id
}

// nameOf returns a name for somebody whom Zendesk may not know yet: it wants one.
func nameOf(p connectors.Person) string {
	if name := strings.TrimSpace(p.Name); name != "" {
		return name
	}
	if local, _, ok := strings.Cut(p.Email, "@"); ok && local != "" {
		return local
	}
	return "Visitor"
}
