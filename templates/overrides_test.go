package templates

import (
	"fmt"
	"io/fs"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/fstest"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/afterchat/afterchat/internal/chat"
)

func folder(files map[string]string) fstest.MapFS {
	out := fstest.MapFS{}
	for name, source := range files {
		out[name] = &fstest.MapFile{Data: []byte(source)}
	}
	return out
}

// acmes returns acme's renderer with these files, and what it fell back for.
func acmes(t *testing.T, files map[string]string) (*Renderer, *[]Problem) {
	t.Helper()
	o, problems := ReadOverrides(folder(files))
	if len(problems) > 0 {
		t.Fatal(problems)
	}
	fallen, mu := &[]Problem{}, sync.Mutex{}
	r := renderer(t).WithOverrides(map[string]Overrides{"acme": o}, func(organization string, p Problem) {
		mu.Lock()
		defer mu.Unlock()
		if organization != "acme" {
			t.Errorf("%s fell back", organization)
		}
		*fallen = append(*fallen, p)
	})
	return r.For("acme"), fallen
}

func TestAnOrganizationsTemplateTakesThePlaceOfTheBuiltInOne(t *testing.T) {
	t.Parallel()
	r, fallen := acmes(t, map[string]string{
		"transcript/customer.html": `<p>{{.T.GreetingLine .Name}} & {{len .Entries}} messages{{range .Entries}}<br title="{{.By.Name}}">{{.Text}}{{end}}{{template "email/foot.html" .}}`,
		"transcript/customer.txt":  "Dear {{.Name}}, on {{.StartedAt.Format \"2006-01-02\"}} and {{call .T.ShortDate (.EndedAt.In .Location)}}\n{{.Messages}}",
		"email/foot.html":          "<i>{{.Brand.Name}}</i>",
		"sms/link.txt":             "Go on: {{.URL}}",
		"pages/style.css":          "body { color: red }",
	})
	customer, internal := ForCustomer(sample(), sampleOptions(t)), ForInternal(sample(), sampleOptions(t))
	m, err := r.TranscriptForCustomer(customer)
	if err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{"<p>Hello", " & 11 messages", `<br title="Ann Lee">Hello! It smells of smoke 🔥 &amp; I&#39;m`, "<i>Acme Coffee</i>"} {
		if !strings.Contains(m.HTML, want) {
			t.Errorf("%q is not in %s", want, m.HTML)
		}
	}
	if !strings.HasPrefix(m.Text, "Dear Ann Lee, on 2026-11-20 and 21 November 2026\n") || !strings.Contains(m.Text, "Please unplug it") {
		t.Errorf("the text is %.300s", m.Text)
	}
	if m, err := r.TranscriptForInternal(internal); err != nil || !strings.Contains(m.HTML, "<i>Acme Coffee</i>") || !strings.Contains(m.HTML, "Boiler") {
		t.Errorf("a part that others use: %v, %.100s", err, m.HTML)
	}
	if text, err := r.LinkSMS(LinkView{URL: "https://a.example/r/x"}); err != nil || text != "Go on: https://a.example/r/x" {
		t.Errorf("%q, %v", text, err)
	}
	var page strings.Builder
	link := LinkPage{State: "open"}
	if err := r.LinkPage(&page, link); err != nil || !strings.Contains(page.String(), "body { color: red }") || r.LinkPagePolicy(link) == renderer(t).LinkPagePolicy(link) {
		t.Errorf("%v: %.300s", err, page.String())
	}
	if len(*fallen) > 0 {
		t.Errorf("fell back: %v", *fallen)
	}
	other, err := renderer(t).For("bolt").TranscriptForCustomer(customer)
	if err != nil || strings.Contains(other.HTML, "<i>Acme") {
		t.Errorf("another organization has them, too, %v", err)
	}
}

