package httpapi

import (
	"context"
	"io"
	"net/http"
	"reflect"
	"slices"
	"time"

	"github.com/afterchat/afterchat/internal/chat"
	"github.com/afterchat/afterchat/internal/config"
	"github.com/afterchat/afterchat/internal/fault"
	"github.com/afterchat/afterchat/internal/signing"
	"github.com/afterchat/afterchat/templates"
)

func (a *api) routePane() {
	register(a, operation{
		id: "create-pane", method: http.MethodPost, path: "/v1/conversations/{id}/pane", tag: "Conversations",
		summary: "The details pane as a page for an iframe",
		doc:     "The address is bound to the conversation and the agent, and works for expires_in (8h if left out, 24h at most).",
		status:  http.StatusCreated, body: reflect.TypeFor[paneRequest](),
	}, a.createPane)
	a.page(operation{
		id: "show-pane", method: http.MethodGet, path: "/pane/{signed}", tag: "Conversations",
		summary: "The page that create-pane gave out",
	}, "", a.showPane)
	a.page(operation{
		id: "act-on-pane", method: http.MethodPost, path: "/pane/{signed}", tag: "Conversations",
		summary: "What an agent does on that page", status: http.StatusSeeOther,
		pages: []int{http.StatusCreated, http.StatusConflict, http.StatusUnprocessableEntity},
		doc: "The page's own forms. The query's do is note, transcript, link or settle, as far as the address was given out for it (403 not_allowed); " +
			"each does what the API's call of that purpose does. Redirects (303) to the page. A link that is not sent is shown on the answer (201) " +
			"and nowhere else; what was wrong is shown on the page, with what was typed (422, 409).",
	}, "", a.actOnPane)
}

const (
	paneLife    = 8 * time.Hour
	longestPane = 24 * time.Hour
	// paneReload is after how many seconds a page that still waits for a desk loads again.
	paneReload = "10"
)

// paneRequest is {"agent","can","expires_in"}.
type paneRequest struct {
	Agent     string   `json:"agent"`
	Can       []string `json:"can,omitempty" enum:"note,transcript,link,settle" doc:"What the agent may do on the page; nothing if left out. settle is to resolve deliveries that are unknown."`
	ExpiresIn string   `json:"expires_in,omitempty" doc:"A duration, as 8h or 1d."`
}

// paneAddress is {"url","expires_at"}.
type paneAddress struct {
	URL       string    `json:"url"`
	ExpiresAt time.Time `json:"expires_at"`
}

func (a *api) createPane(ctx context.Context, in *conversationInput) (*answer[paneAddress], error) {
	var body paneRequest
	if err := chat.Decode(chat.Sanitize(in.body), &body); err != nil {
		return nil, err
	}
	life, err := body.check()
	if err != nil {
		return nil, err
	}
	if a.Keys == nil || a.Keys.Empty() {
		return nil, fault.New(fault.Unsupported, "pane_not_configured", "there is no http.secret_keys to sign with")
	}
	if _, err := a.Store.Conversation(ctx, in.organization.ID, in.ID); err != nil {
		return nil, err
	}
	expires := time.Now().Add(life).UTC().Truncate(time.Second)
	signed := a.Keys.SignPane(signing.Pane{
		Organization: in.organization.ID, Conversation: in.ID, Agent: body.Agent, Can: body.Can, ExpiresAt: expires,
	})
	return answered(paneAddress{URL: a.PublicURL + "/pane/" + signed, ExpiresAt: expires}, nil)
}

func (r paneRequest) check() (time.Duration, error) {
	if r.Agent == "" || len(r.Agent) > 255 {
		return 0, invalid("agent", "is missing or longer than 255 bytes")
	}
	for _, can := range r.Can {
		if !slices.Contains([]string{canNote, canTranscript, canLink, canSettle}, can) {
			return 0, invalid("can", "has something other than note, transcript, link and settle")
		}
	}
	if r.ExpiresIn == "" {
		return paneLife, nil
	}
	life, err := config.ParseDuration(r.ExpiresIn) // as of a link
	if err != nil || time.Duration(life) < time.Second || time.Duration(life) > longestPane {
		return 0, invalid("expires_in", "is no duration, as 8h or 1d, of at most 24h")
	}
	return time.Duration(life), nil
}

