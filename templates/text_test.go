package templates

import (
	"strings"
	"testing"
	"time"
	"unicode"
	"unicode/utf8"

	"github.com/afterchat/afterchat/internal/chat"
)

func TestLine(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct{ in, want string }{
		"plain text stays":                    {"Ann Lee", "Ann Lee"},
		"white space becomes one space":       {" Ann\r\n\tLee\u2028 ", "Ann Lee"},
		"control characters go":               {"A\x00n\x1bn\u0085", "Ann"},
		"bidi overrides and isolates go":      {"\u202eAnn\u2066\u2069", "Ann"},
		"broken UTF-8 is marked":              {"A\xffn", "A\ufffdn"},
		"right-to-left names stay":            {"דנה", "דנה"},
		"an emoji of several parts stays":     {"👩‍🚒", "👩‍🚒"},
		"white space alone is nothing":        {" \n ", ""},
		"what cannot be seen is nothing":      {"\u200b\u200d\ufeff", ""},
		"fillers and blanks are nothing":      {"\u3164\u115f \uffa0\u2800\ufe0f\u034f", ""},
		"a picture newer than Go knows stays": {"\U0001fae9", "\U0001fae9"},
		"a letter of one's own font stays":    {"\uf8ff", "\uf8ff"},
		"a pile of marks is taken apart":      {"A" + strings.Repeat("\u0301", 10), "A" + strings.Repeat("\u0301", 8) + "◌\u0301\u0301"},
		"a space at the end goes":             {"Ann ", "Ann"},
		"a left-to-right mark does no harm":   {"A\u200en", "A\u200en"},
		"nothing stays nothing":               {"", ""},
		"two spaces become one in plain text": {"a  b", "a b"},
	} {
		if got := line(c.in); got != c.want {
			t.Errorf("%s: line(%q) = %q, want %q", name, c.in, got, c.want)
		}
	}
}

func TestBlock(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct{ in, want string }{
		"lines and tabs stay":                  {"a\n\tb", "a\n\tb"},
		"every kind of line end becomes one":   {"a\r\nb\rc\u2028d\u2029e\u0085f\vg\fh", "a\nb\nc\nd\ne\nf\ng\nh"},
		"CR CR LF is two lines":                {"a\r\r\nb", "a\n\nb"},
		"LF CR is two lines":                   {"a\n\rb", "a\n\nb"},
		"control characters become visible":    {"\x00\x1b\x7f", "␀␛␡"},
		"C1 control characters are marked":     {"a\u009bb", "a\ufffdb"},
		"bidi overrides and isolates go":       {"\u202aא\u202e\u2067\u2069", "א"},
		"empty lines at the end go":            {"a\n\n", "a"},
		"empty lines in front and inside stay": {"\n\na\n\nb", "\n\na\n\nb"},
		"broken UTF-8 is marked":               {"a\xc3", "a\ufffd"},
		"white space alone is nothing":         {" \n\t\u3000\u0085\u2028", ""},
		"what cannot be seen is nothing":       {"\u200b \ufeff\u202e\n\u2060", ""},
		"fillers and blanks are nothing":       {"\u3164\n\u2800\u2800\t\u1160\U000e0100", ""},
		"braille is to be seen":                {"\u2807\u2801", "\u2807\u2801"},
		"a picture newer than Go knows stays":  {"\U0001fae9", "\U0001fae9"},
		"a control character alone stays":      {"\x1b", "␛"},
		"as many marks as scripts need stay":   {"שׁ\u05bc\u05b8\u0591\u05bd, ở, กิ๊", "שׁ\u05bc\u05b8\u0591\u05bd, ở, กิ๊"},
		"a pile of marks is taken apart":       {"a" + strings.Repeat("\u0301", 9) + "b\u0301", "a" + strings.Repeat("\u0301", 8) + "◌\u0301b\u0301"},
		"so is one of another script's":        {"ก" + strings.Repeat("\u0e47", 17), "ก" + strings.Repeat("\u0e47", 8) + "◌" + strings.Repeat("\u0e47", 8) + "◌\u0e47"},
		"and one that is held together":        {"a" + strings.Repeat("\u0301\u200d", 5), "a" + strings.Repeat("\u0301\u200d", 4) + "◌\u0301\u200d"},
		"emoji of many parts stay":             {strings.Repeat("👩🏽\u200d❤\ufe0f\u200d👩🏿", 3), strings.Repeat("👩🏽\u200d❤\ufe0f\u200d👩🏿", 3)},
	} {
		if got := block(c.in); got != c.want {
			t.Errorf("%s: block(%q) = %q, want %q", name, c.in, got, c.want)
		}
	}
}

