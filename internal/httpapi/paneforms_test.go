package httpapi_test

import (
	"bufio"
	"fmt"
	"html"
	"io"
	"net"
	"net/url"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/afterchat/afterchat/internal/chat"
	"github.com/afterchat/afterchat/internal/config"
	"github.com/afterchat/afterchat/internal/httpapi"
	"github.com/afterchat/afterchat/internal/signing"
)

var everything = []string{"note", "transcript", "link", "settle"}

// pane returns the path of a conversation's pane for an agent who may do that much.
func (d *door) pane(conversation string, can ...string) string {
	d.t.Helper()
	var made struct{ URL string }
	d.do("POST", "/v1/conversations/"+conversation+"/pane", object{"agent": "a_1", "can": can}).is(201, &made)
	return strings.TrimPrefix(made.URL, publicURL)
}

var formField = regexp.MustCompile(`name="form" value="(f_[A-Z2-7]{26})"`)

// form opens a pane and returns the id of its forms.
func (d *door) form(pane string) string {
	d.t.Helper()
	page := d.do("GET", pane, nil, "Authorization", "").is(200, nil).body
	found := formField.FindSubmatch(page)
	if found == nil {
		d.t.Fatalf("the page has no form: %s", page)
	}
	return string(found[1])
}

// send sends one of the pane's forms as a browser does, without a key; fields come in pairs.
func (d *door) send(pane, do string, fields ...string) reply {
	d.t.Helper()
	typed := url.Values{}
	for pair := range slices.Chunk(fields, 2) {
		typed.Set(pair[0], pair[1])
	}
	return d.do("POST", pane+"?do="+do, typed, "Authorization", "", "Content-Type", "application/x-www-form-urlencoded")
}

// done checks that a form led back to the page, that nothing but a word went into the
// address, and that the page says what it should.
func (r reply) done(d *door, pane, word, says string) {
	r.t.Helper()
	r.is(303, nil)
	if got := r.header.Get("Location"); got != "?done="+word {
		r.t.Errorf("it leads to %q", got)
	}
	if got := r.header.Get("Referrer-Policy"); got != "no-referrer" {
		r.t.Errorf("Referrer-Policy is %q", got)
	}
	if page := d.do("GET", pane+"?done="+word, nil, "Authorization", "").is(200, nil); !strings.Contains(page.text(), says) {
		r.t.Errorf("the page does not say %q", says)
	}
}

// text is the page with its characters as they are read.
func (r reply) text() string { return html.UnescapeString(string(r.body)) }

// shows checks a page that a form was refused with.
func (r reply) shows(status int, wants ...string) {
	r.t.Helper()
	r.is(status, nil)
	if got := r.header.Get("Content-Type"); got != "text/html; charset=utf-8" {
		r.t.Errorf("it came as %q", got)
	}
	for _, want := range wants {
		if !strings.Contains(r.text(), want) {
			r.t.Errorf("the page lacks %q", want)
		}
	}
}

func (d *door) notes(conversation string) (out []struct{ ID, Agent, Text string }) {
	d.t.Helper()
	var details struct {
		Notes []struct{ ID, Agent, Text string }
	}
	d.do("GET", "/v1/conversations/"+conversation+"/details", nil).is(200, &details)
	return details.Notes
}

func TestANoteFromThePaneIsTheAgentsNoteOnce(t *testing.T) {
	t.Parallel()
	d := newDoor(t)
	d.do("PUT", "/v1/conversations/c", chatOf("c")).is(200, nil)
	pane := d.pane("c", "note")
	form := d.form(pane)
	for range 2 { // pressed twice
		d.send(pane, "note", "form", form, "text", "First line\r\nand <b>another</b>").done(d, pane, "note", "The note is saved.")
	}
	notes := d.notes("c")
	if len(notes) != 2 || notes[1].ID != form || notes[1].Agent != "a_1" || notes[1].Text != "First line\nand <b>another</b>" {
		t.Fatalf("the notes are %+v", notes)
	}
	// The same form with another text, as after going back in the browser.
	d.send(pane, "note", "form", form, "text", "Something else").shows(409, "This form was sent before", ">\nSomething else</textarea>")
	if notes := d.notes("c"); len(notes) != 2 {
		t.Errorf("the notes are %+v", notes)
	}

	// It is in the snapshot; after the end a note is one more comment.
	d.do("POST", "/v1/conversations/c/end", chatOf("c")).is(202, nil)
	before := len(d.timeline("c", chat.AttachNotes))
	form = d.form(pane)
	for range 2 {
		d.send(pane, "note", "form", form, "text", "A late one").done(d, pane, "note", "A late one")
	}
	if after := len(d.timeline("c", chat.AttachNotes)); before != 1 || after != 2 {
		t.Errorf("%d comments with notes, then %d", before, after)
	}
	if log := d.log.String(); strings.Contains(log, "late one") || strings.Contains(log, form) || strings.Contains(log, strings.TrimPrefix(pane, "/pane/")) {
		t.Errorf("the log holds what it must not: %s", log)
	}
}

