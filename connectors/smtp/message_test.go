package smtp_test

import (
	"bytes"
	"fmt"
	"net/mail"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/jhillyerd/enmime/v2"

	"github.com/afterchat/afterchat/connectors"
	"github.com/afterchat/afterchat/connectors/smtp"
	"github.com/afterchat/afterchat/connectors/smtp/smtptest"
	"github.com/afterchat/afterchat/internal/chat"
	"github.com/afterchat/afterchat/internal/fault"
)

const key = "0123456789abcdef0123456789abcdef"

func TestMailIsBuiltAsItShouldBe(t *testing.T) {
	t.Parallel()
	m := outgoing(t)
	m.HTML = "<p>Det ryker 🔥</p>"
	m.Files = []connectors.File{{Name: "transcript.txt", ContentType: "text/plain", Content: []byte("09:12 Ann: smoke\n")}}
	env, raw := mailed(t, nil, m)
	want := map[string]string{
		"From":           "Acme Support <support@acme.example>",
		"To":             "Ann Lee <ann@example.com>",
		"Subject":        "Your chat",
		"Message-ID":     "<" + key + "@acme.example>",
		"Auto-Submitted": "auto-generated",
		"MIME-Version":   "1.0",
	}
	for name, value := range want {
		if got := env.GetHeader(name); got != value {
			t.Errorf("%s is %q, want %q", name, got, value)
		}
		if n := len(env.GetHeaderValues(name)); n != 1 {
			t.Errorf("%s stands there %d times", name, n)
		}
	}
	if got := env.GetHeaderValues("List-Unsubscribe"); len(got) > 0 {
		t.Errorf("a transcript is nobody's subscription, and List-Unsubscribe is %q", got)
	}
	if _, err := mail.ParseDate(env.GetHeader("Date")); err != nil {
		t.Errorf("Date is %q: %v", env.GetHeader("Date"), err)
	}
	if got := strings.TrimSpace(env.Text); got != m.Text {
		t.Errorf("the text is %q, want %q", got, m.Text)
	}
	if got := strings.TrimSpace(env.HTML); got != m.HTML {
		t.Errorf("the HTML is %q, want %q", got, m.HTML)
	}
	if diff := cmp.Diff([]string{"transcript.txt: 09:12 Ann: smoke\n"}, files(env)); diff != "" {
		t.Errorf("files (-want +got):\n%s", diff)
	}
	if !bytes.Contains(raw, []byte("multipart/alternative")) {
		t.Error("text and HTML are not alternatives")
	}
}

