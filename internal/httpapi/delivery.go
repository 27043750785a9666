package httpapi

import (
	"context"
	"net/http"
	"reflect"

	"github.com/afterchat/afterchat/internal/chat"
	"github.com/afterchat/afterchat/internal/config"
)

func (a *api) routeDelivery() {
	register(a, operation{
		id: "get-delivery", method: http.MethodGet, path: "/v1/deliveries/{id}", tag: "Deliveries",
		summary: "One delivery",
	}, a.getDelivery)
	register(a, operation{
		id: "retry-delivery", method: http.MethodPost, path: "/v1/deliveries/{id}/retry", tag: "Deliveries",
		summary: "Start a delivery again that is failed, cancelled or unknown",
		doc:     "What is unknown looks first; on an account that cannot be searched it needs resend (needs_resend).",
		body:    reflect.TypeFor[retry](), optional: true,
	}, a.retryDelivery)
	register(a, operation{
		id: "cancel-delivery", method: http.MethodPost, path: "/v1/deliveries/{id}/cancel", tag: "Deliveries",
		summary: "Cancel a pending delivery; unknown if an earlier call of it may have happened",
	}, a.cancelDelivery)
	register(a, operation{
		id: "resolve-delivery", method: http.MethodPost, path: "/v1/deliveries/{id}/resolve", tag: "Deliveries",
		summary: "Settle an unknown delivery by hand",
		doc:     "ref is required for a delivered ticket.",
		body:    reflect.TypeFor[resolution](),
	}, a.resolveDelivery)
}

type deliveryInput struct {
	request
	ID string `path:"id" doc:"32 hexadecimal digits."`
}

// retry is {"resend"}.
type retry struct {
	Resend bool `json:"resend,omitempty" doc:"Repeat although nothing can be looked up, at the risk of a second one."`
}

// resolution is {"state","ref"}.
type resolution struct {
	State chat.State `json:"state" enum:"delivered,failed"`
	Ref   ref        `json:"ref,omitzero"`
}

func (a *api) getDelivery(ctx context.Context, in *deliveryInput) (*answer[delivery], error) {
	key, err := parseDelivery(in.ID)
	if err != nil {
		return nil, err
	}
	d, err := a.Store.Delivery(ctx, in.organization.ID, key)
	if err != nil {
		return nil, err
	}
	return answered(viewAlone(d), nil)
}

func (a *api) retryDelivery(ctx context.Context, in *deliveryInput) (*answer[delivery], error) {
	var body retry
	if len(in.body) > 0 {
		if err := chat.Decode(in.body, &body); err != nil {
			return nil, err
		}
	}
	if err := a.retryOne(ctx, in.organization, in.ID, body.Resend); err != nil {
		return nil, err
	}
	return a.getDelivery(ctx, in)
}

func (a *api) cancelDelivery(ctx context.Context, in *deliveryInput) (*answer[delivery], error) {
	key, err := parseDelivery(in.ID)
	if err != nil {
		return nil, err
	}
	if err := a.Store.CancelDelivery(ctx, in.organization.ID, key); err != nil {
		return nil, err
	}
	return a.getDelivery(ctx, in)
}

func (a *api) resolveDelivery(ctx context.Context, in *deliveryInput) (*answer[delivery], error) {
	key, err := parseDelivery(in.ID)
	if err != nil {
		return nil, err
	}
	if err := a.resolve(ctx, in.organization, key, in.body); err != nil {
		return nil, err
	}
	return a.getDelivery(ctx, in)
}

func (a *api) resolve(ctx context.Context, o *config.Organization, key chat.Key, body []byte) error {
	var r resolution
	if err := chat.Decode(chat.Sanitize(body), &r); err != nil {
		return err
	}
	return a.Store.ResolveDelivery(ctx, o.ID, key, r.State, chat.Ref(r.Ref))
}
