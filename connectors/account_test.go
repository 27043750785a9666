package connectors_test

import (
	"context"
	"errors"
	"strings"
	"testing"
	"time"
	"unicode/utf8"

	"pgregory.net/rapid"

	"github.com/afterchat/afterchat/connectors"
	"github.com/afterchat/afterchat/internal/chat"
	"github.com/afterchat/afterchat/internal/fault"
)

// desk keeps what it is given last, or does what it is told to.
type desk struct {
	traits  connectors.Traits
	do      func(ctx context.Context) error
	calls   int
	ticket  connectors.Ticket
	comment connectors.Comment
}

func (d *desk) Traits() connectors.Traits { return d.traits }

func (d *desk) act(ctx context.Context) error {
	d.calls++
	if d.do == nil {
		return nil
	}
	return d.do(ctx)
}

func (d *desk) CreateTicket(ctx context.Context, t connectors.Ticket) (chat.Ref, error) {
	d.ticket = t
	return chat.Ref{ID: "7"}, d.act(ctx)
}

func (d *desk) FindTicket(ctx context.Context, _ chat.Key) (chat.Ref, error) {
	return chat.Ref{ID: "7"}, d.act(ctx)
}

func (d *desk) AddComment(ctx context.Context, _ chat.Ref, c connectors.Comment) (chat.Ref, error) {
	d.comment = c
	return chat.Ref{ID: "8"}, d.act(ctx)
}

func (d *desk) FindComment(ctx context.Context, _ chat.Ref, _ chat.Key) (chat.Ref, error) {
	return chat.Ref{ID: "8"}, d.act(ctx)
}

type settings struct{ connectors.Common }

func (settings) Identity() string { return "desk" }

// resting remembers for how long a bucket rests.
type resting map[string]time.Duration

func (resting) Take(context.Context, string, connectors.Rate) time.Duration { return 0 }
func (r resting) TakeTurn(_ context.Context, bucket string, _ connectors.Rate) time.Duration {
	return r[bucket]
}
func (r resting) Rest(_ context.Context, bucket string, d time.Duration) { r[bucket] = d }
func quiet(string, string, time.Duration)                                {}
func account(d connectors.Connector, l connectors.Limiter) *connectors.Account {
	return connectors.NewAccount(d, settings{}, l, quiet)
}

func TestATextThatDoesNotFitGoesWholeIntoAFileWithItsBeginningInTheField(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		limit := rapid.IntRange(100, 400).Draw(t, "limit")
		body := rapid.StringOfN(rapid.SampledFrom([]rune{'a', ' ', '\n', 'é', '語', '\U0001F600', '\u202E'}), 0, 600, -1).Draw(t, "body")
		d := &desk{traits: connectors.Traits{MaxBody: limit, Files: true, PrivateComments: true}}
		given := connectors.File{Name: "photo.jpg"}
		files := make([]connectors.File, 1, 4)
		files[0] = given
		if _, err := account(d, resting{}).CreateTicket(context.Background(), connectors.Ticket{Body: body, Files: files}); err != nil {
			t.Fatal(err)
		}
		got := d.ticket
		switch {
		case len(body) <= limit:
			if got.Body != body || len(got.Files) != 1 {
				t.Fatalf("a text that fits was changed")
			}
		case len(got.Body) > limit:
			t.Fatalf("%d bytes in a field of %d", len(got.Body), limit)
		case !utf8.ValidString(got.Body):
			t.Fatalf("a character was cut in two: %q", got.Body)
		case len(got.Files) != 2 || string(got.Files[1].Content) != body:
			t.Fatal("the whole text is nowhere")
		default:
			first, _, marked := strings.Cut(got.Body, "\n\n[…]")
			if !marked || !strings.HasPrefix(body, first) || !strings.Contains(got.Body, got.Files[1].Name) {
				t.Fatalf("the field holds %q", got.Body)
			}
		}
		if cap(files) > 1 && files[:2][1].Name != "" {
			t.Fatal("the caller's files were written over")
		}
	})
}