func TestNamesAndAddressesArriveAsTheyAre(t *testing.T) {
	t.Parallel()
	long := strings.TrimSpace(strings.Repeat("Maximiliane ", 40))
	tests := map[string]struct {
		name, to                  string
		wantName, wantTo, wantRaw string
	}{
		"a name alone":                        {name: "Ann Lee", to: "ann@example.com"},
		"no name":                             {name: "", to: "ann@example.com"},
		"a name with a full stop":             {name: "Dr. Ann Lee", to: "ann@example.com", wantRaw: `"Dr. Ann Lee" <ann@example.com>`},
		"the longest address there may be":    {to: "ann@" + strings.Repeat("a.", 121) + "example1"},
		"a name with a comma":                 {name: "Lee, Ann", to: "ann@example.com", wantRaw: `"Lee, Ann" <ann@example.com>`},
		"a name with a comma and an accent":   {name: "Lée, Ann", to: "ann@example.com"},
		"a name with quotes and a backslash":  {name: `Ann "The \ Boss" Lee`, to: "ann@example.com"},
		"a name with emoji":                   {name: "Ann 🔥👩‍🚒", to: "ann@example.com"},
		"a name that looks encoded":           {name: "=?UTF-8?B?aGk=?=", to: "ann@example.com"},
		"a name that looks like an address":   {name: "boss@example.net", to: "ann@example.com"},
		"a name in brackets":                  {name: "Ann <boss@example.net>", to: "ann@example.com"},
		"a very long name":                    {name: long, to: "ann@example.com"},
		"a very long word as a name":          {name: strings.Repeat("x", 1200), to: "ann@example.com"},
		"a very long name with accents":       {name: strings.Repeat("é", 700), to: "ann@example.com"},
		"a domain outside ASCII":              {name: "Jörg", to: "jorg@bücher.example", wantTo: "jorg@xn--bcher-kva.example"},
		"a local part that has to be quoted":  {name: "Ann", to: `"ann lee"@example.com`, wantTo: "ann lee@example.com", wantRaw: `Ann <"ann lee"@example.com>`},
		"a local part with a plus and a dash": {name: "Ann", to: "ann+chat-1@example.com"},
		"a name that came with the address":   {to: "Ann Lee <ann@example.com>", wantName: "Ann Lee", wantTo: "ann@example.com"},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			m := outgoing(t)
			m.ToName, m.To = test.name, test.to
			env, raw := mailed(t, nil, m)
			parsed, err := mail.ReadMessage(bytes.NewReader(raw))
			if err != nil {
				t.Fatal(err)
			}
			list, err := parsed.Header.AddressList("To")
			if err != nil || len(list) != 1 {
				t.Fatalf("To is %q: %v, %v", parsed.Header.Get("To"), list, err)
			}
			if want := or(test.wantName, test.name); list[0].Name != want {
				t.Errorf("the name is %q, want %q", list[0].Name, want)
			}
			if want := or(test.wantTo, test.to); list[0].Address != want {
				t.Errorf("the address is %q, want %q", list[0].Address, want)
			}
			if got := parsed.Header.Get("To"); test.wantRaw != "" && got != test.wantRaw {
				t.Errorf("To is %s, want %s", got, test.wantRaw)
			}
			if got, err := env.AddressList("To"); err != nil || len(got) != 1 {
				t.Errorf("enmime reads %d recipients: %v", len(got), err)
			}
		})
	}
}

func TestWhatPeopleTypedAddsNoHeader(t *testing.T) {
	t.Parallel()
	evils := map[string]string{
		"line ends":         "Hello\r\nBcc: evil@example.net\r\n\r\nbody",
		"a bare line feed":  "Hello\nBcc: evil@example.net",
		"a bare return":     "Hello\rBcc: evil@example.net",
		"a NUL and friends": "Hello\x00\x0b\x0c\x1b\x7fBcc: evil@example.net",
		"next line":         "Hello\u0085\u2028\u2029Bcc: evil@example.net",
		"invalid UTF-8":     "Hello\xff\xfe\r\nBcc: evil@example.net",
		"a quote":           "x\"; filename=\"evil.exe\r\nBcc: evil@example.net",
		"a very long line":  strings.Repeat("word ", 400) + "\r\nBcc: evil@example.net",
		"a long word":       strings.Repeat("w", 3000) + "\r\nBcc: evil@example.net",
	}
	for name, evil := range evils {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			m := outgoing(t)
			m.Subject, m.ToName, m.Thread = evil, evil, evil
			m.Files = []connectors.File{{Name: evil, ContentType: "text/plain; x=" + evil, Content: []byte("kept")}}
			env, _ := mailed(t, nil, m)
			if env.GetHeader("Bcc") != "" {
				t.Error("there is a Bcc header")
			}
			if got := env.GetHeader("Auto-Submitted"); got != "auto-generated" {
				t.Errorf("the header was cut short: Auto-Submitted is %q", got)
			}
			if !strings.HasPrefix(env.GetHeader("Subject"), evil[:1]) {
				t.Errorf("the subject is %q", env.GetHeader("Subject"))
			}
			if len(env.Attachments) != 1 || string(env.Attachments[0].Content) != "kept" {
				t.Errorf("the file is lost: %v", files(env))
			}
			if got := strings.TrimSpace(env.Text); got != m.Text {
				t.Errorf("the text is %q", got)
			}
		})
	}
}

