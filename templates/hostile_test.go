package templates

import (
	"fmt"
	htmltemplate "html/template"
	"path"
	"reflect"
	"slices"
	"strings"
	"testing"
	"time"
)

// These tests play somebody who writes a template in order to see what its reader may
// not: by name, by printing all there is, and by every way that reflection finds.

// hostileCalls are the words of a world, and what renders with a template of each name
// that a customer reads.
func hostileCalls(w *world) map[string]func(*Renderer) string {
	customer := ForCustomer(w.snapshot, w.options)
	return map[string]func(*Renderer) string{
		"transcript/customer.txt":  func(r *Renderer) string { m, err := r.TranscriptForCustomer(customer); return fmt.Sprint(m, err) },
		"transcript/customer.html": func(r *Renderer) string { m, err := r.TranscriptForCustomer(customer); return fmt.Sprint(m, err) },
		"ticket/customer.txt":      func(r *Renderer) string { s, b, err := r.TicketForCustomer(customer); return fmt.Sprint(s, b, err) },
		"sms/link.txt":             func(r *Renderer) string { s, err := r.LinkSMS(w.link); return fmt.Sprint(s, err) },
		"email/link.txt":           func(r *Renderer) string { m, err := r.LinkMail(w.link); return fmt.Sprint(m, err) },
		"email/link.html":          func(r *Renderer) string { m, err := r.LinkMail(w.link); return fmt.Sprint(m, err) },
		"email/head.html":          func(r *Renderer) string { m, err := r.TranscriptForCustomer(customer); return fmt.Sprint(m, err) },
		"email/start.html":         func(r *Renderer) string { m, err := r.TranscriptForCustomer(customer); return fmt.Sprint(m, err) },
		"email/bar.html":           func(r *Renderer) string { m, err := r.TranscriptForCustomer(customer); return fmt.Sprint(m, err) },
		"transcript/print.html": func(r *Renderer) string {
			s, err := r.PrintHTML(r.DocumentForCustomer(customer))
			return fmt.Sprint(s, err)
		},
		"pages/link.html": func(r *Renderer) string {
			var b strings.Builder
			return fmt.Sprint(r.LinkPage(&b, w.page), b.String())
		},
	}
}

// customerPages are what the templates get that a customer reads.
func customerPages(w *world, r *Renderer) map[string]any {
	v, words := ForCustomer(w.snapshot, w.options), r.words("en")
	link, err := r.link(w.link)
	if err != nil {
		panic(err)
	}
	return map[string]any{
		"transcript/customer.txt":  &customerLetter{customerText: customerText{v, words}, T: words, Brand: v.Brand.look(), Name: v.Name, Cover: v.Cover, facts: words.customerFacts(v)},
		"transcript/customer.html": &customerHTML{CustomerView: v, T: words, Brand: v.Brand.look(), Name: v.Name, Cover: v.Cover, facts: words.customerFacts(v)},
		"ticket/customer.txt":      customerText{v, words}, "sms/link.txt": link, "pages/link.html": linkPage{Brand: w.page.Brand, T: words, Target: w.page.Target},
		"transcript/print.html": printPage{Document: r.DocumentForCustomer(v)},
		"email/start.html":      &letterhead{words, v.Brand.look()}, "email/bar.html": &letterhead{words, v.Brand.look()},
	}
}

