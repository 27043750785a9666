package store

import (
	"context"
	"fmt"

	"github.com/afterchat/afterchat/internal/chat"
)

// soFar is a wish to know what has become of a conversation.
type soFar struct {
	conversation int64
	found        []chat.Delivery
}

// DeliveriesSoFar returns what has become of a claimed delivery's conversation, in the
// order in which it was planned: id, action, target, params, state, hold, receipt, ref and when
// that changed last. Whoever asks at the same time is answered by one query.
func (s *Store) DeliveriesSoFar(ctx context.Context, c *Claimed) ([]chat.Delivery, error) {
	asked := &soFar{conversation: c.conversation}
	if err := s.soFar.do(ctx, asked); err != nil {
		return nil, err
	}
	return asked.found, nil
}

// readSoFar answers a batch.
func (s *Store) readSoFar(ctx context.Context, batch []*soFar) error {
	conversations := make([]int64, 0, len(batch))
	for _, asked := range batch {
		conversations = append(conversations, asked.conversation)
	}
	rows, err := s.queries.DeliveriesSoFar(ctx, conversations)
	if err != nil {
		return fmt.Errorf("reading the deliveries so far: %w", away(err))
	}
	of := make(map[int64][]chat.Delivery, len(batch))
	for _, r := range rows {
		of[r.Conversation] = append(of[r.Conversation], chat.Delivery{
			ID: r.ID, Action: chat.Action(r.Action), Target: r.Target, Params: params(r.Params), State: chat.State(r.State), Hold: chat.Hold(r.HeldBy),
			Receipt: r.Receipt, Ref: chat.Ref{ID: r.RefID, URL: r.RefUrl}, UpdatedAt: r.UpdatedAt,
		})
	}
	for _, asked := range batch {
		asked.found = of[asked.conversation]
	}
	return nil
}
