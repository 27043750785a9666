package httpapi_test

import (
	"strings"
	"testing"

	"github.com/afterchat/afterchat/internal/chat"
)

// timeline returns a conversation's deliveries of one action.
func (d *door) timeline(id string, action chat.Action) (out []plannedDelivery) {
	d.t.Helper()
	var all struct{ Deliveries []plannedDelivery }
	d.do("GET", "/v1/conversations/"+id+"/deliveries", nil).is(200, &all)
	for _, x := range all.Deliveries {
		if x.Action == string(action) {
			out = append(out, x)
		}
	}
	return out
}

func TestAnAgentAsksForOneMoreTranscript(t *testing.T) {
	t.Parallel()
	d := newDoor(t)
	d.ended("c")
	asked := map[string]bool{}
	for _, body := range []any{
		nil, object{}, object{"to": "user"}, object{"to": " boss@example.com ", "note": "As promised on the phone"},
		object{"to": "qa@acme.example", "audience": "internal", "episode": 1, "pdf": true},
	} {
		var made plannedDelivery
		d.do("POST", "/v1/conversations/c/transcripts", body).is(202, &made)
		if len(made.ID) != 32 || made.Action != "email_transcript" || made.Target != "mail" || made.State != "pending" {
			t.Errorf("%v: made %+v", body, made)
		}
		asked[made.ID] = true
	}
	shown := 0
	for _, x := range d.timeline("c", chat.EmailTranscript) {
		if asked[x.ID] {
			shown++
		}
	}
	if len(asked) != 5 || shown != 5 || len(d.timeline("c", chat.EmailTranscript)) != 6 {
		t.Errorf("%d asked for, %d of them in the timeline %+v", len(asked), shown, d.timeline("c", chat.EmailTranscript))
	}
	if log := d.log.String(); strings.Contains(log, "@") || strings.Contains(log, "promised") {
		t.Errorf("the log holds what it must not: %s", log)
	}
}

func TestATranscriptThatCannotBeSentIsRefusedAtItsField(t *testing.T) {
	t.Parallel()
	d := newDoor(t)
	d.ended("c")
	d.do("POST", "/v1/conversations/c/contact", object{"id": "k", "email": "ann.private@example.com"}).is(200, nil)
	d.do("PUT", "/v1/conversations/c", chatOf("c", func(s map[string]any) {
		s["episode"], s["user"] = 2, object{"email": "ann@work.example"}
	})).is(200, nil)
	d.do("POST", "/v1/conversations/nobody/end", chatOf("nobody", func(s map[string]any) { delete(s, "user") })).is(202, nil)
	d.do("POST", "/v1/conversations/bad/end", chatOf("bad", func(s map[string]any) { s["user"] = object{"email": "ann at home"} })).is(202, nil)
	d.do("PUT", "/v1/conversations/open", chatOf("open")).is(200, nil)
	d.do("POST", "/v1/conversations/notes/notes", object{"id": "n1", "text": "x"}).is(200, nil)
	before := len(d.timeline("c", chat.EmailTranscript))
	for _, c := range []struct {
		id          string
		body        any
		status      int
		code, field string
	}{
		{"c", object{"to": "ann at home"}, 422, "bad_address", "to"},
		{"c", object{"to": "Ann <ann@example.com>"}, 422, "bad_address", "to"},
		{"c", object{"to": "a@b.example, c@d.example"}, 422, "bad_address", "to"},
		{"c", object{"to": "a@b.example\r\nBcc: c@d.example"}, 422, "bad_address", "to"},
		{"c", object{"to": strings.Repeat("a", 255) + "@b.example"}, 422, "bad_address", "to"},
		{"c", object{"to": "a@[IPv6:::1]"}, 422, "bad_address", "to"},
		{"c", object{"to": 7}, 422, "invalid_field", "to"},
		{"nobody", object{}, 422, "no_address", "to"},
		{"bad", object{}, 422, "bad_address", "to"},
		{"c", object{"audience": "everybody"}, 422, "invalid_field", "audience"},
		{"c", object{"audience": "internal"}, 422, "internal_to_user", "audience"},
		{"nobody", object{"audience": "internal"}, 422, "internal_to_user", "audience"},
		{"c", object{"audience": "internal", "to": "user"}, 422, "internal_to_user", "audience"},
		{"c", object{"audience": "internal", "to": "ANN@Example.com"}, 422, "internal_to_user", "audience"},
		{"c", object{"audience": "internal", "to": "ann+1@example.com"}, 422, "internal_to_user", "audience"},
		{"c", object{"audience": "internal", "to": "ann.private@example.com"}, 422, "internal_to_user", "audience"},
		{"c", object{"audience": "internal", "to": "ann@work.example", "episode": 1}, 422, "internal_to_user", "audience"},
		{"c", object{"note": strings.Repeat("é", 4001)}, 422, "invalid_field", "note"},
		{"c", object{"episode": -1}, 422, "invalid_field", "episode"},
		{"c", object{"pdf": "yes"}, 422, "invalid_field", "pdf"},
		{"c", "[]", 422, "malformed_json", ""},
		{"c", object{"episode": 2}, 409, "not_ended", "episode"},
		{"c", object{"episode": 3}, 404, "not_found", "episode"},
		{"open", object{}, 409, "not_ended", ""},
		{"notes", object{}, 409, "not_ended", ""},
		{"unknown", object{}, 404, "not_found", ""},
	} {
		r := d.do("POST", "/v1/conversations/"+c.id+"/transcripts", c.body)
		if c.code == "malformed_json" {
			r.is(400, nil)
			continue
		}
		r.refused(c.status, c.code, c.field)
	}
	if n := len(d.timeline("c", chat.EmailTranscript)); n != before {
		t.Errorf("%d transcripts, want %d", n, before)
	}
	d.do("GET", "/v1/conversations/unknown", nil).is(404, nil)
	d.do("POST", "/v1/conversations/c/transcripts", object{"note": strings.Repeat("é", 4000)}).is(202, nil)
	bare := []string{"Authorization", "Bearer " + bareKey}
	d.do("POST", "/v1/conversations/c/transcripts", object{}, bare...).refused(404, "not_found", "")
	d.do("POST", "/v1/conversations/b/end", chatOf("b"), bare...).is(202, nil)
	d.do("POST", "/v1/conversations/b/transcripts", object{}, bare...).refused(422, "mail_not_configured", "to")
}

