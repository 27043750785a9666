package smtp_test

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/jhillyerd/enmime/v2"

	"github.com/afterchat/afterchat/connectors"
	"github.com/afterchat/afterchat/connectors/smtp"
	"github.com/afterchat/afterchat/connectors/smtp/smtptest"
	"github.com/afterchat/afterchat/internal/fault"
)

const png = "\x89PNG\r\n\x1a\n"

func TestTheStructureIsWhatReadersExpect(t *testing.T) {
	t.Parallel()
	logo := connectors.File{Name: "logo.png", ContentType: "image/png", Content: []byte(png), ContentID: "logo@acme.example"}
	photo := connectors.File{Name: "photo.jpg", ContentType: "image/jpeg", Content: []byte("\xff\xd8"), ContentID: "m1-f1"}
	whole := connectors.File{Name: "transcript.pdf", ContentType: "application/pdf", Content: []byte("%PDF-")}
	bad := connectors.File{Name: "x.png", ContentType: "image/png", Content: []byte(png), ContentID: "a b>\r\nBcc: evil@example.net"}
	const text, html = "It smells of smoke", `<p>It smells <img src="cid:logo@acme.example"></p>`
	for name, test := range map[string]struct {
		text, html string
		files      []connectors.File
		want       string
	}{
		"text alone":     {text: text, want: "text/plain"},
		"HTML alone":     {html: html, want: "text/html"},
		"text and HTML":  {text: text, html: html, want: "alternative(text/plain text/html)"},
		"text and files": {text: text, files: []connectors.File{whole}, want: "mixed(text/plain application/pdf)"},
		"everything": {
			text: text, html: html, files: []connectors.File{logo, whole, photo},
			want: "mixed(alternative(text/plain related(text/html image/png image/jpeg)) application/pdf)",
		},
		"text, HTML and what it shows": {
			text: text, html: html, files: []connectors.File{logo},
			want: "alternative(text/plain related(text/html image/png))",
		},
		"HTML and what it shows": {html: html, files: []connectors.File{logo}, want: "related(text/html image/png)"},
		"HTML, what it shows, and files": {
			html: html, files: []connectors.File{whole, logo},
			want: "mixed(related(text/html image/png) application/pdf)",
		},
		"nothing to show it in":     {text: text, files: []connectors.File{logo}, want: "mixed(text/plain image/png)"},
		"a content id that is none": {text: text, html: html, files: []connectors.File{bad}, want: "mixed(alternative(text/plain text/html) image/png)"},
		"nothing but a file":        {files: []connectors.File{whole}, want: "mixed(application/pdf)"},
		"nothing":                   {want: "text/plain"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			m := outgoing(t)
			m.Text, m.HTML, m.Files = test.text, test.html, test.files
			env, _ := mailed(t, nil, m)
			if got := structure(env.Root); got != test.want {
				t.Errorf("the mail is %s, want %s", got, test.want)
			}
			if got := len(env.Inlines) + len(env.Attachments); got != len(test.files) {
				t.Errorf("%d files arrived, want %d", got, len(test.files))
			}
			if env.GetHeader("Bcc") != "" {
				t.Error("there is a Bcc header")
			}
		})
	}
}

func TestWhatTheHTMLShowsIsFoundByItsContentID(t *testing.T) {
	t.Parallel()
	m := outgoing(t)
	m.HTML = `<img src="cid:logo@acme.example">`
	m.Files = []connectors.File{{Name: "Küche 🔥.png", ContentType: "image/png", Content: []byte(png), ContentID: "logo@acme.example"}}
	env, _ := mailed(t, nil, m)
	if len(env.Inlines) != 1 {
		t.Fatalf("%d parts are shown inline, want 1", len(env.Inlines))
	}
	got := env.Inlines[0]
	want := []string{"logo@acme.example", "Küche 🔥.png", "image/png", png, "inline"}
	if diff := cmp.Diff(want, []string{got.ContentID, got.FileName, got.ContentType, string(got.Content), got.Disposition}); diff != "" {
		t.Errorf("the part (-want +got):\n%s", diff)
	}
}

func TestAnswersGoWhereTheMailSays(t *testing.T) {
	t.Parallel()
	own := func(s *smtp.Settings) { s.ReplyTo = "Answers <answers@acme.example>" }
	for name, test := range map[string]struct {
		change        func(*smtp.Settings)
		replyTo, want string
	}{
		"neither":                      {nil, "", ""},
		"the account's":                {own, "", "Answers <answers@acme.example>"},
		"the mail's":                   {nil, "support+id35@acme.example", "support+id35@acme.example"},
		"the mail's and the account's": {own, `"Acme, Support" <support+id35@bücher.example>`, `"Acme, Support" <support+id35@xn--bcher-kva.example>`},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			m := outgoing(t)
			m.ReplyTo = test.replyTo
			env, _ := mailed(t, test.change, m)
			if got := env.GetHeader("Reply-To"); got != test.want {
				t.Errorf("Reply-To is %s, want %s", got, test.want)
			}
		})
	}
}

func TestAnswersThatCouldGoNowhereAreRefused(t *testing.T) {
	t.Parallel()
	client := connect(t, serve(t, smtptest.Options{}), nil)
	for _, replyTo := range []string{"support", "a@b.example, c@d.example", "a@b.example\r\nBcc: evil@example.net", "Acme, Support <a@b.example>"} {
		m := outgoing(t)
		m.ReplyTo = replyTo
		_, err := client.Send(t.Context(), m)
		if !fault.Is(err, fault.Invalid) || fault.FieldOf(err) != "reply_to" || strings.Contains(err.Error(), replyTo) {
			t.Errorf("%q: %v", replyTo, err)
		}
	}
}

// structure writes a mail's parts as "mixed(text/plain image/png)".
func structure(p *enmime.Part) string {
	if p.FirstChild == nil {
		return p.ContentType
	}
	var children []string
	for c := p.FirstChild; c != nil; c = c.NextSibling {
		children = append(children, structure(c))
	}
	return strings.TrimPrefix(p.ContentType, "multipart/") + "(" + strings.Join(children, " ") + ")"
}
