package demo

import (
	"bytes"
	"cmp"
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"slices"
	"strconv"
	"sync"
	"time"

	"github.com/afterchat/afterchat/connectors"
	"github.com/afterchat/afterchat/internal/chat"
	"github.com/afterchat/afterchat/internal/fault"
	"github.com/afterchat/afterchat/internal/plan"
	"github.com/afterchat/afterchat/internal/standin"
)

// stage is where chats are played: it knows which are shown, and what can happen to one.
type stage struct {
	stack *stack
	core  *core
	tales []story
	today bool // let chats end now, and not when they say

	mu     sync.Mutex
	turn   int
	people int       // who said how to be reached: each has another address
	shown  []*played // in the order in which they were begun
}

// played is one chat on the stage, guarded by the stage's lock.
type played struct {
	story
	door            string // through which it ends: HTTP or asynq
	ended           bool
	notes, contacts int
	pane            string // address of its pane, once it was asked for
	seen            glance
}

// glance is what the HTTP door last said of a chat. It is asked again when the deliveries
// have changed, and otherwise now and then: each look makes Afterchat ask the desks anew
// for what they have not answered yet.
type glance struct {
	at                  time.Time
	deliveries, details json.RawMessage
}

const glanceLasts = 4 * time.Second

func newStage(s *stack, tales []story, today bool) *stage {
	return &stage{stack: s, core: newCore(s), tales: tales, today: today}
}

// play plays so many chats one after another, and then what comes late.
func (g *stage) play(ctx context.Context, count int) {
	for range count {
		if _, err := g.next(ctx, pause/2); err != nil || !rest(ctx, pause) {
			g.complain(ctx, err)
			return
		}
	}
	for _, p := range g.all() {
		if p.LateNote != "" && rest(ctx, pause) {
			g.complain(ctx, g.note(ctx, p.Snapshot.ID))
		}
		if p.Contact != nil && rest(ctx, pause) {
			g.complain(ctx, g.contact(ctx, p.Snapshot.ID))
		}
	}
}

// next begins the next chat, which everybody can see for a while, and ends it. It
// returns the conversation's id.
func (g *stage) next(ctx context.Context, talk time.Duration) (string, error) {
	p := g.begin()
	s, err := newSample(p.Snapshot)
	if err != nil {
		return "", err
	}
	if err := g.remember(ctx, p.story); err != nil {
		return "", err
	}
	open := s
	open.snapshot.EndedAt, open.snapshot.EndedBy, open.snapshot.Outcome = time.Time{}, "", ""
	if open, err = newSample(open.snapshot); err != nil {
		return "", err
	}
	if err := g.core.open(ctx, open); err != nil {
		return "", fmt.Errorf("showing an open chat: %w", err)
	}
	if !rest(ctx, talk) {
		return "", ctx.Err()
	}
	return p.Snapshot.ID, g.end(ctx, p.Snapshot, p.door)
}

// begin puts the next story on the stage, under a new id when its turn comes again.
func (g *stage) begin() played {
	g.mu.Lock()
	defer g.mu.Unlock()
	p := &played{story: g.tales[g.turn%len(g.tales)], door: doorHTTP}
	if g.turn%2 == 1 {
		p.door = doorAsynq
	}
	if round := g.turn / len(g.tales); round > 0 {
		p.Snapshot.ID += "~" + strconv.Itoa(round+1)
	}
	if g.today {
		p.Snapshot = endingAt(p.Snapshot, time.Now())
	}
	g.turn++
	g.shown = append(g.shown, p)
	return *p
}

// remember gives the user the tickets that they had before.
func (g *stage) remember(ctx context.Context, t story) error {
	desk := g.stack.app.Account(standin.Organization, deskName)
	for i, subject := range t.Prior {
		user := t.Snapshot.User
		if _, err := desk.CreateTicket(ctx, connectors.Ticket{
			Key:     chat.NewKey(standin.Organization, t.Snapshot.ID, 0, chat.FileTicket, "prior "+strconv.Itoa(i)),
			Subject: subject, Body: subject, Requester: connectors.Person{Name: user.Name, Email: user.Email},
		}); err != nil {
			return fmt.Errorf("filing an earlier ticket: %w", err)
		}
	}
	return nil
}

// The doors through which a chat can end.
const (
	doorHTTP  = "HTTP"
	doorAsynq = "asynq"
)

// end ends an episode, and has a link sent to a user with a number.
func (g *stage) end(ctx context.Context, s chat.Snapshot, door string) error {
	c, err := newSample(s)
	if err != nil {
		return err
	}
	end, link := g.core.end, g.core.link
	if door == doorAsynq {
		end, link = g.core.endByQueue, g.core.linkByQueue
	}
	if err := end(ctx, c); err != nil {
		return fmt.Errorf("ending a chat: %w", err)
	}
	g.change(s.ID, func(p *played) { p.ended, p.Snapshot = true, s })
	if s.User.Phone == "" {
		return nil
	}
	return link(ctx, s.ID, s.User.Phone)
}