func TestAFileThatCannotBeUsedIsAProblemAtItsLineAndTheOthersAreUsed(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		file, source string
		line         int
		says         string
	}{
		"a syntax error":            {"transcript/customer.txt", "\n\n{{if}}", 3, "missing value for if"},
		"an unclosed action":        {"transcript/customer.txt", "Hello\n{{.Name", 2, "unclosed action"},
		"a function there is not":   {"transcript/customer.txt", "\n{{env \"HOME\"}}", 2, `function "env" not defined`},
		"one that can grow":         {"transcript/customer.txt", "{{printf \"%99999999d\" 1}}", 1, `function "printf" not defined`},
		"one that can grow, piped":  {"transcript/customer.html", "{{.Name | print}}", 1, `function "print" not defined`},
		"a text function of HTML's": {"transcript/customer.txt", "{{multiline .Name}}", 1, `function "multiline" not defined`},
		"a method that can grow":    {"transcript/customer.txt", "\n{{$x := \"22\"}}{{.StartedAt.Format $x}}", 2, "Format may not"},
		"the same, piped":           {"transcript/customer.txt", "{{.Name | .StartedAt.Format}}", 1, "Format may not"},
		"the same of a variable":    {"transcript/customer.txt", "{{$t := .StartedAt}}{{$t.Format .Name}}", 1, "Format may not"},
		"the same in brackets":      {"transcript/customer.txt", "{{if (index .Entries 0).At.Format .Name}}{{end}}", 1, "Format may not"},
		"two templates in one":      {"transcript/customer.txt", `{{define "transcript/internal.txt"}}x{{end}}`, 0, "a file is one template"},
		"a block":                   {"transcript/customer.txt", `{{block "x" .}}x{{end}}`, 0, "a file is one template"},
		"a template there is not":   {"transcript/customer.html", "\n{{template \"email/heat.html\" .}}", 2, "there is no template"},
		"one of the other kind":     {"transcript/customer.txt", `{{template "email/head.html" .}}`, 1, "there is no template"},
		"itself":                    {"transcript/customer.txt", `{{template "transcript/customer.txt" .}}`, 0, "comes back to itself"},
		"itself by a built-in one":  {"email/head.html", `{{template "email/link.html" .}}`, 0, "comes back to itself"},
		"bytes":                     {"transcript/customer.txt", "\xff", 0, "UTF-8"},
		"turns without end":         {"transcript/customer.txt", "Hello\n{{range $i := 100000000000}}x{{end}}", 2, "not over a number"},
		"turns by a variable":       {"transcript/customer.html", "{{$n := 1}}\n{{range .Entries}}{{$n = 900000}}{{end}}{{range $n}}x{{end}}", 2, "not over a number"},
		"turns by way of another":   {"transcript/customer.txt", "{{$n := 9}}{{$m := 0}}{{range .Entries}}\n{{range $m}}{{end}}{{$m = (or false $n)}}{{end}}", 2, "not over a number"},
		"turns of what is with":     {"transcript/customer.txt", "{{with 77777777}}\n{{range .}}{{end}}{{end}}", 2, "not over a number"},
		"a number by a pipe":        {"transcript/customer.txt", "{{range 7777777 | and true}}{{end}}", 1, "not over a number"},
		"a number for another":      {"transcript/customer.html", "{{template \"email/section.html\" 7777777}}", 1, "not a number"},
		"nothing":                   {"transcript/customer.txt", "", 0, "writes nothing"},
		"nothing to see":            {"transcript/customer.html", "\n {{/* later */}}\n", 0, "writes nothing"},
		"much too much":             {"transcript/customer.txt", strings.Repeat("x", 256<<10+1), 0, "256 KB"},
		"the end of a style":        {"pages/style.css", "</style><script>", 0, "has no <"},
		"an unknown name":           {"transcript/costumer.txt", "x", 0, "there is no template of this name"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			o, problems := ReadOverrides(folder(map[string]string{c.file: c.source, "sms/link.txt": "{{.URL}}", ".git/x": "{{", ".hidden": "{{"}))
			if len(problems) != 1 || problems[0].File != c.file || problems[0].Line != c.line || !strings.Contains(problems[0].Message, c.says) {
				t.Errorf("problems: %v", problems)
			}
			if len(o.sources) != 1 {
				t.Errorf("%d are used", len(o.sources))
			}
			if unknown := name == "an unknown name"; len(problems) == 1 && problems[0].Unknown != unknown {
				t.Errorf("unknown: %t", !unknown)
			}
		})
	}
	if _, problems := ReadOverrides(broken{}); len(problems) != 1 || !strings.Contains(problems[0].Message, "no such folder") {
		t.Errorf("a folder that there is not: %v", problems)
	}
}

type broken struct{}

func (broken) Open(string) (fs.File, error) { return nil, fs.ErrNotExist }

// failures are templates that are good to look at and fail when they are used.
func failures() map[string]string {
	return map[string]string{
		"a field there is not":      "Hello\n{{.Nome}}",
		"a field of the others":     "\n{{.Notes}}",
		"a wrong type":              "\n{{range .Name}}{{.Foo}}{{end}}",
		"an index out of range":     "\n{{index .Entries 100000}}",
		"a nil zone":                "\n{{.StartedAt.In .Nothing}}",
		"a panic of what it calls":  "\n{{(index .Entries 1).Event.Type}}",
		"endless turns":             "\n{{range .StartedAt.UnixNano}}{{end}}",
		"turns of turns":            "\n{{range .Entries}}{{range $.StartedAt.Unix}}{{range $.StartedAt.Unix}}{{end}}{{end}}{{end}}",
		"an output that has no end": "\n{{range .StartedAt.UnixNano}}{{$.Messages}}{{end}}",
	}
}

