package bounce_test

import (
	"bytes"
	"context"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	gosmtp "github.com/emersion/go-smtp"

	"github.com/afterchat/afterchat/internal/bounce"
	"github.com/afterchat/afterchat/internal/chat"
	"github.com/afterchat/afterchat/internal/config"
)

func TestABounceIsTakenByEitherProtocol(t *testing.T) {
	t.Parallel()
	for _, protocol := range []string{config.ProtocolLMTP, config.ProtocolSMTP} {
		t.Run(protocol, func(t *testing.T) {
			t.Parallel()
			r := newRig(t, protocol)
			key := r.mailed(acme, "c1", "Ann@example.com")
			for _, step := range []struct{ sample, receipt, counted, suppressed string }{
				{"postfix_delayed", "delayed 4.4.1", "delayed", ""},
				{"vacation", "delayed 4.4.1", "ignored", ""},
				{"ordinary", "delayed 4.4.1", "ignored", ""},
				{"postfix_no_such_user", "bounced 5.1.1", "bounced", "ann@example.com bounced"},
				{"postfix_no_such_user", "bounced 5.1.1", "repeated", "ann@example.com bounced"},
				{"complaint", "complained", "complained", "ann@example.com complained"},
				{"postfix_delivered", "complained", "repeated", "ann@example.com complained"},
			} {
				if got := r.send("", r.about(step.sample, acme, key), r.path(acme, key)); got != "" {
					t.Fatalf("%s was refused: %s", step.sample, got)
				}
				if got := r.receipt(acme, key); got != step.receipt {
					t.Errorf("after %s the receipt is %q, want %q", step.sample, got, step.receipt)
				}
				if got := r.counted(); got != protocol+" "+step.counted {
					t.Errorf("%s was counted as %q, want %q", step.sample, got, step.counted)
				}
				if got := r.suppressed(acme); got != step.suppressed {
					t.Errorf("after %s: %q is suppressed, want %q", step.sample, got, step.suppressed)
				}
			}
			if log := r.log.String(); strings.Contains(log, "@") || !strings.Contains(log, key.String()) {
				t.Errorf("the log says\n%s", log)
			}
		})
	}
}

func TestABounceIsKnownByItsReturnPathOrByTheMailThatItReturns(t *testing.T) {
	t.Parallel()
	r := newRig(t, config.ProtocolLMTP)
	withoutReturn := func(key chat.Key) []byte { return r.about("fragments_of_mime", acme, key) }
	byID := func(key chat.Key) []byte { return r.about("gateway_wraps_the_report", acme, key) }
	for name, test := range map[string]struct {
		mail     func(chat.Key) []byte
		to       func(chat.Key) string
		receipt  string
		outcome  string
		refused  string
		suppress bool
	}{
		"the envelope's recipient":       {withoutReturn, func(k chat.Key) string { return r.path(acme, k) }, "bounced 5.1.1", "bounced", "", true},
		"the same in capital letters":    {withoutReturn, func(k chat.Key) string { return strings.ToUpper(r.path(acme, k)) }, "bounced 5.1.1", "bounced", "", true},
		"the Message-ID that comes back": {byID, func(chat.Key) string { return "bounces@acme.example" }, "bounced 5.1.1", "bounced", "", true},
		"a notice in words of its own":   {func(k chat.Key) []byte { return r.about("qmail_failure_notice", acme, k) }, func(k chat.Key) string { return r.path(acme, k) }, "bounced", "bounced", "", false},
		"an address that was made up":    {withoutReturn, func(k chat.Key) string { return "bounces+" + k.String() + ".aaaaaaaaaaaa@acme.example" }, "", "", "[550,5,1,1]", false},
		"an address without a tag":       {withoutReturn, func(k chat.Key) string { return "bounces+" + k.String() + "@acme.example" }, "", "", "[550,5,1,1]", false},
	} {
		key := r.mailed(acme, name, "ann@example.com")
		before := r.counted()
		if got := r.send("", test.mail(key), test.to(key)); got != test.refused {
			t.Errorf("%s: %q, want %q", name, got, test.refused)
		}
		if got := r.receipt(acme, key); got != test.receipt {
			t.Errorf("%s: the receipt is %q, want %q", name, got, test.receipt)
		}
		want := "lmtp " + test.outcome
		if test.refused != "" {
			want = before
		}
		if got := r.counted(); got != want {
			t.Errorf("%s: counted as %q, want %q", name, got, want)
		}
		if removed, err := r.store.RemoveSuppression(t.Context(), acme, chat.ChannelEmail, "ann@example.com"); err != nil || (removed != nil) != test.suppress {
			t.Errorf("%s: suppressed %v, %v; want %v", name, removed, err, test.suppress)
		}
	}
}

