package workers

import (
	"context"
	"encoding/json"
	"errors"
	"slices"
	"time"

	"github.com/hibiken/asynq"

	"github.com/afterchat/afterchat/connectors"
	"github.com/afterchat/afterchat/internal/chat"
	"github.com/afterchat/afterchat/internal/fault"
	"github.com/afterchat/afterchat/internal/store"
	"github.com/afterchat/afterchat/internal/tracing"
	"github.com/afterchat/afterchat/workers/tasks"
)

// How many earlier tickets are shown of each desk, how long a desk is waited for, and how
// long its answer is good enough: a chat core tells of every message.
const (
	priorTickets = 10
	fetchTimeout = 15 * time.Second
	fetchAgain   = time.Minute
	// fetchLater is when a desk is asked that is quick, and too much asked for now. Who asks a
	// slow one has to ask again: what would wait for it is without end.
	fetchLater = 3 * time.Second
)

// fetchTickets asks every desk that can tell for the user's earlier tickets, and keeps
// the answers for the details pane. It has no effect outside and is no delivery; one
// desk that fails does not keep the others from being shown.
func (w *Worker) fetchTickets(ctx context.Context, t *asynq.Task) error {
	var p tasks.Fetch
	if err := json.Unmarshal(t.Payload(), &p); err != nil {
		return w.reject(ctx, t, "", "malformed_json")
	}
	o, ok := w.Organizations[p.Organization]
	if !ok {
		return nil
	}
	tracing.Concerns(ctx, p.Organization, p.Conversation)
	c, err := w.Store.Conversation(ctx, p.Organization, p.Conversation)
	if fault.Is(err, fault.NotFound) {
		return nil // the database was restored, or begun anew, and Redis was not
	}
	if err != nil || c.Latest == nil {
		return err
	}
	known, err := w.Store.PriorTickets(ctx, p.Organization, p.Conversation)
	if err != nil {
		return err
	}
	var errs []error
	for desk := range o.Desks {
		if account := w.Accounts.Account(o.ID, desk); account != nil && account.ListsTickets() && !justFetched(known, desk) {
			errs = append(errs, w.fetchFrom(ctx, o.ID, desk, c.ID, c.Latest.User))
		}
	}
	return errors.Join(errs...)
}

func justFetched(known []store.PriorTickets, desk string) bool {
	return slices.ContainsFunc(known, func(p store.PriorTickets) bool {
		return p.Desk == desk && p.Error == "" && p.FetchedAt != nil && time.Since(*p.FetchedAt) < fetchAgain
	})
}

func (w *Worker) fetchFrom(ctx context.Context, organization, desk, conversation string, user chat.User) error {
	account := w.Accounts.Account(organization, desk)
	answer := store.PriorTickets{Desk: desk}
	leave, ok := account.Enter(ctx, 0)
	switch {
	case !ok && !account.Slow():
		return fault.New(fault.RateLimited, "busy", "the desk is asked for many users' tickets").After(fetchLater)
	case ok:
		defer leave()
	}
	why := fault.RateLimited
	if ok {
		why = w.closedTo(ctx, store.Account{Organization: organization, Target: desk}, account)
	}
	if why != 0 {
		answer.Error = why.String()
		return w.Store.SavePriorTickets(ctx, organization, conversation, answer)
	}
	asking, cancel := context.WithTimeout(ctx, fetchTimeout)
	defer cancel()
	list, err := account.TicketsOf(asking, person(user, desk, account), priorTickets)
	if err != nil {
		answer.Error = fault.KindOf(err).String()
	} else {
		now := time.Now().UTC()
		answer.Tickets, answer.FetchedAt = list, &now
	}
	return w.Store.SavePriorTickets(ctx, organization, conversation, answer)
}

// closedTo says why an account is not to be called now, 0 if it may be.
func (w *Worker) closedTo(ctx context.Context, at store.Account, account *connectors.Account) fault.Kind {
	switch rests := w.Resting.RestsFor(at) > 0; {
	case rests && w.Resting.Paused(at):
		return fault.Denied
	case rests || account.Admit(ctx) > 0:
		return fault.RateLimited
	}
	return 0
}
