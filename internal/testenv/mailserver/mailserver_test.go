//go:build real

package mailserver_test

import (
	"net"
	"net/smtp"
	"testing"
	"time"

	"github.com/afterchat/afterchat/internal/testenv/mailserver"
)

func TestPostfixTakesMailAndIsGoneAfterTheTest(t *testing.T) {
	t.Parallel()
	var server *mailserver.Server
	t.Run("a test with a Postfix", func(t *testing.T) {
		began := time.Now()
		server = mailserver.Start(t)
		t.Logf("started in %v", time.Since(began))
		if err := smtp.SendMail(server.Plain, nil, "support@acme.example", []string{"ann@example.com"}, []byte("Subject: Hello\r\n\r\nText\r\n")); err != nil {
			t.Fatal(err)
		}
		mails := server.Mails(t, "")
		if len(mails) != 1 || mails[0].To != "ann@example.com" || mails[0].From != "support@acme.example" || mails[0].Text != "Text\n" {
			t.Fatalf("arrived: %+v", mails)
		}
	})
	if server == nil {
		t.Skip("there was none")
	}
	if conn, err := net.Dial("tcp", server.Plain); err == nil {
		conn.Close()
		t.Error("Postfix still answers after the test")
	}
}
