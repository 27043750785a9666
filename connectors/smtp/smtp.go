// Package smtp sends mail through one SMTP account (RFC 5321).
//
// A message is one MIME text to one recipient; its Message-ID is made from the
// delivery's key, so that a reader's mail client can tell a repeat. Connections are kept
// and shared, each command has a deadline, and TLS that was asked for is never done
// without. SMTP cannot be searched: what was lost between a message's final dot and
// its reply stays unknown (a fault of kind Ambiguous).
package smtp

import (
	"bytes"
	"cmp"
	"context"
	"sync"
	"time"

	"github.com/emersion/go-msgauth/dkim"

	"github.com/afterchat/afterchat/connectors"
	"github.com/afterchat/afterchat/internal/chat"
	"github.com/afterchat/afterchat/internal/fault"
)

// timeout caps one whole call: some time at each step and the most at the last. A probe
// has somebody waiting for it.
const (
	timeout      = 15 * time.Minute
	probeTimeout = 30 * time.Second
)

// Client sends through one account. It is safe for concurrent use.
type Client struct {
	from       mailbox
	replyTo    mailbox
	bounces    mailbox // empty: from
	dkim       []*dkim.SignOptions
	dialer     dialer
	domainRate connectors.Rate
	pool       *pool
	// texts are what a mail's texts are copied into, for email wants bytes: a sixth of what
	// a mail needs in memory.
	texts sync.Pool
}

var (
	_ connectors.Connector = (*Client)(nil)
	_ connectors.Sender    = (*Client)(nil)
	_ connectors.Prober    = (*Client)(nil)
)

// New returns a client; it connects when the first mail is sent.
func New(s *Settings) (*Client, error) {
	from, err := parseMailbox(s.From)
	if err != nil {
		return nil, fault.New(fault.Invalid, "bad_address", "is not a mail address").At("from")
	}
	c := &Client{from: from, texts: sync.Pool{New: func() any { return new(bytes.Buffer) }}}
	if s.ReplyTo != "" {
		if c.replyTo, err = parseMailbox(s.ReplyTo); err != nil {
			return nil, fault.New(fault.Invalid, "bad_address", "is not a mail address").At("reply_to")
		}
	}
	if s.ReturnPath != "" {
		if c.bounces, err = parseReturnPath(s.ReturnPath); err != nil {
			return nil, err
		}
	}
	if c.dkim, err = signers(s.DKIM); err != nil {
		return nil, err
	}
	config, err := s.tlsConfig()
	if err != nil {
		return nil, err
	}
	c.dialer = dialer{
		address: s.Address, tls: config, implicit: s.TLS == TLSImplicit, helo: s.Helo,
		username: s.Username, password: s.Password.Reveal(), tokens: newTokens(s),
	}
	if s.DomainRate != nil {
		c.domainRate = *s.DomainRate
	}
	c.pool = newPool(c.dialer.dial, cmp.Or(s.Connections, defaultConnections))
	return c, nil
}

// Traits says that a mail cannot be looked for and has no limit but the server's SIZE.
func (c *Client) Traits() connectors.Traits {
	return connectors.Traits{Send: connectors.Blind(), Files: true, Timeout: timeout, AtOnce: cap(c.pool.slots), DomainRate: c.domainRate}
}

// Send sends one mail. The reference is its Message-ID, angle brackets included.
// A recipient that is no address is Invalid with code "bad_address".
func (c *Client) Send(ctx context.Context, m connectors.Outgoing) (chat.Ref, error) {
	msg, err := c.compose(m, time.Now())
	if err != nil {
		return chat.Ref{}, err
	}
	ctx, cancel := context.WithTimeout(ctx, timeout)
	defer cancel()
	for {
		s, err := c.pool.get(ctx)
		if err != nil {
			return chat.Ref{}, err
		}
		stale, err := s.send(ctx, msg)
		c.pool.put(s)
		if stale {
			continue // the server had closed a kept connection; nothing was begun
		}
		if err != nil {
			return chat.Ref{}, err
		}
		return chat.Ref{ID: msg.id}, nil
	}
}

// Probe connects and signs in as for a mail, and sends none.
func (c *Client) Probe(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, probeTimeout)
	defer cancel()
	s, err := c.dialer.dial(ctx)
	if err != nil {
		return err
	}
	defer s.close()
	release := s.conn.bound(ctx)
	defer release()
	if err := s.client.Noop(); err != nil {
		return replyFault(connecting, err)
	}
	return nil
}

// Close says goodbye on idle connections; calls under way finish.
func (c *Client) Close() error {
	c.pool.close()
	return nil
}
