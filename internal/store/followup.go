package store

import (
	"context"
	"slices"
	"time"

	"github.com/afterchat/afterchat/internal/chat"
	"github.com/afterchat/afterchat/internal/store/sqlc"
)

// loseTicket has a delivery that the ticket refused, closed for good as it is, wait for
// the ticket that follows: the conversation's, if it has another by now, or one that is
// still to be filed. The conversation is locked.
func (r *row) loseTicket(was *chat.TicketRef, gone bool) {
	r.AwaitFollowUp()
	if r.ticket != nil && was != nil && *r.ticket != *was {
		r.TicketFollowed(r.now)
		return
	}
	r.followUp, r.gone = r.ticket != nil, gone
}

// planFollowUps plans the tickets that follow those that were found closed: one for each,
// however many wait for it. What waits for one that has been given up fails with it.
func planFollowUps(ctx context.Context, q *sqlc.Queries, rows map[chat.Key]*row) error {
	for _, id := range sortedKeys(rows) {
		r := rows[id]
		if !r.followUp {
			continue
		}
		planned, err := q.EpisodeDeliveries(ctx, sqlc.EpisodeDeliveriesParams{Conversation: r.conversation, Episode: int32(r.Episode)})
		if err != nil {
			return err
		}
		next := followUp(r, planned)
		i := slices.IndexFunc(planned, func(d sqlc.EpisodeDeliveriesRow) bool { return d.ID == next.ID })
		switch {
		case i < 0:
			var p sqlc.AddDeliveriesParams
			appendPlan(&p, r.conversation, r.Organization, r.Episode, []chat.Delivery{next})
			if err := addDeliveries(ctx, q, p); err != nil {
				return err
			}
		case chat.State(planned[i].State).Final() && chat.State(planned[i].State) != chat.Unknown:
			r.NoTicketFollows()
		}
	}
	return nil
}

// followUp is the ticket that follows the conversation's. It goes where the episode's own
// went; nobody but the desk reads it, because the customer has been written to before.
func followUp(r *row, planned []sqlc.EpisodeDeliveriesRow) chat.Delivery {
	d := chat.Delivery{
		ID:     chat.NewKey(r.Organization, r.Conversation, r.Episode, chat.FileTicket, "follow-up "+r.ticket.Desk+" "+r.ticket.ID),
		Action: chat.FileTicket, Target: r.ticket.Desk, State: chat.Pending,
	}
	own := slices.IndexFunc(planned, func(d sqlc.EpisodeDeliveriesRow) bool {
		return chat.Action(d.Action) == chat.FileTicket && d.Target == r.ticket.Desk
	})
	if own >= 0 {
		d.Params = params(planned[own].Params)
	}
	d.Params.Audience, d.Params.FollowUp, d.Params.Gone, d.Params.Rule = chat.Internal, r.ticket.ID, r.gone, "the conversation's ticket is closed for good"
	return d
}

// followLost moves what lost its ticket as the ticket that follows went.
func followLost(d *chat.Delivery, ticket chat.State, now time.Time) bool {
	switch ticket {
	case chat.Delivered:
		d.TicketFollowed(now)
	case chat.Failed, chat.Cancelled:
		d.NoTicketFollows()
	default:
		return false
	}
	return true
}