func TestSubjectsArriveAsTheyAre(t *testing.T) {
	t.Parallel()
	for name, subject := range map[string]string{
		"plain":             "Your chat about the boiler",
		"two spaces":        "Your  chat",
		"emoji":             "🔥👩‍🚒 det ryker",
		"right to left":     "שלום \u200fמرحبا",
		"long with accents": strings.TrimSpace(strings.Repeat("kärnan är varm ", 60)),
		"long in ASCII":     strings.TrimSpace(strings.Repeat("the boiler is hot ", 60)),
		"one long word":     strings.Repeat("x", 2000),
		"looks encoded":     "=?UTF-8?Q?not=20encoded?=",
		"empty":             "",
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			m := outgoing(t)
			m.Subject = subject
			if env, _ := mailed(t, nil, m); env.GetHeader("Subject") != subject {
				t.Errorf("the subject is %q, want %q", env.GetHeader("Subject"), subject)
			}
		})
	}
}

func TestAHeaderIsFoldedBetweenWordsAlone(t *testing.T) {
	t.Parallel()
	for name, subject := range map[string]string{
		"a long first word":       strings.Repeat("a", 70) + " b",
		"spaces where it is full": strings.Repeat("a", 60) + strings.Repeat(" ", 70) + strings.Repeat("b", 70),
		"a line of spaces":        "a" + strings.Repeat(" ", 1500) + "b",
	} {
		m := outgoing(t)
		m.Subject, m.ToName = subject, subject
		env, raw := mailed(t, nil, m)
		header, _, _ := bytes.Cut(raw, []byte("\r\n\r\n"))
		for line := range bytes.Lines(header) {
			if text := bytes.TrimSpace(line); len(text) == 0 || bytes.HasSuffix(text, []byte(":")) {
				t.Errorf("%s: a line is %q", name, line)
			}
		}
		// Of spaces at which a line was folded one is left.
		if got, want := strings.Fields(env.GetHeader("Subject")), strings.Fields(subject); !slices.Equal(got, want) {
			t.Errorf("%s: it is %q", name, got)
		}
	}
}

func TestFilesKeepTheirNamesButNoFolders(t *testing.T) {
	t.Parallel()
	for sent, want := range map[string]string{
		"photo.jpg":                          "photo.jpg",
		"Kärnan är varm 🔥.jpg":               "Kärnan är varm 🔥.jpg",
		"../../etc/passwd":                   "passwd",
		`C:\Users\ann\photo.jpg`:             "photo.jpg",
		"a;b,c=d%20.txt":                     "a;b,c=d%20.txt",
		"cod\u202egpj.exe":                   "codgpj.exe",
		"\u200fcod\u2066gpj\u2069.\u200eexe": "codgpj.exe",
		"":                                   "file-1",
		"/":                                  "file-1",
		strings.Repeat("å", 300) + ".jpeg":   strings.Repeat("å", 97) + ".jpeg",
		strings.Repeat("a", 300):             strings.Repeat("a", 200),
		"x." + strings.Repeat("a", 300):      "x." + strings.Repeat("a", 198),
		"report \"final\" (1).pdf":           "report \"final\" (1).pdf",
		"tab\tand\nline.txt":                 "tab and line.txt",
		"ファイル名がとても長いので折り返しが必要です。資料.pdf": "ファイル名がとても長いので折り返しが必要です。資料.pdf",
	} {
		t.Run(fmt.Sprintf("%.20q", sent), func(t *testing.T) {
			t.Parallel()
			m := outgoing(t)
			m.Files = []connectors.File{{Name: sent, ContentType: "image/jpeg", Content: []byte{0xff, 0xd8, 0, '\r', '\n', '.'}}}
			env, _ := mailed(t, nil, m)
			if diff := cmp.Diff([]string{want + ": \xff\xd8\x00\r\n."}, files(env)); diff != "" {
				t.Errorf("files (-want +got):\n%s", diff)
			}
		})
	}
}

