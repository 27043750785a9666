package templates

import (
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/afterchat/afterchat/internal/chat"
)

// possessives are the words by which each language would call the chat the reader's, or
// the reader's and ours, and speak of the reader as of who chatted.
func possessives() map[string]string {
	return map[string]string{
		"en": `your?|our`, "sv": `du|din|dig|vår`, "de": `Sie|Ihnen|Ihre?[snm]?|unser\w*`, "fr": `vous|votre|notre`, "es": `su|usted|nuestr[oa]|habló|hablando`,
		"it": `Lei|Sua|nostr[oa]|Ha parlato`, "pt": `sua|noss[oa]|Falou`, "nl": `uw|onze|U sprak|U chat`, "da": `du|din|dig|vores`, "nb": `du|din|deg|vår`,
		"fi": `sinua|keskustelusi|keskustelumme|keskustelustamme`, "pl": `naszej?|naszego|Po naszej stronie`, "cs": `váš|našeho|Věnoval\(a\) se vám|se vám`,
		"ja": `このたびの|ここからは`, "zh": `您与|您的|我们`, "ar": `محادثتك|محادثتنا|تحدثت|معك`,
	}
}

func TestWhoeverElseReadsATranscriptIsNotSpokenToAsTheUser(t *testing.T) {
	t.Parallel()
	r, o := renderer(t), sampleOptions(t)
	o.ToOther, o.TicketID = true, "35"
	start := time.Date(2026, 11, 20, 9, 0, 0, 0, time.UTC)
	event := func(id, kind, from, to string) chat.Message {
		return chat.Message{ID: id, At: start, Author: chat.Author{Kind: chat.AuthorSystem}, Event: &chat.Event{Type: kind, From: from, To: to}}
	}
	s := chat.Snapshot{
		ID: "c_1", Episode: 1, StartedAt: start, EndedAt: start.Add(time.Hour), Product: "X-3", User: chat.User{ID: "u_1"},
		Agents: []chat.Agent{{ID: "a_1", DisplayName: "Bo"}, {ID: "a_2", DisplayName: "Cyd"}, {ID: "a_3"}},
		Messages: []chat.Message{
			{ID: "m1", At: start, Author: chat.Author{Kind: chat.AuthorUser, ID: "u_1"}, Text: "1234"},
			{ID: "m2", At: start, Author: chat.Author{Kind: chat.AuthorAgent, ID: "a_1"}, Text: "5678"},
			event("m3", "joined", "", "u_1"), event("m4", "transferred", "a_1", "a_2"), event("m5", "transferred", "", "a_2"),
			event("m6", "transferred", "a_1", ""), event("m7", "transferred", "", ""), event("m8", "left", "u_1", ""), event("m9", "renamed", "", ""),
			{ID: "m10", At: start, Author: chat.Author{Kind: chat.AuthorAgent, ID: "a_3"}, Text: "90"},
		},
	}
	for tag, words := range possessives() {
		forbidden := regexp.MustCompile(`(?i)(^|[^\p{L}])(` + words + `)([^\p{L}]|$)`)
		if tag == "ja" || tag == "zh" {
			forbidden = regexp.MustCompile(words)
		}
		s.User.Locale = tag
		for _, brand := range []Brand{o.Brand, {}} {
			o.Brand = brand
			v := ForCustomer(s, o)
			m, err := r.TranscriptForCustomer(v)
			if err != nil {
				t.Fatal(err)
			}
			checkHTML(t, m.HTML)
			_, body, _ := strings.Cut(m.HTML, "<body")
			d := r.DocumentForCustomer(v)
			html, err := r.PrintHTML(d)
			if err != nil {
				t.Fatal(err)
			}
			for form, text := range map[string]string{"subject": m.Subject, "text": m.Text, "HTML": body, "PDF": html + strings.Join(d.Lead, "\n")} {
				if found := forbidden.FindString(text); found != "" {
					t.Errorf("%s: the %s says %q", tag, form, found)
				}
			}
			if !strings.HasPrefix(m.Subject, "Transcript: ") && tag == "en" || strings.HasSuffix(m.Subject, ": ") {
				t.Errorf("%s: the subject is %q", tag, m.Subject)
			}
		}
		// The words above are found where the same goes to the user, so that each test tests.
		own := o
		own.ToOther = false
		if m, err := r.TranscriptForCustomer(ForCustomer(s, own)); err != nil || !forbidden.MatchString(m.Text) {
			t.Errorf("%s: the user is not spoken to with any of %s: %v", tag, words, err)
		}
	}
}
