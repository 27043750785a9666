package workers_test

import (
	"bytes"
	"crypto/tls"
	"crypto/x509"
	"image"
	"image/png"
	"net/http"
	"net/http/httptest"
	"regexp"
	"strconv"
	"strings"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"github.com/afterchat/afterchat/connectors"
	"github.com/afterchat/afterchat/internal/chat"
	"github.com/afterchat/afterchat/internal/config"
	"github.com/afterchat/afterchat/internal/fetch"
	"github.com/afterchat/afterchat/internal/portrait"
)

// files is a file server on loopback, which the rig's worker may ask and otherwise public
// addresses alone. It counts what it was asked for.
func (r *rig) files(pages map[string]http.HandlerFunc) (url string, asked *atomic.Int64) {
	r.t.Helper()
	asked = new(atomic.Int64)
	mux := http.NewServeMux()
	for path, page := range pages {
		mux.HandleFunc("GET "+path, page)
	}
	s := httptest.NewTLSServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		asked.Add(1)
		mux.ServeHTTP(w, r)
	}))
	r.t.Cleanup(s.Close)
	authorities := x509.NewCertPool()
	authorities.AddCert(s.Certificate())
	own := s.Listener.Addr().String()
	f := fetch.New(fetch.Options{
		TLS: &tls.Config{RootCAs: authorities},
		Control: func(network, address string, c syscall.RawConn) error {
			if address == own {
				return nil
			}
			return fetch.Public(network, address, c)
		},
	})
	r.t.Cleanup(f.Close)
	r.worker.Fetcher, r.worker.Portraits = f, portrait.New(f)
	return s.URL, asked
}

// photo is a PNG that is padded to a size in bytes.
func photo(size int) []byte {
	var b bytes.Buffer
	_ = png.Encode(&b, image.NewGray(image.Rect(0, 0, 2, 2)))
	return append(b.Bytes(), make([]byte, size-b.Len())...)
}

func serve(content []byte) http.HandlerFunc {
	return func(w http.ResponseWriter, _ *http.Request) { w.Write(content) }
}

// attached is a chat whose first message has the files behind the links.
func attached(links ...string) chat.Snapshot {
	s := sample("c", 1)
	for i, url := range links {
		name := url[strings.LastIndexByte(url, '/')+1:]
		s.Messages[0].Attachments = append(s.Messages[0].Attachments, chat.Attachment{ID: strconv.Itoa(i), Name: name, URL: url})
	}
	return s
}

// mailed ends a chat and returns the mail with its transcript.
func (r *rig) mailed(s chat.Snapshot) thing {
	r.t.Helper()
	v := r.account(chat.AccountMail, searchable(), "")
	if d := r.run(r.end(s)[chat.EmailTranscript]); d.State != chat.Delivered {
		r.t.Fatalf("%s (%s)", d.State, d.Error)
	}
	return v.things("message")[0]
}

func names(files []connectors.File) string {
	var all []string
	for _, f := range files {
		name := f.Name + " " + f.ContentType
		if f.ContentID != "" {
			name += " inline"
		}
		all = append(all, name)
	}
	return strings.Join(all, ", ")
}

func TestWhatWasSentAlongGoesWithTheMailAsFarAsTheOrganizationAllows(t *testing.T) {
	t.Parallel()
	const kb = 1 << 10
	pages := map[string]http.HandlerFunc{
		"/a.png": serve(photo(3 * kb)), "/b.png": serve(photo(3 * kb)), "/c.png": serve(photo(kb)),
		"/d.pdf": serve(append([]byte("%PDF-1.7\n"), make([]byte, 2*kb)...)), "/e.png": serve([]byte("<html>no image</html>")),
	}
	for name, test := range map[string]struct {
		allowed config.Attachments
		want    string
	}{
		"images until they are too much, the first ones first": {config.Attachments{Inline: 5 * kb}, "a.png image/png inline, c.png image/png inline"},
		"all of them":                     {config.Attachments{Inline: 7 * kb, Attach: 3 * kb}, "a.png image/png inline, b.png image/png inline, c.png image/png inline, d.pdf application/pdf, e.png application/octet-stream"},
		"an image over the limit as file": {config.Attachments{Inline: 4 * kb, Attach: 4 * kb}, "a.png image/png inline, b.png image/png, c.png image/png inline, e.png application/octet-stream"},
		"nothing":                         {config.Attachments{}, ""},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			r := newRig(t)
			url, _ := r.files(pages)
			r.organization().Mail.Attachments = test.allowed
			m := r.mailed(attached(url+"/a.png", url+"/b.png", url+"/c.png", url+"/d.pdf", url+"/e.png"))
			if got := names(m.files); got != test.want {
				t.Errorf("with the mail go %q, want %q", got, test.want)
			}
			if n := strings.Count(m.text, "attached to this mail"); n != 2*len(m.files) {
				t.Errorf("%d times said that a file is attached, want once in each form for %d files", n, len(m.files))
			}
			for _, f := range m.files {
				if f.ContentID != "" && !strings.Contains(m.text, "cid:"+f.ContentID) {
					t.Errorf("the HTML does not show %s", f.Name)
				}
			}
			for _, name := range []string{"a.png", "b.png", "c.png", "d.pdf", "e.png"} {
				if !strings.Contains(m.text, url+"/"+name) {
					t.Errorf("%s is not linked", name)
				}
			}
		})
	}
}