func TestACommentThatDoesNotFitGoesIntoAFile(t *testing.T) {
	t.Parallel()
	d := &desk{traits: connectors.Traits{MaxBody: 200, Files: true, PrivateComments: true}}
	body := strings.Repeat("x", 1000)
	if _, err := account(d, resting{}).AddComment(t.Context(), chat.Ref{}, connectors.Comment{Body: body}); err != nil || len(d.comment.Body) > 200 || string(d.comment.Files[0].Content) != body {
		t.Errorf("%+v, %v", d.comment, err)
	}
}

func TestATextThatFitsNowhereIsRefusedAndNotCut(t *testing.T) {
	t.Parallel()
	for name, traits := range map[string]connectors.Traits{
		"no files":           {MaxBody: 200},
		"no file so large":   {MaxBody: 200, Files: true, MaxFile: 500},
		"a field of nothing": {MaxBody: 10, Files: true},
	} {
		d := &desk{traits: traits}
		_, err := account(d, resting{}).CreateTicket(t.Context(), connectors.Ticket{Body: strings.Repeat("x", 1000)})
		if fault.CodeOf(err) != "too_long" || d.calls != 0 {
			t.Errorf("%s: %v after %d calls", name, err, d.calls)
		}
	}
}

func TestWhateverAConnectorDoesItsErrorIsAFault(t *testing.T) {
	t.Parallel()
	odd := errors.New("dial tcp ann@example.com: secret")
	for name, c := range map[string]struct {
		do           func(context.Context) error
		effect, look fault.Kind
	}{
		"a panic":         {func(context.Context) error { panic("boom: secret") }, fault.Ambiguous, fault.Transient},
		"an error":        {func(context.Context) error { return odd }, fault.Ambiguous, fault.Transient},
		"no time left":    {func(ctx context.Context) error { <-ctx.Done(); return ctx.Err() }, fault.Ambiguous, fault.Transient},
		"a fault":         {func(context.Context) error { return fault.New(fault.Invalid, "x", "") }, fault.Invalid, fault.Invalid},
		"a wrapped fault": {func(context.Context) error { return errors.Join(fault.New(fault.Transient, "x", "")) }, fault.Transient, fault.Transient},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			a := account(&desk{do: c.do, traits: connectors.Traits{Timeout: 600 * time.Millisecond}}, resting{})
			_, effect := a.CreateTicket(t.Context(), connectors.Ticket{})
			_, look := a.FindTicket(t.Context(), chat.Key{})
			if !fault.Is(effect, c.effect) || !fault.Is(look, c.look) {
				t.Errorf("effect: %v, look: %v", effect, look)
			}
			if text := effect.Error() + look.Error(); strings.Contains(text, "secret") || strings.Contains(text, "@") {
				t.Errorf("it says %q", text)
			}
		})
	}
}

func TestAnEffectIsNotBegunWhenTooLittleIsLeftOfTheLease(t *testing.T) {
	t.Parallel()
	over, cancel := context.WithCancel(t.Context())
	cancel()
	short, cancel := context.WithTimeout(t.Context(), 490*time.Millisecond)
	defer cancel()
	for name, ctx := range map[string]context.Context{"over": over, "short": short} {
		d := &desk{}
		if _, err := account(d, resting{}).CreateTicket(ctx, connectors.Ticket{}); !fault.Is(err, fault.Transient) || d.calls != 0 {
			t.Errorf("%s: %v after %d calls", name, err, d.calls)
		}
	}
	d := &desk{}
	if _, err := account(d, resting{}).FindTicket(short, chat.Key{}); err != nil || d.calls != 1 {
		t.Errorf("a look: %v after %d calls", err, d.calls)
	}
}

func TestACallHasADeadline(t *testing.T) {
	t.Parallel()
	d := &desk{traits: connectors.Traits{Timeout: time.Minute}, do: func(ctx context.Context) error {
		if deadline, ok := ctx.Deadline(); !ok || time.Until(deadline) > time.Minute {
			t.Errorf("deadline %s, %t", deadline, ok)
		}
		return nil
	}}
	if _, err := account(d, resting{}).FindTicket(t.Context(), chat.Key{}); err != nil {
		t.Error(err)
	}
}

