package app_test

import (
	"bytes"
	"crypto/tls"
	"crypto/x509"
	"image"
	"image/png"
	"net/http"
	"net/http/httptest"
	"strings"
	"syscall"
	"testing"

	"github.com/afterchat/afterchat/internal/app"
	"github.com/afterchat/afterchat/internal/chat"
	"github.com/afterchat/afterchat/internal/fetch"
	"github.com/afterchat/afterchat/internal/standin"
)

func TestAPhotoOfTheChatIsShownInItsMail(t *testing.T) {
	t.Parallel()
	var photo bytes.Buffer
	if err := png.Encode(&photo, image.NewGray(image.Rect(0, 0, 40, 30))); err != nil {
		t.Fatal(err)
	}
	files := httptest.NewTLSServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path == "/photo.png" {
			_, _ = w.Write(photo.Bytes())
			return
		}
		w.WriteHeader(http.StatusGone)
	}))
	t.Cleanup(files.Close)
	authorities := x509.NewCertPool()
	authorities.AddCert(files.Certificate())
	r := newRigOf(t, app.Options{Fetch: fetch.Options{
		TLS: &tls.Config{RootCAs: authorities},
		Control: func(network, address string, c syscall.RawConn) error {
			if address == files.Listener.Addr().String() {
				return nil
			}
			return fetch.Public(network, address, c)
		},
	}})
	s := standin.Chat(3)
	s.Messages[0].Attachments = []chat.Attachment{
		{ID: "f1", Name: "photo.png", ContentType: "image/png", URL: files.URL + "/photo.png"}, {ID: "f2", Name: "old.png", URL: files.URL + "/old.png"},
	}
	if code := r.call(http.MethodPost, "/v1/conversations/"+s.ID+"/end", s, nil); code != http.StatusAccepted {
		t.Fatalf("end: %d", code)
	}
	r.settled(s.ID)
	mails := r.vendors.Mail.Messages()
	if len(mails) != 1 {
		t.Fatalf("%d mails", len(mails))
	}
	m, err := mails[0].Read()
	if err != nil || len(m.Inline) != 1 || len(m.Files) != 0 {
		t.Fatalf("%d images and %d files: %v", len(m.Inline), len(m.Files), err)
	}
	if shown := m.Inline[0]; !bytes.Equal(shown.Content, photo.Bytes()) || shown.ContentType != "image/png" || !strings.Contains(m.HTML, `src="cid:`+shown.ContentID+`"`) {
		t.Errorf("the HTML shows no %s %q", shown.ContentType, shown.ContentID)
	}
	if !strings.Contains(m.Text, "its link has expired") || strings.Contains(m.HTML, "/old.png") {
		t.Error("the mail does not say that a link has expired, or links it all the same")
	}
}
