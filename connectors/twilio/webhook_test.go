package twilio_test

import (
	"net/http"
	"net/http/httptest"
	"net/url"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/afterchat/afterchat/connectors/twilio"
	"github.com/afterchat/afterchat/connectors/twilio/twiliotest"
)

func TestStatusCallbacksAreSigned(t *testing.T) {
	t.Parallel()
	standIn := twiliotest.New(twiliotest.Options{AccountSID: sid, AuthToken: token, Callbacks: []string{"sent", "delivered"}})
	t.Cleanup(standIn.Close)
	client := connect(t, standIn, nil)

	var mu sync.Mutex
	var statuses []string
	door := httptest.NewUnstartedServer(nil)
	door.Config.Handler = http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		_ = r.ParseForm()
		public := "http://" + r.Host + r.URL.RequestURI()
		if !client.ValidateSignature(public, r.PostForm, r.Header.Get("X-Twilio-Signature")) {
			t.Error("the signature is not right")
		}
		changed := url.Values{"MessageStatus": {"failed"}}
		if client.ValidateSignature(public, changed, r.Header.Get("X-Twilio-Signature")) || client.ValidateSignature(public, r.PostForm, "") {
			t.Error("a changed form, or no signature, is taken")
		}
		mu.Lock()
		defer mu.Unlock()
		statuses = append(statuses, r.PostForm.Get("MessageStatus"))
	})
	door.Start()
	t.Cleanup(door.Close)

	m := sms()
	m.StatusURL = door.URL + "/webhooks/twilio/acme/status?delivery=1"
	if _, err := client.Send(t.Context(), m); err != nil {
		t.Fatal(err)
	}
	got := func() []string {
		mu.Lock()
		defer mu.Unlock()
		return slices.Clone(statuses)
	}
	for end := time.Now().Add(5 * time.Second); len(got()) < 2 && time.Now().Before(end); {
		time.Sleep(5 * time.Millisecond)
	}
	if want := []string{"sent", "delivered"}; !slices.Equal(got(), want) {
		t.Errorf("called back with %v, want %v", got(), want)
	}
}

func TestTheSignatureIsThatOfTwiliosDocumentation(t *testing.T) {
	t.Parallel()
	client := connect(t, http.NotFoundHandler(), func(s *twilio.Settings) { s.AuthToken = "12345" })
	form := url.Values{
		"CallSid": {"CA1234567890ABCDE"}, "Caller": {"+12349013030"}, "Digits": {"1234"},
		"From": {"+12349013030"}, "To": {"+18005551212"},
	}
	const public, signature = "https://mycompany.com/myapp.php?foo=1&bar=2", "0/KCTR6DLpKmkAf8muzZqo1nDgQ="
	if !client.ValidateSignature(public, form, signature) {
		t.Error("Twilio's own example is refused")
	}
	if got := twiliotest.Sign("12345", public, form); got != signature {
		t.Errorf("the stand-in signs %s", got)
	}
}

func TestStatusesOnlyMoveForward(t *testing.T) {
	t.Parallel()
	order := []string{"", "accepted", "queued", "sending", "sent", "delivered", "read"}
	for i, old := range order {
		for j, status := range order {
			if got := twilio.Newer(old, status); got != (j > i) {
				t.Errorf("from %q to %q: %v", old, status, got)
			}
		}
	}
	for _, end := range []string{"failed", "undelivered", "canceled"} {
		if !twilio.Newer("sent", end) || twilio.Newer(end, "sent") || twilio.Newer(end, "delivered") || twilio.Newer("delivered", end) {
			t.Errorf("%q is not an end", end)
		}
	}
	if twilio.Newer("queued", "nonsense") {
		t.Error("a status that is not known follows another")
	}
}
