package demo

import (
	"encoding/json"
	"fmt"
	"io"
	"math"
	"os"
	"strings"
	"time"

	"github.com/afterchat/afterchat/internal/chat"
)

// report is the tally with how long it took.
type report struct {
	tally
	Seconds   float64 `json:"seconds"`
	PerSecond float64 `json:"per_second"` // deliveries
}

// print prints the tally as JSON, one line, or for people.
func (t tally) print(o Options, took time.Duration) error {
	r := report{tally: t, Seconds: round(took.Seconds(), 3), PerSecond: round(float64(t.Deliveries)/took.Seconds(), 1)}
	if o.JSON {
		raw, err := json.Marshal(r)
		if err != nil {
			return fmt.Errorf("encoding the tally: %w", err)
		}
		_, err = fmt.Fprintln(o.Out, string(raw))
		return err
	}
	_, err := io.WriteString(o.Out, r.text())
	return err
}

func (r report) text() string {
	var b strings.Builder
	fmt.Fprintf(&b, "%d chats ended, by HTTP and over asynq; %d deliveries in %.1f s\n\n", r.Chats, r.Deliveries, r.Seconds)
	for _, a := range []chat.Action{chat.FileTicket, chat.AttachNotes, chat.EmailTranscript, chat.SendLink} {
		fmt.Fprintf(&b, "  %-17s %6d delivered\n", a, r.Actions[a])
	}
	if r.Suppressed > 0 {
		fmt.Fprintf(&b, "  %-17s %6d  nowhere to send it\n", "suppressed", r.Suppressed)
	}
	b.WriteString("\nAgainst what the stand-ins received:\n\n")
	for _, row := range []struct {
		name string
		n    int
	}{{"lost", r.Lost}, {"duplicated", r.Duplicated}, {"stray", r.Stray}, {"wrong", r.Wrong}} {
		fmt.Fprintf(&b, "  %-17s %6d\n", row.name, row.n)
	}
	for _, f := range r.Findings {
		fmt.Fprintf(&b, "  - %s\n", f)
	}
	if r.right() {
		b.WriteString("\nAll is right.\n")
	}
	return b.String()
}

func round(f float64, digits int) float64 {
	scale := math.Pow10(digits)
	return math.Round(f*scale) / scale
}

// progress is one line on a terminal that says how many deliveries have ended; nothing
// where nobody looks.
type progress struct {
	w    io.Writer // nil: nobody looks
	all  int
	last int
}

func newProgress(w io.Writer, promises []promise) *progress {
	p := &progress{all: promised(promises), last: -1}
	if f, ok := w.(*os.File); ok {
		if info, err := f.Stat(); err == nil && info.Mode()&os.ModeCharDevice != 0 {
			p.w = f
		}
	}
	return p
}

func (p *progress) show(n int) {
	if p.w == nil || n == p.last {
		return
	}
	p.last = n
	const width = 30
	done := width * min(n, p.all) / max(p.all, 1)
	fmt.Fprintf(p.w, "\r%s%s %d of %d deliveries", strings.Repeat("█", done), strings.Repeat("░", width-done), n, p.all)
}

func (p *progress) clear() {
	if p.w != nil {
		fmt.Fprint(p.w, "\r\x1b[K")
	}
}