func TestAnIdempotencyKeyMakesOneTranscript(t *testing.T) {
	t.Parallel()
	d := newDoor(t)
	d.ended("c")
	d.ended("d")
	ask := func(id string, body object, key string) (made plannedDelivery) {
		t.Helper()
		d.do("POST", "/v1/conversations/"+id+"/transcripts", body, "Idempotency-Key", key).is(202, &made)
		return made
	}
	first := ask("c", object{"note": "Hello"}, "k1")
	d.exec(`update deliveries set state = 'cancelled', error = 'x', due_at = null where action = 'email_transcript'`)
	d.do("POST", "/v1/conversations/c/contact", object{"id": "k", "email": "boss@example.com"}).is(200, nil)
	if again := ask("c", object{"note": "Hello", "audience": "customer", "to": "user", "pdf": false}, "k1"); again != first {
		t.Errorf("%+v, then %+v", first, again)
	}
	if other := ask("c", object{"note": "Hello"}, "k2"); other.ID == first.ID {
		t.Error("two keys made one transcript")
	}
	for _, c := range []struct {
		id   string
		body object
	}{{"c", object{"note": "Other"}}, {"c", object{"note": "Hello", "episode": 1}}, {"c", object{"note": "Hello", "pdf": true}}, {"d", object{"note": "Hello"}}} {
		d.do("POST", "/v1/conversations/"+c.id+"/transcripts", c.body, "Idempotency-Key", "k1").refused(409, "idempotency_key_reused", "")
	}
	d.do("POST", "/v1/conversations/c/transcripts", object{}, "Idempotency-Key", strings.Repeat("x", 256)).refused(422, "invalid_field", "Idempotency-Key")
	// A link may have the same key: it is another kind of thing.
	d.do("POST", "/v1/links", object{"purpose": "resume", "conversation": "c"}, "Idempotency-Key", "k1").is(201, nil)

	done := make(chan string, 8)
	for range cap(done) {
		go func() {
			var made plannedDelivery
			d.do("POST", "/v1/conversations/c/transcripts", object{}, "Idempotency-Key", "k3").is(202, &made)
			done <- made.ID
		}()
	}
	ids := map[string]bool{}
	for range cap(done) {
		ids[<-done] = true
	}
	if n := len(d.timeline("c", chat.EmailTranscript)); len(ids) != 1 || n != 4 {
		t.Errorf("at once: %d answers, %d transcripts in all", len(ids), n)
	}
}
