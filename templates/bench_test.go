package templates

import (
	"bytes"
	"runtime"
	"strings"
	"testing"
	"time"

	"github.com/afterchat/afterchat/internal/chat"
)

// long is a chat of n messages as people write them, with two notes.
func long(n int) chat.Snapshot {
	s := sample()
	s.Messages = nil
	authors := []chat.Author{{Kind: chat.AuthorUser, ID: "u_77"}, {Kind: chat.AuthorAgent, ID: "a_1"}}
	texts := []string{"It smells of smoke & the light is red, what shall I do?", "Please unplug it – and don't touch the boiler.\nIs it still warm?", "Ja, ganz schön heiß 🔥"}
	for i := range n {
		s.Messages = append(s.Messages, chat.Message{At: s.StartedAt.Add(time.Duration(i) * time.Second), Author: authors[i%2], Text: texts[i%3]})
	}
	return s
}

func BenchmarkTranscript(b *testing.B) {
	for name, n := range map[string]int{"40 messages": 40, "100000 messages": 100_000} {
		b.Run(name, func(b *testing.B) {
			r, s, o := renderer(b), long(n), sampleOptions(b)
			b.ReportAllocs()
			for b.Loop() {
				if _, err := r.TranscriptForCustomer(ForCustomer(s, o)); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}

func BenchmarkTicketAndNotes(b *testing.B) {
	r, s, o := renderer(b), long(40), sampleOptions(b)
	b.ReportAllocs()
	for b.Loop() {
		v := ForInternal(s, o)
		if _, _, err := r.TicketForInternal(v); err != nil {
			b.Fatal(err)
		}
		if _, err := r.Notes(v); err != nil {
			b.Fatal(err)
		}
	}
}

func TestAHundredThousandMessagesAreAllThere(t *testing.T) {
	t.Parallel()
	s := long(100_000)
	mail, err := renderer(t).TranscriptForInternal(ForInternal(s, sampleOptions(t)))
	if err != nil {
		t.Fatal(err)
	}
	if n := strings.Count(mail.Text, "It smells of smoke"); n < 33_334 {
		t.Errorf("%d of 33,334 first texts in the text", n)
	}
	if n := strings.Count(mail.HTML, "ganz schön heiß"); n != 33_333 {
		t.Errorf("%d of 33,333 third texts in the HTML", n)
	}
}

// TestAHugeChatTakesTimeAndMemoryInProportion renders 20,000 and 100,000 messages as the
// worker does, with a limit.
func TestAHugeChatTakesTimeAndMemoryInProportion(t *testing.T) {
	r, o := renderer(t), sampleOptions(t)
	o.BodyLimit = 200 << 10
	render := func(n int) (took time.Duration, allocated uint64) {
		s := long(n)
		runtime.GC()
		var before, after runtime.MemStats
		runtime.ReadMemStats(&before)
		began := time.Now()
		m, err := r.TranscriptForCustomer(ForCustomer(s, o))
		took = time.Since(began)
		runtime.ReadMemStats(&after)
		if err != nil || len(m.HTML) > o.BodyLimit || len(m.Files) != 1 || bytes.Count(m.Files[0].Content, []byte("\n│ ")) < n {
			t.Fatalf("%d messages: %d bytes of HTML, %d files, %v", n, len(m.HTML), len(m.Files), err)
		}
		return took, after.TotalAlloc - before.TotalAlloc
	}
	render(2_000) // once, so that the templates are escaped
	smallTime, small := render(20_000)
	largeTime, large := render(100_000)
	t.Logf("20,000 messages: %v, %d MB; 100,000: %v, %d MB", smallTime, small>>20, largeTime, large>>20)
	if large > 256<<20 {
		t.Errorf("100,000 messages allocate %d MB", large>>20)
	}
	if large > 7*small {
		t.Errorf("five times the messages take %.1f times the memory", float64(large)/float64(small))
	}
	if largeTime > 25*smallTime { // a machine that does other things, too, still knows 25 from 5
		t.Errorf("five times the messages take %.1f times as long", float64(largeTime)/float64(smallTime))
	}
}
