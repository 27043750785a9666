package connectors

import (
	"context"
	"fmt"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/afterchat/afterchat/internal/chat"
	"github.com/afterchat/afterchat/internal/fault"
)

// Account is one configured account at one vendor: the only thing that workers see of a
// connector. It adds what all connectors share: the limiter, a deadline for every call,
// texts that fit, files where they do not, and errors that are always safe faults.
type Account struct {
	connector Connector
	traits    Traits
	settings  Common
	identity  string
	rate      Rate
	limiter   Limiter
	observe   Observer
	gate      chan struct{} // nil where the vendor names no number of calls,
	pace      *pace         // which this finds out then
}

// Limiter keeps a vendor's limits, for all processes together.
type Limiter interface {
	// Take takes a token from a bucket, or returns how long until there is one.
	Take(ctx context.Context, bucket string, r Rate) time.Duration
	// TakeTurn does so for a bucket that very many may ask at once, and gives each that
	// has to wait a turn of its own.
	TakeTurn(ctx context.Context, bucket string, r Rate) time.Duration
	// Rest keeps a bucket empty for a while, because the vendor asked for it.
	Rest(ctx context.Context, bucket string, d time.Duration)
}

// Observer hears of every call: what was done, how it went (a fault's kind, or "ok") and
// how long it took.
type Observer func(op, outcome string, took time.Duration)

// NewAccount wraps a connector.
func NewAccount(c Connector, s Settings, l Limiter, o Observer) *Account {
	a := &Account{
		connector: c, traits: c.Traits(), settings: s.CommonSettings(), identity: s.Identity(), limiter: l, observe: o,
	}
	a.rate = a.traits.Rate
	if a.settings.Rate != nil {
		a.rate = *a.settings.Rate
	}
	if n := a.traits.AtOnce; n > 0 {
		a.gate = make(chan struct{}, n+n/4)
	}
	a.ShareWorkers(NewWorkers(usualWorkers))
	return a
}

// usualWorkers is how many a process has by default.
const usualWorkers = 128

// ShareWorkers says whose workers make the calls: the same ones for all accounts of a
// process. It is called before the account is used.
func (a *Account) ShareWorkers(w *Workers) { a.pace = newPace(w) }

// Identity names the account behind the settings: type, address and login.
func (a *Account) Identity() string { return a.identity }

// Type is the account's type, as zendesk.
func (a *Account) Type() string { return a.settings.Type }

// Traits says what the connector can promise.
func (a *Account) Traits() Traits { return a.traits }

// Resend reports whether the operator chose to repeat what cannot be looked up.
func (a *Account) Resend() bool { return a.settings.OnUnknown == Resend }

// Admit takes a token for one delivery. It returns how long to wait for one otherwise.
func (a *Account) Admit(ctx context.Context) time.Duration {
	return a.limiter.Take(ctx, a.identity, a.rate)
}

// CanLook reports whether an effect of the action can be looked up at this account.
func (a *Account) CanLook(action chat.Action) bool { return a.Promise(action).Kind != BlindKind }

// Promise returns what holds for the action at this account.
func (a *Account) Promise(action chat.Action) Promise {
	switch action {
	case chat.FileTicket:
		return a.traits.Create
	case chat.AttachNotes, chat.AmendTicket:
		return a.traits.Comment
	case chat.EmailTranscript, chat.SendLink:
		return a.traits.Send
	}
	return Blind()
}

// Holds reports whether a ticket can be at this account, as far as its page's address
// tells. A desk that was pointed at another system, as from a sandbox to the real one, has
// somebody else's ticket under the same number.
func (a *Account) Holds(ticket chat.Ref) bool {
	base := strings.TrimRight(withoutScheme(a.settings.BaseURL), "/")
	return base == "" || ticket.URL == "" || strings.HasPrefix(withoutScheme(ticket.URL), base+"/")
}

// withoutScheme leaves out what may change while the system stays the same.
func withoutScheme(address string) string {
	address = strings.ToLower(strings.TrimSpace(address))
	return strings.TrimPrefix(strings.TrimPrefix(address, "https://"), "http://")
}

// ListsTickets reports whether the account can list a person's tickets.
func (a *Account) ListsTickets() bool {
	_, ok := a.connector.(Historian)
	return ok
}

// SetsRequester reports whether the account can change who a ticket is from.
func (a *Account) SetsRequester() bool {
	_, ok := a.connector.(Amender)
	return ok
}

