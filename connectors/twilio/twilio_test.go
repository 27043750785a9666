package twilio_test

import (
	"context"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/afterchat/afterchat/connectors"
	"github.com/afterchat/afterchat/connectors/twilio"
	"github.com/afterchat/afterchat/connectors/twilio/twiliotest"
	"github.com/afterchat/afterchat/internal/chat"
	"github.com/afterchat/afterchat/internal/fault"
)

const ann = "+46701234567"

func TestTwiliosCodesBecomeFaults(t *testing.T) {
	t.Parallel()
	tests := map[string]struct {
		code     int
		kind     fault.Kind
		wantCode string
	}{
		"a number that is none":           {21211, fault.Invalid, "21211"},
		"a region without permission":     {21408, fault.Invalid, "21408"},
		"somebody who said STOP":          {21610, fault.Invalid, "opted_out"},
		"a landline":                      {21614, fault.Invalid, "21614"},
		"a sender that is not ours":       {21606, fault.Invalid, "21606"},
		"a credential that is wrong":      {20003, fault.Denied, "20003"},
		"an account that is suspended":    {30002, fault.Denied, "30002"},
		"a daily limit":                   {63038, fault.Denied, "63038"},
		"too many requests":               {20429, fault.RateLimited, "20429"},
		"a full queue":                    {21611, fault.Transient, "21611"},
		"an error inside Twilio":          {20500, fault.Ambiguous, "20500"},
		"Twilio out of service":           {20503, fault.Ambiguous, "20503"},
		"a code that nobody knows (4xx)":  {29999, fault.Invalid, "29999"},
		"a number of no messaging (late)": {30006, fault.Invalid, "30006"},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			standIn := twiliotest.New(twiliotest.Options{AccountSID: sid, AuthToken: token, Errors: map[string]int{ann: test.code}})
			_, err := connect(t, standIn, nil).Send(t.Context(), sms())
			if !fault.Is(err, test.kind) || fault.CodeOf(err) != test.wantCode {
				t.Errorf("%v, want kind %v and code %s", err, test.kind, test.wantCode)
			}
			if err != nil && strings.Contains(err.Error(), ann) {
				t.Errorf("the error gives away the number: %v", err)
			}
		})
	}
}

func TestRetryAfterIsKept(t *testing.T) {
	t.Parallel()
	standIn := twiliotest.New(twiliotest.Options{AccountSID: sid, AuthToken: token, PerSecond: 1})
	client := connect(t, standIn, nil)
	var err error
	for range 5 {
		if _, err = client.Send(t.Context(), sms()); err != nil {
			break
		}
	}
	if !fault.Is(err, fault.RateLimited) || fault.RetryAfterOf(err) != time.Second {
		t.Errorf("%v with a pause of %v, want rate_limited with 1s", err, fault.RetryAfterOf(err))
	}
}

func TestAWrongTokenIsDenied(t *testing.T) {
	t.Parallel()
	standIn := twiliotest.New(twiliotest.Options{AccountSID: sid, AuthToken: token})
	client := connect(t, standIn, func(s *twilio.Settings) { s.AuthToken = "wrong" })
	if err := client.Probe(t.Context()); !fault.Is(err, fault.Denied) {
		t.Errorf("probing: %v", err)
	}
	if _, err := client.Send(t.Context(), sms()); !fault.Is(err, fault.Denied) {
		t.Errorf("sending: %v", err)
	}
}

func TestAnAccountThatIsNotThereIsDenied(t *testing.T) {
	t.Parallel()
	client := connect(t, http.NotFoundHandler(), nil)
	if _, err := client.Send(t.Context(), sms()); !fault.Is(err, fault.Denied) {
		t.Errorf("sending: %v", err)
	}
}

func TestAnAnswerThatNamesNoMessageIsAmbiguous(t *testing.T) {
	t.Parallel()
	for name, answer := range map[string]string{"nothing": `{}`, "an empty id": `{"sid":""}`} {
		client := connect(t, http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
			w.WriteHeader(http.StatusCreated)
			_, _ = io.WriteString(w, answer)
		}), nil)
		if _, err := client.Send(t.Context(), sms()); !fault.Is(err, fault.Ambiguous) || fault.CodeOf(err) != "no_sid" {
			t.Errorf("%s: %v", name, err)
		}
	}
}

func TestARedirectIsNotFollowed(t *testing.T) {
	t.Parallel()
	var asked atomic.Int32
	client := connect(t, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		asked.Add(1)
		http.Redirect(w, r, "/elsewhere", http.StatusTemporaryRedirect)
	}), nil)
	if _, err := client.Send(t.Context(), sms()); err == nil || asked.Load() != 1 {
		t.Errorf("%d requests, and %v", asked.Load(), err)
	}
}