func TestAHostileTemplateShowsACustomerNothingThatItMayNotSee(t *testing.T) {
	t.Parallel()
	w, builtIn := newWorld(), renderer(t)
	attempts := []string{
		"{{.}}", "{{$}}", "{{.Notes}}", "{{.Record}}", "{{.Record.Notes}}", "{{.InternalView}}", "{{.CustomerView}}", "{{.User}}", "{{.User.Email}}", "{{.Flags}}",
		"{{range .Flags}}{{.Reason}}{{end}}", "{{.Agents}}", "{{range .Agents}}{{.}}{{.Email}}{{end}}", "{{range .Entries}}{{.}}{{end}}", "{{range .Entries}}{{.By}}{{.Event}}{{.Files}}{{end}}",
		"{{.TicketURL}}", "{{.Snapshot}}", "{{.Options}}", "{{.Brand}}", "{{.T}}", "{{.T.Customer}}", "{{.T.Internal}}", "{{.Location}}", "{{.Form}}",
		"{{range $k, $v := .Entries}}{{$k}}{{$v}}{{end}}", `{{index .Entries 0}}`, `{{slice .Entries 0 2}}`, "{{with .Entries}}{{.}}{{end}}", "{{.EntriesX}}", "{{.entries}}",
		`{{printf "%#v" .}}`, `{{printf "%+v" .}}`, `{{print .}}`, `{{println .}}`, `{{. | printf "%s"}}`, `{{html .}}`, `{{js .}}`, `{{urlquery .}}`, `{{call .T.counted}}`,
		`{{template "transcript/internal.txt" .}}`, `{{template "transcript/internal.html" .}}`, `{{template "ticket/internal.txt" .}}`, `{{template "ticket/notes.txt" .}}`,
		`{{template "pages/pane.html" .}}`, `{{define "transcript/internal.html"}}{{.}}{{end}}{{template "transcript/internal.html" .}}`,
	}
	for name, render := range hostileCalls(w) {
		for i, source := range attempts {
			o, _ := ReadOverrides(folder(map[string]string{name: source, "pages/style.css": ""}))
			r := builtIn.WithOverrides(map[string]Overrides{"acme": o}, func(string, Problem) {}).For("acme")
			w.seesNothing(t, fmt.Sprintf("%s: attempt %d: %s", name, i, source), render(r))
		}
	}
}

// seesNothing checks that a customer's text holds no word that it may not.
func (w *world) seesNothing(t *testing.T, what, out string) {
	t.Helper()
	for word, path := range w.words {
		if strings.Contains(out, word) && !slices.Contains(seenByCustomer, path) {
			t.Errorf("%s: shows %s", what, path)
		}
	}
}

// Every field and every method without arguments that a template can reach, by its path.
func TestNoFieldAndNoMethodThatACustomersTemplateReachesLeadsToASecret(t *testing.T) {
	t.Parallel()
	w := newWorld()
	r := renderer(t)
	for name, page := range customerPages(w, r) {
		paths := reachable(reflect.TypeOf(page))
		if name == "transcript/customer.txt" && len(paths) < 100 {
			t.Fatalf("only %d paths are reachable", len(paths))
		}
		var source strings.Builder
		for _, p := range paths {
			fmt.Fprintf(&source, "%s\n", p)
		}
		// One by one: one that fails, as a field behind a nil pointer, must not hide the others.
		s, err := parseSources(map[string]string{}, nil)
		if err != nil {
			t.Fatal(err)
		}
		shown := 0
		for _, p := range paths {
			var out strings.Builder
			var err error
			if path.Ext(name) == ".html" {
				one, parseErr := htmltemplate.New("x").Parse("<p>" + p + "</p>")
				if parseErr != nil {
					t.Fatal(parseErr)
				}
				err = one.Execute(&out, page)
			} else {
				one, parseErr := s.text.New("x").Parse(p)
				if parseErr != nil {
					t.Fatal(parseErr)
				}
				err = one.Execute(&out, page)
			}
			if err == nil {
				shown++
			}
			w.seesNothing(t, name+": "+p, out.String())
		}
		if shown < len(paths)/2 {
			t.Errorf("%s: only %d of %d paths show anything", name, shown, len(paths))
		}
	}
}