// CreateTicket files a ticket. A body that does not fit goes whole into a file.
func (a *Account) CreateTicket(ctx context.Context, t Ticket) (chat.Ref, error) {
	c, ok := a.connector.(Ticketer)
	if !ok {
		return chat.Ref{}, lacks("file tickets")
	}
	var err error
	if t.Body, t.Files, err = a.fit(t.Body, t.Files); err != nil {
		return chat.Ref{}, err
	}
	return effect(ctx, a, "create_ticket", func(ctx context.Context) (chat.Ref, error) { return c.CreateTicket(ctx, t) })
}

// FindTicket finds a ticket by the key it was filed with.
func (a *Account) FindTicket(ctx context.Context, key chat.Key) (chat.Ref, error) {
	c, ok := a.connector.(Ticketer)
	if !ok {
		return chat.Ref{}, lacks("find tickets")
	}
	return look(ctx, a, "find_ticket", func(ctx context.Context) (chat.Ref, error) { return c.FindTicket(ctx, key) })
}

// AddComment adds to a ticket. A body that does not fit goes whole into a file; a
// private comment is refused where there is no such thing.
func (a *Account) AddComment(ctx context.Context, ticket chat.Ref, m Comment) (chat.Ref, error) {
	c, ok := a.connector.(Commenter)
	if !ok {
		return chat.Ref{}, lacks("add comments")
	}
	if !m.Public && !a.traits.PrivateComments {
		return chat.Ref{}, fault.New(fault.Unsupported, "no_private_comments", "this desk has no private comments")
	}
	var err error
	if m.Body, m.Files, err = a.fit(m.Body, m.Files); err != nil {
		return chat.Ref{}, err
	}
	return effect(ctx, a, "add_comment", func(ctx context.Context) (chat.Ref, error) { return c.AddComment(ctx, ticket, m) })
}

// FindComment finds a comment by the key it was added with.
func (a *Account) FindComment(ctx context.Context, ticket chat.Ref, key chat.Key) (chat.Ref, error) {
	c, ok := a.connector.(Commenter)
	if !ok {
		return chat.Ref{}, lacks("find comments")
	}
	return look(ctx, a, "find_comment", func(ctx context.Context) (chat.Ref, error) { return c.FindComment(ctx, ticket, key) })
}

// SetRequester sets who a ticket is from.
func (a *Account) SetRequester(ctx context.Context, ticket chat.Ref, p Person) error {
	c, ok := a.connector.(Amender)
	if !ok {
		return lacks("set a ticket's requester")
	}
	_, err := effect(ctx, a, "set_requester", func(ctx context.Context) (chat.Ref, error) {
		return ticket, c.SetRequester(ctx, ticket, p)
	})
	return err
}

// TicketsOf lists a person's tickets, the most recently updated first.
func (a *Account) TicketsOf(ctx context.Context, p Person, limit int) ([]chat.PriorTicket, error) {
	c, ok := a.connector.(Historian)
	if !ok {
		return nil, lacks("list tickets")
	}
	return look(ctx, a, "tickets_of", func(ctx context.Context) ([]chat.PriorTicket, error) { return c.TicketsOf(ctx, p, limit) })
}

// Send sends one message to one recipient. A recipient's domain that is to be sent no
// more for now is a narrow RateLimited: nobody was called.
func (a *Account) Send(ctx context.Context, m Outgoing) (chat.Ref, error) {
	c, ok := a.connector.(Sender)
	if !ok {
		return chat.Ref{}, lacks("send messages")
	}
	domain, ok := a.domainBucket(m.To)
	if !ok {
		return a.send(ctx, c, m)
	}
	if wait := a.limiter.TakeTurn(ctx, domain, a.traits.DomainRate); wait > 0 {
		return chat.Ref{}, fault.New(fault.RateLimited, "domain_rate", "this recipient's domain is sent no more for now").After(wait).Narrowly()
	}
	ref, err := a.send(ctx, c, m)
	if fault.IsNarrow(err) {
		a.limiter.Rest(ctx, domain, fault.RetryAfterOf(err))
	}
	return ref, err
}

// domainBucket names the bucket of a mail's recipient's domain at this account; the
// limiter keeps no name as it is.
func (a *Account) domainBucket(to string) (string, bool) {
	at := strings.LastIndexByte(to, '@')
	if at < 0 {
		return "", false
	}
	return a.identity + " to " + strings.ToLower(strings.TrimRight(to[at+1:], "> ")), true
}

func (a *Account) send(ctx context.Context, c Sender, m Outgoing) (chat.Ref, error) {
	return effect(ctx, a, "send", func(ctx context.Context) (chat.Ref, error) { return c.Send(ctx, m) })
}

