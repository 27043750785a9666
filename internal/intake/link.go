package intake

import (
	"context"
	"crypto/rand"
	"crypto/sha256"
	"encoding/json"
	"fmt"
	"strconv"
	"time"

	"github.com/afterchat/afterchat/internal/chat"
	"github.com/afterchat/afterchat/internal/config"
	"github.com/afterchat/afterchat/internal/fault"
	"github.com/afterchat/afterchat/internal/plan"
	"github.com/afterchat/afterchat/internal/signing"
	"github.com/afterchat/afterchat/internal/store"
)

// maxLinkTTL bounds how long a link may work.
const maxLinkTTL = 366 * 24 * time.Hour

// LinkRequest is the body of POST /v1/links.
type LinkRequest struct {
	Purpose      string `json:"purpose" enum:"resume,invite"`
	Conversation string `json:"conversation"`
	AssignTo     struct {
		Agent string `json:"agent,omitempty"`
		Group string `json:"group,omitempty"`
	} `json:"assign_to,omitzero"`
	Send *struct {
		Channel string `json:"channel" enum:"sms,email"`
		To      string `json:"to" doc:"A number or an address; one that is no good suppresses the message, and the link works."`
	} `json:"send,omitempty"`
	ExpiresIn string `json:"expires_in,omitempty" doc:"A duration, as 168h or 7d, of at most a year. Default: links.ttl of the configuration."`
}

// LinkAnswer is the answer to POST /v1/links. Delivery is null when nothing is sent.
type LinkAnswer struct {
	ID        string    `json:"id"`
	URL       string    `json:"url"`
	ExpiresAt time.Time `json:"expires_at"`
	Delivery  *string   `json:"delivery"`
}

// kept is what an Idempotency-Key keeps of an answer: not the URL, whose token is derived
// again, so that it stands nowhere in the database, and not what the link's row says.
type kept struct {
	ID       string  `json:"id"`
	Delivery *string `json:"delivery"`
}

// Link makes a link and plans its sending. The same idempotency key with the same body
// gives the same answer. The answer is JSON.
func (i *Intake) Link(ctx context.Context, o *config.Organization, body []byte, idempotencyKey string) ([]byte, error) {
	if o.Links == nil || i.Keys == nil || i.Keys.Empty() {
		return nil, fault.New(fault.Invalid, "links_not_configured", "this organization has no links configured")
	}
	var r LinkRequest
	if err := chat.Decode(chat.Sanitize(body), &r); err != nil {
		return nil, err
	}
	ttl, err := r.check(time.Duration(o.Links.TTL))
	if err != nil {
		return nil, err
	}
	id := "l_" + rand.Text()
	link := store.NewLink{
		ID: id, Conversation: r.Conversation, Purpose: r.Purpose, Agent: r.AssignTo.Agent, Group: r.AssignTo.Group,
		TokenHash: signing.LinkHash(i.Keys.LinkToken(id, firstGeneration)), TTL: ttl,
	}
	answer := kept{ID: id}
	if r.Send != nil {
		d, err := i.sendLink(o, r, id)
		if err != nil {
			return nil, err
		}
		link.Send = &d
		key := d.ID.String()
		answer.Delivery = &key
	}
	raw, err := json.Marshal(answer)
	if err != nil {
		return nil, fmt.Errorf("encoding the answer: %w", err)
	}
	if link.Repeat, err = repeatable("link", idempotencyKey, r); err != nil {
		return nil, err
	}
	link.Repeat.Answer = string(raw)
	made, replay, err := i.Store.CreateLink(ctx, o.ID, link)
	if err != nil {
		return nil, err
	}
	if replay != "" {
		if err := json.Unmarshal([]byte(replay), &answer); err != nil {
			return nil, fmt.Errorf("reading a kept answer: %w", err)
		}
		if made, err = i.Store.Link(ctx, o.ID, answer.ID); err != nil {
			return nil, err
		}
	}
	token, err := i.Keys.LinkTokenFor(made.ID, made.Generation, made.TokenHash) // of a replay by an older key, perhaps
	if err != nil {
		return nil, err
	}
	i.Wake()
	return json.Marshal(LinkAnswer{
		ID: answer.ID, URL: LinkURL(i.PublicURL, token), ExpiresAt: made.ExpiresAt.UTC(), Delivery: answer.Delivery,
	})
}