// showPane shows the pane to whoever has its address. The query's done says in one word
// what has just been carried out.
func (a *api) showPane(w http.ResponseWriter, r *http.Request) {
	pane, o, ok := a.openPane(w, r)
	if !ok {
		return
	}
	f := paneForms(pane, o)
	if done := r.URL.Query().Get("done"); slices.Contains(pane.Can, done) {
		f.Done = done
	}
	a.writePane(w, r, http.StatusOK, pane, o, f)
}

// writePane writes the page. It loads again by itself where something is awaited, but not
// with a form on it: that would take away what an agent types.
func (a *api) writePane(w http.ResponseWriter, r *http.Request, status int, pane signing.Pane, o *config.Organization, f templates.PaneForms) {
	d, err := a.details(r.Context(), o, pane.Conversation)
	if err != nil {
		a.refuse(w, r, err)
		return
	}
	p := panePage(o, d)
	f.Ended = d.ended
	p.Forms = f
	awaited := slices.ContainsFunc(d.PriorTickets, func(p priorTickets) bool { return p.State == statePending || p.State == stateStale })
	if awaited && !p.HasForms() {
		w.Header().Set("Refresh", paneReload)
	}
	// Who embeds the pane is the chat core's business: the address is the secret, and whoever
	// knows it needs nobody's click.
	renderer := a.Renderer.For(o.ID)
	policy := renderer.PanePolicy(p) + "; frame-ancestors *"
	a.writePage(w, r, status, policy, func(w io.Writer) error { return renderer.Pane(w, p) })
}

// openPane is the pane that an address leads to; of one that leads to none it answers so.
func (a *api) openPane(w http.ResponseWriter, r *http.Request) (pane signing.Pane, o *config.Organization, ok bool) {
	w.Header().Set("Referrer-Policy", "no-referrer")
	pane, o, err := a.paneOf(r)
	if err != nil {
		a.refuse(w, r, err)
		return pane, o, false
	}
	logOrganization(w, o.ID)
	return pane, o, true
}

func (a *api) paneOf(r *http.Request) (signing.Pane, *config.Organization, error) {
	if a.Keys == nil {
		return signing.Pane{}, nil, notFound("page")
	}
	pane, err := a.Keys.VerifyPane(r.PathValue("signed"), time.Now())
	if err != nil {
		return signing.Pane{}, nil, err
	}
	o := a.Organizations[pane.Organization]
	if o == nil {
		return signing.Pane{}, nil, notFound("page")
	}
	return pane, o, nil
}

func panePage(o *config.Organization, d details) templates.PanePage {
	p := templates.PanePage{
		Brand: brandOf(o), Conversation: d.Conversation, Messages: d.Messages, Notes: d.Notes, Form: d.Form, Flags: d.Flags,
		User: d.User, Agents: d.agents, Locale: o.Locale, Location: o.Location(),
	}
	for _, t := range d.PriorTickets {
		prior := templates.PanePrior{Desk: t.Desk, State: t.State, Tickets: t.Tickets}
		if t.Error != nil {
			prior.Error = *t.Error
		}
		p.Prior = append(p.Prior, prior)
	}
	for _, d := range d.timeline {
		p.Deliveries = append(p.Deliveries, templates.Delivery{
			ID: d.ID.String(), Action: string(d.Action), Target: d.Target, State: string(d.State), HeldBy: string(d.Hold), Receipt: d.Receipt, URL: d.Ref.URL, At: d.UpdatedAt,
			To: d.To, Audience: string(d.Reader()), Asked: d.Params.Asked, Note: d.Params.Cover,
		})
	}
	for _, l := range d.Links {
		p.Links = append(p.Links, templates.PaneLink{ID: l.ID, State: string(l.State), Purpose: l.Purpose, ExpiresAt: l.ExpiresAt})
	}
	return p
}
