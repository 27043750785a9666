package templates

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"io/fs"
	"maps"
	"reflect"
	"slices"
	"strings"
	"testing"
	"testing/fstest"
	"time"

	"github.com/afterchat/afterchat/internal/chat"
)

// The leak test fills every field of everything with a word of its own, calls every
// method of the Renderer that there is, and looks at which words come out. What an
// audience may see is listed; whatever is not listed is a secret, new fields included.

// seenByCustomer are the fields of a snapshot that a customer may see.
var seenByCustomer = []string{
	"ID", "Product", "User.Name", "Agents[].DisplayName", "Agents[].PhotoURL", "Messages[].Text", "Messages[].Attachments[].Name",
	"Messages[].Attachments[].URL", "Form[].Label", "Form[].Value", coverPath,
}

// coverPath is an agent's covering note, which is for whoever reads the transcript.
const coverPath = "options.Cover"

// seenInternally are the fields that colleagues see beside those.
var seenInternally = []string{
	"User.Email", "User.Phone", "User.ID", "User.ExternalIDs", "Agents[].Name", "Agents[].Email", "Group", "Channel", "Outcome", "EndedBy",
	"Flags[].Code", "Flags[].Source", "Flags[].Reason", "Flags[].Evidence", "Notes[].Text", "Notes[].Agent",
	"options.Deliveries[].Action", "options.Deliveries[].Target", "options.Deliveries[].State", "options.Deliveries[].HeldBy", "options.Deliveries[].Ref",
	"options.Deliveries[].To", "options.Deliveries[].Audience",
}

// policies are what organizations let customers know of agents, with what is a secret then
// although it stands in seenByCustomer.
var policies = map[AgentPolicy][]string{
	{NamesFull, true}:     nil,
	{NamesFull, false}:    {"Agents[].PhotoURL"},
	{NamesSupport, true}:  {"Agents[].DisplayName", "Agents[].PhotoURL"},
	{NamesSupport, false}: {"Agents[].DisplayName", "Agents[].PhotoURL"},
}

// notesAllowed are the methods whose readers may see notes. All others may not.
var notesAllowed = []string{"Notes", "LateNote", "TranscriptForInternal", "DocumentForInternal", "PrintHTML", "Pane"}

// seenInSnapshot is the same without what stands in mails alone: photos and covers.
var seenInSnapshot = slices.DeleteFunc(slices.Clone(seenByCustomer), func(path string) bool {
	return path == "Agents[].PhotoURL" || path == coverPath
})

// mustShow are fields that have to come out, so that the test cannot pass on nothing.
var mustShow = map[string][]string{
	"TicketForCustomer":     seenInSnapshot,
	"TranscriptForCustomer": seenByCustomer,
	"TicketForInternal": append([]string{
		"User.Email", "User.Phone", "User.ID", "User.ExternalIDs", "Agents[].Name", "Agents[].Email", "Group", "Channel", "Outcome", "EndedBy",
		"Flags[].Code", "Flags[].Source", "Flags[].Reason", "Flags[].Evidence", "Messages[].Event.Type", "Messages[].Event.From", "Messages[].Event.To",
	}, seenInSnapshot...),
	"TranscriptForInternal": append(slices.Clone(seenInternally), seenByCustomer...),
	"DocumentForCustomer":   append([]string{"Agents[].PhotoURL"}, seenInSnapshot...),
	"DocumentForInternal":   append(append([]string{"Agents[].PhotoURL"}, seenInternally...), seenInSnapshot...),
	"PrintHTML":             seenInSnapshot,
	"Notes":                 {"Notes[].Text", "Notes[].Agent"},
	"LateNote":              {"note.Text", "note.Agent"},
	"Amendment":             {"contact.Name", "contact.Email", "contact.Phone", "contact.Answers[].Label", "contact.Answers[].Value"},
	"Pane":                  {"Notes[].Text", "Flags[].Code", "User.Email", "pane.Prior[].Tickets[].Subject", "pane.Deliveries[].Target", "pane.Deliveries[].To", "pane.Deliveries[].Note", "pane.Links[].State"},
}

func TestNothingShowsToAnAudienceThatMayNotSeeIt(t *testing.T) {
	t.Parallel()
	marked, files := markedTemplates(t)
	r, err := parse(marked)
	if err != nil {
		t.Fatal(err)
	}
	checkEverything(t, r, files)
}

// checkEverything calls every method that renders, under every policy, checks what comes
// out, and that each of the templates was in it.
func checkEverything(t *testing.T, r *Renderer, files []string) {
	t.Helper()
	shown := map[string]bool{}
	methods := reflect.TypeFor[*Renderer]()
	for policy, hidden := range policies {
		for _, limit := range []int{0, 1} {
			w := newWorld()
			w.renderer, w.options.Agents, w.options.BodyLimit, w.hidden = r, policy, limit, hidden
			for i := range methods.NumMethod() {
				name := methods.Method(i).Name
				if !renders(methods.Method(i)) {
					continue
				}
				for _, call := range w.calls(t, reflect.ValueOf(r).Method(i)) {
					out := call.output(t, name)
					w.check(t, name, call.customer, out)
					for _, file := range files {
						shown[file] = shown[file] || strings.Contains(out, mark(file))
					}
				}
			}
		}
	}
	for _, file := range files {
		if !shown[file] {
			t.Errorf("templates/%s is in no output of this test, so nobody knows what it leaks", file)
		}
	}
}

