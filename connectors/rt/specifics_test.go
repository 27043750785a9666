package rt_test

import (
	"crypto/rand"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/afterchat/afterchat/connectors"
	"github.com/afterchat/afterchat/connectors/rt"
	"github.com/afterchat/afterchat/internal/chat"
	"github.com/afterchat/afterchat/internal/fault"
)

// testSpecifics proves what the suite for all connectors does not ask.
func testSpecifics(t *testing.T, d desk) {
	for name, test := range map[string]func(*testing.T, desk){
		"a requester sees nothing of an internal body":                internalBody,
		"a requester is not written to about a quiet ticket":          quiet,
		"a requester sees a public body and public comments":          publicBody,
		"a ticket left pending is completed and not filed again":      pendingTicket,
		"a group names the queue":                                     groupQueue,
		"custom fields and tags are set":                              customFields,
		"what does not fit the queue is refused before anything":      unfitQueues,
		"a follow-up refers to a ticket here and to one elsewhere":    followUps,
		"resolved tickets take comments and deleted ones do not":      statuses,
		"names and addresses that are special change nobody else":     strangePeople,
		"no address can make a search find more":                      injections,
		"files without a name, a type or content are attached anyway": emptyFiles,
		"a subject is one line of at most 200 bytes":                  subjects,
		"a rule's queue and fields are looked for":                    routes,
		"a probe says what is missing":                                probes,
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			test(t, d)
		})
	}
}

func internalBody(t *testing.T, d desk) {
	body, file := "secret-"+word(), "file-"+word()+".txt"
	in := newTicket(body)
	in.Files = []connectors.File{{Name: file, ContentType: "text/plain", Content: []byte("x")}}
	client := d.client(t, nil)
	ref := must(client.CreateTicket(t.Context(), in))(t)
	must(client.AddComment(t.Context(), ref, connectors.Comment{Key: newKey(), Body: body + " in a note"}))(t)
	seen := d.seenBy(t, in.Requester.Email, ref.ID)
	if !strings.Contains(seen, "Thank you for chatting with us") {
		t.Errorf("the requester does not see the notice: %q", seen)
	}
	for _, secret := range []string{body, file, "afterchat:"} {
		if strings.Contains(seen, secret) {
			t.Errorf("the requester sees %q: %q", secret, seen)
		}
	}
	got := byID(t, d, ref.ID)
	if got.keyField() != in.Key.String() {
		t.Errorf("the key field holds %q", got.keyField())
	}
	if len(got.texts) != 3 || got.texts[1].kind != "Comment" || !strings.Contains(got.texts[1].body, body) ||
		!slices.Contains(got.texts[1].files, file) {
		t.Errorf("the texts are %+v, want the body and its file as the first comment", got.texts)
	}
}

func quiet(t *testing.T, d desk) {
	client := d.client(t, nil)
	for _, want := range []bool{false, true} {
		in := newTicket("the body " + word())
		in.Quiet = want
		ref := must(client.CreateTicket(t.Context(), in))(t)
		if got := d.mailed(t, in.Requester.Email, ref.ID); (got == "") != want {
			t.Errorf("quiet %t: the requester is mailed %q", want, got)
		}
		if got := byID(t, d, ref.ID); len(got.requesters) != 1 || got.requesters[0].Email != in.Requester.Email {
			t.Errorf("quiet %t: the requesters are %+v", want, got.requesters)
		}
	}
	bad := newTicket("the body " + word())
	bad.Quiet, bad.Requester.Email = true, "not an address"
	must(client.CreateTicket(t.Context(), bad))(t)
}

func publicBody(t *testing.T, d desk) {
	in := newTicket("for all " + word())
	in.Public = true
	client := d.client(t, nil)
	ref := must(client.CreateTicket(t.Context(), in))(t)
	reply := connectors.Comment{Key: newKey(), Body: "a reply " + word(), Public: true}
	must(client.AddComment(t.Context(), ref, reply))(t)
	seen := d.seenBy(t, in.Requester.Email, ref.ID)
	for _, text := range []string{in.Body, reply.Body} {
		if !strings.Contains(seen, text) {
			t.Errorf("the requester does not see %q", text)
		}
	}
}

