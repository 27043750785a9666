package app_test

import (
	"archive/zip"
	"bytes"
	"encoding/json"
	"io/fs"
	"net/http"
	"regexp"
	"strings"
	"testing"

	"github.com/afterchat/afterchat/connectors/smtp/smtptest"
	"github.com/afterchat/afterchat/internal/app"
	"github.com/afterchat/afterchat/internal/standin"
)

// sized is a rig whose mail goes to a server that takes so many bytes a mail, says so in
// SIZE, and gets as much of a long chat as the body limit says, and the whole attached.
func sized(t *testing.T, most int64, bodyLimit string) (*rig, *smtptest.Server) {
	t.Helper()
	server, err := smtptest.New(smtptest.Options{MaxBytes: most})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = server.Close() })
	address := regexp.MustCompile(`smtp: \{address: "[^"]*", tls: none\}`)
	return newRig(t, func(config string) string {
		return address.ReplaceAllLiteralString(config, `smtp: {address: "`+server.Addr()+`", tls: none}, body_limit: `+bodyLimit)
	}), server
}

func TestALongTranscriptArrivesAtAServerThatTakesSmallMailsAlone(t *testing.T) {
	t.Parallel()
	long := strings.Repeat("It smells of toast, and of smoke. ", 9000)
	for name, test := range map[string]struct {
		most      int64
		bodyLimit string
		file      string
		says      string
	}{
		"with all of it":           {1 << 20, "20KB", "conversation.txt", "The whole chat is in the attached file conversation.txt."},
		"with all of it, zip":      {100 << 10, "20KB", "conversation.zip", "The whole chat is in the attached file conversation.zip."},
		"without":                  {40 << 10, "20KB", "", "The whole chat is too large to be attached to this mail."},
		"with less than may be":    {60 << 10, "200KB", "", "The whole chat is too large to be attached to this mail."},
		"with less, without limit": {60 << 10, "0", "", "The whole chat is too large to be attached to this mail."},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			r, server := sized(t, test.most, test.bodyLimit)
			s := standin.Chat(3)
			s.Messages[0].Text = long
			if test.file == "" { // what packs badly
				var b strings.Builder
				for n := uint32(1); b.Len() < 100_000; n = n*1664525 + 1013904223 {
					b.WriteByte('a' + byte(n>>24)%26)
				}
				s.Messages[0].Text = b.String()
			}
			if code := r.call(http.MethodPost, "/v1/conversations/"+s.ID+"/end", s, nil); code != http.StatusAccepted {
				t.Fatalf("end: %d", code)
			}
			r.settled(s.ID)
			mails := server.Messages()
			if len(mails) != 1 || int64(len(mails[0].Raw)) > test.most {
				t.Fatalf("%d mails", len(mails))
			}
			m, err := mails[0].Read()
			if err != nil || !strings.Contains(m.Text, test.says) || !strings.Contains(m.HTML, test.says) {
				t.Fatalf("the mail does not say %q: %v", test.says, err)
			}
			var names []string
			for _, f := range m.Files {
				names = append(names, f.Name)
			}
			if strings.Join(names, " ") != test.file {
				t.Fatalf("the files are %q", names)
			}
			if test.file == "" {
				return
			}
			whole := m.Files[0].Content
			if test.file == "conversation.zip" {
				archive, err := zip.NewReader(bytes.NewReader(whole), int64(len(whole)))
				if err != nil {
					t.Fatal(err)
				}
				if whole, err = fs.ReadFile(archive, "conversation.txt"); err != nil {
					t.Fatal(err)
				}
			}
			if !strings.Contains(string(whole), strings.TrimSpace(s.Messages[0].Text)) {
				t.Error("the whole is not whole")
			}
		})
	}
}

func TestATestMailBecomesSmallerAsTheRealOneDoes(t *testing.T) {
	t.Parallel()
	for name, test := range map[string]struct {
		most      int64
		bodyLimit string
		says      []string
	}{
		"all of it":   {1 << 20, "20KB", nil},
		"the zip":     {100 << 10, "20KB", []string{"It went with less", `With the mail goes "conversation.zip"`}},
		"less":        {60 << 10, "200KB", []string{"It went with less"}},
		"none at all": {1 << 10, "200KB", nil},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			r, server := sized(t, test.most, test.bodyLimit)
			s := standin.Chat(3)
			s.Messages[0].Text = strings.Repeat("It smells of toast, and of smoke. ", 9000)
			body, err := json.Marshal(s)
			if err != nil {
				t.Fatal(err)
			}
			var out, notes strings.Builder
			trial := app.Trial{Organization: "acme", Audience: "customer", Chat: body, Offline: true}
			err = app.SendTest(t.Context(), r.path, app.TestMail{Trial: trial, To: "me@example.org"}, false, &out, &notes)
			if test.most == 1<<10 {
				if err == nil || !strings.Contains(err.Error(), "5.3.4") || out.Len()+server.Len() > 0 {
					t.Errorf("%d mails, %q: %v", server.Len(), out.String(), err)
				}
				return
			}
			if err != nil || server.Len() != 1 || !strings.Contains(out.String(), "took it") {
				t.Fatalf("%d mails, %q: %v", server.Len(), out.String(), err)
			}
			for _, says := range test.says {
				if !strings.Contains(notes.String(), says) {
					t.Errorf("it says %q, and not %q", notes.String(), says)
				}
			}
			if test.says == nil && notes.Len() > 0 {
				t.Errorf("it says %q", notes.String())
			}
		})
	}
}
