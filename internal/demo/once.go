package demo

import (
	"cmp"
	"context"
	"log/slog"
	"time"

	"golang.org/x/sync/errgroup"

	"github.com/afterchat/afterchat/connectors/twilio"
	"github.com/afterchat/afterchat/internal/chat"
	"github.com/afterchat/afterchat/internal/fault"
	"github.com/afterchat/afterchat/internal/plan"
	"github.com/afterchat/afterchat/workers/tasks"
)

const (
	// onceCount is how many chats of our making are ended if nobody says.
	onceCount = 50
	// senders is how many chats the chat core ends at a time.
	senders = 8
	// largestTask is the largest chat, in bytes, that goes over asynq: encoded anew as a
	// task it may be larger.
	largestTask = tasks.MaxPayload / 2
	// patience is how long nothing may end before what is open counts as lost.
	patience = 30 * time.Second
)

// once ends chats, half of them by HTTP and half over asynq, and verifies what came of
// them. Chats are read before anything is started.
func once(ctx context.Context, o Options, log *slog.Logger) error {
	samples, err := onceSamples(o)
	if err != nil {
		return err
	}
	s, err := start(ctx, terms{region: regionOf(samples), contactWait: time.Millisecond}, log)
	if err != nil {
		return err
	}
	defer s.close()
	s.serve(s.app.Handler())
	promises := s.promises(samples)
	bar := newProgress(o.Err, promises)
	began := time.Now()
	if err := hand(ctx, newCore(s), promises, samples); err != nil {
		return err
	}
	l, open, err := s.settle(ctx, promises, bar, patience)
	took := time.Since(began)
	bar.clear()
	if err != nil {
		return err
	}
	t := verify(promises, l, receivedBy(s.vendors))
	if err := t.print(o, took); err != nil {
		return err
	}
	if open != "" {
		return fault.New(fault.Transient, "not_ended", open)
	}
	if !t.right() {
		return fault.New(fault.Conflict, "not_right", "not every delivery is right: see the tally")
	}
	return nil
}

func onceSamples(o Options) ([]sample, error) {
	if o.Chats != "" {
		return readFile(o.Chats, o.Count)
	}
	return made(cmp.Or(o.Count, onceCount))
}

// promises says what has to come of each chat: what the plan says, and a link to whoever
// has a number.
func (s *stack) promises(samples []sample) []promise {
	out := make([]promise, 0, len(samples))
	for _, c := range samples {
		p := promise{
			snapshot: c.snapshot, asked: c.snapshot.User.Phone,
			plan: plan.For(chat.Conversation{Organization: s.organization.ID, Snapshot: c.snapshot}, s.organization),
		}
		if settings, ok := s.organization.SMS.(*twilio.Settings); ok && p.asked != "" {
			// A number that cannot be read stays empty: nothing may be sent to it.
			p.number, _ = twilio.NormalizeNumber(p.asked, s.organization.Region, settings.Countries)
		}
		out = append(out, p)
	}
	return out
}

// hand hands all chats over: every second one over asynq, unless it is too large for a
// task.
func hand(ctx context.Context, c *core, promises []promise, samples []sample) error {
	g, ctx := errgroup.WithContext(ctx)
	g.SetLimit(senders)
	for i, s := range samples {
		number := promises[i].asked
		end, link := c.end, c.link
		if i%2 == 1 && len(s.raw) < largestTask {
			end, link = c.endByQueue, c.linkByQueue
		}
		g.Go(func() error {
			if err := end(ctx, s); err != nil || number == "" {
				return err
			}
			return link(ctx, s.snapshot.ID, number)
		})
	}
	return g.Wait()
}

// settle waits until every delivery that was promised has ended, and returns the ledger
// as it is then. When nothing has ended for as long as patience lasts, it says what is
// open.
func (s *stack) settle(ctx context.Context, promises []promise, bar *progress, patience time.Duration) (l ledger, open string, err error) {
	wanted := promised(promises)
	r := reader{store: s.app.Store()}
	ended, since := -1, time.Now()
	for {
		n, err := r.read(ctx)
		if err != nil {
			return ledger{}, "", err
		}
		bar.show(n)
		if n > ended {
			ended, since = n, time.Now()
		}
		if r.complete && n >= wanted {
			l, err = r.ledger(ctx)
			return l, "", err
		}
		if time.Since(since) > patience {
			l, err = r.ledger(ctx)
			return l, missing(promises, l, patience), err
		}
		select {
		case <-time.After(25 * time.Millisecond):
		case err := <-s.ended:
			return ledger{}, "", err
		case <-ctx.Done():
			return ledger{}, "", ctx.Err()
		}
	}
}

func promised(promises []promise) int {
	n := 0
	for _, p := range promises {
		n += len(p.plan)
		if p.asked != "" {
			n++
		}
	}
	return n
}