// repeatable makes a request repeatable where it has a key. What makes it the same is its
// content, whatever its order and spaces.
func repeatable(kind, idempotencyKey string, request any) (store.Idempotency, error) {
	if idempotencyKey == "" {
		return store.Idempotency{}, nil
	}
	raw, err := json.Marshal(request)
	if err != nil {
		return store.Idempotency{}, fmt.Errorf("encoding the request: %w", err)
	}
	digest := sha256.Sum256(raw)
	return store.Idempotency{Key: kind + " " + idempotencyKey, Digest: digest[:]}, nil
}

// firstGeneration is the generation of a new link's token.
const firstGeneration = 1

// LinkURL is where a link's page is.
func LinkURL(publicURL, token string) string { return publicURL + "/r/" + token }

// check refuses what the chat core got wrong, and returns how long the link works.
func (r LinkRequest) check(ttl time.Duration) (time.Duration, error) {
	if r.Purpose != chat.LinkResume && r.Purpose != chat.LinkInvite {
		return 0, wrong("purpose", "is neither resume nor invite")
	}
	if r.Conversation == "" || len(r.Conversation) > 255 {
		return 0, wrong("conversation", "is missing or longer than 255 bytes")
	}
	if r.AssignTo.Agent != "" && r.AssignTo.Group != "" {
		return 0, wrong("assign_to", "names an agent and a group; one of them is enough")
	}
	if max(len(r.AssignTo.Agent), len(r.AssignTo.Group)) > 255 { // they go into an address
		return 0, wrong("assign_to", "names what is longer than 255 bytes")
	}
	if r.Send != nil && r.Send.Channel != chat.ChannelSMS && r.Send.Channel != chat.ChannelEmail {
		return 0, wrong("send.channel", "is neither sms nor email")
	}
	if r.Send != nil && r.Send.To == "" {
		return 0, wrong("send.to", "is missing")
	}
	if r.ExpiresIn == "" {
		return ttl, nil
	}
	d, err := config.ParseDuration(r.ExpiresIn)
	if err != nil || d <= 0 || time.Duration(d) > maxLinkTTL {
		return 0, wrong("expires_in", "is no duration, as 168h or 7d, of at most a year")
	}
	return time.Duration(d), nil
}

// sendLink plans the message that carries the link. An address or number that is no
// good suppresses it; the link itself works.
func (i *Intake) sendLink(o *config.Organization, r LinkRequest, link string) (chat.Delivery, error) {
	d := chat.Delivery{
		ID:     chat.NewKey(o.ID, r.Conversation, 0, chat.SendLink, link+" "+strconv.Itoa(1)),
		Action: chat.SendLink, State: chat.Pending,
		Params: chat.Params{Link: link, Channel: r.Send.Channel, To: r.Send.To},
	}
	switch r.Send.Channel {
	case chat.ChannelSMS:
		d.Target = chat.AccountSMS
		if o.SMS == nil {
			return d, fault.New(fault.Invalid, "sms_not_configured", "this organization has no sms configured").At("send.channel")
		}
	case chat.ChannelEmail:
		d.Target = chat.AccountMail
		if o.Mail == nil {
			return d, fault.New(fault.Invalid, "mail_not_configured", "this organization has no mail configured").At("send.channel")
		}
	}
	to, err := i.Recipient(o, r.Send.Channel, r.Send.To)
	if err != nil {
		d.State, d.Error = chat.Suppressed, fault.CodeOf(err)
	} else {
		d.Params.To = to
	}
	return d, nil
}

// Recipient returns whom a channel ("sms" or "email") will reach: a number in E.164, or the
// address as it is. It is Invalid where nothing can be sent there.
func (i *Intake) Recipient(o *config.Organization, channel, to string) (string, error) {
	if channel == chat.ChannelSMS {
		return i.Number(o, to)
	}
	if !plan.GoodAddress(to) {
		return "", fault.New(fault.Invalid, "bad_address", "is no address that mail can be sent to").At("to")
	}
	return to, nil
}

func wrong(field, detail string) error {
	return fault.New(fault.Invalid, "invalid_field", detail).At(field)
}
