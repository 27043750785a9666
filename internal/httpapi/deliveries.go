package httpapi

import (
	"context"
	"encoding/base64"
	"encoding/binary"
	"errors"
	"net/http"
	"reflect"
	"slices"
	"strconv"

	"github.com/afterchat/afterchat/internal/chat"
	"github.com/afterchat/afterchat/internal/config"
	"github.com/afterchat/afterchat/internal/fault"
	"github.com/afterchat/afterchat/internal/store"
)

func (a *api) routeDeliveries() {
	register(a, operation{
		id: "get-timeline", method: http.MethodGet, path: "/v1/conversations/{id}/deliveries", tag: "Deliveries",
		summary: "A conversation's deliveries and every try at them",
	}, a.getTimeline)
	register(a, operation{
		id: "list-deliveries", method: http.MethodGet, path: "/v1/deliveries", tag: "Deliveries",
		summary: "Deliveries across conversations, oldest first",
	}, a.listDeliveries)
	register(a, operation{
		id: "retry-deliveries", method: http.MethodPost, path: "/v1/deliveries/retry", tag: "Deliveries",
		summary: "Start many deliveries again",
		doc:     "Each for itself: the answer says what came of it, with the code that the call for one would have had. At most 200 ids.",
		body:    reflect.TypeFor[retryMany](),
	}, a.retryDeliveries)
}

// How many deliveries a page has, and how many can be retried at once.
const (
	defaultPage = 50
	largestPage = 200
)

// timeline is {"deliveries"}.
type timeline struct {
	Deliveries []delivery `json:"deliveries" nullable:"false"`
}

func (a *api) getTimeline(ctx context.Context, in *conversationInput) (*answer[timeline], error) {
	list, err := a.Store.Deliveries(ctx, in.organization.ID, in.ID)
	return answered(timeline{viewDeliveries(list)}, err)
}

type listInput struct {
	request
	State  string `query:"state" doc:"Only deliveries in this state."`
	Action string `query:"action" doc:"Only deliveries of this action."`
	Cursor string `query:"cursor" doc:"next_cursor of the page before."`
	Limit  string `query:"limit" doc:"How many a page has: 1 to 200, 50 if left out."`
}

// page is {"deliveries","next_cursor"}; the cursor is null on the last page.
type page struct {
	Deliveries []delivery `json:"deliveries" nullable:"false"`
	NextCursor *string    `json:"next_cursor"`
}

func (a *api) listDeliveries(ctx context.Context, in *listInput) (*answer[page], error) {
	f, err := in.filter()
	if err != nil {
		return nil, err
	}
	list, next, err := a.Store.ListDeliveries(ctx, in.organization.ID, f)
	if err != nil {
		return nil, err
	}
	out := page{Deliveries: make([]delivery, 0, len(list))}
	for _, d := range list {
		out.Deliveries = append(out.Deliveries, viewAlone(d))
	}
	if next != 0 {
		out.NextCursor = orNull(writeCursor(next))
	}
	return answered(out, nil)
}

func (in *listInput) filter() (store.Filter, error) {
	f := store.Filter{State: chat.State(in.State), Action: chat.Action(in.Action), Most: defaultPage}
	states := []chat.State{"", chat.Pending, chat.Calling, chat.Delivered, chat.Failed, chat.Unknown, chat.Suppressed, chat.Cancelled}
	if !slices.Contains(states, f.State) {
		return f, invalid("state", "is no state of a delivery")
	}
	actions := []chat.Action{"", chat.FileTicket, chat.AttachNotes, chat.AmendTicket, chat.EmailTranscript, chat.SendLink}
	if !slices.Contains(actions, f.Action) {
		return f, invalid("action", "is no action")
	}
	if in.Limit != "" {
		n, err := strconv.Atoi(in.Limit)
		if err != nil || n < 1 || n > largestPage {
			return f, invalid("limit", "is no number from 1 to 200")
		}
		f.Most = n
	}
	if in.Cursor != "" {
		after, ok := readCursor(in.Cursor)
		if !ok {
			return f, invalid("cursor", "is none that was given out")
		}
		f.After = after
	}
	return f, nil
}

func writeCursor(after int64) string {
	return base64.RawURLEncoding.EncodeToString(binary.BigEndian.AppendUint64(nil, uint64(after)))
}

func readCursor(cursor string) (int64, bool) {
	raw, err := base64.RawURLEncoding.Strict().DecodeString(cursor)
	if err != nil || len(raw) != 8 {
		return 0, false
	}
	after := int64(binary.BigEndian.Uint64(raw))
	return after, after > 0
}

type manyInput struct{ request }

// retryMany is {"ids","resend"}.
type retryMany struct {
	IDs    []string `json:"ids" nullable:"false"`
	Resend bool     `json:"resend,omitempty" doc:"Repeat what is unknown at accounts where nothing can be looked up, at the risk of a second one."`
}

// retried is {"results"}.
type retried struct {
	Results []outcome `json:"results" nullable:"false"`
}

type outcome struct {
	ID   string `json:"id"`
	OK   bool   `json:"ok"`
	Code string `json:"code,omitempty" doc:"Why not."`
}

func (a *api) retryDeliveries(ctx context.Context, in *manyInput) (*answer[retried], error) {
	var body retryMany
	if err := chat.Decode(in.body, &body); err != nil {
		return nil, err
	}
	if len(body.IDs) == 0 || len(body.IDs) > largestPage {
		return nil, invalid("ids", "has to have 1 to 200 ids")
	}
	out := retried{Results: make([]outcome, 0, len(body.IDs))}
	for _, id := range body.IDs {
		o := outcome{ID: id, OK: true}
		if err := a.retryOne(ctx, in.organization, id, body.Resend); err != nil {
			f, ok := errors.AsType[*fault.Error](err)
			if !ok || f.Kind == fault.Transient {
				return nil, err
			}
			o.OK, o.Code = false, f.Code
		}
		out.Results = append(out.Results, o)
	}
	return answered(out, nil)
}

// retryOne starts a delivery again: see chat.Delivery.Retry.
func (a *api) retryOne(ctx context.Context, o *config.Organization, id string, resend bool) error {
	key, err := parseDelivery(id)
	if err != nil {
		return err
	}
	d, err := a.Store.Delivery(ctx, o.ID, key)
	if err != nil {
		return err
	}
	return a.Store.RetryDelivery(ctx, o.ID, key, a.Accounts.CanLook(d.Delivery), resend)
}

// parseDelivery reads a delivery's id. What is none names no delivery.
func parseDelivery(id string) (chat.Key, error) {
	key, err := chat.ParseKey(id)
	if err != nil {
		return key, notFound("delivery")
	}
	return key, nil
}
