package templates

import (
	"strings"
	"testing"
	"time"

	"github.com/afterchat/afterchat/internal/chat"
)

// Berlin left summer time on 25 October 2026 at 01:00 UTC.
func TestAChatOverAChangeOfTheClocksNamesBothZones(t *testing.T) {
	t.Parallel()
	berlin, err := time.LoadLocation("Europe/Berlin")
	if err != nil {
		t.Fatal(err)
	}
	at := func(day, hour, minute int) time.Time { return time.Date(2026, 10, day, hour, minute, 0, 0, time.UTC) }
	r := renderer(t)
	for _, c := range []struct {
		name     string
		from, to time.Time
		want     string
	}{
		{"over the change", at(25, 0, 30), at(25, 2, 0), "Sunday, October 25, 2026, 2:30\u00a0AM (CEST) – 3:00\u00a0AM (CET,\u00a0Europe/Berlin)"},
		{"from the day before", at(24, 20, 0), at(25, 2, 0), "Saturday, October 24, 2026, 10:00\u00a0PM (CEST) – Sunday, October 25, 2026, 3:00\u00a0AM (CET,\u00a0Europe/Berlin)"},
		{"before the change", at(25, 0, 30), at(25, 0, 45), "Sunday, October 25, 2026, 2:30\u00a0AM – 2:45\u00a0AM (CEST,\u00a0Europe/Berlin)"},
		{"two days in one zone", at(22, 20, 0), at(23, 20, 0), "Thursday, October 22, 2026, 10:00\u00a0PM – Friday, October 23, 2026, 10:00\u00a0PM (CEST,\u00a0Europe/Berlin)"},
	} {
		if got := r.words(english).period(c.from, c.to, berlin); got != c.want {
			t.Errorf("%s: %q, want %q", c.name, got, c.want)
		}
	}
	if got, want := r.words("ar").period(at(22, 20, 0), at(22, 20, 30), berlin), isolateStart+"(CEST,\u00a0Europe/Berlin)"+isolateEnd; !strings.HasSuffix(got, " "+want) {
		t.Errorf("from right to left the zone stands as in %q", got)
	}
	s := chat.Snapshot{ID: "c", StartedAt: at(25, 0, 30), EndedAt: at(25, 2, 0), Timezone: "Europe/Berlin"}
	for locale := range languages {
		s.Locale = locale
		v := ForCustomer(s, Options{})
		m, err := r.TranscriptForCustomer(v)
		if err != nil {
			t.Fatal(err)
		}
		when := r.words(locale).period(s.StartedAt, s.EndedAt, berlin)
		for form, shown := range map[string]string{"HTML": m.HTML, "text": m.Text, "PDF": factsOf(r.DocumentForCustomer(v))} {
			if form == "HTML" {
				shown = strings.NewReplacer("<bdi>", isolateStart, "</bdi>", isolateEnd).Replace(shown)
			}
			if !strings.Contains(shown, when) || strings.Count(when, "CEST") != 1 || strings.Count(when, "(CET,\u00a0Europe/Berlin)") != 1 {
				t.Errorf("%s in %s does not name both zones: %q", form, locale, when)
			}
		}
	}
}

// factsOf returns the facts of a document, one on a line.
func factsOf(d Document) string {
	var b strings.Builder
	for _, s := range d.Sections {
		for _, f := range s.Facts {
			b.WriteString(f.Label + ": " + f.Value + "\n")
		}
	}
	return b.String()
}

func TestAChatWhoseEndIsNotKnownSaysWhenItBegan(t *testing.T) {
	t.Parallel()
	w, from := load(t)["en"], time.Date(2026, 11, 20, 9, 12, 0, 0, time.UTC)
	w.customs = regions()["en"]
	for name, to := range map[string]time.Time{"no end": {}, "an end before its beginning": from.Add(-time.Minute)} {
		if got, want := w.period(from, to, nil), w.moment(from, nil); got != want {
			t.Errorf("%s: %q, want %q", name, got, want)
		}
	}
	if got, want := w.period(from, from, nil), w.moment(from, nil); got == want {
		t.Errorf("one that ended at once: %q", got)
	}
}

func TestOnlyALaterEpisodeSaysWhichItIs(t *testing.T) {
	t.Parallel()
	for episode, says := range map[int]bool{1: false, 2: true} {
		s := sample()
		s.Episode = episode
		m, err := renderer(t).TranscriptForInternal(ForInternal(s, Options{}))
		if err != nil {
			t.Fatal(err)
		}
		if strings.Contains(m.Text, "Episode: ") != says {
			t.Errorf("of episode %d it is said: %t", episode, !says)
		}
	}
}
