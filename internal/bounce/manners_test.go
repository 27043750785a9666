package bounce_test

import (
	"bytes"
	"context"
	"errors"
	"net"
	"strings"
	"testing"
	"time"

	gosmtp "github.com/emersion/go-smtp"

	"github.com/afterchat/afterchat/internal/bounce"
	"github.com/afterchat/afterchat/internal/chat"
	"github.com/afterchat/afterchat/internal/config"
	"github.com/afterchat/afterchat/internal/store"
)

func TestAReportMayBeInUTF8AndHaveLinesLongerThanAMailMayHave(t *testing.T) {
	t.Parallel()
	r := newRig(t, config.ProtocolLMTP)
	key := r.mailed(acme, "c", "ann@example.com")
	mail := bytes.Replace(r.about("postfix_no_such_user", acme, key), []byte("\r\n\r\n"), []byte("\r\nX-Long: "+strings.Repeat("x", 10_000)+"\r\n\r\n"), 1)
	c := r.client()
	if err := c.Mail("", &gosmtp.MailOptions{UTF8: true}); err != nil { // an error, too, where the door offers no SMTPUTF8
		t.Fatal(err)
	}
	if err := c.Reset(); err != nil {
		t.Fatal(err)
	}
	if got := handOver(c, "", mail, r.path(acme, key)); got != "" || r.receipt(acme, key) != "bounced 5.1.1" {
		t.Errorf("it was refused: %q, and the receipt is %q", got, r.receipt(acme, key))
	}
}

// slow is a database that does not answer before it has to, and says why it had to.
type slow struct {
	asked chan struct{}
	left  chan error
}

func (s slow) TakeBounce(ctx context.Context, _ string, _ chat.Key, _ store.Bounce) (bool, error) {
	close(s.asked)
	<-ctx.Done()
	s.left <- ctx.Err()
	return false, ctx.Err()
}

func TestADoorThatMayNotWaitEndsWhatItIsTaking(t *testing.T) {
	t.Parallel()
	r := newRig(t, config.ProtocolLMTP)
	key := r.mailed(acme, "c", "ann@example.com")
	database := slow{make(chan struct{}), make(chan error, 1)}
	r.door.Taker.Store = database
	c, mail, path := r.client(), r.about("postfix_no_such_user", acme, key), r.path(acme, key)
	told := make(chan string, 1)
	go func() { told <- handOver(c, "", mail, path) }()
	<-database.asked
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	r.door.Close(ctx)
	if err := <-database.left; !errors.Is(err, context.Canceled) {
		t.Errorf("what was under way ended with %v", err)
	}
	if got := <-told; got == "" {
		t.Error("a report that was not taken was said to be")
	}
}

func TestADoorThatWasClosedFirstTakesNobody(t *testing.T) {
	t.Parallel()
	l, err := (&net.ListenConfig{}).Listen(t.Context(), "tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	d := &bounce.Door{Protocol: config.ProtocolSMTP}
	d.Close(t.Context())
	served := make(chan error, 1)
	go func() { served <- d.Serve(t.Context(), l) }()
	select {
	case err := <-served:
		if err != nil {
			t.Error(err)
		}
	case <-time.After(30 * time.Second):
		t.Error("it serves")
		_ = l.Close()
	}
	if _, err := l.Accept(); err == nil {
		t.Error("somebody still listens")
	}
}

func TestWhatBreaksInTheDoorIsLoggedWithoutWhatWasSaid(t *testing.T) {
	t.Parallel()
	r := newRig(t, config.ProtocolSMTP)
	key := r.mailed(acme, "c", "ann@example.com")
	r.door.Taker.Observe = func(string, string) { panic("over ann@example.com") }
	if got := r.send("", r.about("postfix_no_such_user", acme, key), r.path(acme, key)); got == "" {
		t.Error("the mail was taken")
	}
	if log := r.log.String(); strings.Contains(log, "@") || !strings.Contains(log, "a connection to the bounce door broke") {
		t.Errorf("the log says\n%s", log)
	}
}

func TestASecondMailOfAConnectionIsForItsOwnRecipientsAlone(t *testing.T) {
	t.Parallel()
	for _, protocol := range []string{config.ProtocolLMTP, config.ProtocolSMTP} {
		r := newRig(t, protocol)
		acmes, bolts := r.mailed(acme, "c", "ann@example.com"), r.mailed(bolt, "c", "ann@example.com")
		c := r.client()
		for _, of := range []struct {
			organization string
			key          chat.Key
		}{{acme, acmes}, {bolt, bolts}} {
			if got := handOver(c, "", r.about("fragments_of_mime", of.organization, of.key), r.path(of.organization, of.key)); got != "" {
				t.Fatalf("%s: %s", of.organization, got)
			}
		}
		if len(r.counts) != 2 || r.receipt(acme, acmes) != "bounced 5.1.1" || r.receipt(bolt, bolts) != "bounced 5.1.1" {
			t.Errorf("by %s: counted %q", protocol, r.counts)
		}
	}
}

func TestTheWebhookIsBelievedWithoutATagAndTheSurestPlaceFirst(t *testing.T) {
	t.Parallel()
	r := newRig(t, config.ProtocolLMTP)
	one, two := r.mailed(acme, "c1", "ann@example.com"), r.mailed(acme, "c2", "ann@example.com")
	report := bounce.Report{
		Verdict:   bounce.Verdict{Word: bounce.Bounced, Status: "5.1.1"},
		Addresses: []string{"bounces+" + one.String() + "@acme.example"}, MessageID: "<" + two.String() + "@acme.example>",
	}
	arrival := bounce.Arrival{Door: bounce.DoorWebhook, Organization: organization(acme)}
	if err := r.door.Taker.Take(t.Context(), arrival, report); err != nil {
		t.Fatal(err)
	}
	if r.receipt(acme, one) != "bounced 5.1.1" || r.receipt(acme, two) != "" {
		t.Errorf("the receipts are %q and %q", r.receipt(acme, one), r.receipt(acme, two))
	}
	// A mail that it proves to have seen comes before one that it only names.
	report.MessageID = "<" + r.keys.BounceMark(acme, two).String() + "@acme.example>"
	if err := r.door.Taker.Take(t.Context(), arrival, report); err != nil {
		t.Fatal(err)
	}
	if got := r.receipt(acme, two); got != "bounced 5.1.1" {
		t.Errorf("the receipt is %q", got)
	}
}