func TestATemplateThatFailsFallsBackToTheBuiltInOne(t *testing.T) {
	t.Parallel()
	want, err := renderer(t).TranscriptForCustomer(ForCustomer(sample(), sampleOptions(t)))
	if err != nil {
		t.Fatal(err)
	}
	for name, source := range failures() {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			r, fallen := acmes(t, map[string]string{"transcript/customer.txt": source, "transcript/customer.html": source})
			endless := name == "an output that has no end"
			if r.own.bounds.time = 300 * time.Millisecond; endless {
				r.own.bounds.time = time.Hour
			}
			began := time.Now()
			got, err := r.TranscriptForCustomer(ForCustomer(sample(), sampleOptions(t)))
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(want, got); diff != "" {
				t.Errorf("it is not the built-in one: %.500s", diff)
			}
			if took := time.Since(began); took > time.Minute {
				t.Errorf("it took %s", took)
			}
			if endless && !strings.Contains((*fallen)[0].Message, "more than 32 MB") {
				t.Errorf("it fell back because of %q", (*fallen)[0].Message)
			}
			if len(*fallen) != 2 || (*fallen)[0].File != "transcript/customer.txt" || (*fallen)[1].File != "transcript/customer.html" || (*fallen)[0].Line != 2 {
				t.Errorf("fell back: %v", *fallen)
			}
		})
	}
}

func TestARehearsalFindsWhatFailsWhenItIsUsed(t *testing.T) {
	t.Parallel()
	builtIn := renderer(t)
	for name, source := range failures() {
		o, problems := ReadOverrides(folder(map[string]string{"transcript/customer.html": source, "transcript/internal.html": "{{.Notes}}"}))
		if problems = append(problems, builtIn.Rehearse(o)...); len(problems) == 0 || problems[0].File != "transcript/customer.html" || problems[0].Line != 2 {
			t.Errorf("%s: %v", name, problems)
		}
	}
	// What one reader's page has and the other's has not is no mistake where it is written for that one.
	o, problems := ReadOverrides(folder(map[string]string{
		"transcript/internal.html": "{{range .Notes}}{{.Text}}{{end}}", "email/head.html": "<html><title>{{.Subject}}</title><body>", "email/foot.html": "</body></html>",
	}))
	if problems = append(problems, builtIn.Rehearse(o)...); len(problems) > 0 {
		t.Errorf("good ones: %v", problems)
	}
	// A part that three mails share and that only one's page has what it names of.
	o, _ = ReadOverrides(folder(map[string]string{"email/foot.html": "\n\n{{len .Notes}}"}))
	if problems := builtIn.Rehearse(o); len(problems) != 2 || problems[0].File != "email/foot.html" || problems[0].Line != 3 {
		t.Errorf("a part: %v", problems)
	}
	// What stands behind a condition.
	for _, condition := range []string{
		`eq .EndedBy "timeout"`, `eq .EndedBy "user"`, `eq .EndedBy ""`, `eq .Outcome "resolved"`, `gt .Episode 1`, `not .Flags`, `not .Ticket`, `.Rest`, `.NoPDF`,
		`not .Deliveries`, `.Cover`, `not .Cover`, `not .User.Name`,
	} {
		o, _ = ReadOverrides(folder(map[string]string{"transcript/internal.html": "Hello {{if " + condition + "}}\n{{.Nome}}{{end}}"}))
		if problems := builtIn.Rehearse(o); len(problems) != 1 || problems[0].Line != 2 {
			t.Errorf("behind %s: %v", condition, problems)
		}
	}
	// An HTML page that the escaper cannot follow.
	o, _ = ReadOverrides(folder(map[string]string{"transcript/customer.html": "<a href=\"{{if .Name}}\">{{end}}"}))
	if problems := builtIn.Rehearse(o); len(problems) != 1 || problems[0].File != "transcript/customer.html" || problems[0].Line != 1 {
		t.Errorf("an unfinished attribute: %v", problems)
	}
}

func TestTheBuiltInTemplatesAreGoodOverrides(t *testing.T) {
	t.Parallel()
	o, problems := ReadOverrides(folder(Export()))
	if problems = append(problems, renderer(t).Rehearse(o)...); len(problems) > 0 {
		t.Errorf("problems: %v", problems)
	}
	if names := Names(); !slices.IsSorted(names) || len(names) != len(Export()) || !slices.Contains(names, "transcript/customer.html") {
		t.Errorf("the names are %v", names)
	}
}