func TestContentTypesThatCannotBeAreReplaced(t *testing.T) {
	t.Parallel()
	for sent, want := range map[string]string{
		"image/png":                      "image/png",
		"IMAGE/PNG; name=x":              "image/png",
		"text/csv":                       "text/csv",
		"":                               "application/octet-stream",
		"nonsense":                       "application/octet-stream",
		"multipart/mixed; boundary=abcd": "application/octet-stream",
		"message/rfc822":                 "application/octet-stream",
		"image/png\r\nBcc: x@y.example":  "application/octet-stream",
	} {
		t.Run(sent, func(t *testing.T) {
			t.Parallel()
			m := outgoing(t)
			m.Files = []connectors.File{{Name: "x", ContentType: sent, Content: []byte("x")}}
			env, _ := mailed(t, nil, m)
			if len(env.Attachments) != 1 || env.Attachments[0].ContentType != want {
				t.Fatalf("%v, want one of type %s", env.Attachments, want)
			}
		})
	}
}

func TestReplyToAndFromMayHoldAnyName(t *testing.T) {
	t.Parallel()
	env, raw := mailed(t, func(s *smtp.Settings) {
		s.From = `"Acme, Küche" <support@bücher.example>`
		s.ReplyTo = `"Köket, svar" <reply@acme.example>`
	}, outgoing(t))
	for header, want := range map[string]mail.Address{
		"From":     {Name: "Acme, Küche", Address: "support@xn--bcher-kva.example"},
		"Reply-To": {Name: "Köket, svar", Address: "reply@acme.example"},
	} {
		list, err := env.AddressList(header)
		if err != nil || len(list) != 1 || *list[0] != want {
			t.Errorf("%s is %v (%v), want %v", header, list, err, want)
		}
	}
	if !bytes.Contains(raw, []byte("<reply@acme.example>")) {
		t.Error("the address in Reply-To was encoded with the name")
	}
	if got := env.GetHeader("Message-ID"); got != "<"+key+"@xn--bcher-kva.example>" {
		t.Errorf("Message-ID is %q", got)
	}
}

func TestWhatIsNoAddressIsRefused(t *testing.T) {
	t.Parallel()
	server := serve(t, smtptest.Options{})
	client := connect(t, server, nil)
	for _, to := range []string{
		"", "ann", "ann@", "@example.com", "ann lee@example.com", "a@b@c.example", "ann@example.com, bo@example.com",
		"ann@example.com\r\nRCPT TO:<evil@example.net>", "\"a\r\nb\"@example.com", "ann@exa mple.com", "ann@bü cher.example",
		strings.Repeat("a", 65) + "@example.com", "ann@" + strings.Repeat("a.", 130) + "example",
		"group: ann@example.com;", "<>", "\"\x00\"@example.com", "\"a\tb\"@example.com", "ann@" + strings.Repeat("a.", 121) + "example12",
	} {
		m := outgoing(t)
		m.To = to
		_, err := client.Send(t.Context(), m)
		if !fault.Is(err, fault.Invalid) || fault.CodeOf(err) != "bad_address" {
			t.Errorf("%q: %v", to, err)
		}
		if err != nil && to != "" && strings.Contains(err.Error(), to) && len(to) > 4 {
			t.Errorf("the error gives away the address: %v", err)
		}
	}
	if server.Len() != 0 {
		t.Errorf("%d mails were sent", server.Len())
	}
}