func TestATranscriptFromThePaneKeepsTheRulesOfTheAPI(t *testing.T) {
	t.Parallel()
	d := newDoor(t)
	d.do("PUT", "/v1/conversations/c", chatOf("c")).is(200, nil)
	pane := d.pane("c", "transcript", "note")
	form := d.form(pane)
	const tooEarly = "A transcript can be sent once the chat has ended."
	if page := d.do("GET", pane, nil).is(200, nil); strings.Contains(page.text(), `id="transcript"`) || !strings.Contains(page.text(), tooEarly) {
		t.Error("the page of an open chat has a form for its transcript")
	}
	d.send(pane, "transcript", "form", form, "audience", "customer").shows(409, tooEarly)
	d.ended("c")
	form = d.form(pane)
	for _, test := range []struct{ to, audience, note, says, at string }{
		{"ann at home", "customer", "", "Mail cannot be sent to this address.", "to"},
		{"", "internal", "kept as it was", "The internal version never goes to the visitor.", "audience"},
		{"ANN@Example.com", "internal", "", "The internal version never goes to the visitor.", "audience"},
		{"", "customer", strings.Repeat("é", 4001), "This has more than 4000 characters.", "note"},
		{"", "everybody", "", "This was not done", "audience"},
	} {
		d.send(pane, "transcript", "form", form, "to", test.to, "audience", test.audience, "note", test.note).
			shows(422, test.says, `<a href="#transcript-`+test.at+`">`, `value="`+test.to+`"`, ">\n"+test.note+"</textarea>")
	}
	if n := len(d.timeline("c", chat.EmailTranscript)); n != 1 {
		t.Fatalf("%d transcripts, want that of the rules", n)
	}
	for range 2 {
		d.send(pane, "transcript", "form", form, "to", " boss@example.com ", "audience", "internal", "note", "As promised").
			done(d, pane, "transcript", "The transcript will be sent.")
	}
	var all struct{ Deliveries []object }
	d.do("GET", "/v1/conversations/c/deliveries", nil).is(200, &all)
	made := all.Deliveries[len(all.Deliveries)-1]
	if len(all.Deliveries) != 4 || made["to"] != "boss@example.com" || made["audience"] != "internal" || made["asked"] != true || made["note"] != "As promised" {
		t.Errorf("%d deliveries, the last is %v", len(all.Deliveries), made)
	}
	d.send(pane, "transcript", "form", d.form(pane), "audience", "customer").done(d, pane, "transcript", "boss@example.com")
	if n := len(d.timeline("c", chat.EmailTranscript)); n != 3 {
		t.Errorf("%d transcripts after one to the user", n)
	}
}

var shownLink = regexp.MustCompile(`<p class="once" dir="ltr">(https://[^<]+)</p>`)

