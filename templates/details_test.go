package templates

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/afterchat/afterchat/internal/chat"
)

// overlong is what may be too long around the messages of a chat.
func overlong() map[string]func(*chat.Snapshot, *Options) {
	const many, line = 2500, 20_000
	at := time.Date(2026, 11, 20, 9, 0, 0, 0, time.UTC)
	notes := func(n int, text string) func(*chat.Snapshot, *Options) {
		return func(s *chat.Snapshot, _ *Options) {
			for i := range n {
				s.Notes = append(s.Notes, chat.Note{ID: fmt.Sprint("n", i), At: at, Agent: "a_1", Text: fmt.Sprint("note ", i, " ", text)})
			}
		}
	}
	return map[string]func(*chat.Snapshot, *Options){
		"one note":   notes(1, strings.Repeat("<note> ", line)),
		"many notes": notes(many, "another word"),
		"one answer": func(s *chat.Snapshot, _ *Options) {
			s.Form = append(s.Form, chat.Answer{Key: "k", Value: strings.Repeat("<answer>\n", line)})
		},
		"many answers": func(s *chat.Snapshot, _ *Options) {
			for i := range many {
				s.Form = append(s.Form, chat.Answer{Key: fmt.Sprint("answer", i), Value: "<b>"})
			}
		},
		"flags": func(s *chat.Snapshot, _ *Options) {
			for i := range many {
				s.Flags = append(s.Flags, chat.Flag{Code: fmt.Sprint("flag", i), Source: "agent", Reason: "because & because"})
			}
		},
		"deliveries": func(_ *chat.Snapshot, o *Options) {
			for i := range many {
				o.Deliveries = append(o.Deliveries, Delivery{Action: "attach_notes", Target: fmt.Sprint("desk", i), State: "delivered", At: at})
			}
		},
		"agents": func(s *chat.Snapshot, _ *Options) {
			for i := range many {
				id := fmt.Sprint("b_", i)
				s.Agents = append(s.Agents, chat.Agent{ID: id, Name: "A & " + id, DisplayName: "A & " + id})
				s.Messages = append(s.Messages, chat.Message{
					ID: id, At: s.Messages[0].At, Author: chat.Author{Kind: chat.AuthorSystem}, Event: &chat.Event{Type: "joined", To: id},
				})
			}
		},
		"ids elsewhere": func(s *chat.Snapshot, _ *Options) {
			s.User.ExternalIDs = map[string]string{}
			for i := range many {
				s.User.ExternalIDs[fmt.Sprint("system", i)] = "1"
			}
		},
		"lines": func(s *chat.Snapshot, _ *Options) {
			long := strings.Repeat("& so on ", line)
			s.Product, s.User.Name, s.User.ID, s.Group = long, long, long, long
		},
	}
}

func TestWhatIsTooLongAroundTheMessagesIsCutAndSaidToBe(t *testing.T) {
	t.Parallel()
	// What only colleagues read makes no customer's mail too long.
	internal := map[string]bool{"one note": true, "many notes": true, "flags": true, "deliveries": true, "ids elsewhere": true}
	const says, whole = "Some details are too long for this mail and are left out.", "The whole chat is in the attached file conversation.txt."
	for name, stretch := range overlong() {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s, o := numbered(40), sampleOptions(t)
			stretch(&s, &o)
			uncut := both(t, s, o)
			o.BodyLimit = 60_000
			for audience, m := range both(t, s, o) {
				if internal[name] && audience == "customer" {
					if len(m.Files) != 0 || m.HTML != uncut[audience].HTML {
						t.Error("the customer's mail is cut for what it does not hold")
					}
					continue
				}
				if len(m.HTML) > o.BodyLimit || len(m.Text) > o.BodyLimit {
					t.Errorf("%s: %d bytes of HTML, %d of text", audience, len(m.HTML), len(m.Text))
				}
				checkHTML(t, m.HTML)
				if len(m.Files) != 1 || string(m.Files[0].Content) != uncut[audience].Text {
					t.Fatalf("%s: what is attached is not the whole text", audience)
				}
				for form, out := range map[string]string{"text": m.Text, "HTML": m.HTML} {
					if !strings.Contains(out, says) || !strings.Contains(out, whole) {
						t.Errorf("%s: the %s does not say that it is cut", audience, form)
					}
					if n := strings.Count(out, "message number "); n < 40 && name != "agents" {
						t.Errorf("%s: the %s has %d of 40 messages", audience, form, n)
					}
				}
			}
		})
	}
}

func TestOfManyDetailsTheFirstStay(t *testing.T) {
	t.Parallel()
	s, o := numbered(5), sampleOptions(t)
	for _, stretch := range []string{"many notes", "many answers", "flags", "deliveries"} {
		overlong()[stretch](&s, &o)
	}
	o.BodyLimit = 100_000
	m := both(t, s, o)["internal"]
	for form, out := range map[string]string{"text": m.Text, "HTML": m.HTML} {
		for _, word := range []string{"note %d another word", "answer%d", "flag%d", "desk%d"} {
			shown := 0
			for strings.Contains(out, fmt.Sprintf(word, shown)) {
				shown++
			}
			if shown < 20 || shown >= 2500 || strings.Contains(out, fmt.Sprintf(word, 2499)) {
				t.Errorf("the %s has %d of "+word, form, shown, 2500)
			}
		}
	}
	if len(m.HTML) < o.BodyLimit*3/4 || len(m.HTML) > o.BodyLimit {
		t.Errorf("the HTML has %d bytes of the %d that there may be", len(m.HTML), o.BodyLimit)
	}
}

// Not parallel: it looks at the clock.
func TestDetailsAreCutInLinearTime(t *testing.T) {
	took := func(n int) time.Duration {
		s, o := numbered(5), sampleOptions(t)
		for i := range n {
			s.Notes = append(s.Notes, chat.Note{ID: fmt.Sprint("n", i), At: s.StartedAt, Agent: "a_1", Text: strings.Repeat("word ", 20)})
			s.Form = append(s.Form, chat.Answer{Key: fmt.Sprint("k", i), Value: "v"})
		}
		o.BodyLimit = 200 << 10
		v := ForInternal(s, o)
		r := renderer(t)
		best := time.Hour
		for range 3 {
			began := time.Now()
			if _, err := r.TranscriptForInternal(v); err != nil {
				t.Fatal(err)
			}
			best = min(best, time.Since(began))
		}
		return best
	}
	if few, many := took(2_000), took(20_000); many > 40*few {
		t.Errorf("2,000 take %s and ten times as many %s", few, many)
	}
}