func TestAReportIsBelievedByAMessageIDAloneIfItHasTheTag(t *testing.T) {
	t.Parallel()
	r := newRig(t, config.ProtocolLMTP)
	tag := func(k chat.Key) string { return "." + r.keys.BounceMark(acme, k).Tag + "@" }
	for _, shape := range []struct{ sample, receipt string }{
		{"postfix_no_such_user", "bounced 5.1.1"},
		{"postfix_delayed", "delayed 4.4.1"},
		{"exim_quotes_the_reply", "bounced 5.1.1"},
		{"exchange_recipient_not_found", "bounced 5.1.10"},
		{"gmail_no_such_user", "bounced 5.1.1"},
		{"complaint", "complained"},
		{"complaint_redacted_return_path", "complained"},
	} {
		word, _, _ := strings.Cut(shape.receipt, " ")
		for name, test := range map[string]struct {
			spoil            func(id string, k chat.Key) string
			receipt, outcome string
		}{
			"as it was sent":        {func(id string, _ chat.Key) string { return id }, shape.receipt, word},
			"folded, with capitals": {func(id string, _ chat.Key) string { return "\r\n " + strings.ToUpper(id) }, shape.receipt, word},
			"without a tag":         {func(id string, k chat.Key) string { return strings.Replace(id, tag(k), "@", 1) }, "", "unproved"},
			"with a tag made up":    {func(id string, k chat.Key) string { return strings.Replace(id, tag(k), ".aaaaaaaaaaaa@", 1) }, "", "unproved"},
			"with another's tag":    {func(id string, k chat.Key) string { return strings.Replace(id, tag(k), tag(chat.Key{1}), 1) }, "", "unproved"},
			"with bolt's tag": {func(id string, k chat.Key) string {
				return strings.Replace(id, tag(k), "."+r.keys.BounceMark(bolt, k).Tag+"@", 1)
			}, "", "unproved"},
			"of another mail system":    {func(string, chat.Key) string { return "<20261120@relay.example>" }, "", "unknown"},
			"with its domain for a tag": {func(id string, k chat.Key) string { return strings.Replace(id, tag(k), ".", 1) }, "", "unproved"},
		} {
			key := r.mailed(acme, shape.sample+" "+name, "ann@example.com")
			mail := bytes.ReplaceAll(r.about(shape.sample, acme, key), []byte(r.path(acme, key)), []byte("bounces@acme.example"))
			id := "<" + r.keys.BounceMark(acme, key).String() + "@acme.example>"
			if !bytes.Contains(mail, []byte("\r\nMessage-ID: "+id)) {
				t.Fatalf("%s does not return the mail's Message-ID", shape.sample)
			}
			mail = bytes.ReplaceAll(mail, []byte(id), []byte(test.spoil(id, key)))
			if got := r.send("", mail, "bounces@acme.example"); got != "" {
				t.Errorf("%s %s: %s", shape.sample, name, got)
			}
			if got := r.receipt(acme, key); got != test.receipt {
				t.Errorf("%s %s: the receipt is %q, want %q", shape.sample, name, got, test.receipt)
			}
			if got := r.counted(); got != "lmtp "+test.outcome {
				t.Errorf("%s %s: counted as %q, want %q", shape.sample, name, got, test.outcome)
			}
		}
	}
}

