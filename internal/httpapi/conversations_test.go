package httpapi_test

import (
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/afterchat/afterchat/internal/chat"
	"github.com/afterchat/afterchat/internal/store"
)

// object is any JSON object.
type object = map[string]any

func TestAConversationFromItsFirstMessageToItsPlan(t *testing.T) {
	t.Parallel()
	d := newDoor(t)
	var got object
	d.do("POST", "/v1/conversations/c%2F1/notes", object{"id": "early", "agent": "a_1", "text": "comes first", "at": "2026-11-20T09:00:00Z"}).is(200, &got)
	if diff := cmp.Diff(object{"id": "early", "agent": "a_1", "text": "comes first", "at": "2026-11-20T09:00:00Z"}, got); diff != "" {
		t.Errorf("the note came back with %s", diff)
	}
	got = nil
	d.do("GET", "/v1/conversations/c%2F1", nil).is(200, &got)
	if diff := cmp.Diff(object{"conversation": "c/1", "state": "unknown", "episodes": []any{}, "ticket": nil}, got); diff != "" {
		t.Errorf("with a note alone: %s", diff)
	}

	got = nil
	d.do("PUT", "/v1/conversations/c%2F1", chatOf("c/1")).is(200, &got)
	open := object{"conversation": "c/1", "state": "open", "episodes": []any{object{"episode": 1.0, "state": "open", "ended_at": nil}}, "ticket": nil}
	if diff := cmp.Diff(open, got); diff != "" {
		t.Errorf("while it is open: %s", diff)
	}
	if !slices.Equal(d.refreshed, []string{"acme/c/1"}) {
		t.Errorf("earlier tickets were asked for: %v", d.refreshed)
	}

	var ended, again object
	end := chatOf("c/1", func(s map[string]any) { s["ended_at"] = "2026-11-20T09:31:44Z" })
	d.do("POST", "/v1/conversations/c%2F1/end", end).is(202, &ended)
	if ended["conversation"] != "c/1" || ended["episode"] != 1.0 {
		t.Errorf("ended as %v", ended)
	}
	var plan []string
	for _, x := range ended["deliveries"].([]any) {
		p := x.(object)
		plan = append(plan, p["action"].(string)+" "+p["target"].(string)+" "+p["state"].(string))
		if id := p["id"].(string); len(id) != 32 || len(p) != 4 {
			t.Errorf("a planned delivery is %v", p)
		}
	}
	if want := []string{"file_ticket zd pending", "attach_notes zd pending", "email_transcript mail pending"}; !slices.Equal(plan, want) {
		t.Errorf("planned %v, want %v", plan, want)
	}
	end["future_field"], end["more"] = "other", 1
	d.do("POST", "/v1/conversations/c%2F1/end", end).is(202, &again)
	if diff := cmp.Diff(ended, again); diff != "" {
		t.Errorf("the same end again: %s", diff)
	}

	got = nil
	d.do("PUT", "/v1/conversations/c%2F1", chatOf("c/1")).is(200, &got)
	closed := object{"conversation": "c/1", "state": "ended", "episodes": []any{object{"episode": 1.0, "state": "ended", "ended_at": "2026-11-20T09:31:44Z"}}, "ticket": nil}
	if diff := cmp.Diff(closed, got); diff != "" {
		t.Errorf("a PUT after the end: %s", diff)
	}
	var note, contact object
	d.do("POST", "/v1/conversations/c%2F1/notes", object{"id": "late", "agent": "a_1", "text": "one more"}).is(200, &note)
	d.do("POST", "/v1/conversations/c%2F1/contact", object{"id": "k1", "phone": "+46701234567"}).is(200, &contact)
	if note["episode"] != 1.0 || contact["episode"] != 1.0 {
		t.Errorf("kept as %v and %v", note, contact)
	}
}