func TestALinkFromThePaneIsSentOrShownOnce(t *testing.T) {
	t.Parallel()
	d := newDoor(t)
	d.ended("c")
	pane := d.pane("c", "link")
	form := d.form(pane)
	var shown []string
	for range 2 { // reloaded
		r := d.send(pane, "link", "form", form, "purpose", "invite", "send.channel", "").is(201, nil)
		found := shownLink.FindSubmatch(r.body)
		if found == nil || r.header.Get("Location") != "" || !strings.Contains(r.header.Get("Content-Security-Policy"), "form-action 'self'") {
			t.Fatalf("made %v: %s", r.header, r.body)
		}
		shown = append(shown, string(found[1]))
	}
	if shown[0] != shown[1] || !strings.HasPrefix(shown[0], publicURL+"/r/") {
		t.Errorf("it shows %v", shown)
	}
	d.do("GET", strings.TrimPrefix(shown[0], publicURL), nil, "Authorization", "").is(200, nil)
	if page := d.do("GET", pane+"?done=link", nil); strings.Contains(page.text(), "/r/") {
		t.Error("the page shows the link again")
	}
	if log := d.log.String(); strings.Contains(log, strings.TrimPrefix(shown[0], publicURL)) {
		t.Error("the link is in the log")
	}

	form = d.form(pane)
	for range 2 {
		d.send(pane, "link", "form", form, "purpose", "resume", "send.channel", "sms", "send.to", "070-123 45 67").done(d, pane, "link", "+46701234567")
	}
	d.send(pane, "link", "form", d.form(pane), "purpose", "resume", "send.channel", "email").done(d, pane, "link", "The link is made and will be sent.")
	var details struct {
		Links      []object
		Deliveries []object
	}
	d.do("GET", "/v1/conversations/c/details", nil).is(200, &details)
	sent := details.Deliveries[len(details.Deliveries)-2:]
	if len(details.Links) != 3 || sent[0]["to"] != "+46701234567" || sent[0]["channel"] != "sms" || sent[1]["to"] != "ann@example.com" || sent[1]["channel"] != "email" {
		t.Errorf("%d links, sent as %v", len(details.Links), sent)
	}

	form = d.form(pane)
	for _, test := range []struct{ purpose, channel, to, says, at string }{
		{"resume", "sms", "nonsense", "No SMS can be sent to this number.", "send-to"},
		{"resume", "sms", "+4790123456", "No SMS can be sent to this number.", "send-to"}, // of another country
		{"resume", "sms", "", "The visitor's own is not known.", "send-to"},
		{"resume", "email", "ann at home", "Mail cannot be sent to this address.", "send-to"},
		{"resume", "fax", "1", "This was not done", "send-channel"},
		{"marriage", "", "", "This was not done", "purpose"},
	} {
		d.send(pane, "link", "form", form, "purpose", test.purpose, "send.channel", test.channel, "send.to", test.to).
			shows(422, test.says, `<a href="#link-`+test.at+`">`, `value="`+test.to+`"`)
	}
	d.do("GET", "/v1/conversations/c/details", nil).is(200, &details)
	if len(details.Links) != 3 {
		t.Errorf("what was refused made a link: %d", len(details.Links))
	}
}

func TestAnUnknownDeliveryIsSettledFromThePane(t *testing.T) {
	t.Parallel()
	d := newDoor(t)
	unknown := func(conversation string, i int) string {
		id := d.ended(conversation)[i].ID
		d.exec(`update deliveries set state = 'unknown', due_at = null, fence = 1 where id = $1`, id)
		return id
	}
	ticket := unknown("c", 0)
	pane := d.pane("c", "settle")
	if form := d.form(pane); form == "" {
		t.Fatal("no form")
	}
	d.send(pane, "settle", "delivery", ticket, "state", "delivered", "ref.url", "https://zd.example/35").
		shows(422, "Please enter the ticket's ID.", `<a href="#settle-`+ticket+`-ref-id">`, `value="https://zd.example/35"`)
	d.send(pane, "settle", "delivery", ticket, "state", "pending").shows(422, "This was not done")
	for range 2 {
		d.send(pane, "settle", "delivery", ticket, "state", "delivered", "ref.id", "35", "ref.url", "https://zd.example/35").done(d, pane, "settle", "It is settled.")
	}
	var c struct{ Ticket struct{ ID, URL string } }
	d.do("GET", "/v1/conversations/c", nil).is(200, &c)
	if c.Ticket.ID != "35" || c.Ticket.URL != "https://zd.example/35" {
		t.Errorf("the conversation's ticket is %+v", c.Ticket)
	}
	for _, other := range [][]string{{"failed", ""}, {"delivered", "36"}} {
		d.send(pane, "settle", "delivery", ticket, "state", other[0], "ref.id", other[1]).shows(409, "This has been settled in the meantime.")
	}

	mail := unknown("c2", 2)
	other := d.pane("c2", "settle")
	d.send(other, "settle", "delivery", mail, "state", "failed").done(d, other, "settle", "failed")

	// What is another conversation's, or another organization's, is not there.
	foreign := unknown("c3", 0)
	d.do("POST", "/v1/conversations/c/end", chatOf("c"), "Authorization", "Bearer "+boltKey).is(202, nil)
	bolts := d.deps.Keys.SignPane(signing.Pane{Organization: "bolt", Conversation: "c", Agent: "a", Can: everything, ExpiresAt: time.Now().Add(time.Hour)})
	for _, try := range [][]string{{pane, foreign}, {"/pane/" + bolts, foreign}, {"/pane/" + bolts, ticket}, {pane, "0123456789abcdef0123456789abcdef"}, {pane, "none"}, {pane, ""}} {
		d.send(try[0], "settle", "delivery", try[1], "state", "failed").refused(404, "not_found", "")
	}
	var still struct{ State string }
	if d.do("GET", "/v1/deliveries/"+foreign, nil).is(200, &still); still.State != "unknown" {
		t.Errorf("a foreign delivery became %s", still.State)
	}
}

