package app_test

import (
	"bytes"
	"crypto/tls"
	"crypto/x509"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"image"
	"image/png"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"sync/atomic"
	"syscall"
	"testing"

	"github.com/afterchat/afterchat/connectors/smtp/smtptest"
	"github.com/afterchat/afterchat/internal/app"
	"github.com/afterchat/afterchat/internal/chat"
	"github.com/afterchat/afterchat/internal/fetch"
	"github.com/afterchat/afterchat/internal/pdf/pdftest"
	"github.com/afterchat/afterchat/internal/standin"
)

// trialRig is a configuration on disk, a mail server, and a server of a chat's files and
// pictures, which counts what it is asked for.
type trialRig struct {
	t     *testing.T
	path  string
	mail  *smtptest.Server
	trial app.Trial
	photo []byte
	asked *atomic.Int64
}

func newTrialRig(t *testing.T) *trialRig {
	t.Helper()
	r := &trialRig{t: t, asked: new(atomic.Int64), path: filepath.Join(t.TempDir(), "afterchat.yaml")}
	var b bytes.Buffer
	if err := png.Encode(&b, image.NewGray(image.Rect(0, 0, 40, 40))); err != nil {
		t.Fatal(err)
	}
	r.photo = b.Bytes()
	files := httptest.NewTLSServer(http.HandlerFunc(func(w http.ResponseWriter, req *http.Request) {
		r.asked.Add(1)
		switch {
		case strings.HasSuffix(req.URL.Path, ".png"):
			_, _ = w.Write(r.photo)
		case strings.HasSuffix(req.URL.Path, ".pdf"):
			_, _ = io.WriteString(w, "%PDF-1.7\n")
		default:
			w.WriteHeader(http.StatusGone)
		}
	}))
	t.Cleanup(files.Close)
	var err error
	if r.mail, err = smtptest.New(smtptest.Options{}); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { r.mail.Close() })
	config := fmt.Sprintf(`database: postgres://127.0.0.1:1/none
redis: redis://127.0.0.1:1
organizations:
  acme:
    name: Acme Coffee
    brand: {logo_url: "%s/logo.png"}
    mail: {from: a@acme.example, attachments: {attach: 1MB}, smtp: {address: "%s", tls: none}}
`, files.URL, r.mail.Addr())
	if err := os.WriteFile(r.path, []byte(config), 0o600); err != nil {
		t.Fatal(err)
	}
	s := standin.Chat(3)
	s.Agents[0].PhotoURL = files.URL + "/bo.png"
	s.Messages[0].Attachments = []chat.Attachment{
		{ID: "f1", Name: "toast.png", URL: files.URL + "/toast.png"}, {ID: "f2", Name: "bill.pdf", URL: files.URL + "/bill.pdf"}, {ID: "f3", Name: "old.png", URL: files.URL + "/old"},
	}
	// So long a chat is nothing for Chromium, whose PDFs this test cannot read.
	s.Messages[0].Text = "It smells of toast. " + strings.Repeat("Really. ", 9000)
	authorities := x509.NewCertPool()
	authorities.AddCert(files.Certificate())
	r.trial = app.Trial{Organization: "acme", Audience: "customer", Fetch: fetch.Options{
		TLS: &tls.Config{RootCAs: authorities},
		Control: func(network, address string, c syscall.RawConn) error {
			if address == files.Listener.Addr().String() {
				return nil
			}
			return fetch.Public(network, address, c)
		},
	}}
	if r.trial.Chat, err = json.Marshal(s); err != nil {
		t.Fatal(err)
	}
	return r
}

func (r *trialRig) preview(format string) (out, notes string) {
	r.t.Helper()
	var o, n bytes.Buffer
	if err := app.Preview(r.t.Context(), r.path, r.trial, format, &o, &n); err != nil {
		r.t.Fatal(err)
	}
	return o.String(), n.String()
}

func TestAPreviewShowsWhatTheMailWouldHold(t *testing.T) {
	t.Parallel()
	r := newTrialRig(t)
	for _, format := range []string{app.FormatText, app.FormatHTML} {
		out, notes := r.preview(format)
		if strings.Count(out, "attached to this mail") != 2 || strings.Count(out, "its link has expired") != 1 {
			t.Errorf("%s: it does not say what is attached and what has expired", format)
		}
		for _, want := range []string{`"toast.png" (image/png, `, `shown in the mail`, `"bill.pdf" (application/pdf, 9 bytes, attached)`} {
			if !strings.Contains(notes, want) {
				t.Errorf("%s: no %s in %s", format, want, notes)
			}
		}
		if strings.Contains(out, "cid:") {
			t.Errorf("%s: a browser is to find an image in a mail", format)
		}
		if shown := strings.Contains(out, `src="data:image/png;base64,`+base64.StdEncoding.EncodeToString(r.photo)+`"`); shown != (format == app.FormatHTML) {
			t.Errorf("%s: the image is shown: %t", format, shown)
		}
	}
	out, notes := r.preview(app.FormatPDF)
	// The attached image, the logo, and the photo at each of the agent's messages.
	f := pdftest.Read(t, []byte(out))
	if len(f.Pictures) < 3 || !strings.Contains(f.Text(), "its link has expired") || !strings.Contains(notes, "The PDF was made by") {
		t.Errorf("%d pictures; %s", len(f.Pictures), notes)
	}
}

