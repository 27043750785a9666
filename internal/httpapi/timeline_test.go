package httpapi_test

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// addressing is what a delivery says of its recipient, by its id.
func addressing(list []object) map[string]object {
	out := map[string]object{}
	for _, d := range list {
		kept := object{}
		for _, name := range []string{"to", "channel", "audience", "asked", "note"} {
			if value, ok := d[name]; ok {
				kept[name] = value
			}
		}
		out[d["id"].(string)] = kept
	}
	return out
}

func TestTheTimelineSaysWhatWasSentToWhom(t *testing.T) {
	t.Parallel()
	d := newDoor(t)
	planned := d.ended("c")
	want := map[string]object{planned[0].ID: {}, planned[1].ID: {}, planned[2].ID: {"to": "ann@example.com", "audience": "customer"}}
	for _, ask := range []struct{ body, shown object }{
		{object{}, object{"to": "ann@example.com", "audience": "customer", "asked": true}},
		{object{"to": "boss@example.com", "note": "As promised,\nBo"}, object{"to": "boss@example.com", "audience": "customer", "asked": true, "note": "As promised,\nBo"}},
		{object{"to": "qa@acme.example", "audience": "internal"}, object{"to": "qa@acme.example", "audience": "internal", "asked": true}},
	} {
		var made plannedDelivery
		d.do("POST", "/v1/conversations/c/transcripts", ask.body).is(202, &made)
		want[made.ID] = ask.shown
	}
	sms, _ := d.link(object{"purpose": "resume", "conversation": "c", "send": object{"channel": "sms", "to": "0701234567"}})
	mail, _ := d.link(object{"purpose": "resume", "conversation": "c", "send": object{"channel": "email", "to": "bo@example.com"}})
	want[*sms.Delivery], want[*mail.Delivery] = object{"to": "+46701234567", "channel": "sms"}, object{"to": "bo@example.com", "channel": "email"}

	var timeline, pane struct{ Deliveries []object }
	d.do("GET", "/v1/conversations/c/deliveries", nil).is(200, &timeline)
	d.do("GET", "/v1/conversations/c/details", nil).is(200, &pane)
	for name, list := range map[string][]object{"the timeline": timeline.Deliveries, "the details": pane.Deliveries} {
		if diff := cmp.Diff(want, addressing(list)); diff != "" {
			t.Errorf("%s: %s", name, diff)
		}
	}
	for id, shown := range want {
		var one object
		d.do("GET", "/v1/deliveries/"+id, nil).is(200, &one)
		if diff := cmp.Diff(map[string]object{id: shown}, addressing([]object{one})); diff != "" {
			t.Errorf("alone: %s", diff)
		}
	}
	var signed struct{ URL string }
	d.do("POST", "/v1/conversations/c/pane", object{"agent": "a_1"}).is(201, &signed)
	page := string(d.do("GET", strings.TrimPrefix(signed.URL, publicURL), nil, "Authorization", "").is(200, nil).body)
	for _, text := range []string{"mail · boss@example.com · for the customer · asked for by an agent", "As promised,<br>\nBo", "qa@acme.example · internal", "sms · +46701234567"} {
		if !strings.Contains(page, text) {
			t.Errorf("the pane's page does not say %q", text)
		}
	}
	if log := d.log.String(); strings.Contains(log, "@") || strings.Contains(log, "promised") || strings.Contains(log, "4670") {
		t.Errorf("the log holds what it must not: %s", log)
	}
}

func TestATimelineShowsTheAddressThatAMailWentTo(t *testing.T) {
	t.Parallel()
	d := newDoor(t)
	id := d.ended("c")[2].ID
	to := func() any {
		var one object
		d.do("GET", "/v1/deliveries/"+id, nil).is(200, &one)
		return one["to"]
	}
	contact := func(key, email string) {
		d.do("POST", "/v1/conversations/c/contact", object{"id": key, "email": email}).is(200, nil)
	}
	if contact("k1", "ann@work.example"); to() != "ann@work.example" {
		t.Errorf("it will go to %v", to())
	}
	d.exec(`update deliveries set state = 'delivered', due_at = null, first_call_at = clock_timestamp(), last_call_at = clock_timestamp() where id = $1`, id)
	if contact("k2", "ann@home.example"); to() != "ann@work.example" {
		t.Errorf("it went to %v", to())
	}
	var across struct{ Deliveries []object }
	d.do("GET", "/v1/deliveries?action=email_transcript", nil).is(200, &across)
	if got := across.Deliveries[0]["to"]; got != "user" {
		t.Errorf("across conversations: %v", got)
	}
	d.do("POST", "/v1/conversations/nobody/end", chatOf("nobody", func(s map[string]any) { delete(s, "user") })).is(202, nil)
	d.do("GET", "/v1/conversations/nobody/deliveries", nil).is(200, &across)
	for _, x := range across.Deliveries {
		if x["action"] == "email_transcript" && x["to"] != "user" {
			t.Errorf("without an address: %v", x["to"])
		}
	}
}