func TestThePaneDoesNothingThatItWasNotSignedFor(t *testing.T) {
	t.Parallel()
	d := newDoor(t)
	d.ended("c")
	fields := map[string][]string{
		"note": {"text", "x"}, "transcript": {"audience", "customer"}, "link": {"purpose", "resume"}, "settle": {"delivery", "0123456789abcdef0123456789abcdef"},
	}
	form := d.form(d.pane("c", everything...))
	for _, can := range everything {
		pane := d.pane("c", can)
		page := d.do("GET", pane, nil, "Authorization", "").is(200, nil)
		for _, do := range everything {
			if has := strings.Contains(string(page.body), `action="?do=`+do+`"`); has != (do == can && do != "settle") {
				t.Errorf("of %s the page has a form for %s: %v", can, do, has)
			}
			confirmed := strings.Contains(string(d.do("GET", pane+"?done="+do, nil).is(200, nil).body), `role="status"`)
			if confirmed != (do == can) {
				t.Errorf("of %s the page confirms %s: %v", can, do, confirmed)
			}
			if do != can {
				d.send(pane, do, append(fields[do], "form", form)...).refused(403, "not_allowed", "")
			}
		}
	}
	d.send(d.pane("c"), "", "form", form).refused(403, "not_allowed", "")
	d.send(d.pane("c", everything...), "everything", "form", form).refused(403, "not_allowed", "")

	old := d.deps.Keys.SignPane(signing.Pane{Organization: "acme", Conversation: "c", Agent: "a", Can: everything, ExpiresAt: time.Now().Add(-time.Second)})
	d.send("/pane/"+old, "note", "form", form, "text", "x").refused(403, "expired", "")
	d.send("/pane/"+old+"x", "note", "form", form, "text", "x").refused(403, "bad_signature", "")
	gone := d.deps.Keys.SignPane(signing.Pane{Organization: "acme", Conversation: "gone", Agent: "a", Can: everything, ExpiresAt: time.Now().Add(time.Hour)})
	for _, do := range everything {
		d.send("/pane/"+gone, do, append(fields[do], "form", form)...).refused(404, "not_found", "")
	}
	d.do("GET", "/v1/conversations/gone", nil).is(404, nil)
	if n := len(d.notes("c")); n != 1 {
		t.Errorf("%d notes", n)
	}
}

func TestAFormThatIsNoneOfThePagesIsRefused(t *testing.T) {
	t.Parallel()
	d := newDoor(t)
	d.ended("c")
	pane := d.pane("c", everything...)
	form := d.form(pane)
	d.send(pane, "note", "form", form, "text", " \r\n ").shows(422, "Please write something.", `<a href="#note-text">`)
	for _, bad := range []string{"", "n1", "f_", form + "A", strings.ToLower(form)} {
		for _, do := range []string{"note", "transcript", "link"} {
			d.send(pane, do, "form", bad, "text", "x", "purpose", "resume").refused(422, "invalid_field", "form")
		}
	}
	const encoded = "application/x-www-form-urlencoded"
	post := func(do string, body any, contentType string) reply {
		return d.do("POST", pane+"?do="+do, body, "Authorization", "", "Content-Type", contentType)
	}
	post("note", `{"form":"`+form+`","text":"x"}`, "application/json").refused(415, "unsupported_media_type", "")
	post("note", "form="+form+"&text=%zz", encoded).refused(422, "malformed_form", "")
	post("transcript", "form="+form+"&note="+strings.Repeat("x", 1<<20), encoded).refused(413, "body_too_large", "")
	unknownLength := io.MultiReader(strings.NewReader("form=" + form + "&x=" + strings.Repeat("x", 1<<20)))
	post("link", unknownLength, encoded).refused(413, "body_too_large", "")
	if answer := d.announce(pane+"?do=note", encoded, 32<<20+1); !strings.Contains(answer, " 413 ") {
		t.Errorf("a note of more than 32 MiB: %s", answer)
	}
	if answer := d.announce(pane+"?do=note", encoded, 32<<20); !strings.Contains(answer, " 100 ") {
		t.Errorf("a note of 32 MiB: %s", answer)
	}
	if n := len(d.notes("c")); n != 1 {
		t.Fatalf("%d notes", n)
	}
	// A note may be as long as the API's, and hold what PostgreSQL cannot.
	post("note", "form="+form+"&text=%00%ff"+strings.Repeat("x", 2<<20), encoded).is(303, nil)
	if notes := d.notes("c"); len(notes) != 2 || notes[1].Text != "\uFFFD\uFFFD"+strings.Repeat("x", 2<<20) {
		t.Error("a long note is not what was typed")
	}
}