func FuzzMailIsReadable(f *testing.F) {
	f.Add("Subject", "Ann", "text", "<p>html</p>", "name.txt", "text/plain", "", "")
	f.Add("=?x\r\n", "\"Lee, Ånn\" <x>", "\r.\r\n.", "", "\x00/..", "a/b; c=d", "a>\r\nBcc: b@c", "a@b.example\r\nBcc: c@d.example")
	f.Add("Subject", "Ann", "text", "<img src=cid:a@b>", "a.png", "image/png", "a@b", "\"Köket, svar\" <support+id35@acme.example>")
	f.Add("Subject", "Ann", "text", "", "a.png", "image/png", "a@b", "Åsa <åsa@acme.example>")
	server, err := smtptest.New(smtptest.Options{})
	if err != nil {
		f.Fatal(err)
	}
	f.Cleanup(func() { _ = server.Close() })
	client := connect(f, server, nil)
	f.Fuzz(func(t *testing.T, subject, name, text, html, file, contentType, contentID, replyTo string) {
		m := outgoing(t)
		m.Subject, m.ToName, m.Text, m.HTML, m.Thread = subject, name, text, html, subject
		m.Files = []connectors.File{{Name: file, ContentType: contentType, Content: []byte(text), ContentID: contentID}}
		m.ReplyTo, m.Earlier = replyTo, []string{contentID}
		switch _, err := client.Send(t.Context(), m); {
		case fault.FieldOf(err) == "reply_to" || fault.CodeOf(err) == "5.6.7":
			return // that is no address, or none that this server can be told
		case err != nil:
			t.Fatal(err)
		}
		all := server.Messages()
		raw := all[len(all)-1].Raw
		server.Clear()
		assertLines(t, raw)
		env, err := enmime.ReadEnvelope(bytes.NewReader(raw))
		if err != nil {
			t.Fatal(err)
		}
		if env.GetHeader("Auto-Submitted") != "auto-generated" || env.GetHeader("Bcc") != "" {
			t.Errorf("the header is spoiled:\n%s", raw)
		}
		if list, err := env.AddressList("Reply-To"); replyTo != "" && (err != nil || len(list) != 1) {
			t.Errorf("Reply-To %q is read as %v: %v", replyTo, list, err)
		}
		if n := len(env.Root.BreadthMatchAll(func(p *enmime.Part) bool { return p.Disposition != "" })); n != 1 {
			t.Errorf("%d files, want 1:\n%s", n, raw)
		}
		if list, err := env.AddressList("To"); err != nil || len(list) != 1 || list[0].Address != m.To {
			t.Errorf("To is read as %v: %v", list, err)
		}
	})
}

// outgoing returns a plain mail.
func outgoing(t testing.TB) connectors.Outgoing {
	t.Helper()
	k, err := chat.ParseKey(key)
	if err != nil {
		t.Fatal(err)
	}
	return connectors.Outgoing{Key: k, To: "ann@example.com", ToName: "Ann Lee", Subject: "Your chat", Text: "It smells of smoke 🔥"}
}

// mailed sends a mail and returns it as it arrived, read by enmime and checked for what
// holds of every mail.
func mailed(t *testing.T, change func(*smtp.Settings), m connectors.Outgoing) (*enmime.Envelope, []byte) {
	t.Helper()
	server := serve(t, smtptest.Options{})
	if _, err := connect(t, server, change).Send(t.Context(), m); err != nil {
		t.Fatal(err)
	}
	all := server.Messages()
	if len(all) != 1 {
		t.Fatalf("%d mails arrived, want 1", len(all))
	}
	raw := all[0].Raw
	assertLines(t, raw)
	env, err := enmime.ReadEnvelope(bytes.NewReader(raw))
	if err != nil {
		t.Fatalf("enmime: %v\n%s", err, raw)
	}
	for _, e := range env.Errors {
		if e.Name == enmime.ErrorPlainTextFromHTML && m.Text == "" {
			continue // a mail of HTML alone is rare, and allowed
		}
		t.Errorf("enmime complains: %v", e)
	}
	if _, err := all[0].Read(); err != nil {
		t.Errorf("the standard library cannot read it: %v", err)
	}
	return env, raw
}

// assertLines checks RFC 5322, 2.1.1 and 2.3: CRLF alone ends lines, none is longer than
// 998 bytes, and all is ASCII; and RFC 2047, 2: one with an encoded word has 76 at most.
func assertLines(t *testing.T, raw []byte) {
	t.Helper()
	for line := range bytes.SplitSeq(raw, []byte("\r\n")) {
		if len(line) > 998 {
			t.Errorf("a line has %d bytes: %.60q…", len(line), line)
		}
		if len(line) > 76 && bytes.Contains(line, []byte("=?UTF-8?B?")) {
			t.Errorf("a line with encoded words has %d bytes: %q", len(line), line)
		}
		for _, c := range line {
			if c == '\r' || c == '\n' || c == 0 || c >= 0x80 {
				t.Errorf("a line holds %#02x: %.100q", c, line)
				break
			}
		}
	}
}

func files(env *enmime.Envelope) []string {
	var out []string
	for _, a := range env.Attachments {
		out = append(out, a.FileName+": "+string(a.Content))
	}
	return out
}

func or(a, b string) string {
	if a != "" {
		return a
	}
	return b
}
