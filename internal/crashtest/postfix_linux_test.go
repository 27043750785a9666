//go:build real

package crashtest

import (
	"crypto/rand"
	"crypto/rsa"
	"crypto/x509"
	"encoding/pem"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/afterchat/afterchat/internal/chat"
	"github.com/afterchat/afterchat/internal/standin"
	"github.com/afterchat/afterchat/internal/testenv/mailserver"
)

func wholeChat(t *testing.T, server *mailserver.Server) {
	server.SetPassword(t, "whole", "right-7d2e")
	r := mailTo(t, "smtp: {address: %q, tls: starttls, ca_file: %q, username: whole@mail.test, password: right-7d2e}, "+
		"dkim: [{domain: acme.example, selector: r1, key_file: %q}]", server.AuthPlain, server.CAFile, signingKey(t, server, "acme.example", "r1"))
	r.start()
	s := standin.Chat(101)
	r.end(s)
	r.ended(30 * time.Second)
	for _, d := range r.ledger("") {
		if d.State != chat.Delivered {
			t.Errorf("not delivered: %s", d)
		}
	}
	m := mustHaveOne(t, server, s)
	for _, e := range m.Errors {
		t.Errorf("the mail is not well made: %v", e)
	}
	for kind, text := range map[string]string{"text": m.Text, "HTML": m.HTML} {
		at := 0
		for _, message := range s.Messages {
			i := strings.Index(text[at:], strings.TrimSuffix(message.Text, "?"))
			if i < 0 {
				t.Errorf("the %s lacks, at its place, %q: %s", kind, message.Text, text)
				continue
			}
			at += i + 1
		}
	}
	for _, secret := range []string{"Boiler", "Ekholm", "bo@acme.example"} {
		if strings.Contains(m.Text+m.HTML, secret) {
			t.Errorf("the customer reads %q", secret)
		}
	}
	if got := m.GetHeader("Auto-Submitted"); got != "auto-generated" {
		t.Errorf("Auto-Submitted is %q", got)
	}
	if received := m.GetHeader("Received"); !strings.Contains(received, "ESMTPSA") { // RFC 3848
		t.Errorf("it was not sent signed in and inside TLS: %s", received)
	}
	if verdict := m.GetHeader("Authentication-Results"); !strings.Contains(verdict, "dkim=pass") {
		t.Errorf("OpenDKIM says: %s", verdict)
	}
	r.mustNameNobody()
}

// signingKey makes a key, publishes its public half and returns the file of the other.
func signingKey(t *testing.T, server *mailserver.Server, domain, selector string) string {
	t.Helper()
	key, err := rsa.GenerateKey(rand.Reader, 2048)
	if err != nil {
		t.Fatal(err)
	}
	server.PublishKey(t, selector, domain, key.Public())
	path := filepath.Join(t.TempDir(), "dkim.pem")
	text := pem.EncodeToMemory(&pem.Block{Type: "RSA PRIVATE KEY", Bytes: x509.MarshalPKCS1PrivateKey(key)})
	if err := os.WriteFile(path, text, 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}

func refusedPassword(t *testing.T, server *mailserver.Server) {
	const settings = "smtp: {address: %q, tls: none, username: paused@mail.test, password: %s}"
	server.SetPassword(t, "paused", "right-93ab")
	r := mailTo(t, settings, server.AuthCRAM, "wrong-61cc")
	p := r.start()
	first, second := mailOnly(111), mailOnly(112)
	paused := func(d delivery) bool {
		return d.State == chat.Pending && d.HeldBy != nil && *d.HeldBy == string(chat.HeldByAccountPaused)
	}
	r.end(first)
	r.becomes(first, "held by the paused account", paused)
	r.end(second)
	r.becomes(second, "held by the paused account", paused)
	mustHaveNone(t, server, first)
	if tries := len(r.transcript(first).Attempts) + len(r.transcript(second).Attempts); tries > 2 {
		t.Errorf("a paused account was tried %d times", tries)
	}
	p.kill()
	r.setMail(settings, server.AuthCRAM, "right-93ab")
	r.later(time.Hour)
	r.start()
	for _, s := range []chat.Snapshot{first, second} {
		r.becomesState(s, chat.Delivered)
		mustHaveOne(t, server, s)
	}
	r.mustNameNobody()
	for _, password := range []string{"wrong-61cc", "right-93ab"} {
		if strings.Contains(r.log()+r.inRedis(), password) {
			t.Errorf("the log or Redis holds the password %q", password)
		}
	}
}
