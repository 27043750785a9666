package httpapi

import (
	"cmp"
	"context"
	"crypto/rand"
	"encoding/json"
	"errors"
	"fmt"
	"mime"
	"net/http"
	"net/url"
	"regexp"
	"slices"
	"strings"

	"github.com/afterchat/afterchat/internal/chat"
	"github.com/afterchat/afterchat/internal/config"
	"github.com/afterchat/afterchat/internal/fault"
	"github.com/afterchat/afterchat/internal/intake"
	"github.com/afterchat/afterchat/internal/signing"
	"github.com/afterchat/afterchat/templates"
)

// What an agent may do on the pane, in the words of paneRequest's can.
const (
	canNote       = "note"
	canTranscript = "transcript"
	canLink       = "link"
	canSettle     = "settle"
)

// paneForms are the forms that this agent gets: what was signed for and can be done here.
// Their id makes what is sent repeatable.
func paneForms(pane signing.Pane, o *config.Organization) templates.PaneForms {
	can := func(what string) bool { return slices.Contains(pane.Can, what) }
	return templates.PaneForms{
		ID: formPrefix + rand.Text(), Channels: channelsOf(o), Note: can(canNote), Settle: can(canSettle),
		Transcript: can(canTranscript) && o.Mail != nil, Link: can(canLink) && o.Links != nil,
	}
}

// channelsOf are those by which the organization can send a link.
func channelsOf(o *config.Organization) []string {
	var channels []string
	if o.SMS != nil {
		channels = append(channels, chat.ChannelSMS)
	}
	if o.Mail != nil {
		channels = append(channels, chat.ChannelEmail)
	}
	return channels
}

const formPrefix = "f_"

// formID is what paneForms makes: nobody can use up the ids and keys of a chat core by it.
var formID = regexp.MustCompile(`^` + formPrefix + `[A-Z2-7]{26}$`)

// actOnPane carries out what one of the page's forms asks for, by the same code as the
// API's call of that purpose, and leads back to the page: a reload then sends nothing.
func (a *api) actOnPane(w http.ResponseWriter, r *http.Request) {
	pane, o, ok := a.openPane(w, r)
	if !ok {
		return
	}
	s := sentForm{pane: pane, organization: o, do: r.URL.Query().Get("do")}
	leave, err := a.readForm(w, r, &s)
	if err != nil {
		a.refuse(w, r, err)
		return
	}
	defer leave()
	link, err := a.act(r.Context(), s)
	f := paneForms(pane, o)
	switch f.Refused = s.refusal(err); {
	case f.Refused != nil:
		a.writePane(w, r, a.problem(r.Context(), err).Status, pane, o, f)
	case err != nil:
		a.refuse(w, r, err)
	case link != "":
		// A redirect would have to carry the link in an address.
		f.URL = link
		a.writePane(w, r, http.StatusCreated, pane, o, f)
	default:
		w.Header().Set("Location", "?done="+s.do)
		w.WriteHeader(http.StatusSeeOther)
	}
}

// sentForm is a form that an agent has sent.
type sentForm struct {
	pane         signing.Pane
	organization *config.Organization
	do           string
	typed        url.Values
}

// readForm reads what was typed, once it is known that this may be done at all. The limits
// are those of the API's calls.
func (a *api) readForm(w http.ResponseWriter, r *http.Request, s *sentForm) (leave func(), err error) {
	if !slices.Contains(s.pane.Can, s.do) {
		return nil, fault.New(fault.Denied, "not_allowed", "this address was not given out for that")
	}
	if name, _, err := mime.ParseMediaType(r.Header.Get("Content-Type")); err != nil || name != "application/x-www-form-urlencoded" {
		return nil, fault.New(fault.Invalid, codeMediaType, "the body has to be application/x-www-form-urlencoded")
	}
	limit := int64(smallBody)
	if s.do == canNote {
		limit = chatBody
	}
	body, err := readBody(w, r, limit)
	if err != nil {
		return nil, err
	}
	if leave, err = a.room(r.Context(), len(body)); err != nil {
		return nil, err
	}
	if s.typed, err = url.ParseQuery(string(body)); err != nil {
		leave()
		return nil, fault.Wrap(fault.Invalid, "malformed_form", "the body is no form", err)
	}
	return leave, nil
}

// field is what was typed into a field. Browsers send line ends as CR LF.
func (s sentForm) field(name string) string {
	return strings.ToValidUTF8(strings.ReplaceAll(s.typed.Get(name), "\r\n", "\n"), "\uFFFD")
}

// line is the same of a field of one line.
func (s sentForm) line(name string) string { return strings.TrimSpace(s.field(name)) }