// reachable returns actions that print everything behind a type: its fields, what its
// methods without arguments return, and the same of these, through lists and maps.
func reachable(t reflect.Type) []string {
	var out []string
	seen := map[string]bool{}
	var visit func(t reflect.Type, open, path, closing string, depth int)
	visit = func(t reflect.Type, open, path, closing string, depth int) {
		key := t.String() + open + path
		if depth > 6 || seen[key] {
			return
		}
		seen[key] = true
		for m := range t.Methods() {
			if m.Type.NumIn() == 1 && m.Type.NumOut() > 0 {
				out = append(out, open+"{{"+path+"."+m.Name+"}}"+closing)
			}
		}
		for t.Kind() == reflect.Pointer {
			t = t.Elem()
		}
		switch t.Kind() {
		case reflect.Struct:
			for f := range t.Fields() {
				if !f.IsExported() && !f.Anonymous {
					continue
				}
				if f.IsExported() {
					out = append(out, open+"{{"+path+"."+f.Name+"}}"+closing)
				}
				if f.Anonymous && !f.IsExported() {
					visit(f.Type, open, path, closing, depth+1) // its fields are promoted
					continue
				}
				visit(f.Type, open, path+"."+f.Name, closing, depth+1)
			}
		case reflect.Slice, reflect.Map:
			variable := fmt.Sprintf("$x%d", depth)
			list := path
			if list == "" {
				list = "."
			}
			inner := open + "{{range " + variable + " := " + list + "}}"
			out = append(out, inner+"{{"+variable+"}}{{end}}"+closing)
			visit(t.Elem(), inner, variable, "{{end}}"+closing, depth+1)
		default:
		}
	}
	visit(t, "", "", "", 0)
	return out
}

// Printing what a template gets, its unexported fields too, shows nothing either: a
// template cannot, but a log line or an error might.
func TestWhatACustomersTemplateGetsHoldsNoSecretWhateverPrintsIt(t *testing.T) {
	t.Parallel()
	w := newWorld()
	for name, page := range customerPages(w, renderer(t)) {
		for _, verb := range []string{"%v", "%+v", "%#v"} {
			w.seesNothing(t, name+" printed by "+verb, fmt.Sprintf(verb, page))
		}
		var all strings.Builder
		deep(&all, reflect.ValueOf(page), map[uintptr]bool{})
		w.seesNothing(t, name+" with all that it points to", all.String())
	}
	// The same finds them where they are.
	var all strings.Builder
	deep(&all, reflect.ValueOf(ForInternal(w.snapshot, w.options)), map[uintptr]bool{})
	for word, path := range w.words {
		if path == "Notes[].Text" && !strings.Contains(all.String(), word) {
			t.Error("this test does not find a note where there is one")
		}
	}
}

// deep writes every text behind a value, through pointers and unexported fields.
func deep(out *strings.Builder, v reflect.Value, seen map[uintptr]bool) {
	switch v.Kind() {
	case reflect.String:
		out.WriteString(v.String() + "\n")
	case reflect.Pointer:
		if v.IsNil() || seen[v.Pointer()] || v.Type() == reflect.TypeFor[*time.Location]() {
			return
		}
		seen[v.Pointer()] = true
		deep(out, v.Elem(), seen)
	case reflect.Interface:
		if !v.IsNil() {
			deep(out, v.Elem(), seen)
		}
	case reflect.Struct:
		for i := range v.NumField() {
			deep(out, v.Field(i), seen)
		}
	case reflect.Slice, reflect.Array:
		for i := range v.Len() {
			deep(out, v.Index(i), seen)
		}
	case reflect.Map:
		for _, key := range v.MapKeys() {
			deep(out, key, seen)
			deep(out, v.MapIndex(key), seen)
		}
	default:
	}
}

// An organization's own templates, each marked, come out wherever the built-in ones do, and
// show no more to anybody.
func TestOverridingTemplatesLeakNoMoreThanTheBuiltInOnes(t *testing.T) {
	t.Parallel()
	marked, files := markedTemplates(t)
	sources := map[string]string{}
	for _, name := range files {
		sources[name] = string(marked[name].Data)
	}
	o, problems := ReadOverrides(folder(sources))
	if len(problems) > 0 {
		t.Fatal(problems)
	}
	checkEverything(t, renderer(t).WithOverrides(map[string]Overrides{"acme": o}, func(_ string, p Problem) { t.Errorf("fell back: %s", p) }).For("acme"), files)
}