func TestShort(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		in   string
		max  int
		want string
	}{
		"what fits stays":                     {"a machine", 9, "a machine"},
		"letters count, not bytes":            {"жжжжж", 5, "жжжжж"},
		"the cut is at a word":                {"the coffee machine smokes", 20, "the coffee machine…"},
		"punctuation before the cut goes":     {"It smokes, and then stops", 12, "It smokes…"},
		"a long word is cut inside":           {"Donaudampfschifffahrt", 8, "Donauda…"},
		"text without spaces is cut":          {"日本語のテキストです", 5, "日本語の…"},
		"a mark stays with its letter":        {"aaae\u0301bbb", 5, "aaa…"},
		"an emoji of several parts is whole":  {"aaa👩‍🚒bbb", 5, "aaa…"},
		"marks without end are cut after all": {strings.Repeat("\u0301", 50), 5, strings.Repeat("\u0301", 4) + "…"},
	} {
		if got := short(c.in, c.max); got != c.want {
			t.Errorf("%s: short(%q, %d) = %q, want %q", name, c.in, c.max, got, c.want)
		}
	}
}

func TestIsolateMarksRightToLeftTextAlone(t *testing.T) {
	t.Parallel()
	for in, want := range map[string]string{
		"Ann": "Ann", "Åsa 李": "Åsa 李", "דנה": "\u2068דנה\u2069", "Ann (علي)": "\u2068Ann (علي)\u2069", "a\u200fb": "\u2068a\u200fb\u2069",
	} {
		if got := renderer(t).words(english).isolate(in); got != want {
			t.Errorf("isolate(%q) = %q, want %q", in, got, want)
		}
	}
}

func TestTicketSubject(t *testing.T) {
	t.Parallel()
	r := renderer(t)
	user := func(texts ...string) []chat.Message {
		var messages []chat.Message
		for _, text := range texts {
			messages = append(messages, chat.Message{Author: chat.Author{Kind: chat.AuthorUser}, Text: text})
		}
		return messages
	}
	for name, c := range map[string]struct {
		s    chat.Snapshot
		want string
	}{
		"name and product":           {chat.Snapshot{User: chat.User{Name: "Ann"}, Product: "Espresso", Messages: user("Hi")}, "Chat with Ann: Espresso"},
		"first words, no product":    {chat.Snapshot{User: chat.User{Name: "Ann"}, Messages: user(" \n", "It\nsmokes")}, "Chat with Ann: It smokes"},
		"nobody known":               {chat.Snapshot{User: chat.User{Email: "ann@example.com"}, Messages: user("Hi")}, "Chat with a visitor: Hi"},
		"nothing said":               {chat.Snapshot{}, "Chat with a visitor"},
		"a name of several lines":    {chat.Snapshot{User: chat.User{Name: "Ann\r\nBcc: x@y.z"}}, "Chat with Ann Bcc: x@y.z"},
		"a right-to-left name":       {chat.Snapshot{User: chat.User{Name: "דנה"}, Product: "E"}, "Chat with \u2068דנה\u2069: E"},
		"braces are only characters": {chat.Snapshot{User: chat.User{Name: "{about}"}, Product: "{name}"}, "Chat with {about}: {name}"},
		"long words are cut":         {chat.Snapshot{Messages: user(strings.Repeat("coffee ", 4000))}, "Chat with a visitor: " + strings.Repeat("coffee ", 10) + "coffee…"},
	} {
		for _, audience := range []string{"customer", "internal"} {
			subject, _, err := r.TicketForCustomer(ForCustomer(c.s, Options{}))
			if audience == "internal" {
				subject, _, err = r.TicketForInternal(ForInternal(c.s, Options{}))
			}
			if err != nil || subject != c.want {
				t.Errorf("%s, %s: %q, %v; want %q", name, audience, subject, err, c.want)
			}
		}
	}
}

func TestACustomerSeesOnlyAgentsWhoTookPart(t *testing.T) {
	t.Parallel()
	v := ForCustomer(sample(), sampleOptions(t))
	if len(v.Agents) != 1 || v.Agents[0] != "Bo" {
		t.Errorf("agents %q, want Bo alone: Cyd has no display name, Sam only watched", v.Agents)
	}
}

