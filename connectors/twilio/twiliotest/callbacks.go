package twiliotest

import (
	"crypto/hmac"
	"crypto/sha1"
	"encoding/base64"
	"net/http"
	"net/url"
	"slices"
	"strings"
)

// callBack takes a message through its statuses and tells each.
func (s *Server) callBack(m *Message) {
	for _, status := range s.options.Callbacks {
		select {
		case <-s.stop:
			return
		default:
		}
		s.mu.Lock()
		m.Status = status
		told := *m
		s.mu.Unlock()
		s.tell(told)
	}
}

func (s *Server) tell(m Message) {
	form := url.Values{
		"AccountSid": {s.options.AccountSID}, "ApiVersion": {"2010-04-01"}, "MessageSid": {m.SID}, "SmsSid": {m.SID},
		"MessageStatus": {m.Status}, "SmsStatus": {m.Status}, "From": {m.From}, "To": {m.To},
	}
	req, err := http.NewRequest(http.MethodPost, m.StatusCallback, strings.NewReader(form.Encode()))
	if err != nil {
		return
	}
	req.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	req.Header.Set("X-Twilio-Signature", Sign(s.options.AuthToken, m.StatusCallback, form))
	resp, err := s.client.Do(req)
	if err != nil {
		return // Twilio, too, only notes it
	}
	_ = resp.Body.Close()
}

// Sign returns the X-Twilio-Signature of a form posted to a URL
// (https://www.twilio.com/docs/usage/security#validating-requests).
func Sign(authToken, toURL string, form url.Values) string {
	names := make([]string, 0, len(form))
	for name := range form {
		names = append(names, name)
	}
	slices.Sort(names)
	mac := hmac.New(sha1.New, []byte(authToken))
	mac.Write([]byte(toURL))
	for _, name := range names {
		mac.Write([]byte(name + form.Get(name)))
	}
	return base64.StdEncoding.EncodeToString(mac.Sum(nil))
}