func TestManyCanRenderWithAnOrganizationsTemplatesAtOnce(t *testing.T) {
	t.Parallel()
	r, fallen := acmes(t, map[string]string{"transcript/customer.html": "{{range .Entries}}{{.Text}}{{end}}", "transcript/customer.txt": "{{.Name}}{{if eq .Name \"Bo\"}}{{.Foo}}{{end}}"})
	var wg sync.WaitGroup
	for i := range 64 {
		wg.Go(func() {
			s := chat.Snapshot{ID: "c", User: chat.User{Name: []string{"Ann", "Bo"}[i%2]}, Messages: []chat.Message{{Text: fmt.Sprint("message ", i), Author: chat.Author{Kind: chat.AuthorUser}}}}
			m, err := r.TranscriptForCustomer(ForCustomer(s, Options{}))
			if err != nil || m.HTML != fmt.Sprint("message ", i) || i%2 == 0 && m.Text != "Ann" {
				t.Errorf("%+v, %v", m, err)
			}
		})
	}
	wg.Wait()
	if len(*fallen) != 32 {
		t.Errorf("%d fell back", len(*fallen))
	}
}

func TestAPanicIsAnErrorLikeAnother(t *testing.T) {
	t.Parallel()
	i := &instance{}
	if err := i.execute("sms/link.txt", nil); err == nil || !strings.Contains(err.Error(), "panicked") {
		t.Errorf("got %v", err)
	}
}

func TestALinksTemplateThatLosesTheLinkIsRefusedAndNotUsed(t *testing.T) {
	t.Parallel()
	const url = "https://a.example/r/2kPq7Zx0"
	for name, c := range map[string]struct{ file, source, says string }{
		"an SMS without it":       {"sms/link.txt", "Welcome back to {{.Brand.Name}}!", "does not hold the link"},
		"an SMS with half of it":  {"sms/link.txt", "{{slice .URL 0 12}}", "does not hold the link"},
		"a mail's text":           {"email/link.txt", "{{.Subject}}", "does not hold the link"},
		"a mail's HTML":           {"email/link.html", "<p>{{.Lead}}</p>", "does not hold the link"},
		"an SMS that is too long": {"sms/link.txt", strings.Repeat("x", smsLimit) + "{{.URL}}", "longer than an SMS may be"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			o, _ := ReadOverrides(folder(map[string]string{c.file: c.source}))
			problems := renderer(t).Rehearse(o)
			if len(problems) != 1 || problems[0].File != c.file || !strings.Contains(problems[0].Message, c.says) {
				t.Errorf("check says %v", problems)
			}
			r, fallen := acmes(t, map[string]string{c.file: c.source})
			sms, err := r.LinkSMS(LinkView{URL: url})
			if err != nil || !strings.Contains(sms, url) {
				t.Errorf("the SMS is %.80q, %v", sms, err)
			}
			m, err := r.LinkMail(LinkView{URL: url})
			if err != nil || !strings.Contains(m.Text, url) || !strings.Contains(m.HTML, url) {
				t.Errorf("the mail is %q, %v", m.Text, err)
			}
			if len(*fallen) != 1 || (*fallen)[0].File != c.file {
				t.Errorf("fell back: %v", *fallen)
			}
		})
	}
}

func TestALinksPageThatLeadsNoFurtherIsRefusedAndNotUsed(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		source string
		good   bool
	}{
		"no form":              {"<h1>{{.Title}}</h1>", false},
		"a form that GETs":     {`<form action="{{.Action}}"><button>Go on</button></form>`, false},
		"a form for the ended": {`{{if not .Open}}<form method="post"><button>Go on</button></form>{{end}}<p>{{.Lead}}</p>`, false},
		"a form":               {`<p>{{.Lead}}</p>{{if .Open}}<FORM class="x" method=POST><button>Go on</button></FORM>{{end}}`, true},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			files := map[string]string{"pages/link.html": c.source}
			o, _ := ReadOverrides(folder(files))
			if problems := renderer(t).Rehearse(o); c.good != (len(problems) == 0) {
				t.Errorf("check says %v", problems)
			}
			r, fallen := acmes(t, files)
			var page strings.Builder
			if err := r.LinkPage(&page, LinkPage{State: "open", Action: "/r/x"}); err != nil || !strings.Contains(strings.ToLower(page.String()), "method=") {
				t.Errorf("%v: the page is %s", err, page.String())
			}
			if c.good != (len(*fallen) == 0) {
				t.Errorf("fell back: %v", *fallen)
			}
		})
	}
}