func TestAFileThatCannotBeHadFailsNoMail(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	r.organization().Mail.Attachments = config.Attachments{Inline: 1 << 20, Attach: 1 << 20}
	inside := httptest.NewTLSServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) { t.Error("a private address was asked") }))
	t.Cleanup(inside.Close)
	url, _ := r.files(map[string]http.HandlerFunc{
		"/gone.png":    func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusGone) },
		"/broken.png":  func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusBadGateway) },
		"/inside.png":  func(w http.ResponseWriter, r *http.Request) { http.Redirect(w, r, inside.URL, http.StatusFound) },
		"/large.png":   serve(photo(2 << 20)),
		"/present.png": serve(photo(1 << 10)),
	})
	m := r.mailed(attached(url+"/gone.png", url+"/broken.png", url+"/inside.png", inside.URL+"/x.png", url+"/large.png", "http://plain.example/y.png", url+"/present.png"))
	if got := names(m.files); got != "present.png image/png inline" {
		t.Errorf("with the mail go %q", got)
	}
	if n := strings.Count(m.text, "expired"); n != 2 {
		t.Errorf("%d times said that a link has expired, want once in each form", n)
	}
	for _, name := range []string{url + "/broken.png", url + "/inside.png", url + "/large.png", inside.URL + "/x.png", "http://plain.example/y.png"} {
		if !strings.Contains(m.text, name) {
			t.Errorf("%s is not linked", name)
		}
	}
}

func TestNoFileHoldsUpAMailForLong(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	r.organization().Mail.Attachments.Inline = 1 << 20
	url, asked := r.files(map[string]http.HandlerFunc{"/slow": func(_ http.ResponseWriter, r *http.Request) { <-r.Context().Done() }})
	links := make([]string, 40)
	for i := range links {
		links[i] = url + "/slow"
	}
	began := time.Now()
	m := r.mailed(attached(links...))
	if took := time.Since(began); took > 20*time.Second {
		t.Errorf("it took %v", took)
	}
	if n := asked.Load(); len(m.files) != 0 || n > 8 {
		t.Errorf("%d files after %d questions", len(m.files), n)
	}
}

func TestAChatFullOfLinksIsNoLoadOnWhoeverTheyLeadTo(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	url, asked := r.files(map[string]http.HandlerFunc{"/": serve(nil)})
	links := make([]string, 300)
	for i := range links {
		links[i] = url + "/" + strconv.Itoa(i)
	}
	r.mailed(attached(links...))
	if n := asked.Load(); n != 50 {
		t.Errorf("%d files were asked for", n)
	}
}

func TestAnImageThatTheMailDoesNotShowIsNoPartOfIt(t *testing.T) {
	t.Parallel()
	const kb = 1 << 10
	pages := map[string]http.HandlerFunc{"/a.png": serve(photo(3 * kb)), "/b.png": serve(photo(3 * kb)), "/c.png": serve(photo(4 * kb))}
	for name, test := range map[string]struct {
		allowed config.Attachments
		limit   config.Size
		want    string
		says    [2]string // of b.png and of c.png, in the whole text
	}{
		"where all is shown":       {config.Attachments{Inline: 100 * kb}, 0, "a.png image/png inline, b.png image/png inline, c.png image/png inline", [2]string{}},
		"where files are attached": {config.Attachments{Inline: 100 * kb, Attach: 100 * kb}, 30 * kb, "a.png image/png inline, b.png image/png, c.png image/png, conversation.txt text/plain", [2]string{"attached", "attached"}},
		"where one of two may be":  {config.Attachments{Inline: 100 * kb, Attach: 5 * kb}, 30 * kb, "a.png image/png inline, b.png image/png, conversation.txt text/plain", [2]string{"attached", ""}},
		"as far as they may be":    {config.Attachments{Inline: 100 * kb, Attach: 3500}, 30 * kb, "a.png image/png inline, b.png image/png, conversation.txt text/plain", [2]string{"attached", ""}},
		"where none may be":        {config.Attachments{Inline: 100 * kb}, 30 * kb, "a.png image/png inline, conversation.txt text/plain", [2]string{}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			r := newRig(t)
			url, _ := r.files(pages)
			r.organization().Mail = &config.Mail{SMTP: settings{}, Attachments: test.allowed, BodyLimit: test.limit}
			s := attached(url + "/a.png")
			s.Messages[1].Text = strings.Repeat("unplug it ", 4000)
			s.Messages[1].Attachments = attached(url+"/b.png", url+"/c.png").Messages[0].Attachments
			m := r.mailed(s)
			if got := names(m.files); got != test.want {
				t.Errorf("with the mail go %s, want %s", got, test.want)
			}
			for _, f := range m.files {
				if f.ContentID != "" && strings.Count(m.text, `"cid:`+f.ContentID+`"`) != 1 {
					t.Errorf("%s is not shown once", f.Name)
				}
			}
			if test.limit == 0 {
				return
			}
			whole := string(m.files[len(m.files)-1].Content)
			for i, file := range []string{"b.png", "c.png"} {
				line := regexp.MustCompile(`(?m)^.*` + file + `.*$`).FindString(whole)
				if !strings.Contains(line, url) || strings.Contains(line, "attached") != (test.says[i] != "") {
					t.Errorf("the whole text says %q", line)
				}
			}
		})
	}
}
