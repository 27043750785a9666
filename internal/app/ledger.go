package app

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"strings"
	"time"
	"unicode"

	"github.com/redis/go-redis/v9"

	"github.com/afterchat/afterchat/internal/chat"
	"github.com/afterchat/afterchat/internal/config"
	"github.com/afterchat/afterchat/internal/httpapi"
	"github.com/afterchat/afterchat/internal/limiter"
	"github.com/afterchat/afterchat/internal/plan"
	"github.com/afterchat/afterchat/internal/store"
)

// Ledger is the ledger of one organization at the command line.
type Ledger struct {
	store        *store.Store
	redis        redis.UniversalClient
	organization *config.Organization
	accounts     accounts
	asJSON       bool
	out          io.Writer
}

// OpenLedger connects to the database that a configuration names. Close it. Redis is only
// asked which accounts rest, and need not be there.
func OpenLedger(ctx context.Context, path, organization string, asJSON bool, out io.Writer) (*Ledger, error) {
	c, err := LoadConfig(path)
	if err != nil {
		return nil, err
	}
	o, ok := c.Organizations[organization]
	if !ok {
		return nil, unknownOrganization(c, organization)
	}
	built, err := newAccounts(c, unlimited{}, func(string, string, string, time.Duration) {})
	if err != nil {
		return nil, err
	}
	s, err := openCurrent(ctx, c)
	if err != nil {
		return nil, err
	}
	client, err := newRedis(c.Redis)
	if err != nil {
		s.Close()
		return nil, err
	}
	s.ShowRests(built.rests(limiter.New(client)))
	return &Ledger{store: s, redis: client, organization: o, accounts: built, asJSON: asJSON, out: out}, nil
}

// Close lets go of the database and of Redis.
func (l *Ledger) Close() {
	l.store.Close()
	_ = l.redis.Close()
}

// page is how many deliveries are read at a time.
const page = 200

// List prints deliveries, oldest first. Empty filters match all; a limit of 0 is none.
func (l *Ledger) List(ctx context.Context, state, action, conversation string, limit int) error {
	var list []store.Timeline
	var err error
	if conversation != "" {
		list, err = l.store.Deliveries(ctx, l.organization.ID, conversation)
		list = filter(list, chat.State(state), chat.Action(action))
	} else {
		list, err = l.all(ctx, chat.State(state), chat.Action(action), limit)
	}
	if err != nil {
		return err
	}
	if limit > 0 && len(list) > limit {
		list = list[:limit]
	}
	return l.print(list)
}

func (l *Ledger) all(ctx context.Context, state chat.State, action chat.Action, limit int) ([]store.Timeline, error) {
	var list []store.Timeline
	for after := int64(0); ; {
		part, next, err := l.store.ListDeliveries(ctx, l.organization.ID, store.Filter{State: state, Action: action, After: after, Most: page})
		if err != nil {
			return nil, err
		}
		list = append(list, part...)
		if next == 0 || limit > 0 && len(list) >= limit {
			return list, nil
		}
		after = next
	}
}

func filter(list []store.Timeline, state chat.State, action chat.Action) []store.Timeline {
	var out []store.Timeline
	for _, d := range list {
		if (state == "" || d.State == state) && (action == "" || d.Action == action) {
			out = append(out, d)
		}
	}
	return out
}

// Show prints one delivery and every try at it.
func (l *Ledger) Show(ctx context.Context, id string) error {
	key, err := chat.ParseKey(id)
	if err != nil {
		return err
	}
	return l.show(ctx, key)
}

// Retry starts deliveries again, and goes on with the others when one cannot be.
func (l *Ledger) Retry(ctx context.Context, ids []string, resend bool) error {
	var errs []error
	for _, id := range ids {
		if err := l.retry(ctx, id, resend); err != nil {
			errs = append(errs, fmt.Errorf("%s: %w", id, err))
		}
	}
	return errors.Join(errs...)
}

func (l *Ledger) retry(ctx context.Context, id string, resend bool) error {
	key, err := chat.ParseKey(id)
	if err != nil {
		return err
	}
	d, err := l.store.Delivery(ctx, l.organization.ID, key)
	if err != nil {
		return err
	}
	if err := l.store.RetryDelivery(ctx, l.organization.ID, key, l.accounts.CanLook(d.Delivery), resend); err != nil {
		return err
	}
	return l.show(ctx, key)
}

// Cancel cancels a pending delivery.
func (l *Ledger) Cancel(ctx context.Context, id string) error {
	key, err := chat.ParseKey(id)
	if err != nil {
		return err
	}
	if err := l.store.CancelDelivery(ctx, l.organization.ID, key); err != nil {
		return err
	}
	return l.show(ctx, key)
}

// Resolve settles an unknown delivery by hand.
func (l *Ledger) Resolve(ctx context.Context, id, state, refID, refURL string) error {
	key, err := chat.ParseKey(id)
	if err != nil {
		return err
	}
	if err := l.store.ResolveDelivery(ctx, l.organization.ID, key, chat.State(state), chat.Ref{ID: refID, URL: refURL}); err != nil {
		return err
	}
	return l.show(ctx, key)
}

func (l *Ledger) show(ctx context.Context, key chat.Key) error {
	d, err := l.store.Delivery(ctx, l.organization.ID, key)
	if err != nil {
		return err
	}
	if l.asJSON {
		return writeJSON(l.out, httpapi.View(d))
	}
	if err := l.print([]store.Timeline{d}); err != nil {
		return err
	}
	if d.Params.Cover != "" {
		fmt.Fprintf(l.out, "  %s\n", strings.ReplaceAll(printable(d.Params.Cover), "\n", "\n  "))
	}
	for _, try := range d.Tries {
		fmt.Fprintf(l.out, "  %s  %-20s %-16s %6d ms\n", try.At.Format(time.RFC3339), try.Outcome, try.Error, try.Duration.Milliseconds())
	}
	return nil
}

func (l *Ledger) print(list []store.Timeline) error {
	if l.asJSON {
		views := make([]any, 0, len(list))
		for _, d := range list {
			views = append(views, httpapi.View(d))
		}
		return writeJSON(l.out, map[string]any{"deliveries": views})
	}
	for _, d := range list {
		more := strings.Join(strings.Fields(strings.Join([]string{string(d.Hold), d.Error, d.Receipt, d.Ref.ID, recipient(d)}, " ")), " ")
		fmt.Fprintf(l.out, "%s  %-20s %-17s %-8s %-10s %s\n", d.ID, d.Conversation, d.Action, d.Target, d.State, more)
	}
	return nil
}

// recipient says to whom a message goes, and for whom a transcript is.
func recipient(d store.Timeline) string {
	to := d.To
	if d.Action == chat.EmailTranscript {
		to = cmp.Or(to, plan.ToUser) + " (" + string(d.Reader())
		if d.Params.Asked {
			to += ", asked for"
		}
		to += ")"
	}
	if to == "" {
		return ""
	}
	return "to " + printable(to)
}

// printable leaves out what would steer a terminal: what people typed is shown.
func printable(s string) string {
	return strings.Map(func(r rune) rune {
		if unicode.IsControl(r) && r != '\n' {
			return -1
		}
		return r
	}, s)
}
