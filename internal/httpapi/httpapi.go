// Package httpapi is the HTTP door: the calls of the wire contract, the pages behind
// links and panes, the vendors' webhooks and what operators look at.
//
// A call is a file: conversations.go, end.go, notes.go … Each lists its route and what
// the OpenAPI description says of it, next to the handler. Handlers get an input whose
// caller is known and whose body has been read (register.go), return what is to be
// answered or a fault, and know nothing of statuses and headers: problem.go turns every
// fault into a problem document (RFC 9457).
//
// Bodies are read by package intake and not by huma, because unknown fields are kept,
// and a refusal has to name the field as both doors name it.
package httpapi

import (
	"context"
	"encoding/json"
	"fmt"
	"log/slog"
	"net/http"
	"net/url"

	"github.com/danielgtaylor/huma/v2"
	"github.com/danielgtaylor/huma/v2/adapters/humago"
	"go.opentelemetry.io/otel/trace"
	"golang.org/x/sync/semaphore"

	"github.com/afterchat/afterchat/connectors"
	"github.com/afterchat/afterchat/internal/bounce"
	"github.com/afterchat/afterchat/internal/chat"
	"github.com/afterchat/afterchat/internal/config"
	"github.com/afterchat/afterchat/internal/intake"
	"github.com/afterchat/afterchat/internal/signing"
	"github.com/afterchat/afterchat/internal/store"
	"github.com/afterchat/afterchat/templates"
)

// Deps is what the door needs; all of it but Monitor, Metrics and Tracer.
type Deps struct {
	Store         *store.Store
	Intake        Intake
	Organizations map[string]*config.Organization
	Keys          *signing.Keys
	Renderer      *templates.Renderer
	// PublicURL is under which URL the world reaches this door, without a slash at its end.
	PublicURL string
	// AdminToken opens the dashboard; without it there is none.
	AdminToken connectors.Secret
	// Accounts knows whether a delivery's account can be asked if it has happened already.
	Accounts interface {
		CanLook(d chat.Delivery) bool
	}
	// VerifyTwilio checks a webhook's signature with the organization's token.
	VerifyTwilio func(o *config.Organization, url string, form url.Values, signature string) bool
	// Number reads a phone number as the organization does, and returns it in E.164.
	Number func(o *config.Organization, raw string) (e164 string, err error)
	// Newer reports whether one receipt is news after another. Receipts come in any order.
	Newer func(old, new string) bool
	// Bounces carries out what mail servers report.
	Bounces interface {
		Take(ctx context.Context, a bounce.Arrival, r bounce.Report) error
	}
	// Flags returns a snapshot's flags and those that the organization's rules set.
	Flags func(o *config.Organization, s chat.Snapshot) []chat.Flag
	// Historians returns the organization's desks that can list a user's tickets.
	Historians func(o *config.Organization) []string
	// Refresh asks for a user's earlier tickets to be fetched; it does not wait.
	Refresh func(ctx context.Context, organization, conversation string)
	// Ready asks each part that the program cannot do without.
	Ready func(ctx context.Context) map[string]error
	// Monitor is the asynq dashboard and Metrics the metrics; nil if there are none.
	Monitor, Metrics http.Handler
	Log              *slog.Logger
	Tracer           trace.Tracer // nil: there are no traces
}

// Intake takes in what the chat core sends: see package intake.
type Intake interface {
	Open(ctx context.Context, o *config.Organization, id string, body []byte) error
	End(ctx context.Context, o *config.Organization, id string, body []byte) (int, []chat.Delivery, error)
	Note(ctx context.Context, o *config.Organization, id string, body []byte) (chat.Note, error)
	Contact(ctx context.Context, o *config.Organization, id string, body []byte) (chat.Contact, error)
	Transcript(ctx context.Context, o *config.Organization, id string, body []byte, idempotencyKey string) (intake.TranscriptAnswer, error)
	// Link returns a JSON object.
	Link(ctx context.Context, o *config.Organization, body []byte, idempotencyKey string) ([]byte, error)
	// Recipient is whom a channel will reach, Invalid if nobody.
	Recipient(o *config.Organization, channel, to string) (string, error)
}

// New returns the door.
func New(d Deps) (http.Handler, error) {
	a := newAPI(d)
	description, err := a.description()
	if err != nil {
		return nil, err
	}
	if err := a.serveDocs(description); err != nil {
		return nil, err
	}
	return a.observed(a.recovered(a.routed())), nil
}

// OpenAPI returns the description of the door (OpenAPI 3.1, JSON), which needs nothing
// of Deps.
func OpenAPI() ([]byte, error) { return newAPI(Deps{}).description() }

// api is the door while it is being built, and what its handlers share.
type api struct {
	Deps
	huma    huma.API
	mux     *http.ServeMux
	callers callers
	large   *semaphore.Weighted // room for large bodies that are being taken in
}

// Bodies from largeBody bytes on are taken in as far as all of them fit into
// roomForBodies, and larger ones alone: what is made of a body has ten times its size.
const (
	largeBody     = 1 << 20
	roomForBodies = 16 << 20
)

func newAPI(d Deps) *api {
	a := &api{Deps: d, mux: http.NewServeMux(), callers: newCallers(d.Organizations), large: semaphore.NewWeighted(roomForBodies)}
	a.huma = humago.New(a.mux, settings(d.PublicURL))
	a.routeConversations()
	a.routeEnd()
	a.routeNotes()
	a.routeTranscripts()
	a.routeDetails()
	a.routeDeliveries()
	a.routeDelivery()
	a.routeLinks()
	a.routeRedeem()
	a.routePane()
	a.routeWebhooks()
	a.routeBounces()
	a.routeHealth()
	a.routeMonitor()
	a.describeDocs()
	return a
}

// settings are huma's: no routes of its own, whose lazily made answers race with each
// other, and schemas in which unknown fields are allowed, as the contract says.
func settings(publicURL string) huma.Config {
	c := huma.DefaultConfig("Afterchat", "1")
	c.Info.Description = "What happens around a live support chat: tickets, notes, transcripts and conversation links. " +
		"Errors are problem documents (RFC 9457) with a stable code. A 2xx to a write means that it is on disk. " +
		"Writes about a conversation are idempotent: the same again gives the same answer."
	c.OpenAPIPath, c.DocsPath, c.SchemasPath = "", "", ""
	c.CreateHooks = nil
	c.AllowAdditionalPropertiesByDefault = true
	if publicURL != "" {
		c.Servers = []*huma.Server{{URL: publicURL}}
	}
	c.Components.SecuritySchemes = map[string]*huma.SecurityScheme{
		apiKeyScheme: {Type: "http", Scheme: "bearer", Description: "An organization's API key."},
		bounceScheme: {Type: "http", Scheme: "bearer", Description: "The secret of an organization's mail.bounces."},
		adminScheme:  {Type: "http", Scheme: "bearer", Description: "The operator's admin token; also taken as a Basic password."},
	}
	return c
}

func (a *api) description() ([]byte, error) {
	openapi := a.huma.OpenAPI()
	// huma documents its own type of error along the way, which this door never sends.
	delete(openapi.Components.Schemas.Map(), "ErrorModel")
	delete(openapi.Components.Schemas.Map(), "ErrorDetail")
	raw, err := json.Marshal(openapi)
	if err != nil {
		return nil, fmt.Errorf("describing the API: %w", err)
	}
	return raw, nil
}