func TestABounceTouchesOnlyTheOrganizationThatItWasSentTo(t *testing.T) {
	t.Parallel()
	r := newRig(t, config.ProtocolLMTP)
	acmes, bolts := r.mailed(acme, "c", "ann@example.com"), r.mailed(bolt, "c", "ann@example.com")
	// To acme's address, about bolt's mail, with bolt's own tag.
	foreign := r.about("gateway_wraps_the_report", bolt, bolts)
	if got := r.send("", foreign, "bounces@acme.example"); got != "" || r.counted() != "lmtp unproved" {
		t.Errorf("refused %q, counted as %q", got, r.counted())
	}
	crossed := strings.Replace(r.path(bolt, bolts), "bolt.example", "acme.example", 1)
	if got := r.send("", foreign, crossed); got != "[550,5,1,1]" {
		t.Errorf("bolt's tag at acme's domain: %q", got)
	}
	if a, b := r.receipt(acme, acmes), r.receipt(bolt, bolts); a != "" || b != "" || r.suppressed(acme)+r.suppressed(bolt) != "" {
		t.Errorf("acme's became %q and bolt's %q", a, b)
	}
	// One mail for both is each one's own.
	mail := r.about("fragments_of_mime", acme, acmes)
	if got := r.send("", mail, r.path(acme, acmes), r.path(bolt, bolts)); got != "" {
		t.Fatal(got)
	}
	if a, b := r.receipt(acme, acmes), r.receipt(bolt, bolts); a != "bounced 5.1.1" || b != "bounced 5.1.1" {
		t.Errorf("acme's became %q and bolt's %q", a, b)
	}
}

func TestWhatIsNotOursIsNotTaken(t *testing.T) {
	t.Parallel()
	r := newRig(t, config.ProtocolLMTP)
	key := r.mailed(acme, "c", "ann@example.com")
	mail := r.about("postfix_no_such_user", acme, key)
	for _, to := range []string{"support@acme.example", "bounces@elsewhere.example", "bounces+x@acme.example", "bounces+@elsewhere.example"} {
		if got := r.send("", mail, to); got != "[550,5,1,1]" {
			t.Errorf("%s: %q", to, got)
		}
	}
	deleted := chat.NewKey(acme, "gone", 1, chat.EmailTranscript, "user")
	if got := r.send("", r.about("postfix_no_such_user", acme, deleted), r.path(acme, deleted)); got != "" || r.counted() != "lmtp unknown" {
		t.Errorf("about a mail that is not known: %q, counted as %q", got, r.counted())
	}
	if got := r.send("", []byte("no mail at all\r\n"), "bounces@acme.example"); got != "" || r.counted() != "lmtp ignored" {
		t.Errorf("what is no mail: %q, counted as %q", got, r.counted())
	}
	if got := r.send("ann@example.com", sample(t, "ordinary"), "bounces@acme.example"); got != "" || r.counted() != "lmtp ignored" {
		t.Errorf("a mail from somebody: %q, counted as %q", got, r.counted())
	}
	c := r.client()
	if err := c.Mail("", &gosmtp.MailOptions{Size: bounce.MaxBytes + 1}); codes(err) != "[552,5,3,4]" {
		t.Errorf("a mail that says it is too large: %v", err)
	}
	tooLarge := slices.Concat(mail, bytes.Repeat([]byte("a line of a very long mail\r\n"), bounce.MaxBytes/28+1))
	if got := r.send("", tooLarge, r.path(acme, key)); got != "[552,5,3,4]" {
		t.Errorf("a mail that is too large: %q", got)
	}
	var many []string
	for range 33 {
		many = append(many, "bounces@acme.example")
	}
	if got := r.send("", mail, many...); got != "[452,4,5,3]" {
		t.Errorf("33 recipients: %q", got)
	}
	if got := r.receipt(acme, key); got != "" {
		t.Errorf("the receipt became %q", got)
	}
}