// FindSent finds a message that was sent.
func (a *Account) FindSent(ctx context.Context, m Outgoing) (chat.Ref, error) {
	c, ok := a.connector.(SentFinder)
	if !ok {
		return chat.Ref{}, lacks("find what it sent")
	}
	return look(ctx, a, "find_sent", func(ctx context.Context) (chat.Ref, error) { return c.FindSent(ctx, m) })
}

// Probe signs in and reads, and changes nothing.
func (a *Account) Probe(ctx context.Context) error {
	c, ok := a.connector.(Prober)
	if !ok {
		return lacks("be probed")
	}
	_, err := look(ctx, a, "probe", func(ctx context.Context) (struct{}, error) { return struct{}{}, c.Probe(ctx) })
	return err
}

// CheckRoute looks whether the account has the group and the custom fields that a rule's
// tickets name: see Router. Of an account that cannot tell, nothing is missing.
func (a *Account) CheckRoute(ctx context.Context, group string, fields []string) (missing []error, err error) {
	c, ok := a.connector.(Router)
	if !ok {
		return nil, nil
	}
	return look(ctx, a, "check_route", func(ctx context.Context) ([]error, error) { return c.CheckRoute(ctx, group, fields) })
}

// effect carries out a call that changes something on the other side.
func effect[T any](ctx context.Context, a *Account, op string, f func(context.Context) (T, error)) (T, error) {
	if err := CheckLease(ctx); err != nil {
		var zero T
		return zero, err
	}
	return call(ctx, a, op, fault.Ambiguous, f)
}

// look carries out a call that only reads.
func look[T any](ctx context.Context, a *Account, op string, f func(context.Context) (T, error)) (T, error) {
	return call(ctx, a, op, fault.Transient, f)
}

// call bounds a call, tells the observer and the limiter how it went, and makes sure
// that its error is a fault: whatever else comes back counts as otherwise.
func call[T any](ctx context.Context, a *Account, op string, otherwise fault.Kind, f func(context.Context) (T, error)) (out T, err error) {
	if a.traits.Timeout > 0 {
		var cancel context.CancelFunc
		ctx, cancel = context.WithTimeout(ctx, a.traits.Timeout)
		defer cancel()
		// A deadline that was nearer may move on: workers extend their claims.
		defer time.AfterFunc(a.traits.Timeout+time.Second, cancel).Stop()
	}
	ctx, span := a.begin(ctx, op)
	began := time.Now()
	defer func() {
		if p := recover(); p != nil {
			err = fault.New(otherwise, "connector_panic", "the connector failed")
		}
		outcome := "ok"
		if err != nil {
			if fault.KindOf(err) == fault.Transient && !fault.Is(err, fault.Transient) {
				err = fault.Wrap(otherwise, "connector_error", "the connector failed", err)
			}
			outcome = fault.KindOf(err).String()
		}
		if fault.Is(err, fault.RateLimited) {
			a.limiter.Rest(ctx, a.identity, max(fault.RetryAfterOf(err), time.Second))
		}
		took := time.Since(began)
		a.pace.took(took)
		a.observe(op, outcome, took)
		end(span, outcome, err)
	}()
	return f(ctx)
}

// continued ends the part of a text whose whole is in a file.
const continued = "\n\n[…] The whole text is in the attached file " + wholeName + "."

const wholeName = "conversation.txt"

// fit makes a body fit the vendor's field: too long a text goes whole into a file, and
// as much of it as fits, up to a line's end where there is one, into the field.
func (a *Account) fit(body string, files []File) (string, []File, error) {
	limit := a.traits.MaxBody
	if limit == 0 || len(body) <= limit {
		return body, files, nil
	}
	if !a.traits.Files || limit < len(continued) || a.traits.MaxFile > 0 && len(body) > a.traits.MaxFile {
		return "", nil, fault.New(fault.Unsupported, "too_long", fmt.Sprintf("the text has %d bytes and the desk takes %d, and no file so large", len(body), limit))
	}
	cut := limit - len(continued)
	for cut > 0 && !utf8.RuneStart(body[cut]) {
		cut--
	}
	if line := strings.LastIndexByte(body[:cut], '\n'); line > cut/2 {
		cut = line
	}
	whole := File{Name: wholeName, ContentType: "text/plain; charset=utf-8", Content: []byte(body)}
	return body[:cut] + continued, append(files[:len(files):len(files)], whole), nil
}

func lacks(what string) error {
	return fault.New(fault.Unsupported, "unsupported", "this account cannot "+what)
}