// announce asks whether a body of that size may come, and returns the first line of the
// answer.
func (d *door) announce(path, contentType string, size int) string {
	d.t.Helper()
	conn, err := net.Dial("tcp", strings.TrimPrefix(d.url, "http://"))
	if err != nil {
		d.t.Fatal(err)
	}
	defer conn.Close()
	fmt.Fprintf(conn, "POST %s HTTP/1.1\r\nHost: x\r\nContent-Type: %s\r\nContent-Length: %d\r\nExpect: 100-continue\r\n\r\n", path, contentType, size)
	line, err := bufio.NewReader(conn).ReadString('\n')
	if err != nil {
		d.t.Fatal(err)
	}
	return line
}

func TestAPageWithAFormDoesNotLoadAgainByItself(t *testing.T) {
	t.Parallel()
	d := newDoor(t)
	id := d.ended("c")[0].ID
	for _, test := range []struct {
		can     []string
		refresh string
		policy  string
	}{
		{nil, "10", "form-action 'none'"},
		{[]string{"settle"}, "10", "form-action 'none'"}, // with nothing to settle
		{[]string{"note"}, "", "form-action 'self'"},
		{everything, "", "form-action 'self'"},
	} {
		r := d.do("GET", d.pane("c", test.can...), nil, "Authorization", "").is(200, nil)
		if got := r.header.Get("Refresh"); got != test.refresh {
			t.Errorf("%v: Refresh is %q", test.can, got)
		}
		csp := r.header.Get("Content-Security-Policy")
		if !strings.Contains(csp, test.policy+";") || !strings.Contains(csp, "default-src 'none'") {
			t.Errorf("%v: the policy is %q", test.can, csp)
		}
		if link := strings.Contains(r.text(), `<a href="?">Reload the page</a>`); link != (test.refresh == "") {
			t.Errorf("%v: there is a link to reload: %v", test.can, link)
		}
		if r.header.Get("Set-Cookie") != "" || r.header.Get("Referrer-Policy") != "no-referrer" {
			t.Errorf("%v: the headers are %v", test.can, r.header)
		}
	}
	d.exec(`update deliveries set state = 'unknown', due_at = null, fence = 1 where id = $1`, id)
	if r := d.do("GET", d.pane("c", "settle"), nil).is(200, nil); r.header.Get("Refresh") != "" {
		t.Error("a page with something to settle loads again by itself")
	}
}

func TestThePaneOffersOnlyWhatTheOrganizationHas(t *testing.T) {
	t.Parallel()
	d := newDoor(t, func(deps *httpapi.Deps) {
		deps.Organizations["bare"].Links = &config.Links{Target: "https://bare.example", Secret: linkSecret, TTL: config.Duration(time.Hour)}
	})
	for key, want := range map[string][]string{
		acmeKey: {"note", "transcript", "link"}, boltKey: {"note", "transcript"}, bareKey: {"note", "link"},
	} {
		d.do("POST", "/v1/conversations/c/end", chatOf("c"), "Authorization", "Bearer "+key).is(202, nil)
		var made struct{ URL string }
		d.do("POST", "/v1/conversations/c/pane", object{"agent": "a", "can": everything}, "Authorization", "Bearer "+key).is(201, &made)
		pane := strings.TrimPrefix(made.URL, publicURL)
		page := d.do("GET", pane, nil).is(200, nil).text()
		var got []string
		for _, do := range everything {
			if strings.Contains(page, `action="?do=`+do+`"`) {
				got = append(got, do)
			}
		}
		if !slices.Equal(got, want) {
			t.Errorf("%s: the forms are %v, want %v", key, got, want)
		}
		if channels := strings.Contains(page, "send.channel"); channels != (key == acmeKey) {
			t.Errorf("%s: a link can be sent: %v", key, channels)
		}
		// What is not offered is refused as the API refuses it.
		form := d.form(pane)
		if key == boltKey {
			d.send(pane, "link", "form", form, "purpose", "resume").shows(422, "This was not done")
		}
		if key == bareKey {
			d.send(pane, "transcript", "form", form, "audience", "customer").shows(422, "This was not done")
			d.send(pane, "link", "form", form, "purpose", "resume", "send.channel", "sms", "send.to", "0701234567").shows(422, "This was not done")
			if r := d.send(pane, "link", "form", form, "purpose", "resume").is(201, nil); !shownLink.Match(r.body) {
				t.Error("the link is not shown")
			}
		}
	}
}
