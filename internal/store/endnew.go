package store

import (
	"context"
	"time"

	"github.com/afterchat/afterchat/internal/chat"
	"github.com/afterchat/afterchat/internal/store/sqlc"
)

// newEnd is the end of a conversation of which nothing was known. made tells whether that
// was so, and under which number it is known now.
type newEnd struct {
	organization string
	end          End
	packed       []byte
	planned      []chat.Delivery
	made         bool
	conversation int64
}

// endNew takes in the end of a conversation that nothing was known of, together with
// others that come at the same time: there is nothing to lock or to look up. It does
// nothing, and says so, when something is known.
func (s *Store) endNew(ctx context.Context, organization string, end End, plan Planner) (planned []chat.Delivery, isNew bool, err error) {
	snapshot, packed, err := s.packEnd(end, document{Raw: end.Raw})
	if err != nil {
		return nil, false, err
	}
	n := &newEnd{organization: organization, end: end, packed: packed}
	n.planned = traced(ctx, settled(plan(chat.Conversation{Organization: organization, Snapshot: snapshot}), end.Settle))
	if err := s.newEnds.do(ctx, n); err != nil || !n.made {
		return nil, false, err
	}
	if end.Settle == 0 {
		s.remember(frozenKey{n.conversation, snapshot.Episode}, snapshot, len(packed))
	}
	return n.planned, true, nil
}

// addNewEnds stores a batch of ends in one transaction.
func (s *Store) addNewEnds(ctx context.Context, batch []*newEnd) error {
	return s.transact(ctx, "ending conversations", func(q *sqlc.Queries) error {
		var p sqlc.EndNewConversationsParams
		first := map[conversationName]*newEnd{}
		for _, n := range batch {
			n.made = false
			if name := n.name(); first[name] == nil { // a second one finds the first
				first[name] = n
				appendNewEnd(&p, n)
			}
		}
		made, err := q.EndNewConversations(ctx, p)
		if err != nil {
			return err
		}
		var plan sqlc.AddDeliveriesParams
		for _, m := range made {
			n := first[conversationName{m.Organization, m.ID}]
			n.made, n.conversation = true, m.Conversation
			appendPlan(&plan, m.Conversation, m.Organization, n.end.Snapshot.Episode, n.planned)
		}
		return addDeliveries(ctx, q, plan)
	})
}

type conversationName struct{ organization, id string }

func (n *newEnd) name() conversationName {
	return conversationName{n.organization, n.end.Snapshot.ID}
}

func appendNewEnd(p *sqlc.EndNewConversationsParams, n *newEnd) {
	p.Organizations = append(p.Organizations, n.organization)
	p.Ids = append(p.Ids, n.end.Snapshot.ID)
	p.Episodes = append(p.Episodes, int32(n.end.Snapshot.Episode))
	p.States = append(p.States, n.end.state())
	p.Digests = append(p.Digests, n.end.Snapshot.Digest())
	p.Settles = append(p.Settles, n.end.Settle.Seconds())
	p.EndedAt = append(p.EndedAt, n.end.Snapshot.EndedAt.Truncate(time.Microsecond))
	p.Snapshots = append(p.Snapshots, n.packed)
}