// note adds a late note: the story's, and then others.
func (g *stage) note(ctx context.Context, id string) error {
	var n chat.Note
	if !g.change(id, func(p *played) {
		p.notes++
		n = chat.Note{ID: "late" + strconv.Itoa(p.notes), Agent: p.Snapshot.AssignedAgent, At: time.Now(), Text: "Called back: all is well, the case can be closed."}
		if p.notes == 1 {
			n.Text = cmp.Or(p.LateNote, n.Text)
		}
	}) {
		return unknown()
	}
	return g.core.call(ctx, http.MethodPost, conversationPath(id, "/notes"), n, nil)
}

// contact says how the user can be reached, and has a link sent there.
func (g *stage) contact(ctx context.Context, id string) error {
	var c chat.Contact
	if !g.change(id, func(p *played) {
		p.contacts++
		g.people++
		c = chat.Contact{
			Name: cmp.Or(p.Snapshot.User.Name, "Robin Berg"), Email: "reach.me" + strconv.Itoa(g.people) + "@example.com", Phone: "070-111 22 33",
		}
		if p.contacts == 1 && p.Contact != nil {
			c = *p.Contact
		}
		c.ID = "contact" + strconv.Itoa(p.contacts)
	}) {
		return unknown()
	}
	if err := g.core.call(ctx, http.MethodPost, conversationPath(id, "/contact"), c, nil); err != nil {
		return err
	}
	g.change(id, func(p *played) { p.Snapshot = c.Apply(p.Snapshot, plan.GoodAddress) })
	return g.core.link(ctx, id, c.Phone)
}

// again lets the user come back: one more episode.
func (g *stage) again(ctx context.Context, id string) error {
	var s chat.Snapshot
	if !g.change(id, func(p *played) {
		s = resumed(p.Snapshot, max(p.Snapshot.Episode, 1)+1, time.Now().UTC().Truncate(time.Second))
	}) {
		return unknown()
	}
	return g.end(ctx, s, doorHTTP)
}

// look returns a chat's timeline and details as the HTTP door answers them.
func (g *stage) look(ctx context.Context, id string) (glance, error) {
	var before glance
	g.change(id, func(p *played) { before = p.seen })
	var timeline struct{ Deliveries json.RawMessage }
	if err := g.core.call(ctx, http.MethodGet, conversationPath(id, "/deliveries"), nil, &timeline); err != nil {
		return glance{}, err
	}
	if bytes.Equal(timeline.Deliveries, before.deliveries) && time.Since(before.at) < glanceLasts {
		return before, nil
	}
	now := glance{at: time.Now(), deliveries: timeline.Deliveries}
	if err := g.core.call(ctx, http.MethodGet, conversationPath(id, "/details"), nil, &now.details); err != nil {
		return glance{}, err
	}
	g.change(id, func(p *played) { p.seen = now })
	return now, nil
}

// paneOf returns the address of a chat's details pane.
func (g *stage) paneOf(ctx context.Context, id string) (string, error) {
	var address string
	g.change(id, func(p *played) { address = p.pane })
	if address != "" {
		return address, nil
	}
	var made struct{ URL string }
	ask := map[string]any{"agent": "a_bo", "can": []string{"note", "transcript", "link", "settle"}}
	if err := g.core.call(ctx, http.MethodPost, conversationPath(id, "/pane"), ask, &made); err != nil {
		return "", err
	}
	g.change(id, func(p *played) { p.pane = made.URL })
	return made.URL, nil
}

// all returns copies of what is shown.
func (g *stage) all() []played {
	g.mu.Lock()
	defer g.mu.Unlock()
	out := make([]played, 0, len(g.shown))
	for _, p := range g.shown {
		out = append(out, *p)
	}
	return out
}

// change changes a chat that is shown, and reports whether it is.
func (g *stage) change(id string, f func(*played)) bool {
	g.mu.Lock()
	defer g.mu.Unlock()
	i := slices.IndexFunc(g.shown, func(p *played) bool { return p.Snapshot.ID == id })
	if i < 0 {
		return false
	}
	f(g.shown[i])
	return true
}

func (g *stage) complain(ctx context.Context, err error) {
	if err != nil && ctx.Err() == nil {
		g.stack.log.WarnContext(ctx, "a sample chat could not be played", "error", err.Error())
	}
}

// deskName is the desk of the stand-ins' configuration.
const deskName = "zd"

func unknown() error {
	return fault.New(fault.NotFound, "not_found", "no such chat is shown here")
}

// rest waits, and reports whether there is any point in going on.
func rest(ctx context.Context, d time.Duration) bool {
	select {
	case <-ctx.Done():
		return false
	case <-time.After(d):
		return true
	}
}