func TestAnAnswerThatNeverComesIsAmbiguous(t *testing.T) {
	t.Parallel()
	stop := make(chan struct{})
	client := connect(t, http.HandlerFunc(func(_ http.ResponseWriter, _ *http.Request) { <-stop }), nil)
	t.Cleanup(func() { close(stop) })
	for name, withEnd := range map[string]func(context.Context) (context.Context, context.CancelFunc){
		"timeout": func(ctx context.Context) (context.Context, context.CancelFunc) {
			return context.WithTimeout(ctx, 3*time.Second)
		},
		"canceled": func(ctx context.Context) (context.Context, context.CancelFunc) {
			ctx, cancel := context.WithCancel(ctx)
			time.AfterFunc(time.Second, cancel)
			return ctx, cancel
		},
	} {
		ctx, cancel := withEnd(t.Context())
		_, err := client.Send(ctx, sms())
		cancel()
		if !fault.Is(err, fault.Ambiguous) || fault.CodeOf(err) != name {
			t.Errorf("%v, want ambiguous with code %s", err, name)
		}
	}
}

func TestNobodyThereIsTransient(t *testing.T) {
	t.Parallel()
	server := httptest.NewServer(http.NotFoundHandler())
	server.Close()
	client := connect(t, http.NotFoundHandler(), func(s *twilio.Settings) { s.BaseURL = server.URL })
	if _, err := client.Send(t.Context(), sms()); !fault.Is(err, fault.Transient) {
		t.Errorf("sending: %v", err)
	}
}

func TestAMessageIsFoundBehindManyOthers(t *testing.T) {
	t.Parallel()
	standIn := twiliotest.New(twiliotest.Options{AccountSID: sid, AuthToken: token})
	var pages atomic.Int32
	client := connect(t, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.Method == http.MethodGet {
			pages.Add(1)
		}
		standIn.ServeHTTP(w, r)
	}), nil)
	first, err := client.Send(t.Context(), sms())
	if err != nil {
		t.Fatal(err)
	}
	for range 250 {
		other := sms()
		other.Text = "another"
		if _, err := client.Send(t.Context(), other); err != nil {
			t.Fatal(err)
		}
	}
	for _, since := range []time.Time{{}, time.Now().Add(-time.Minute)} {
		m := sms()
		m.Since = since
		if found, err := client.FindSent(t.Context(), m); err != nil || found != first {
			t.Errorf("since %v: found %v (%v), want %v", since, found, err, first)
		}
	}
	for after, want := range map[time.Duration]int32{2 * time.Hour: 1, 30 * time.Minute: 3} { // clocks may differ by an hour
		pages.Store(0)
		later := sms()
		later.Unique, later.Since = "https://chat.example/r/never", time.Now().Add(after)
		if _, err := client.FindSent(t.Context(), later); !fault.Is(err, fault.NotFound) || pages.Load() != want {
			t.Errorf("a message never sent, since %s from now: %v, after %d pages of 3", after, err, pages.Load())
		}
	}
}

func TestMessagesThatTwilioWouldRefuseAreNotSent(t *testing.T) {
	t.Parallel()
	standIn := twiliotest.New(twiliotest.Options{AccountSID: sid, AuthToken: token})
	client := connect(t, standIn, nil)
	for code, change := range map[string]func(*connectors.Outgoing){
		"21602":               func(m *connectors.Outgoing) { m.Text = "" },
		"21617":               func(m *connectors.Outgoing) { m.Text = strings.Repeat("å", 1601) },
		"bad_number":          func(m *connectors.Outgoing) { m.To = "070-123 45 67" },
		"country_not_allowed": func(m *connectors.Outgoing) { m.To = "+4915112345678" },
	} {
		m := sms()
		change(&m)
		if _, err := client.Send(t.Context(), m); !fault.Is(err, fault.Invalid) || fault.CodeOf(err) != code {
			t.Errorf("%v, want invalid with code %s", err, code)
		}
	}
	if standIn.Len() != 0 {
		t.Errorf("%d were sent", standIn.Len())
	}
}

func TestSettingsThatCannotWorkAreRefused(t *testing.T) {
	t.Parallel()
	for field, change := range map[string]func(*twilio.Settings){
		"account_sid": func(s *twilio.Settings) { s.AccountSID = "AC/../x" },
		"auth_token":  func(s *twilio.Settings) { s.AuthToken = "" },
		"from":        func(s *twilio.Settings) { s.From = "" },
		"base_url":    func(s *twilio.Settings) { s.BaseURL = "::" },
	} {
		s := &twilio.Settings{AccountSID: sid, AuthToken: token, From: "+15005550006"}
		change(s)
		if _, err := twilio.New(s); !fault.Is(err, fault.Invalid) || !strings.HasPrefix(err.Error(), field+": ") {
			t.Errorf("%s: %v", field, err)
		}
	}
}

func sms() connectors.Outgoing {
	const link = "https://chat.example/r/k3J9x"
	return connectors.Outgoing{
		Key: chat.NewKey("acme", "c_1", 1, chat.SendLink, ""), To: ann,
		Text: "Go on here: " + link, Unique: link, Since: time.Now(),
	}
}
