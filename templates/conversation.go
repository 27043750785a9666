package templates

import (
	"cmp"
	"math"
	"strings"
	"time"

	"github.com/afterchat/afterchat/internal/chat"
)

// conversation is what both forms of a conversation are written from.
type conversation struct {
	entries  []Entry
	voice    *voice
	words    *words
	location *time.Location
}

// bar begins every line that people wrote. Nothing else begins with it, so that no text
// can pass for somebody else's heading, and no reader takes it for a quotation to fold.
const bar = "│ "

// text writes entries in order: a heading per day, a heading per entry, and what was said
// behind bars. There is no "\n" at the end.
func (c conversation) text() string {
	text, _ := c.textUpTo(0)
	return text
}

// textUpTo writes the whole entries that fit into limit bytes, all of them if that is 0,
// and returns how many there are.
func (c conversation) textUpTo(limit int) (string, int) {
	var b strings.Builder
	size := 0
	for i := range c.entries {
		size += len(c.entries[i].Text) + 80
	}
	if limit > 0 {
		size = min(size, limit+4096)
	}
	b.Grow(size)
	var shown day
	for i := range c.entries {
		e := &c.entries[i]
		before := b.Len()
		if i > 0 {
			b.WriteString("\n\n")
		}
		clock := ""
		if !e.At.IsZero() {
			at := e.At.In(c.location)
			clock = c.words.Clock(at) + "  "
			if today := dayOf(at); today != shown {
				shown = today
				b.WriteString("── " + c.words.heading(at) + " ──\n\n")
			}
		}
		c.writeEntry(&b, e, clock)
		if limit > 0 && b.Len() > limit {
			return b.String()[:before], i
		}
	}
	return b.String(), len(c.entries)
}

func (c conversation) writeEntry(b *strings.Builder, e *Entry, clock string) {
	if e.Event != nil {
		b.WriteString(clock + "— " + c.sentence(*e.Event))
		if e.Text == "" && len(e.Files) == 0 {
			return
		}
		b.WriteByte('\n')
	}
	name, role := c.called(e.By)
	b.WriteString(clock)
	b.WriteString(c.words.isolate(name))
	if role != "" {
		b.WriteString(" (" + role + ")")
	}
	b.WriteByte('\n')
	switch {
	case e.Text != "":
		writeBlock(b, e.Text)
	case len(e.Files) == 0:
		b.WriteString(bar + c.words.Empty)
	}
	for i, f := range e.Files {
		if i > 0 || e.Text != "" {
			b.WriteByte('\n')
		}
		b.WriteString(bar + c.words.File + c.words.Colon + c.fileLine(f))
		if f.linked() {
			b.WriteString(" " + f.URL)
		}
	}
}

// writeBlock puts the bar before every line.
func writeBlock(b *strings.Builder, text string) {
	for {
		l, rest, more := strings.Cut(text, "\n")
		b.WriteString(bar)
		b.WriteString(l)
		if !more {
			return
		}
		b.WriteByte('\n')
		text = rest
	}
}

// called returns a name and the role to put after it; who has no name has no role.
func (c conversation) called(s Speaker) (name, role string) {
	r := c.voice.System
	switch s.Kind {
	case chat.AuthorUser:
		r = c.voice.User
	case chat.AuthorAgent:
		r = c.voice.Agent
	case chat.AuthorAssistant:
		r = c.voice.Assistant
	}
	if s.Name == "" {
		return r.Nameless, ""
	}
	return s.Name, r.Role
}

// sentence says an event in the reader's language.
func (c conversation) sentence(e Event) string {
	v, nobody := c.voice, e.From.Kind == "" && e.To.Kind == ""
	switch {
	case e.Type == "transferred":
		return c.fromTo(e, v.TransferredFromTo, v.TransferredFrom, v.TransferredTo, v.Transferred)
	case e.Type == "joined" && !nobody:
		return fill(v.Joined, "{name}", c.mentioned(firstOf(e.To, e.From)))
	case e.Type == "left" && !nobody:
		return fill(v.Left, "{name}", c.mentioned(firstOf(e.From, e.To)))
	case e.Type == "" && nobody:
		return c.words.Customer.Happened
	}
	e.Type = cmp.Or(e.Type, "?")
	return c.fromTo(e, v.HappenedFromTo, v.HappenedFrom, v.HappenedTo, v.Happened)
}

func (c conversation) fromTo(e Event, both, from, to, neither string) string {
	pattern := neither
	switch {
	case e.From.Kind != "" && e.To.Kind != "":
		pattern = both
	case e.From.Kind != "":
		pattern = from
	case e.To.Kind != "":
		pattern = to
	}
	return fill(pattern, "{from}", c.mentioned(e.From), "{to}", c.mentioned(e.To), "{type}", c.words.isolate(e.Type))
}

// mentioned returns the name for use inside a sentence. Nobody known is the support.
func (c conversation) mentioned(s Speaker) string {
	if s.Kind == "" {
		s.Kind = chat.AuthorAgent
	}
	name, _ := c.called(s)
	return c.words.isolate(name)
}

func firstOf(a, b Speaker) Speaker {
	if a.Kind != "" {
		return a
	}
	return b
}

// fileLine returns an attachment's name and what is known of it, without its link.
func (c conversation) fileLine(f File) string {
	name := f.Name
	if name == "" {
		name = c.words.File
	}
	about := c.words.size(f.Size)
	for _, more := range [...]struct {
		holds bool
		words string
	}{{f.Attached || f.CID != "", c.words.Attached}, {f.Expired, c.words.LinkExpired}, {f.Unlinked, c.words.Unlinked}} {
		if !more.holds {
			continue
		}
		if about != "" {
			about += c.words.Comma
		}
		about += more.words
	}
	if about == "" {
		return c.words.isolate(name)
	}
	return c.words.isolate(name) + " (" + about + ")"
}

// sizeUnits are in order: each is 1,024 of the one before.
var sizeUnits = [...]string{"b", "kb", "mb", "gb"}

// size returns a number of bytes in a unit, "" where it is not known.
func (w *words) size(n int64) string {
	if n <= 0 {
		return ""
	}
	value, unit := float64(n), 0
	for value >= 1023.5 && unit < len(sizeUnits)-1 {
		value, unit = value/1024, unit+1
	}
	return fill(w.Units[sizeUnits[unit]], "{n}", w.Count(int(math.Round(value))))
}