// pendingTicket files what the first of the two steps leaves behind, and goes on.
func pendingTicket(t *testing.T, d desk) {
	in := newTicket("the body " + word())
	first := in
	first.Body, first.Public = "the notice", true
	// A field that is not the client's own key field may hold anything.
	other := d.client(t, func(s *rt.Settings) { s.KeyField = tagsField })
	first.Fields = map[string]string{"AfterchatKey": "pending:" + in.Key.String()}
	ref := must(other.CreateTicket(t.Context(), first))(t)

	client := d.client(t, nil)
	if _, err := client.FindTicket(t.Context(), in.Key); !fault.Is(err, fault.NotFound) {
		t.Errorf("a ticket without its body: %v, want it not found", err)
	}
	for range 2 {
		if got := must(client.CreateTicket(t.Context(), in))(t); got != ref {
			t.Errorf("created %+v, want %+v completed", got, ref)
		}
		if got := must(client.FindTicket(t.Context(), in.Key))(t); got != ref {
			t.Errorf("found %+v, want %+v", got, ref)
		}
	}
	if got := byID(t, d, ref.ID); len(got.texts) != 2 || got.keyField() != in.Key.String() {
		t.Errorf("the ticket is %+v, want the body once and the key alone", got)
	}
	if n := count(t, d, in.Key); n != 1 {
		t.Errorf("%d tickets have the key", n)
	}
}

func groupQueue(t *testing.T, d desk) {
	in := newTicket("x")
	in.Group, in.Priority = otherQueue, "urgent"
	got := byID(t, d, must(d.client(t, nil).CreateTicket(t.Context(), in))(t).ID)
	if got.queue != otherQueue || got.priority != "100" {
		t.Errorf("the queue is %q with priority %q", got.queue, got.priority)
	}
}

func customFields(t *testing.T, d desk) {
	in := newTicket("x")
	in.Tags = []string{"live-chat", "two words", "live-chat", " "}
	got := byID(t, d, must(d.client(t, func(s *rt.Settings) { s.TagsField = tagsField }).CreateTicket(t.Context(), in))(t).ID)
	slices.Sort(got.fields[tagsField])
	if diff := cmp.Diff([]string{"live-chat", "two words"}, got.fields[tagsField]); diff != "" {
		t.Errorf("tags (-want +got):\n%s", diff)
	}
	in = newTicket("x")
	in.Fields = map[string]string{tagsField: "A-1007"}
	got = byID(t, d, must(d.client(t, nil).CreateTicket(t.Context(), in))(t).ID)
	if diff := cmp.Diff([]string{"A-1007"}, got.fields[tagsField]); diff != "" {
		t.Errorf("fields (-want +got):\n%s", diff)
	}
	in = newTicket("x")
	in.Fields = map[string]string{"AFTERCHATKEY": "another's"}
	ref := must(d.client(t, nil).CreateTicket(t.Context(), in))(t)
	if found, err := d.client(t, nil).FindTicket(t.Context(), in.Key); err != nil || found != ref || !strings.Contains(byID(t, d, ref.ID).keyField(), in.Key.String()) {
		t.Errorf("a rule that names the key's field: the ticket is found as %+v, %v", found, err)
	}
}

func unfitQueues(t *testing.T, d desk) {
	for name, c := range map[string]struct {
		change func(*rt.Settings)
		ticket func(*connectors.Ticket)
		kind   fault.Kind
		says   string
	}{
		"the account's queue lacks the key field": {
			change: func(s *rt.Settings) { s.Queue = bareQueue }, kind: fault.Denied, says: "AfterchatKey",
		},
		"there is no such queue": {
			change: func(s *rt.Settings) { s.Queue = "Nowhere" }, kind: fault.Denied, says: "no such queue",
		},
		"the group's queue lacks the key field": {
			ticket: func(t *connectors.Ticket) { t.Group = bareQueue }, kind: fault.Invalid, says: "group: ",
		},
		"the group names no queue": {
			ticket: func(t *connectors.Ticket) { t.Group = "No/../where?" }, kind: fault.Invalid, says: "group: ",
		},
		"a custom field is not there": {
			ticket: func(t *connectors.Ticket) { t.Fields = map[string]string{"Nope": "x"} }, kind: fault.Invalid, says: "fields.Nope: ",
		},
	} {
		t.Run(name, func(t *testing.T) {
			in := newTicket("x")
			if c.ticket != nil {
				c.ticket(&in)
			}
			_, err := d.client(t, c.change).CreateTicket(t.Context(), in)
			if !fault.Is(err, c.kind) || !strings.Contains(err.Error(), c.says) {
				t.Errorf("got %v, want %v that says %q", err, c.kind, c.says)
			}
			if n := count(t, d, in.Key); n != 0 {
				t.Errorf("%d tickets were filed", n)
			}
		})
	}
}

func followUps(t *testing.T, d desk) {
	client := d.client(t, nil)
	old := must(client.CreateTicket(t.Context(), newTicket("x")))(t)
	for want, ref := range map[string]chat.Ref{
		old.ID:                           old,
		"https://desk.example/tickets/7": {ID: "7", URL: "https://desk.example/tickets/7"},
		"":                               {ID: "not here"},
	} {
		in := newTicket("x")
		in.FollowUpOf = &ref
		got := byID(t, d, must(client.CreateTicket(t.Context(), in))(t).ID)
		if strings.Join(got.refersTo, " ") != want {
			t.Errorf("it refers to %q, want %q", got.refersTo, want)
		}
	}
}