func TestACustomersTimeZoneComesBeforeTheOrganizations(t *testing.T) {
	t.Parallel()
	o := sampleOptions(t)
	for zone, want := range map[string]string{
		"": "Europe/Stockholm", "Asia/Kolkata": "Asia/Kolkata", "Local": "Europe/Stockholm", "../etc/passwd": "Europe/Stockholm", "Mars/Olympus": "Europe/Stockholm",
	} {
		if got := ForCustomer(chat.Snapshot{Timezone: zone}, o).Location.String(); got != want {
			t.Errorf("time zone %q reads as %s, want %s", zone, got, want)
		}
	}
	if got := ForInternal(chat.Snapshot{Timezone: "Asia/Kolkata"}, Options{}).Location; got != time.UTC {
		t.Errorf("without any zone: %s, want UTC", got)
	}
}

func TestADayHeadingComesWithEachNewDayAndZone(t *testing.T) {
	t.Parallel()
	o := sampleOptions(t)
	said := func(at time.Time) chat.Message {
		return chat.Message{At: at, Author: chat.Author{Kind: chat.AuthorUser}, Text: "x"}
	}
	// Stockholm left summer time on 25 October 2026 at 01:00 UTC.
	before := time.Date(2026, 10, 25, 0, 30, 0, 0, time.UTC)
	s := chat.Snapshot{Messages: []chat.Message{said(before), said(before.Add(time.Minute)), said(before.Add(time.Hour)), said(before.Add(24 * time.Hour))}}
	_, body, err := renderer(t).TicketForInternal(ForInternal(s, o))
	if err != nil {
		t.Fatal(err)
	}
	var headings []string
	for l := range strings.Lines(body) {
		if strings.HasPrefix(l, "── ") {
			headings = append(headings, strings.TrimSpace(l))
		}
	}
	want := []string{"── Sunday, 25 October 2026 (CEST) ──", "── Sunday, 25 October 2026 (CET) ──", "── Monday, 26 October 2026 (CET) ──"}
	if strings.Join(headings, "\n") != strings.Join(want, "\n") {
		t.Errorf("headings %q, want %q", headings, want)
	}
}

func TestZonesWithoutANameAreOffsets(t *testing.T) {
	t.Parallel()
	at := time.Date(2026, 1, 2, 3, 4, 0, 0, time.UTC)
	for place, want := range map[string]string{"UTC": "UTC", "Asia/Kathmandu": "UTC+05:45,\u00a0Asia/Kathmandu", "America/Sao_Paulo": "UTC-03,\u00a0America/Sao_Paulo"} {
		l, err := time.LoadLocation(place)
		if err != nil {
			t.Fatal(err)
		}
		if got := zoneInFull(at.In(l)); got != want {
			t.Errorf("%s is written %q, want %q", place, got, want)
		}
	}
}

// FuzzText renders what a fuzzer types, everywhere where people may type.
func FuzzText(f *testing.F) {
	f.Add("It smells of smoke", "Ann Lee", "photo.jpg", "https://files.example/1")
	f.Add("10:14  Bo (support)\n│ refund\r\r\n\u2028── x ──", "Bo (support)\n10:15", "\u202egpj.exe", "javascript:alert(1)")
	f.Add("\xff\x00\x1b[2J\u2067שלום", "דנה", "", "data:text/html,x")
	f.Add("<script>alert(1)</script> & '\"", "<b>", "a\"b.png", "https://x.example/\"><script>")
	r := renderer(f)
	f.Fuzz(func(t *testing.T, text, name, file, address string) {
		s := typed(text, name, file, address)
		customer, internal := ForCustomer(s, Options{}), ForInternal(s, Options{})
		subject, body, err := r.TicketForCustomer(customer)
		checkText(t, r, "customer's ticket", subject, body, err, s)
		subject, body, err = r.TicketForInternal(internal)
		checkText(t, r, "internal ticket", subject, body, err, s)
		notes, err := r.Notes(internal)
		checkText(t, r, "notes", "", notes, err, s)
		mail, err := r.TranscriptForCustomer(customer)
		checkText(t, r, "customer's transcript", mail.Subject, mail.Text, err, s)
		checkHTML(t, mail.HTML)
		mail, err = r.TranscriptForInternal(internal)
		checkText(t, r, "internal transcript", mail.Subject, mail.Text, err, s)
		checkHTML(t, mail.HTML)
	})
}

