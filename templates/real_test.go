//go:build real

package templates

import (
	"bytes"
	"context"
	"fmt"
	"image/png"
	"strings"
	"testing"
	"time"

	"github.com/afterchat/afterchat/internal/chat"
	"github.com/afterchat/afterchat/internal/chromium"
	"github.com/afterchat/afterchat/internal/testenv"
)

// measure returns what of a page sticks out of its window, what its text is, and the
// colours of its ground and of what people wrote on it.
const measure = `(() => {
	const out = [];
	const width = document.documentElement.clientWidth;
	if (document.documentElement.scrollWidth > width) out.push("the page is " + document.documentElement.scrollWidth + " wide");
	for (const e of document.querySelectorAll("body *")) {
		const r = e.getBoundingClientRect();
		if (r.width > 0 && (r.right > width + 0.5 || r.left < -0.5)) out.push(e.tagName + " from " + r.left + " to " + r.right);
		if (e.scrollWidth > e.clientWidth + 1 && e.clientWidth > 0 && getComputedStyle(e).display != "inline") out.push(e.tagName + " holds " + e.scrollWidth + ", is " + e.clientWidth);
	}
	const said = document.querySelector(".user, .them");
	return {out, text: document.body.innerText, ground: getComputedStyle(document.body).backgroundColor, said: getComputedStyle(said).backgroundColor, ink: getComputedStyle(said).color};
})()`

type measured struct {
	Out                     []string
	Text, Ground, Said, Ink string
}

// TestTheMailLooksRightInItsWindow shows the mails in windows of a phone and of a desktop,
// light and dark, in both directions.
func TestTheMailLooksRightInItsWindow(t *testing.T) {
	t.Parallel()
	path := chromium.Find()
	if path == "" {
		t.Skip("Chromium is not installed")
	}
	r := renderer(t)
	ctx, cancel := context.WithTimeout(t.Context(), 5*time.Minute)
	defer cancel()
	// The pages are ours, and a test may run where nothing can have a sandbox.
	b, err := chromium.Start(ctx, chromium.Options{Path: path, Trusted: true})
	if err != nil {
		t.Fatal(err)
	}
	defer b.Close()
	page, err := b.Open(ctx)
	if err != nil {
		t.Fatal(err)
	}
	for _, lang := range []string{"en", "ar", "de"} {
		s := sample()
		s.Locale = lang
		s.Messages = append(s.Messages, chat.Message{ID: "m12", At: s.EndedAt, Author: chat.Author{Kind: chat.AuthorUser}, Text: strings.Repeat("NoPlaceToBreak", 30)},
			chat.Message{ID: "m13", At: s.EndedAt, Author: chat.Author{Kind: chat.AuthorUser}, Text: "مرحبا، الطلب 123 لم يصل بعد"})
		o := sampleOptions(t)
		o.Locale = lang
		customer, err := r.TranscriptForCustomer(ForCustomer(s, o))
		if err != nil {
			t.Fatal(err)
		}
		internal, err := r.TranscriptForInternal(ForInternal(s, o))
		if err != nil {
			t.Fatal(err)
		}
		for audience, mail := range map[string]Mail{"customer": customer, "internal": internal} {
			if err := page.Show(ctx, mail.HTML); err != nil {
				t.Fatal(err)
			}
			for _, view := range []chromium.View{{Width: 360, Height: 700}, {Width: 900, Height: 900}, {Width: 360, Height: 700, Dark: true}, {Width: 900, Height: 900, Dark: true}} {
				name := fmt.Sprintf("mail-%s-%s-%d-%s.png", audience, lang, view.Width, map[bool]string{false: "light", true: "dark"}[view.Dark])
				t.Run(name, func(t *testing.T) { lookAt(t, ctx, page, view, name, s) })
			}
		}
	}
}

func lookAt(t *testing.T, ctx context.Context, page *chromium.Page, view chromium.View, name string, s chat.Snapshot) {
	t.Helper()
	if err := page.Look(ctx, view); err != nil {
		t.Fatal(err)
	}
	picture, err := page.Picture(ctx)
	if err != nil {
		t.Fatal(err)
	}
	testenv.Keep(t, name, picture)
	var m measured
	if err := page.Evaluate(ctx, measure, &m); err != nil {
		t.Fatal(err)
	}
	for _, out := range m.Out {
		t.Errorf("sticks out: %s", out)
	}
	text := squeeze(m.Text)
	for _, message := range s.Messages {
		if !strings.Contains(text, squeeze(block(message.Text))) {
			t.Errorf("%q is missing", message.Text)
		}
	}
	if light := lightness(t, m.Ground); (light < 128) != view.Dark {
		t.Errorf("the ground is %s", m.Ground)
	}
	if d := lightness(t, m.Said) - lightness(t, m.Ink); d < 100 && d > -100 {
		t.Errorf("%s on %s cannot be read", m.Ink, m.Said)
	}
	if img, err := png.Decode(bytes.NewReader(picture)); err != nil || img.Bounds().Dx() != view.Width {
		t.Errorf("the picture is %v wide (%v)", img.Bounds(), err)
	}
}

// squeeze leaves out spaces, which a page chooses itself.
func squeeze(s string) string {
	return strings.Map(func(r rune) rune {
		if strings.ContainsRune(" \n\t\u00a0\u2068\u2069", r) {
			return -1
		}
		return r
	}, s)
}

func lightness(t *testing.T, color string) int {
	t.Helper()
	var r, g, b int
	if _, err := fmt.Sscanf(color, "rgb(%d, %d, %d)", &r, &g, &b); err != nil {
		t.Fatalf("%s: %v", color, err)
	}
	return (299*r + 587*g + 114*b) / 1000
}