func statuses(t *testing.T, d desk) {
	client := d.client(t, nil)
	for status, kind := range map[string]fault.Kind{"resolved": 0, "rejected": fault.Conflict, "deleted": fault.Conflict} {
		ref := must(client.CreateTicket(t.Context(), newTicket("x")))(t)
		d.setStatus(t, ref.ID, status)
		_, err := client.AddComment(t.Context(), ref, connectors.Comment{Key: newKey(), Body: "y"})
		if fault.KindOf(err) != kind || kind != 0 && fault.CodeOf(err) != "ticket_closed" {
			t.Errorf("a %s ticket: %v, want kind %v", status, err, kind)
		}
	}
}

func strangePeople(t *testing.T, d desk) {
	client := d.client(t, nil)
	for name, c := range map[string]struct {
		person connectors.Person
		taken  bool
		name   string
	}{
		"a name that looks like more people": {connectors.Person{Name: `A" <b@example.com>, "C`, Email: "a-" + word() + "@example.com"}, true, "A b@example.com, C"},
		"a name of several lines":            {connectors.Person{Name: "Ann\nBcc: b@example.com", Email: "a-" + word() + "@example.com"}, true, "Ann Bcc: b@example.com"},
		"a name with letters of all kinds":   {connectors.Person{Name: "Änn Лю 愛 🔥", Email: "a-" + word() + "@example.com"}, true, "Änn Лю 愛 🔥"},
		"an address that looks like a field": {connectors.Person{Email: "cf.smith-" + word() + "@example.com"}, true, ""},
		"an address with a quote":            {connectors.Person{Email: "o'brien+" + word() + "@example.com"}, true, ""},
		"the name of a user":                 {connectors.Person{Email: "root"}, false, ""},
		"two addresses":                      {connectors.Person{Email: "a@example.com, b@example.com"}, false, ""},
		"an address that RT would cut":       {connectors.Person{Email: strings.Repeat("a", 120) + "@example.com"}, false, ""},
	} {
		t.Run(name, func(t *testing.T) {
			in := newTicket("x")
			in.Requester = c.person
			ref := must(client.CreateTicket(t.Context(), in))(t)
			got := byID(t, d, ref.ID)
			err := client.SetRequester(t.Context(), ref, c.person)
			if !c.taken {
				if len(got.requesters) != 0 || !fault.Is(err, fault.Invalid) {
					t.Errorf("the requesters are %v, and setting it gives %v", got.requesters, err)
				}
				return
			}
			if err != nil || len(got.requesters) != 1 || got.requesters[0].Email != c.person.Email || got.requesters[0].Name != c.name {
				t.Errorf("the requesters are %q, want %q <%s>; setting it gives %v", got.requesters, c.name, c.person.Email, err)
			}
			prior, err := client.TicketsOf(t.Context(), c.person, 5)
			if err != nil || len(prior) != 1 || prior[0].ID != ref.ID {
				t.Errorf("their tickets are %v, %v", prior, err)
			}
		})
	}
	t.Run("an address that ends as one that looks like a field", func(t *testing.T) {
		asked := "cf.smith-" + word() + "@example.com" // RT is asked for what ends in f.smith…
		for _, email := range []string{asked, "wol" + asked[1:]} {
			in := newTicket("x")
			in.Requester = connectors.Person{Email: email}
			must(client.CreateTicket(t.Context(), in))(t)
		}
		if prior, err := client.TicketsOf(t.Context(), connectors.Person{Email: asked}, 5); err != nil || len(prior) != 1 {
			t.Errorf("%d of two people's tickets are one's, %v", len(prior), err)
		}
	})
}

func injections(t *testing.T, d desk) {
	client := d.client(t, nil)
	must(client.CreateTicket(t.Context(), newTicket("x")))(t)
	for _, text := range []string{
		"x@example.com' OR id > 0 OR Subject = 'x", `x\' OR id > 0 OR Subject = 'x@example.com`, "a@example.com' OR 'a' = 'a",
		"x'or'x'='x@example.com", `x\'or\'x\'=\'x@example.com`, "cf.{AfterchatKey}@example.com", "%@example.com", "_@example.com",
		"cf.%@example.com", "", "@", "' OR id > 0",
	} {
		for _, p := range []connectors.Person{{Email: text}, {ExternalID: text}} {
			if got, err := client.TicketsOf(t.Context(), p, 5); err != nil || len(got) > 0 {
				t.Errorf("%+v has the tickets %v, %v", p, got, err)
			}
		}
	}
}