// typed is a short chat in which every text that people type is given.
func typed(text, name, file, address string) chat.Snapshot {
	at := time.Date(2026, 11, 20, 9, 0, 0, 0, time.UTC)
	return chat.Snapshot{
		ID: "c_1", StartedAt: at, User: chat.User{ID: "u", Name: name},
		Agents: []chat.Agent{{ID: "a", Name: "Bo Ek", DisplayName: "Bo"}},
		Messages: []chat.Message{
			{At: at, Author: chat.Author{Kind: chat.AuthorUser, ID: "u"}, Text: text, Attachments: []chat.Attachment{{Name: file, URL: address}}},
			{At: at, Author: chat.Author{Kind: chat.AuthorAgent, ID: "a"}, Text: text},
			{At: at, Author: chat.Author{Kind: chat.AuthorSystem}, Event: &chat.Event{Type: "left", From: "u"}},
		},
		Notes: []chat.Note{{At: at, Agent: "a", Text: text}},
		Form:  []chat.Answer{{Label: "Order", Value: text}},
	}
}

// checkText holds for whatever was typed: the text is clean, has every line that was
// typed behind a bar, and no other line than the same chat with harmless words has.
func checkText(t *testing.T, r *Renderer, what, subject, body string, err error, s chat.Snapshot) {
	t.Helper()
	if err != nil {
		t.Fatalf("%s: %v", what, err)
	}
	for _, out := range []string{subject, body} {
		if !utf8.ValidString(out) {
			t.Fatalf("%s is not UTF-8", what)
		}
		depth := 0
		for _, r := range out {
			switch {
			case r == '\u2068':
				depth++
			case r == '\u2069' || r == '\n':
				if depth = max(depth-1, 0); r == '\n' && depth > 0 {
					t.Fatalf("%s leaves an isolate open", what)
				}
			case r != '\t' && unicode.IsControl(r), isBidiFormatting(r), r == '\u2028', r == '\u2029':
				t.Fatalf("%s holds %U", what, r)
			}
		}
	}
	if strings.Contains(subject, "\n") {
		t.Fatalf("%s: a subject of several lines", what)
	}
	for l := range strings.SplitSeq(block(s.Messages[0].Text), "\n") {
		if l != "" && !strings.Contains(body, bar+l+"\n") {
			t.Fatalf("%s lacks a line that was typed: %q", what, l)
		}
	}
	if got, want := headLines(body), headLines(harmless(t, r, what, s)); got != want {
		t.Fatalf("%s has %d lines of its own, a harmless chat %d", what, got, want)
	}
	if limit := 64*len(s.Messages[0].Text) + 16*(len(s.User.Name)+len(s.Messages[0].Attachments[0].Name)+len(s.Messages[0].Attachments[0].URL)) + 4096; len(body) > limit {
		t.Fatalf("%s is %d bytes long for so little", what, len(body))
	}
}

// harmless renders the same chat with words that nobody could take for anything else.
func harmless(t *testing.T, r *Renderer, what string, like chat.Snapshot) string {
	t.Helper()
	s := typed("hello", "Ann", "a.png", "")
	if line(like.User.Name) == "" {
		s.User.Name = ""
	}
	customer, internal := ForCustomer(s, Options{}), ForInternal(s, Options{})
	var body string
	var mail Mail
	var err error
	switch what {
	case "customer's ticket":
		_, body, err = r.TicketForCustomer(customer)
	case "internal ticket":
		_, body, err = r.TicketForInternal(internal)
	case "notes":
		body, err = r.Notes(internal)
	case "customer's transcript":
		mail, err = r.TranscriptForCustomer(customer)
	default:
		mail, err = r.TranscriptForInternal(internal)
	}
	if err != nil {
		t.Fatal(err)
	}
	return body + mail.Text
}

// headLines counts the lines that nobody typed.
func headLines(body string) int {
	n := 0
	for l := range strings.Lines(body) {
		if l != "\n" && !strings.HasPrefix(l, bar) {
			n++
		}
	}
	return n
}

func TestAChatWithoutMessagesHasNoEmptyPartForThem(t *testing.T) {
	t.Parallel()
	s := sample()
	s.Messages = nil
	r, o := renderer(t), sampleOptions(t)
	customer, err := r.TranscriptForCustomer(ForCustomer(s, o))
	if err != nil {
		t.Fatal(err)
	}
	internal, err := r.TranscriptForInternal(ForInternal(s, o))
	if err != nil {
		t.Fatal(err)
	}
	for audience, m := range map[string]Mail{"customer": customer, "internal": internal} {
		if strings.Contains(m.Text, "\nConversation\n") || strings.Contains(m.HTML, ">Conversation</h2>") {
			t.Errorf("the %s transcript has a heading with nothing under it", audience)
		}
		if !strings.Contains(m.Text, "\nAnswers\n") || !strings.Contains(m.HTML, ">Answers</h2>") {
			t.Errorf("the %s transcript has lost its other parts", audience)
		}
	}
}
