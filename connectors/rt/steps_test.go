package rt_test

import (
	"net/http"
	"net/http/httptest"
	"strconv"
	"strings"
	"sync"
	"testing"

	"github.com/afterchat/afterchat/connectors"
	"github.com/afterchat/afterchat/connectors/connectortest"
	"github.com/afterchat/afterchat/connectors/rt"
	"github.com/afterchat/afterchat/connectors/rt/rttest"
	"github.com/afterchat/afterchat/internal/fault"
)

// A ticket with an internal body takes two requests. Whatever happens to the second,
// looking and then trying again leads to one ticket with the body once.
func TestATicketWhoseBodyWasLostOnTheWayIsCompleted(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		how   connectortest.Breakage
		kind  fault.Kind
		found bool // is the ticket whole already?
	}{
		"the body is lost":                {connectortest.Breakage{DropBefore: true}, fault.Ambiguous, false},
		"the answer is lost":              {connectortest.Breakage{DropAfter: true}, fault.Ambiguous, true},
		"RT breaks":                       {connectortest.Breakage{Status: 500}, fault.Ambiguous, false},
		"RT asks to wait":                 {connectortest.Breakage{Status: 429}, fault.RateLimited, false},
		"RT refuses the credential":       {connectortest.Breakage{Status: 401}, fault.Denied, false},
		"RT refuses the body":             {connectortest.Breakage{Status: 400}, fault.Invalid, false},
		"the answer names nothing at all": {connectortest.Breakage{Status: 201}, fault.Ambiguous, false},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			server := rttest.New(rttest.Options{Password: password})
			breaker := &connectortest.Breaker{Next: server}
			var once sync.Once
			listener := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
				if strings.HasSuffix(r.URL.Path, "/comment") {
					once.Do(func() { breaker.Break(c.how) })
				}
				breaker.ServeHTTP(w, r)
			}))
			defer listener.Close()
			client := newClient(t, listener.URL, password, nil)

			in := newTicket("the body " + word())
			_, err := client.CreateTicket(t.Context(), in)
			if !fault.Is(err, c.kind) || strings.Contains(err.Error(), in.Body) {
				t.Fatalf("got %v, want kind %v", err, c.kind)
			}
			if _, err := client.FindTicket(t.Context(), in.Key); err == nil != c.found {
				t.Errorf("looking gives %v, want it found: %v", err, c.found)
			}
			ref := must(client.CreateTicket(t.Context(), in))(t)
			if found := must(client.FindTicket(t.Context(), in.Key))(t); found != ref {
				t.Errorf("found %+v, created %+v", found, ref)
			}
			all := standInTickets(server)
			if len(all) != 1 || len(all[0].texts) != 2 || !strings.Contains(all[0].texts[1].body, in.Body) {
				t.Errorf("there is %+v, want one ticket with its body once", all)
			}
		})
	}
}

func TestATokenSignsInInsteadOfAPassword(t *testing.T) {
	t.Parallel()
	d, _ := standIn(t)
	client := d.client(t, func(s *rt.Settings) { s.User, s.Password, s.Token = "", "", "1-14-abc" })
	if err := client.Probe(t.Context()); err != nil {
		t.Error(err)
	}
}

func TestALongHistoryIsReadPageByPage(t *testing.T) {
	t.Parallel()
	d, _ := standIn(t)
	client := d.client(t, nil)
	ann := connectors.Person{Email: "ann@example.com"}
	for range 130 {
		in := newTicket("x")
		in.Requester, in.Public = ann, true
		must(client.CreateTicket(t.Context(), in))(t)
	}
	for limit, want := range map[int]int{-1: 0, 0: 0, 1: 1, 100: 100, 101: 101, 1000: 130} {
		got := must(client.TicketsOf(t.Context(), ann, limit))(t)
		if len(got) != want {
			t.Errorf("a limit of %d gives %d tickets, want %d", limit, len(got), want)
		}
		for i, prior := range got {
			if i > 0 && prior.ID == got[i-1].ID {
				t.Errorf("ticket %s is there twice", prior.ID)
			}
		}
	}
}

