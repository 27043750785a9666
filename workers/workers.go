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

	"github.com/afterchat/afterchat/connectors"
	"github.com/afterchat/afterchat/internal/chat"
	"github.com/afterchat/afterchat/internal/config"
	"github.com/afterchat/afterchat/internal/intake"
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

// Worker has what the handlers need. All fields are needed; Keys may be nil where no
// organization has links.
type Worker struct {
	Store         *store.Store
	Accounts      Accounts
	Resting       Resting
	Organizations map[string]*config.Organization
	Renderer      *templates.Renderer
	Intake        *intake.Intake
	Keys          *signing.Keys
	PublicURL     string
	Log           *slog.Logger
	// Wake tells the dispatcher that something may have become due.
	Wake func()
	// PutBack enqueues a chat core's task anew: see PutBackTask.
	PutBack func(ctx context.Context, t *asynq.Task, delay time.Duration) error
	// UnknownFor is how long a task for an unknown organization is given a chance.
	UnknownFor time.Duration
}

// Mux routes every task type to its handler.
func (w *Worker) Mux() *asynq.ServeMux {
	mux := asynq.NewServeMux()
	mux.HandleFunc(tasks.TypeFileTicket, w.deliver(w.fileTicket))
	mux.HandleFunc(tasks.TypeAttachNotes, w.deliver(w.attachNotes))
	mux.HandleFunc(tasks.TypeAmendTicket, w.deliver(w.amendTicket))
	mux.HandleFunc(tasks.TypeEmailTranscript, w.deliver(w.emailTranscript))
	mux.HandleFunc(tasks.TypeSendLink, w.deliver(w.sendLink))
	mux.HandleFunc(tasks.TypeTicketsFetch, w.fetchTickets)
	mux.HandleFunc(tasks.TypeChatOpened, w.take(w.chatOpened))
	mux.HandleFunc(tasks.TypeChatEnded, w.take(w.chatEnded))
	mux.HandleFunc(tasks.TypeChatNote, w.take(w.chatNote))
	mux.HandleFunc(tasks.TypeChatContact, w.take(w.chatContact))
	mux.HandleFunc(tasks.TypeLinkCreate, w.linkCreate)
	return mux
}

// TaskType is the type of the task that wakes a delivery of an action.
func TaskType(a chat.Action) string { return "deliver:" + string(a) }

// RetryDelay is asynq's pause before it runs a task again. It only matters while the
// database is away: everything else is the ledger's to decide.
func RetryDelay(retried int, _ error, _ *asynq.Task) time.Duration {
	return min(time.Second<<min(retried, 5), 30*time.Second)
}

// IsFailure keeps asynq from counting: the ledger counts attempts, and a chat core's
// task must not be archived because PostgreSQL was away.
func IsFailure(error) bool { return false }

// options are how an organization's texts are rendered; the customer's own language and
// time zone are the templates' business.
func options(o *config.Organization, ticket *chat.TicketRef) templates.Options {
	out := templates.Options{Brand: brand(o), Locale: o.Locale, Location: o.Location()}
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