func TestTheDetailsPaneIsThatOfTheContract(t *testing.T) {
	t.Parallel()
	d := newDoor(t)
	d.do("PUT", "/v1/conversations/c", chatOf("c", func(s map[string]any) {
		s["form"] = []any{object{"key": "order_id", "label": "Order number", "value": "A-1007"}}
		s["flags"] = []any{object{"code": "angry", "source": "agent", "reason": "shouts"}}
	})).is(200, nil)
	d.do("POST", "/v1/links", object{"purpose": "resume", "conversation": "c"}).is(201, nil)
	var got object
	d.do("GET", "/v1/conversations/c/details", nil).is(200, &got)

	links := got["links"].([]any)
	if len(links) != 1 || links[0].(object)["state"] != "open" || links[0].(object)["url"] != nil {
		t.Errorf("links are %v", links)
	}
	delete(got, "links")
	want := object{
		"conversation": "c",
		"user":         object{"id": "u_77", "name": "Ann Lee", "email": "ann@example.com"},
		"messages":     []any{object{"id": "m1", "at": "2026-11-20T09:12:03Z", "author": object{"kind": "user", "id": "u_77"}, "text": "It smells of smoke"}},
		"notes":        []any{object{"id": "n1", "at": "2026-11-20T09:13:00Z", "agent": "a_1", "text": "Boiler replaced in May"}},
		"form":         []any{object{"key": "order_id", "label": "Order number", "value": "A-1007"}},
		"flags": []any{
			object{"code": "angry", "source": "agent", "reason": "shouts"},
			object{"code": "health_and_safety", "source": "rule", "evidence": "It smells of smoke"},
		},
		"prior_tickets": []any{object{"desk": "zd", "state": "pending", "fetched_at": nil, "error": nil, "tickets": []any{}}},
		"deliveries":    []any{},
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
}

func TestADesksAnswerAges(t *testing.T) {
	t.Parallel()
	// The parts do not run beside each other: one that waited for its turn would be older.
	ago := func(d time.Duration) *time.Time { t := time.Now().Add(-d).UTC().Truncate(time.Second); return &t }
	ticket := chat.PriorTicket{ID: "35", Subject: "Leak", Status: "solved", Priority: "normal", URL: "https://zd.example/35", MatchedBy: "email"}
	for name, c := range map[string]struct {
		cached  *store.PriorTickets
		state   string
		tickets int
		refresh bool
	}{
		"nothing yet":                       {nil, "pending", 0, true},
		"an answer of now":                  {&store.PriorTickets{FetchedAt: ago(0), Tickets: []chat.PriorTicket{ticket}}, "fresh", 1, false},
		"an answer of four minutes ago":     {&store.PriorTickets{FetchedAt: ago(4 * time.Minute)}, "fresh", 0, false},
		"an answer of six minutes ago":      {&store.PriorTickets{FetchedAt: ago(6 * time.Minute), Tickets: []chat.PriorTicket{ticket}}, "stale", 1, true},
		"an error":                          {&store.PriorTickets{Error: "transient: timeout"}, "unavailable", 0, true},
		"a desk that is no desk any longer": {&store.PriorTickets{Desk: "old", FetchedAt: ago(0), Tickets: []chat.PriorTicket{ticket}}, "pending", 0, true},
	} {
		t.Run(name, func(t *testing.T) {
			d := newDoor(t)
			d.do("PUT", "/v1/conversations/c", chatOf("c")).is(200, nil)
			d.refreshed = nil
			if c.cached != nil {
				if c.cached.Desk == "" {
					c.cached.Desk = "zd"
				}
				if err := d.store.SavePriorTickets(t.Context(), "acme", "c", *c.cached); err != nil {
					t.Fatal(err)
				}
			}
			var got struct {
				Prior []struct {
					Desk, State string
					FetchedAt   *time.Time `json:"fetched_at"`
					Error       *string
					Tickets     []object
				} `json:"prior_tickets"`
			}
			d.do("GET", "/v1/conversations/c/details", nil).is(200, &got)
			if len(got.Prior) != 1 || got.Prior[0].Desk != "zd" {
				t.Fatalf("got %+v", got)
			}
			p := got.Prior[0]
			if p.State != c.state || len(p.Tickets) != c.tickets || (p.Error != nil) != (c.state == "unavailable") {
				t.Errorf("got %+v", p)
			}
			if c.tickets > 0 && p.Tickets[0]["matched_by"] != "email" {
				t.Errorf("the ticket is %v", p.Tickets[0])
			}
			if got := len(d.refreshed) > 0; got != c.refresh {
				t.Errorf("asked for a refresh: %v, want %v", got, c.refresh)
			}
		})
	}
}

func TestAForeignOrganizationSeesNothing(t *testing.T) {
	t.Parallel()
	d := newDoor(t)
	deliveries := d.ended("c")
	var link struct{ ID string }
	d.do("POST", "/v1/links", object{"purpose": "resume", "conversation": "c"}).is(201, &link)
	bolt := []string{"Authorization", "Bearer " + boltKey}
	id := deliveries[0].ID
	for _, call := range []struct {
		method, path string
		body         any
	}{
		{"GET", "/v1/conversations/c", nil},
		{"GET", "/v1/conversations/c/details", nil},
		{"GET", "/v1/conversations/c/deliveries", nil},
		{"POST", "/v1/conversations/c/pane", object{"agent": "a"}},
		{"GET", "/v1/deliveries/" + id, nil},
		{"POST", "/v1/deliveries/" + id + "/retry", nil},
		{"POST", "/v1/deliveries/" + id + "/cancel", nil},
		{"POST", "/v1/deliveries/" + id + "/resolve", object{"state": "failed"}},
		{"GET", "/v1/links/" + link.ID, nil},
		{"DELETE", "/v1/links/" + link.ID, nil},
	} {
		t.Run(call.method+" "+call.path[:min(len(call.path), 20)], func(t *testing.T) {
			(&door{t: t, url: d.url}).do(call.method, call.path, call.body, bolt...).refused(404, "not_found", "")
		})
	}
	var list struct{ Deliveries []object }
	d.do("GET", "/v1/deliveries", nil, bolt...).is(200, &list)
	if len(list.Deliveries) != 0 {
		t.Errorf("bolt sees %v", list.Deliveries)
	}
	var results struct{ Results []object }
	d.do("POST", "/v1/deliveries/retry", object{"ids": []string{id}}, bolt...).is(200, &results)
	if diff := cmp.Diff([]object{{"id": id, "ok": false, "code": "not_found"}}, results.Results); diff != "" {
		t.Error(diff)
	}
	var still struct{ State string }
	d.do("GET", "/v1/deliveries/"+id, nil).is(200, &still)
	if still.State != "pending" {
		t.Errorf("bolt made acme's delivery %s", still.State)
	}
	// The same conversation id is another conversation there.
	var own struct{ Deliveries []plannedDelivery }
	d.do("POST", "/v1/conversations/c/end", chatOf("c"), bolt...).is(202, &own)
	for _, p := range own.Deliveries {
		if slices.ContainsFunc(deliveries, func(x plannedDelivery) bool { return x.ID == p.ID }) {
			t.Errorf("two organizations share %v", p)
		}
	}
}

func TestEitherOfTwoKeysOpensTheDoor(t *testing.T) {
	t.Parallel()
	d := newDoor(t)
	for _, key := range []string{"Bearer acme-old-key", "bearer  " + acmeKey, "BEARER " + acmeKey} {
		d.do("GET", "/v1/deliveries", nil, "Authorization", key).is(200, nil)
	}
}

func TestJSONHasManyNames(t *testing.T) {
	t.Parallel()
	d := newDoor(t)
	for _, name := range []string{"application/json; charset=utf-8", "application/vnd.acme+json", "APPLICATION/JSON", ""} {
		d.do("PUT", "/v1/conversations/c", chatOf("c"), "Content-Type", name, "Accept", "text/html").is(200, nil)
	}
	d.do("PUT", "/v1/conversations/c", chatOf("c"), "Content-Encoding", "Identity").is(200, nil)
	r := d.do("GET", "/v1/conversations/c", nil, "Accept", "application/cbor")
	if got := r.is(200, nil).header.Get("Content-Type"); !strings.HasPrefix(got, "application/json") {
		t.Errorf("answered as %q", got)
	}
}