func TestPrioritiesComeBackAsTheyWent(t *testing.T) {
	t.Parallel()
	d, _ := standIn(t)
	client := d.client(t, nil)
	for _, priority := range []string{"", "low", "normal", "high", "urgent"} {
		in := newTicket("x")
		in.Priority, in.Public = priority, true
		must(client.CreateTicket(t.Context(), in))(t)
		got := must(client.TicketsOf(t.Context(), in.Requester, 1))(t)
		if len(got) != 1 || got[0].Priority != priority {
			t.Errorf("%q came back as %+v", priority, got)
		}
	}
}

func TestSettingsThatCannotWorkAreRefusedByName(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		change func(*rt.Settings)
		field  string
	}{
		"no address":                  {func(s *rt.Settings) { s.BaseURL = "" }, "base_url: "},
		"no credential":               {func(s *rt.Settings) { s.Password = "" }, "user: "},
		"no queue":                    {func(s *rt.Settings) { s.Queue = "" }, "queue: "},
		"a key field with a brace":    {func(s *rt.Settings) { s.KeyField = "x}='y' OR id" }, "key_field: "},
		"a key field with line break": {func(s *rt.Settings) { s.KeyField = "x\ny" }, "key_field: "},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			settings := &rt.Settings{User: "afterchat", Password: password, Queue: "General"}
			settings.BaseURL = "https://rt.example"
			c.change(settings)
			_, err := rt.New(settings)
			if !fault.Is(err, fault.Invalid) || !strings.HasPrefix(err.Error(), c.field) || strings.Contains(err.Error(), password) {
				t.Errorf("got %v, want the field %q", err, c.field)
			}
		})
	}
}

func TestTheIdentityNamesTheAccountAndNoSecret(t *testing.T) {
	t.Parallel()
	settings, ok := rt.Kind().Settings().(*rt.Settings)
	if !ok {
		t.Fatal("Kind's settings are of another type")
	}
	settings.BaseURL, settings.User, settings.Password, settings.Token = "https://rt.example", "bot", password, "1-14-abc"
	if got := settings.Identity(); got != "rt https://rt.example bot" {
		t.Errorf("the identity is %q", got)
	}
}

func TestTheStandInRefusesWhatItDoesNotKnow(t *testing.T) {
	t.Parallel()
	server := rttest.New(rttest.Options{})
	for path, want := range map[string]int{
		"/REST/2.0/tickets?query=id+=+1":                  http.StatusOK,
		"/REST/2.0/tickets?query=":                        http.StatusBadRequest,
		"/REST/2.0/tickets?query=id+>+0":                  http.StatusBadRequest,
		"/REST/2.0/tickets?query=id+=+1+AND+id+=+2":       http.StatusBadRequest,
		"/REST/2.0/tickets?query=id+=+1+OR":               http.StatusBadRequest,
		"/REST/2.0/tickets?query=CF.{Nope}+=+'x'":         http.StatusBadRequest,
		"/REST/2.0/tickets?query=Requestor.Name+=+'CF.x'": http.StatusBadRequest,
		"/REST/2.0/tickets?query=Requestor.Name+=+'x''":   http.StatusBadRequest,
		"/REST/2.0/tickets?query=id+=+1&orderby=Subject":  http.StatusBadRequest,
		"/REST/2.0/ticket/1":                              http.StatusNotFound,
		"/REST/2.0/ticket/1/attachments":                  http.StatusBadRequest,
		"/REST/2.0/queue/Nowhere":                         http.StatusForbidden,
	} {
		t.Run(strconv.Quote(path), func(t *testing.T) {
			t.Parallel()
			w := httptest.NewRecorder()
			r := httptest.NewRequest(http.MethodGet, strings.NewReplacer(">", "%3E", "{", "%7B", "}", "%7D").Replace(path), nil)
			r.SetBasicAuth("afterchat", "password")
			server.ServeHTTP(w, r)
			if w.Code != want {
				t.Errorf("status %d, want %d", w.Code, want)
			}
		})
	}
}