func emptyFiles(t *testing.T, d desk) {
	in := newTicket("x")
	in.Files = []connectors.File{{}, {Name: "0"}, {Name: "a\r\nb"}}
	got := byID(t, d, must(d.client(t, nil).CreateTicket(t.Context(), in))(t).ID)
	if files := got.texts[len(got.texts)-1].files; len(files) != len(in.Files) {
		t.Errorf("the files are %q", files)
	}
}

func subjects(t *testing.T, d desk) {
	in := newTicket("x")
	in.Subject = "First\r\nBcc: x " + strings.Repeat("å🔥", 100)
	got := byID(t, d, must(d.client(t, nil).CreateTicket(t.Context(), in))(t).ID).subject
	if !strings.HasPrefix(got, "First Bcc: x å🔥") || !strings.HasSuffix(got, "…") || len(got) > 200 || len(got) < 190 {
		t.Errorf("the subject of %d bytes is %q", len(got), got)
	}
}

func probes(t *testing.T, d desk) {
	for name, c := range map[string]struct {
		change func(*rt.Settings)
		kind   fault.Kind
		says   string
	}{
		"all is there":                {nil, 0, ""},
		"a field in another queue":    {func(s *rt.Settings) { s.Queue, s.TagsField = otherQueue, tagsField }, 0, ""},
		"a wrong password":            {func(s *rt.Settings) { s.Password = "wrong" }, fault.Denied, "401"},
		"a wrong token":               {func(s *rt.Settings) { s.Token = "wrong" }, fault.Denied, "401"},
		"no such queue":               {func(s *rt.Settings) { s.Queue = "Nowhere" }, fault.Denied, "queue: "},
		"a queue without the field":   {func(s *rt.Settings) { s.Queue = bareQueue }, fault.Denied, `"AfterchatKey"`},
		"no such field for tags":      {func(s *rt.Settings) { s.TagsField = "Nope" }, fault.Invalid, "tags_field: "},
		"a base URL that is not RT's": {func(s *rt.Settings) { s.BaseURL += "/elsewhere" }, fault.Denied, "base_url: "},
	} {
		t.Run(name, func(t *testing.T) {
			err := d.client(t, c.change).Probe(t.Context())
			if fault.KindOf(err) != c.kind || err != nil && !strings.Contains(err.Error(), c.says) {
				t.Errorf("got %v, want kind %v that says %q", err, c.kind, c.says)
			}
		})
	}
}

func routes(t *testing.T, d desk) {
	client := d.client(t, nil)
	for name, c := range map[string]struct {
		group   string
		fields  []string
		missing []string
	}{
		"nothing is named":           {"", nil, nil},
		"all is there":               {otherQueue, []string{tagsField, strings.ToLower(tagsField)}, nil},
		"no such queue":              {"Nowhere", []string{"Nope"}, []string{"group"}},
		"a queue without the key":    {bareQueue, nil, []string{"group"}},
		"fields that are not there":  {"", []string{"Nope", tagsField, "Neither"}, []string{"fields.Nope", "fields.Neither"}},
		"a field of the group alone": {otherQueue, []string{"Nope"}, []string{"fields.Nope"}},
	} {
		t.Run(name, func(t *testing.T) {
			missing, err := client.CheckRoute(t.Context(), c.group, c.fields)
			var fields []string
			for _, m := range missing {
				fields = append(fields, fault.FieldOf(m))
			}
			if err != nil || !slices.Equal(fields, c.missing) {
				t.Errorf("missing are %v (%v), %v; want %v", fields, missing, err, c.missing)
			}
		})
	}
	if _, err := d.client(t, func(s *rt.Settings) { s.Password = "wrong" }).CheckRoute(t.Context(), otherQueue, nil); !fault.Is(err, fault.Denied) {
		t.Errorf("with a wrong password: %v", err)
	}
}

func word() string { return strings.ToLower(rand.Text()[:12]) }

func newKey() chat.Key { return chat.NewKey("rt", word(), 1, chat.FileTicket, "") }

func newTicket(body string) connectors.Ticket {
	return connectors.Ticket{
		Key: newKey(), Subject: "A chat", Body: body,
		Requester: connectors.Person{Name: "Ann Lee", Email: "ann-" + word() + "@example.com"},
	}
}

// must fails the test when a call fails.
func must[T any](value T, err error) func(*testing.T) T {
	return func(t *testing.T) T {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
		return value
	}
}

func byID(t *testing.T, d desk, id string) ticket {
	t.Helper()
	for _, one := range d.tickets(t) {
		if one.id == id {
			return one
		}
	}
	t.Fatalf("there is no ticket %q", id)
	return ticket{}
}

// count counts the tickets whose key field holds the key, pending ones too.
func count(t *testing.T, d desk, key chat.Key) int {
	t.Helper()
	n := 0
	for _, one := range d.tickets(t) {
		if strings.Contains(one.keyField(), key.String()) {
			n++
		}
	}
	return n
}
