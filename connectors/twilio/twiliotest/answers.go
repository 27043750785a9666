package twiliotest

import (
	"encoding/json"
	"fmt"
	"net/http"
	"time"
)

func (s *Server) account(w http.ResponseWriter, r *http.Request) {
	created := time.Unix(1_700_000_000, 0).UTC().Format(time.RFC1123Z)
	write(w, http.StatusOK, map[string]any{
		"sid": s.options.AccountSID, "owner_account_sid": s.options.AccountSID, "friendly_name": "stand-in",
		"status": "active", "type": "Full", "auth_token": "hidden", "date_created": created, "date_updated": created,
		"uri": r.URL.Path, "subresource_uris": map[string]any{},
	})
}

// resource is a message in Twilio's shape.
func (s *Server) resource(m Message) map[string]any {
	created := m.Created.UTC().Format(time.RFC1123Z)
	uri := "/2010-04-01/Accounts/" + s.options.AccountSID + "/Messages/" + m.SID
	var sent any
	if m.Status != "queued" {
		sent = created
	}
	return map[string]any{
		"account_sid": s.options.AccountSID, "api_version": "2010-04-01", "body": m.Body,
		"date_created": created, "date_sent": sent, "date_updated": created, "direction": "outbound-api",
		"error_code": nil, "error_message": nil, "from": m.From, "messaging_service_sid": nil,
		"num_media": "0", "num_segments": "1", "price": nil, "price_unit": nil, "sid": m.SID, "status": m.Status,
		"subresource_uris": map[string]any{"media": uri + "/Media.json"}, "to": m.To, "uri": uri + ".json",
	}
}

func refuse(w http.ResponseWriter, status, code int, text string) {
	write(w, status, map[string]any{
		"code": code, "message": text, "more_info": fmt.Sprintf("https://www.twilio.com/docs/errors/%d", code), "status": status,
	})
}

func write(w http.ResponseWriter, status int, body any) {
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(status)
	_ = json.NewEncoder(w).Encode(body) // the client has gone
}
