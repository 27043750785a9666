package templates

import "github.com/afterchat/afterchat/internal/chat"

// nameLimit is how much of a name stands beside every message. A name may be a megabyte
// long and a chat 100,000 messages; the whole name stands once, among the facts.
const nameLimit = 60

// cast knows everybody in a conversation by the name that one audience may see. It is
// the one place where that is decided.
type cast struct {
	user   Speaker
	userID string
	agents map[string]Speaker
	// private allows ids as names and events of any type.
	private bool
	// seen are the agents who spoke or were named by an event.
	seen map[string]bool
}

// customerCast knows agents by as much of their display name as the organization allows.
func customerCast(s chat.Snapshot, p AgentPolicy) cast {
	c := newCast(s)
	for _, a := range s.Agents {
		c.agents[a.ID] = Speaker{Kind: chat.AuthorAgent, Name: short(p.name(a.DisplayName), nameLimit), Photo: p.photo(a.PhotoURL)}
	}
	return c
}

// internalCast knows agents by name, else display name, else id.
func internalCast(s chat.Snapshot) cast {
	c := newCast(s)
	c.private = true
	for _, a := range s.Agents {
		c.agents[a.ID] = colleague(Agent{ID: a.ID, Name: line(a.Name), DisplayName: line(a.DisplayName), Photo: photoURL(a.PhotoURL)})
	}
	return c
}

func colleague(a Agent) Speaker {
	return Speaker{Kind: chat.AuthorAgent, Name: short(a.called(), nameLimit), Photo: a.Photo}
}

func newCast(s chat.Snapshot) cast {
	return cast{
		user:   Speaker{Kind: chat.AuthorUser, Name: short(line(s.User.Name), nameLimit)},
		userID: s.User.ID,
		agents: make(map[string]Speaker, len(s.Agents)),
		seen:   make(map[string]bool, len(s.Agents)),
	}
}

func (c cast) entries(messages []chat.Message) []Entry {
	entries := make([]Entry, len(messages))
	for i, m := range messages {
		entries[i] = Entry{At: m.At, By: c.author(m.Author), Text: block(m.Text), Files: files(m.Attachments)}
		if m.Event != nil {
			entries[i].Event = c.event(*m.Event, m.Author)
		}
	}
	return entries
}

func (c cast) notes(notes []chat.Note) []Entry {
	entries := make([]Entry, len(notes))
	for i, n := range notes {
		entries[i] = c.note(n)
	}
	return entries
}

func (c cast) note(n chat.Note) Entry {
	by := Speaker{Kind: chat.AuthorAgent}
	if n.Agent != "" {
		by = c.person(n.Agent)
		by.Kind = chat.AuthorAgent
	}
	return Entry{At: n.At, By: by, Text: block(n.Text)}
}

func (c cast) author(a chat.Author) Speaker {
	switch a.Kind {
	case chat.AuthorUser:
		return c.user
	case chat.AuthorAgent, chat.AuthorAssistant:
		by := Speaker{}
		if a.ID != "" {
			by = c.person(a.ID)
		}
		by.Kind = a.Kind
		return by
	default:
		return Speaker{Kind: chat.AuthorSystem}
	}
}

func (c cast) event(e chat.Event, by chat.Author) *Event {
	shown := &Event{Type: line(e.Type), From: c.person(e.From), To: c.person(e.To)}
	switch e.Type {
	case "transferred":
	case "joined", "left":
		if shown.From.Kind == "" && shown.To.Kind == "" {
			shown.To = c.whoever(e, by)
		}
	default:
		if !c.private {
			return &Event{}
		}
	}
	return shown
}

// whoever is who joined or left where no known person is named: who wrote the event or, if
// somebody is named who is not in the conversation, one of the support. What only the
// system says is about nobody.
func (c cast) whoever(e chat.Event, by chat.Author) Speaker {
	if e.From != "" || e.To != "" {
		return Speaker{Kind: chat.AuthorAgent}
	}
	if author := c.author(by); author.Kind != chat.AuthorSystem {
		return author
	}
	return Speaker{}
}

// person finds somebody by id. Who is not in the conversation has, internally, the id
// for a name; a customer sees nobody.
func (c cast) person(id string) Speaker {
	if a, ok := c.agents[id]; ok {
		c.seen[id] = true
		return a
	}
	switch {
	case id == "":
		return Speaker{}
	case id == c.userID:
		return c.user
	case c.private:
		return Speaker{Kind: chat.AuthorAgent, Name: line(id)}
	default:
		return Speaker{}
	}
}

func files(attachments []chat.Attachment) []File {
	if len(attachments) == 0 {
		return nil
	}
	files := make([]File, len(attachments))
	for i, a := range attachments {
		files[i] = File{Name: line(a.Name), URL: webURL(a.URL), Size: a.Size}
		files[i].Unlinked = a.URL != "" && files[i].URL == ""
	}
	return files
}
