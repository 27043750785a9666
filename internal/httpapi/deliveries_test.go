package httpapi_test

import (
	"fmt"
	"net/url"
	"slices"
	"testing"

	"github.com/google/go-cmp/cmp"
)

func TestATimelineIsThatOfTheContract(t *testing.T) {
	t.Parallel()
	d := newDoor(t)
	ids := d.ended("c")
	d.exec(`update deliveries set state = 'delivered', ref_id = '35', ref_url = 'https://zd.example/35', due_at = null, fence = 2 where id = $1`, ids[0].ID)
	d.exec(`insert into attempts (delivery, fence, at, outcome, error, duration_ms, ref_id) values
		($1, 1, '2026-11-20T10:00:00Z', 'error', 'transient: http_502', 1200, ''), ($1, 2, '2026-11-20T10:00:05Z', 'delivered', '', 300, '35')`, ids[0].ID)
	var got struct{ Deliveries []object }
	d.do("GET", "/v1/conversations/c/deliveries", nil).is(200, &got)
	if got.Deliveries[2]["due_at"] == nil {
		t.Error("a transcript that is due has no due_at")
	}
	delete(got.Deliveries[2], "due_at")
	want := []object{
		{
			"id": ids[0].ID, "action": "file_ticket", "target": "zd", "state": "delivered", "held_by": nil, "due_at": nil,
			"ref": object{"id": "35", "url": "https://zd.example/35"}, "receipt": nil, "error": nil,
			"attempts": []any{
				object{"at": "2026-11-20T10:00:00Z", "outcome": "error", "error": "transient: http_502", "duration_ms": 1200.0},
				object{"at": "2026-11-20T10:00:05Z", "outcome": "delivered", "error": nil, "duration_ms": 300.0},
			},
		},
		{
			"id": ids[1].ID, "action": "attach_notes", "target": "zd", "state": "pending", "held_by": "dependency", "due_at": nil,
			"ref": nil, "receipt": nil, "error": nil, "attempts": []any{},
		},
		{
			"id": ids[2].ID, "action": "email_transcript", "target": "mail", "state": "pending", "held_by": nil,
			"to": "ann@example.com", "audience": "customer",
			"ref": nil, "receipt": nil, "error": nil, "attempts": []any{},
		},
	}
	if diff := cmp.Diff(want, got.Deliveries); diff != "" {
		t.Error(diff)
	}
	var one object
	d.do("GET", "/v1/deliveries/"+ids[0].ID, nil).is(200, &one)
	want[0]["conversation"], want[0]["episode"] = "c", 1.0
	if diff := cmp.Diff(want[0], one); diff != "" {
		t.Errorf("alone: %s", diff)
	}
}

func TestPagesOfDeliveriesHoldEachOnce(t *testing.T) {
	t.Parallel()
	d := newDoor(t)
	var want []string
	for i := range 5 {
		for _, p := range d.ended(fmt.Sprintf("c%d", i)) {
			want = append(want, p.ID)
		}
	}
	type page struct {
		Deliveries []struct{ ID, Action, Conversation string }
		NextCursor *string `json:"next_cursor"`
	}
	all := func(query string) (ids []string) {
		cursor := ""
		for range 20 {
			var p page
			d.do("GET", "/v1/deliveries?"+query+"&cursor="+url.QueryEscape(cursor), nil).is(200, &p)
			for _, x := range p.Deliveries {
				ids = append(ids, x.ID)
			}
			if p.NextCursor == nil {
				return ids
			}
			cursor = *p.NextCursor
		}
		t.Fatal("the pages do not end")
		return nil
	}
	for _, query := range []string{"limit=1", "limit=4", "limit=15", "limit=200", "", "state=pending&limit=2"} {
		if got := all(query); !slices.Equal(got, want) {
			t.Errorf("with %q: %d deliveries, want %d", query, len(got), len(want))
		}
	}
	if got := all("action=attach_notes"); len(got) != 5 {
		t.Errorf("%d attach_notes, want 5", len(got))
	}
	if got := all("state=failed"); len(got) != 0 {
		t.Errorf("%d failed, want none", len(got))
	}
}