func TestABounceComesAgainWhileTheDatabaseIsAway(t *testing.T) {
	t.Parallel()
	for _, protocol := range []string{config.ProtocolLMTP, config.ProtocolSMTP} {
		t.Run(protocol, func(t *testing.T) {
			t.Parallel()
			r := newRig(t, protocol)
			key := r.mailed(acme, "c", "ann@example.com")
			mail := r.about("postfix_no_such_user", acme, key)
			r.mu.Lock()
			r.ready = false
			r.mu.Unlock()
			if got := r.send("", mail, r.path(acme, key)); got != "[451,4,3,0]" {
				t.Errorf("while the process starts: %q", got)
			}
			r.mu.Lock()
			r.ready = true
			r.mu.Unlock()
			r.store.Close()
			if got := r.send("", mail, r.path(acme, key)); got != "[451,4,3,0]" || r.counted() != "" {
				t.Errorf("while PostgreSQL is away: %q, counted as %q", got, r.counted())
			}
			if log := r.log.String(); strings.Contains(log, "@") || !strings.Contains(log, "come again") {
				t.Errorf("the log says\n%s", log)
			}
		})
	}
}

func TestADoorClosesWhenWhatItWasGivenIsTaken(t *testing.T) {
	t.Parallel()
	r := newRig(t, config.ProtocolLMTP)
	key := r.mailed(acme, "c", "ann@example.com")
	idle, busy := r.client(), r.client()
	if err := idle.Mail("", nil); err != nil {
		t.Fatal(err)
	}
	if err := busy.Mail("", nil); err != nil {
		t.Fatal(err)
	}
	if err := busy.Rcpt(r.path(acme, key), nil); err != nil {
		t.Fatal(err)
	}
	w, err := busy.Data()
	if err != nil {
		t.Fatal(err)
	}
	mail := r.about("postfix_no_such_user", acme, key)
	fmt.Fprintf(w, "%s", mail[:100])
	time.Sleep(100 * time.Millisecond)
	closed := make(chan struct{})
	go func() {
		ctx, cancel := context.WithTimeout(context.Background(), 20*time.Second)
		defer cancel()
		r.door.Close(ctx)
		close(closed)
	}()
	for began := time.Now(); ; time.Sleep(10 * time.Millisecond) { // the goodbye may just be on its way
		if err := idle.Noop(); err != nil && !strings.Contains(err.Error(), "timeout") {
			break
		}
		if time.Since(began) > 10*time.Second {
			t.Fatal("a client that says nothing is kept")
		}
	}
	select {
	case <-closed:
		t.Fatal("the door closed on a mail")
	case <-time.After(200 * time.Millisecond):
	}
	if _, err := w.Write(mail[100:]); err != nil {
		t.Fatal(err)
	}
	if err := w.Close(); err != nil {
		t.Errorf("the mail under way: %v", err)
	}
	select {
	case <-closed:
	case <-time.After(5 * time.Second):
		t.Error("the door does not close")
	}
	if got := r.receipt(acme, key); got != "bounced 5.1.1" {
		t.Errorf("the receipt is %q", got)
	}
}

func TestADoorThatMayNotWaitClosesAtOnce(t *testing.T) {
	t.Parallel()
	r := newRig(t, config.ProtocolLMTP)
	key := r.mailed(acme, "c", "ann@example.com")
	c := r.client()
	if err := c.Mail("", nil); err != nil {
		t.Fatal(err)
	}
	if err := c.Rcpt(r.path(acme, key), nil); err != nil {
		t.Fatal(err)
	}
	w, err := c.Data()
	if err != nil {
		t.Fatal(err)
	}
	fmt.Fprint(w, "Subject: half a ma")
	time.Sleep(100 * time.Millisecond)
	ctx, cancel := context.WithTimeout(t.Context(), 100*time.Millisecond)
	defer cancel()
	began := time.Now()
	r.door.Close(ctx)
	if took := time.Since(began); took > 5*time.Second {
		t.Errorf("it took %v", took)
	}
	if err := w.Close(); err == nil {
		t.Error("half a mail was taken")
	}
}
