package demo

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/afterchat/afterchat/internal/chat"
	"github.com/afterchat/afterchat/internal/standin"
	"github.com/afterchat/afterchat/internal/store"
)

// reader reads the ledger page by page. What has ended does not change any more, so a
// page of which all has ended is read once.
type reader struct {
	store *store.Store
	// ended are the deliveries of the pages before the cursor after; rest are those
	// behind it, as they were read last.
	ended, rest []chat.Delivery
	after       int64
	// complete is true when all that is in the ledger has ended.
	complete bool
}

const pageSize = 500

// read reads what may have changed and returns how many deliveries have ended.
func (r *reader) read(ctx context.Context) (int, error) {
	for {
		page, next, err := r.store.ListDeliveries(ctx, standin.Organization, store.Filter{After: r.after, Most: pageSize})
		if err != nil {
			return 0, err
		}
		r.rest = r.rest[:0]
		final := 0
		for _, d := range page {
			r.rest = append(r.rest, d.Delivery)
			if d.State.Final() {
				final++
			}
		}
		r.complete = next == 0 && final == len(page)
		if next == 0 || final < len(page) {
			return len(r.ended) + final, nil
		}
		r.ended, r.after = append(r.ended, r.rest...), next
	}
}

// ledger reads the ledger to its end, with its links.
func (r *reader) ledger(ctx context.Context) (ledger, error) {
	l := ledger{deliveries: slices.Clone(r.ended), links: map[string]chat.Link{}}
	for after := r.after; ; {
		page, next, err := r.store.ListDeliveries(ctx, standin.Organization, store.Filter{After: after, Most: pageSize})
		if err != nil {
			return ledger{}, err
		}
		for _, d := range page {
			l.deliveries = append(l.deliveries, d.Delivery)
		}
		if after = next; next == 0 {
			break
		}
	}
	for _, d := range l.deliveries {
		if d.Action != chat.SendLink {
			continue
		}
		link, err := r.store.Link(ctx, standin.Organization, d.Params.Link)
		if err != nil {
			return ledger{}, err
		}
		l.links[link.ID] = link
	}
	return l, nil
}

// missing says what has not ended, by ids, the first few.
func missing(promises []promise, l ledger, patience time.Duration) string {
	const few = 5
	var open []string
	known := map[string]bool{}
	for _, d := range l.deliveries {
		known[d.Conversation] = true
		if d.State.Final() {
			continue
		}
		what := label(d) + " (" + string(d.State)
		if d.Hold != "" {
			what += ", held by " + string(d.Hold)
		}
		open = append(open, what+")")
	}
	unknown := map[string]bool{}
	for _, p := range promises {
		if !known[p.snapshot.ID] {
			unknown[p.snapshot.ID] = true
		}
	}
	text := fmt.Sprintf("nothing has ended for %s, and %d of %d deliveries are open", patience, promised(promises)-len(l.deliveries)+len(open), promised(promises))
	if len(unknown) > 0 {
		names := slices.Sorted(maps.Keys(unknown))
		text += fmt.Sprintf("; %d chats are not in the ledger: %s", len(names), strings.Join(names[:min(few, len(names))], ", "))
	}
	if len(open) > 0 {
		text += "; not ended: " + strings.Join(open[:min(few, len(open))], ", ")
	}
	return text
}