func TestADeliveryIsCancelledAndRetried(t *testing.T) {
	t.Parallel()
	d := newDoor(t)
	id := d.ended("c")[2].ID
	var got struct{ State, Error string }
	d.do("POST", "/v1/deliveries/"+id+"/cancel", nil).is(200, &got)
	if got.State != "cancelled" || got.Error != "cancelled_by_request" {
		t.Errorf("cancelled as %+v", got)
	}
	d.do("POST", "/v1/deliveries/"+id+"/cancel", nil).refused(409, "wrong_state", "")
	d.do("POST", "/v1/deliveries/"+id+"/retry", object{}).is(200, &got)
	if got.State != "pending" {
		t.Errorf("retried as %+v", got)
	}
}

func TestWhatIsUnknownNeedsALookOrAChoice(t *testing.T) {
	t.Parallel()
	d := newDoor(t)
	unknown := func(conversation string) string {
		id := d.ended(conversation)[0].ID
		d.exec(`update deliveries set state = 'unknown', due_at = null, fence = 1 where id = $1`, id)
		return id
	}
	id := unknown("c1")
	d.do("POST", "/v1/deliveries/"+id+"/retry", nil).refused(409, "needs_resend", "")
	d.do("POST", "/v1/deliveries/"+id+"/retry", object{"resend": true}).is(200, nil)

	d.canLook = true
	d.do("POST", "/v1/deliveries/"+unknown("c2")+"/retry", nil).is(200, nil)

	id = unknown("c3")
	d.do("POST", "/v1/deliveries/"+id+"/resolve", object{"state": "delivered"}).refused(422, "ref_required", "ref.id")
	d.do("POST", "/v1/deliveries/"+id+"/resolve", object{"state": "delivered", "ref": object{"id": "35", "url": "javascript:alert(1)"}}).refused(422, "invalid_field", "ref.url")
	d.do("POST", "/v1/deliveries/"+id+"/resolve", object{"state": "pending"}).refused(422, "invalid_state", "state")
	var got object
	d.do("POST", "/v1/deliveries/"+id+"/resolve", object{"state": "delivered", "ref": object{"id": "35", "url": "https://zd.example/35"}}).is(200, &got)
	if diff := cmp.Diff(object{"id": "35", "url": "https://zd.example/35"}, got["ref"]); diff != "" || got["state"] != "delivered" {
		t.Errorf("resolved as %v", got)
	}
	var c struct{ Ticket object }
	d.do("GET", "/v1/conversations/c3", nil).is(200, &c)
	if diff := cmp.Diff(object{"desk": "zd", "id": "35", "url": "https://zd.example/35"}, c.Ticket); diff != "" {
		t.Errorf("the conversation's ticket: %s", diff)
	}
	id = unknown("c4")
	d.do("POST", "/v1/deliveries/"+id+"/resolve", object{"state": "failed"}).is(200, &got)
	if got["state"] != "failed" {
		t.Errorf("resolved as %v", got)
	}
}

func TestManyAreRetriedEachForItself(t *testing.T) {
	t.Parallel()
	d := newDoor(t)
	ids := d.ended("c")
	d.do("POST", "/v1/deliveries/"+ids[2].ID+"/cancel", nil).is(200, nil)
	var got struct{ Results []object }
	d.do("POST", "/v1/deliveries/retry", object{"ids": []string{ids[2].ID, ids[0].ID, "no id"}}).is(200, &got)
	want := []object{{"id": ids[2].ID, "ok": true}, {"id": ids[0].ID, "ok": false, "code": "wrong_state"}, {"id": "no id", "ok": false, "code": "not_found"}}
	if diff := cmp.Diff(want, got.Results); diff != "" {
		t.Error(diff)
	}
}
