// Package rt files tickets in Request Tracker 5 through its REST 2.0 interface
// (documented in RT itself, at {base_url}/REST/2.0, and in RT::REST2). The facts below
// were seen with RT 5.0.3, and hold in the tests against a real one.
//
// RT needs a ticket custom field for the key ("Enter one value", named AfterchatKey
// unless key_field says otherwise) that applies to the queue, and an account with the
// rights SeeQueue, CreateTicket, ShowTicket, ShowTicketComments, CommentOnTicket,
// ReplyToTicket, ModifyTicket, SeeCustomField and ModifyCustomField on it. Without
// ShowTicketComments, private comments could not be found again.
//
// What requesters see. RT mails them the text that a ticket was created with (the scrip
// "On Create Autoreply To Requestors") and shows it to them under self service; private
// comments it keeps from them. So a ticket whose body is internal is created with the
// account's notice instead, and its key field says "pending:" before the key; the body
// and its files follow as a private comment, and the same request sets the field to the
// key alone. FindTicket finds a ticket only when its body is there, and CreateTicket
// completes one that was left pending, so that the two steps are one effect. A quiet one
// gets its requester between the two, when RT mails nobody.
//
// What RT does silently, and this package therefore prevents: it drops custom fields
// that it does not know, requesters that it cannot read, and what of a subject is over
// 200 bytes. Tags exist in RT only as a custom field: see Settings.TagsField.
//
// What it cannot do: a ticket that somebody deleted between a call and the look for it
// is not found, because RT's search never shows deleted tickets.
package rt

import (
	"strings"
	"time"

	"github.com/go-resty/resty/v2"

	"github.com/afterchat/afterchat/connectors"
	"github.com/afterchat/afterchat/connectors/rest"
)

const (
	timeout = 20 * time.Second
	// maxBody is ours: RT takes more, but puts the text into mails and pages.
	maxBody = 256 << 10
	// maxFile is RT's default of $MaxAttachmentSize, above which an RT may be told to
	// drop files.
	maxFile = 10 << 20
)

// Client is one account at one RT. It is safe for concurrent use.
type Client struct {
	rest     *rest.Client
	base     string
	settings Settings
	queues   queueCache
}

// New returns a client for the account, or a fault of kind Invalid that names the
// setting that is wrong. It calls nobody.
func New(s *Settings) (*Client, error) {
	settings, err := s.complete()
	if err != nil {
		return nil, err
	}
	base := strings.TrimRight(settings.BaseURL, "/")
	return &Client{
		rest: rest.New(rest.Options{
			BaseURL:   base + "/REST/2.0",
			Authorize: authorize(settings),
			ErrorCode: errorCode,
		}),
		base:     base,
		settings: settings,
	}, nil
}

// Traits say that everything can be found at once: RT searches its own tables.
func (c *Client) Traits() connectors.Traits {
	traits := connectors.Traits{
		Create:          connectors.Searchable(0),
		Comment:         connectors.Searchable(0),
		PrivateComments: true,
		Files:           true,
		MaxBody:         maxBody,
		MaxFile:         maxFile,
		Timeout:         timeout,
	}
	if c.settings.Rate != nil {
		traits.Rate = *c.settings.Rate
	}
	return traits
}

func authorize(s Settings) func(*resty.Request) {
	if s.Token != "" {
		header := "token " + s.Token.Reveal()
		return func(r *resty.Request) { r.SetHeader("Authorization", header) }
	}
	return func(r *resty.Request) { r.SetBasicAuth(s.User, s.Password.Reveal()) }
}