// refusal is what the page says of an error that the agent can do something about, nil for
// any other error and for none.
func (s sentForm) refusal(err error) *templates.PaneRefusal {
	f, ok := errors.AsType[*fault.Error](err)
	if !ok || f.Kind != fault.Invalid && f.Kind != fault.Conflict || f.Field == "form" {
		return nil
	}
	typed := make(map[string]string, len(s.typed))
	for name := range s.typed {
		typed[name] = s.field(name)
	}
	return &templates.PaneRefusal{Action: s.do, Delivery: s.field("delivery"), Field: f.Field, Code: f.Code, Typed: typed}
}

// act does what the form is for. It returns the address of a link that nobody is sent.
func (a *api) act(ctx context.Context, s sentForm) (link string, err error) {
	c, err := a.Store.Conversation(ctx, s.organization.ID, s.pane.Conversation)
	if err != nil {
		return "", err
	}
	if s.do != canSettle && !formID.MatchString(s.field("form")) {
		return "", invalid("form", "is none that the page had")
	}
	switch s.do {
	case canNote:
		return "", a.noteByPane(ctx, s)
	case canTranscript:
		return "", a.transcriptByPane(ctx, s)
	case canLink:
		return a.linkByPane(ctx, s, c.Latest)
	default:
		return "", a.settleByPane(ctx, s)
	}
}

func (a *api) noteByPane(ctx context.Context, s sentForm) error {
	note := chat.Note{ID: s.field("form"), Agent: s.pane.Agent, Text: s.field("text")}
	if strings.TrimSpace(note.Text) == "" {
		return fault.New(fault.Invalid, "empty", "is missing").At("text")
	}
	_, err := a.Intake.Note(ctx, s.organization, s.pane.Conversation, encode(note))
	return err
}

func (a *api) transcriptByPane(ctx context.Context, s sentForm) error {
	body := encode(intake.TranscriptRequest{To: s.line("to"), Audience: chat.Audience(s.line("audience")), Note: s.field("note")})
	_, err := a.Intake.Transcript(ctx, s.organization, s.pane.Conversation, body, s.field("form"))
	return err
}

// linkByPane makes a link. A chat core's typing error must not lose it a link; an agent is
// there to correct one.
func (a *api) linkByPane(ctx context.Context, s sentForm, latest *chat.Snapshot) (address string, err error) {
	request := map[string]any{"purpose": s.line("purpose"), "conversation": s.pane.Conversation}
	channel := s.line("send.channel")
	if channel != "" {
		to := cmp.Or(s.line("send.to"), ownAddress(latest, channel))
		if to == "" {
			return "", fault.New(fault.Invalid, "no_address", "the user has none; name one").At("send.to")
		}
		if slices.Contains(channelsOf(s.organization), channel) {
			if _, err := a.Intake.Recipient(s.organization, channel, to); err != nil {
				return "", fault.Wrap(fault.Invalid, fault.CodeOf(err), "cannot be sent to", err).At("send.to")
			}
		}
		request["send"] = map[string]string{"channel": channel, "to": to}
	}
	raw, err := a.Intake.Link(ctx, s.organization, encode(request), s.field("form"))
	if err != nil {
		return "", err
	}
	var made intake.LinkAnswer
	if err := json.Unmarshal(raw, &made); err != nil {
		return "", fmt.Errorf("reading the link's answer: %w", err)
	}
	if made.Delivery != nil {
		return "", nil
	}
	return made.URL, nil
}

// ownAddress is the user's own address or number, "" if it is not known.
func ownAddress(latest *chat.Snapshot, channel string) string {
	switch {
	case latest == nil:
		return ""
	case channel == chat.ChannelSMS:
		return strings.TrimSpace(latest.User.Phone)
	default:
		return strings.TrimSpace(latest.User.Email)
	}
}

// settleByPane resolves an unknown delivery of the conversation. The same again is no
// conflict: a button is soon pressed twice.
func (a *api) settleByPane(ctx context.Context, s sentForm) error {
	key, err := parseDelivery(s.field("delivery"))
	if err != nil {
		return err
	}
	d, err := a.Store.Delivery(ctx, s.organization.ID, key)
	if err != nil {
		return err
	}
	if d.Conversation != s.pane.Conversation {
		return notFound("delivery")
	}
	r := resolution{State: chat.State(s.line("state")), Ref: ref{ID: s.line("ref.id"), URL: s.line("ref.url")}}
	err = a.resolve(ctx, s.organization, key, encode(r))
	if !fault.Is(err, fault.Conflict) {
		return err
	}
	now, readErr := a.Store.Delivery(ctx, s.organization.ID, key)
	if readErr == nil && now.State == r.State && (r.State == chat.Failed || now.Ref == chat.Ref(r.Ref)) {
		return nil
	}
	return err
}

// encode writes a body as the API takes it: texts alone, which JSON can always hold.
func encode(body any) []byte {
	raw, _ := json.Marshal(body)
	return raw
}