// renders reports whether a method renders: the others make renderers, or try them.
func renders(m reflect.Method) bool {
	of := m.Type.Out(0)
	return of != reflect.TypeFor[*Renderer]() && of != reflect.TypeFor[[]Problem]()
}

// markedTemplates returns the embedded templates, each beginning with its own name.
func markedTemplates(t *testing.T) (fstest.MapFS, []string) {
	t.Helper()
	marked := fstest.MapFS{}
	err := fs.WalkDir(embedded, ".", func(name string, entry fs.DirEntry, err error) error {
		if err != nil || entry.IsDir() {
			return err
		}
		source, err := fs.ReadFile(embedded, name)
		marked[name] = &fstest.MapFile{Data: append([]byte(mark(name)), source...)}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return marked, slices.Sorted(maps.Keys(marked))
}

func mark(file string) string { return "[[" + file + "]]" }

// world is a snapshot and the rest, with every word in it and where the word stands.
type world struct {
	words    map[string]string // word → path
	snapshot chat.Snapshot
	options  Options
	note     chat.Note
	contact  chat.Contact
	link     LinkView
	page     LinkPage
	pane     PanePage
	renderer *Renderer
	// hidden are the paths that the organization's policy hides from customers.
	hidden []string
}

func newWorld() *world {
	w := &world{words: map[string]string{}}
	w.fill(reflect.ValueOf(&w.snapshot).Elem(), "")
	w.fill(reflect.ValueOf(&w.note).Elem(), "note")
	w.fill(reflect.ValueOf(&w.contact).Elem(), "contact")
	w.fill(reflect.ValueOf(&w.pane).Elem(), "pane")
	s := &w.snapshot
	s.Locale, s.Timezone, s.Episode = "en", "Europe/Stockholm", 2
	for i, kind := range []string{chat.AuthorUser, chat.AuthorAgent, chat.AuthorAssistant, chat.AuthorSystem} {
		s.Messages[i].Author.Kind = kind
		s.Messages[i].Event = nil
		for j := range s.Messages[i].Attachments {
			a := &s.Messages[i].Attachments[j]
			a.URL = "https://files.example/" + a.URL
		}
	}
	// Two agents that speak, one that is named by an event, and one known by id alone.
	s.Messages[1].Author.ID = s.Agents[0].ID
	s.Messages[2].Author.ID = s.Agents[1].ID
	s.Messages[3].Event = &chat.Event{Type: "transferred", From: s.Agents[1].ID, To: s.Agents[2].ID}
	for i := range s.Agents {
		s.Agents[i].PhotoURL = "https://photos.example/" + s.Agents[i].PhotoURL
	}
	extra := s.Messages[4:]
	s.Messages[4].Author.Kind, s.Messages[5].Author.Kind = chat.AuthorSystem, chat.AuthorSystem
	extra[1].Event = &chat.Event{Type: "joined", To: s.Agents[3].ID}
	w.options = Options{Brand: Brand{Organization: "Acme", Website: "https://acme.example", Color: "#123456"}, TicketID: "T1", TicketURL: w.secret("options.TicketURL", "https://desk.example/")}
	w.options.Cover = w.secret(coverPath, "")
	w.fill(reflect.ValueOf(&w.options.Deliveries).Elem(), "options.Deliveries")
	w.link = LinkView{Brand: w.options.Brand, Purpose: "resume", URL: "https://chat.example/r/token", ExpiresAt: time.Unix(1e9, 0)}
	w.page = LinkPage{Brand: w.options.Brand, State: "open", Action: "/r/token", Target: "https://acme.example/chat"}
	p := w.pane
	w.pane = samplePane(w.snapshot, w.options)
	w.pane.Prior, w.pane.Deliveries, w.pane.Links = p.Prior, p.Deliveries, p.Links
	w.pane.Prior[0].State, w.pane.Prior[1].State = "stale", "unavailable"
	return w
}

// fill gives every string in v a word of its own, and every slice six elements.
func (w *world) fill(v reflect.Value, path string) {
	switch v.Kind() {
	case reflect.String:
		v.SetString(w.secret(path, ""))
	case reflect.Slice:
		v.Set(reflect.MakeSlice(v.Type(), 6, 6))
		for i := range v.Len() {
			w.fill(v.Index(i), path+"[]")
		}
	case reflect.Map:
		m := reflect.MakeMap(v.Type())
		m.SetMapIndex(reflect.ValueOf(w.secret(path, "")), reflect.ValueOf(w.secret(path, "")))
		v.Set(m)
	case reflect.Pointer:
		if v.Type() == reflect.TypeFor[*time.Location]() {
			return
		}
		v.Set(reflect.New(v.Type().Elem()))
		w.fill(v.Elem(), path)
	case reflect.Struct:
		if v.Type() == reflect.TypeFor[time.Time]() {
			v.Set(reflect.ValueOf(time.Unix(1_700_000_000, 0)))
			return
		}
		for i := range v.NumField() {
			w.fill(v.Field(i), strings.TrimPrefix(path+"."+v.Type().Field(i).Name, "."))
		}
	default:
	}
}

func (w *world) secret(path, prefix string) string {
	word := fmt.Sprintf("w%04dq", len(w.words))
	w.words[word] = path
	return prefix + word
}

type call struct {
	customer bool
	method   reflect.Value
	in       []reflect.Value
	written  *bytes.Buffer
}

// calls makes the arguments of a method out of their types, once per state of a page. A
// method with a type that is not known here fails the test until it is taught.
func (w *world) calls(t *testing.T, method reflect.Value) []call {
	t.Helper()
	c := call{customer: true, method: method, written: &bytes.Buffer{}}
	states := []string{""}
	for i := range method.Type().NumIn() {
		var v any
		switch in := method.Type().In(i); in {
		case reflect.TypeFor[CustomerView]():
			v = ForCustomer(w.snapshot, w.options)
		case reflect.TypeFor[InternalView]():
			v, c.customer = ForInternal(w.snapshot, w.options), false
		case reflect.TypeFor[chat.Note]():
			v, c.customer = w.note, false
		case reflect.TypeFor[chat.Contact]():
			v, c.customer = w.contact, false
		case reflect.TypeFor[PanePage]():
			v, c.customer = w.pane, false
		case reflect.TypeFor[LinkView]():
			v = w.link
		case reflect.TypeFor[LinkPage]():
			v, states = w.page, []string{"open", "expired", "revoked", "unknown"}
		case reflect.TypeFor[Document]():
			return w.prints(method)
		case reflect.TypeFor[io.Writer]():
			v = c.written
		case reflect.TypeFor[string]():
			v = w.options.Locale
		default:
			t.Fatalf("teach this test what a %s is and who reads it", in)
		}
		c.in = append(c.in, reflect.ValueOf(v))
	}
	var all []call
	for _, state := range states {
		each := c
		each.in = slices.Clone(c.in)
		for i, v := range each.in {
			if p, ok := v.Interface().(LinkPage); ok {
				p.State = state
				each.in[i] = reflect.ValueOf(p)
			}
		}
		all = append(all, each)
	}
	return all
}

// prints are the calls of a method that takes what DocumentForCustomer and
// DocumentForInternal return.
func (w *world) prints(method reflect.Value) []call {
	customer, internal := w.documents()
	return []call{
		{customer: true, method: method, in: []reflect.Value{reflect.ValueOf(customer)}, written: &bytes.Buffer{}},
		{method: method, in: []reflect.Value{reflect.ValueOf(internal)}, written: &bytes.Buffer{}},
	}
}

func (w *world) documents() (customer, internal Document) {
	r := w.renderer
	return r.DocumentForCustomer(ForCustomer(w.snapshot, w.options)), r.DocumentForInternal(ForInternal(w.snapshot, w.options))
}

// output calls the method and returns all that it wrote and returned.
func (c call) output(t *testing.T, name string) string {
	t.Helper()
	c.written.Reset()
	var out strings.Builder
	for _, v := range c.method.Call(c.in) {
		if err, ok := v.Interface().(error); ok && err != nil {
			t.Fatalf("%s: %v", name, err)
		}
		if d, ok := v.Interface().(Document); ok {
			// Its parts are behind pointers.
			whole, err := json.Marshal(d)
			if err != nil {
				t.Fatal(err)
			}
			out.Write(whole)
			continue
		}
		fmt.Fprintf(&out, "%s\n", v.Interface())
	}
	return out.String() + c.written.String()
}

func (w *world) check(t *testing.T, name string, customer bool, out string) {
	t.Helper()
	found := map[string]bool{}
	for word, path := range w.words {
		if !strings.Contains(out, word) {
			continue
		}
		found[path] = true
		switch {
		case customer && (!slices.Contains(seenByCustomer, path) || slices.Contains(w.hidden, path)):
			t.Errorf("%s shows %s to the customer", name, path)
		case strings.HasPrefix(path, "Notes[]") && !slices.Contains(notesAllowed, name):
			t.Errorf("%s shows %s", name, path)
		}
	}
	for _, path := range mustShow[name] {
		hidden := customer && slices.Contains(w.hidden, path)
		cut := w.options.BodyLimit > 0 && path == "Agents[].PhotoURL" // photos stand beside messages
		if !found[path] && !hidden && !cut {
			t.Errorf("%s does not show %s", name, path)
		}
	}
}