func TestARateLimitRestsTheAccountForAsLongAsItWasAsked(t *testing.T) {
	t.Parallel()
	for asked, want := range map[time.Duration]time.Duration{0: time.Second, time.Minute: time.Minute} {
		l := resting{}
		d := &desk{do: func(context.Context) error { return fault.New(fault.RateLimited, "", "").After(asked) }}
		_, _ = account(d, l).CreateTicket(t.Context(), connectors.Ticket{})
		if l["desk"] != want {
			t.Errorf("asked for %s, it rests for %s", asked, l["desk"])
		}
	}
}

func TestWhatAConnectorCannotDoIsUnsupported(t *testing.T) {
	t.Parallel()
	a := account(&desk{}, resting{})
	_, send := a.Send(t.Context(), connectors.Outgoing{})
	_, sent := a.FindSent(t.Context(), connectors.Outgoing{})
	_, list := a.TicketsOf(t.Context(), connectors.Person{}, 1)
	_, private := a.AddComment(t.Context(), chat.Ref{}, connectors.Comment{})
	for name, err := range map[string]error{
		"send": send, "find what was sent": sent, "list": list, "add a private comment": private,
		"set a requester": a.SetRequester(t.Context(), chat.Ref{}, connectors.Person{}), "probe": a.Probe(t.Context()),
	} {
		if !fault.Is(err, fault.Unsupported) {
			t.Errorf("%s: %v", name, err)
		}
	}
	if a.ListsTickets() || a.SetsRequester() {
		t.Error("it claims to be able to")
	}
}

// mailer sends mails, or says why not.
type mailer struct {
	sent []string
	err  error
}

func (*mailer) Traits() connectors.Traits { return connectors.Traits{} }

func (m *mailer) Send(_ context.Context, o connectors.Outgoing) (chat.Ref, error) {
	if m.err == nil {
		m.sent = append(m.sent, o.To)
	}
	return chat.Ref{}, m.err
}

func TestADomainThatTakesNoMoreRestsAloneWhateverTheAddress(t *testing.T) {
	t.Parallel()
	rests, m := resting{}, &mailer{err: fault.New(fault.Transient, "4.7.28", "").After(time.Minute).Narrowly()}
	a := account(m, rests)
	send := func(to string) error {
		_, err := a.Send(t.Context(), connectors.Outgoing{To: to})
		return err
	}
	if err := send("ann@Customers.example"); !fault.Is(err, fault.Transient) {
		t.Fatalf("the first one: %v", err)
	}
	if len(rests) != 1 || rests["desk"] != 0 {
		t.Errorf("at rest: %v, want the domain alone", rests)
	}
	m.err = nil
	err := send("Bo <bo@customers.EXAMPLE>")
	if !fault.Is(err, fault.RateLimited) || !fault.IsNarrow(err) || fault.RetryAfterOf(err) != time.Minute || len(m.sent) != 0 {
		t.Errorf("the next one to that domain: %v", err)
	}
	for _, to := range []string{"cy@others.example", "+46701234567"} {
		if err := send(to); err != nil {
			t.Errorf("another one: %v", err)
		}
	}
}

func TestATicketIsHeldByTheSystemThatItsAddressNames(t *testing.T) {
	t.Parallel()
	for base, cases := range map[string]map[string]bool{
		"": {"https://any.example/tickets/7": true},
		"https://acme.example/": {
			"https://acme.example/tickets/7": true, "http://ACME.example/tickets/7": true, "": true,
			"https://sandbox.example/tickets/7": false, "https://acme.example.org/tickets/7": false, "https://acme.example:8443/tickets/7": false,
		},
		"http://acme.example/rt": {"https://acme.example/rt/Ticket/Display.html?id=7": true, "https://acme.example/rt2/Ticket/Display.html?id=7": false},
	} {
		a := connectors.NewAccount(&desk{}, settings{connectors.Common{BaseURL: base}}, resting{}, func(string, string, time.Duration) {})
		for address, want := range cases {
			if got := a.Holds(chat.Ref{ID: "7", URL: address}); got != want {
				t.Errorf("%q holds the ticket of %q: %v", base, address, got)
			}
		}
	}
}
