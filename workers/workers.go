// Package workers is the asynq side of Afterchat: one file per handler. A handler of a
// "deliver:" task reads claim → call → record; a handler of a chat core's task hands
// its body to the same intake as HTTP does. What a task carries is an id; what decides
// is the ledger in PostgreSQL, so a task that runs twice, late or not at all does no
// harm.
package workers

import (
	"context"
	"log/slog"
	"time"

	"github.com/hibiken/asynq"
	"go.opentelemetry.io/otel/trace"

	"github.com/afterchat/afterchat/connectors"
	"github.com/afterchat/afterchat/internal/chat"
	"github.com/afterchat/afterchat/internal/config"
	"github.com/afterchat/afterchat/internal/fault"
	"github.com/afterchat/afterchat/internal/intake"
	"github.com/afterchat/afterchat/internal/pdf"
	"github.com/afterchat/afterchat/internal/signing"
	"github.com/afterchat/afterchat/internal/store"
	"github.com/afterchat/afterchat/templates"
	"github.com/afterchat/afterchat/workers/tasks"
)

// Accounts finds the account behind a target of an organization, nil if today's
// configuration has none.
type Accounts interface {
	Account(organization, target string) *connectors.Account
}

// Resting knows which accounts are not to be called for a while.
type Resting interface {
	Rest(a store.Account, d time.Duration)
	RestsFor(a store.Account) time.Duration
	// Paused reports whether the account was refused and no call has worked since.
	Paused(a store.Account) bool
}

// Printer makes a transcript into pages. Its error is Transient where the same may work
// later, and something else where it will not.
type Printer interface {
	Make(ctx context.Context, d templates.Document) (pdf.PDF, error)
}

// Worker has what the handlers need. All fields are needed; Keys may be nil where no
// organization has links.
type Worker struct {
	Letters
	Store         *store.Store
	Accounts      Accounts
	Resting       Resting
	Organizations map[string]*config.Organization
	Intake        *intake.Intake
	Keys          *signing.Keys
	PublicURL     string
	Log           *slog.Logger
	Tracer        trace.Tracer // nil: there are no traces
	// Wake tells the dispatcher that something may have become due.
	Wake func()
	// PutBack enqueues a chat core's task anew: see PutBackTask.
	PutBack func(ctx context.Context, t *asynq.Task, delay time.Duration) error
	// UnknownFor is how long a task for an unknown organization is given a chance.
	UnknownFor time.Duration
}

// Handler routes every task type to its handler, by its whole name: asynq's own mux also
// takes what merely begins alike. A type that nobody knows is rejected.
func (w *Worker) Handler() asynq.Handler {
	handlers := map[string]asynq.HandlerFunc{
		tasks.TypeFileTicket:      w.deliver(w.fileTicket),
		tasks.TypeAttachNotes:     w.deliver(w.attachNotes),
		tasks.TypeAmendTicket:     w.deliver(w.amendTicket),
		tasks.TypeEmailTranscript: w.deliver(w.emailTranscript),
		tasks.TypeSendLink:        w.deliver(w.sendLink),
		tasks.TypeTicketsFetch:    w.traced(w.fetchTickets),
		tasks.TypeChatOpened:      w.traced(w.take(w.chatOpened)),
		tasks.TypeChatEnded:       w.traced(w.take(w.chatEnded)),
		tasks.TypeChatNote:        w.traced(w.take(w.chatNote)),
		tasks.TypeChatContact:     w.traced(w.take(w.chatContact)),
		tasks.TypeLinkCreate:      w.traced(w.linkCreate),
	}
	return asynq.HandlerFunc(func(ctx context.Context, t *asynq.Task) error {
		if handle, ok := handlers[t.Type()]; ok {
			return handle(ctx, t)
		}
		return w.reject(ctx, t, "", "unknown_type")
	})
}

// TaskType is the type of the task that wakes a delivery of an action.
func TaskType(a chat.Action) string { return "deliver:" + string(a) }

// RetryDelay is asynq's pause before it runs a task again: what the fault asks for, or a
// few seconds while the database is away. asynq does not count these retries, so the
// pause cannot grow with them.
func RetryDelay(_ int, err error, _ *asynq.Task) time.Duration {
	return max(fault.RetryAfterOf(err), 3*time.Second)
}

// IsFailure keeps asynq from counting: the ledger counts attempts, and a chat core's
// task must not be archived because PostgreSQL was away.
func IsFailure(error) bool { return false }

// RenderOptions are how an organization's texts are rendered; the customer's own language and
// time zone are the templates' business.
func RenderOptions(o *config.Organization, ticket *chat.TicketRef) templates.Options {
	out := templates.Options{
		Brand: brand(o), Locale: o.Locale, Location: o.Location(),
		Agents: templates.AgentPolicy{Names: o.Agents.Names, Photos: o.Agents.Photos},
	}
	if o.Mail != nil {
		out.BodyLimit = int(o.Mail.BodyLimit)
	}
	if ticket != nil {
		out.TicketID, out.TicketURL = ticket.ID, ticket.URL
	}
	return out
}

func brand(o *config.Organization) templates.Brand {
	return templates.Brand{Organization: o.Name, LogoURL: o.Brand.LogoURL, Color: o.Brand.Color, Website: o.Brand.Website}
}

// recordTimeout bounds how long a result is tried to be written while the database is
// away; after that the takeover looks at the other side.
const recordTimeout = time.Minute

func detached(ctx context.Context, d time.Duration) (context.Context, context.CancelFunc) {
	return context.WithTimeout(context.WithoutCancel(ctx), d)
}