func TestAPreviewOfflineAsksNobody(t *testing.T) {
	t.Parallel()
	r := newTrialRig(t)
	r.trial.Offline = true
	for _, format := range []string{app.FormatText, app.FormatHTML, app.FormatPDF} {
		out, notes := r.preview(format)
		if format == app.FormatPDF {
			f := pdftest.Read(t, []byte(out))
			if len(f.Pictures) != 0 {
				t.Errorf("%d pictures", len(f.Pictures))
			}
			out = f.Text()
		} else if notes != "" {
			t.Errorf("%s: %s", format, notes)
		}
		if strings.Contains(out, "attached to this mail") || strings.Contains(out, "expired") || !strings.Contains(out, "toast.png") {
			t.Errorf("%s: it says what nobody knows, or nothing of a file", format)
		}
	}
	if n := r.asked.Load(); n != 0 {
		t.Errorf("%d files were asked for", n)
	}
}

func TestASentTestHoldsWhatTheMailWould(t *testing.T) {
	t.Parallel()
	r := newTrialRig(t)
	made := r.trial
	made.Chat = nil // made up: its files lie nowhere, and are not asked for
	offline := r.trial
	offline.Offline = true
	for i, test := range []struct {
		trial                  app.Trial
		pdf                    bool
		inline, files, fetched int
	}{{r.trial, true, 1, 2, 5}, {r.trial, false, 1, 1, 3}, {offline, false, 0, 0, 0}, {made, true, 0, 1, 1}} {
		before := r.asked.Load()
		if err := app.SendTest(t.Context(), r.path, app.TestMail{Trial: test.trial, To: "me@example.org", PDF: test.pdf}, false, io.Discard, io.Discard); err != nil {
			t.Fatal(err)
		}
		m, err := r.mail.Messages()[i].Read()
		if err != nil {
			t.Fatal(err)
		}
		// The whole of the chat, which is too long for a mail's body, goes with it.
		var files []smtptest.File
		for _, f := range m.Files {
			if f.ContentType == "application/pdf" {
				files = append(files, f)
			}
		}
		if len(m.Inline) != test.inline || len(files) != test.files || r.asked.Load()-before != int64(test.fetched) {
			t.Errorf("%d: %d images and %d PDFs after %d questions, want %+v", i, len(m.Inline), len(files), r.asked.Load()-before, test)
		}
		if !strings.HasPrefix(m.Text, "This is a test") {
			t.Error("it is not marked as a test")
		}
	}
	first, err := r.mail.Messages()[0].Read()
	if err != nil {
		t.Fatal(err)
	}
	f := pdftest.Read(t, first.Files[0].Content)
	if !strings.Contains(f.Text(), "It smells of toast") || len(f.Pictures) < 3 {
		t.Errorf("%d pictures in the PDF", len(f.Pictures))
	}
	if !strings.HasPrefix(f.Title, "[Test] ") || !strings.HasPrefix(f.Text(), "This is a test") {
		t.Errorf("the PDF %q, which begins with %.40q, is not marked as a test", f.Title, f.Text())
	}
}

func TestATestThatIsNotSentSaysWhereToLook(t *testing.T) {
	t.Parallel()
	r := newTrialRig(t)
	r.trial.Offline = true
	config, err := os.ReadFile(r.path)
	if err != nil {
		t.Fatal(err)
	}
	for _, kind := range []string{"starttls", "implicit"} {
		if err := os.WriteFile(r.path, bytes.Replace(config, []byte("tls: none"), []byte("tls: "+kind), 1), 0o600); err != nil {
			t.Fatal(err)
		}
		err := app.SendTest(t.Context(), r.path, app.TestMail{Trial: r.trial, To: "me@example.org"}, false, io.Discard, io.Discard)
		if err == nil || !strings.Contains(err.Error(), "smtp.tls and the port") {
			t.Errorf("%s at a server that speaks in the clear: %v", kind, err)
		}
	}
}
