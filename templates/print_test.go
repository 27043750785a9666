package templates

import (
	"slices"
	"strings"
	"testing"

	"github.com/afterchat/afterchat/internal/chat"
)

func TestADocumentIsPrintedInItsLanguagesDirection(t *testing.T) {
	t.Parallel()
	s := sample()
	s.Locale, s.User.Locale = "ar", "ar"
	r := renderer(t)
	html, err := r.PrintHTML(r.DocumentForCustomer(ForCustomer(s, sampleOptions(t))))
	if err != nil {
		t.Fatal(err)
	}
	if !strings.Contains(html, `<html lang="ar" dir="rtl">`) {
		t.Errorf("no rtl in %.200s", html)
	}
}

func TestAPrintedPageHasNoWayOut(t *testing.T) {
	t.Parallel()
	s := sample()
	s.Messages = []chat.Message{{ID: "m1", At: s.StartedAt, Author: chat.Author{Kind: chat.AuthorUser}, Text: `<img src=x onerror=alert(1)><script>alert(1)</script>"'&` + "\n</div></body>"}}
	r := renderer(t)
	html, err := r.PrintHTML(r.DocumentForInternal(ForInternal(s, sampleOptions(t))))
	if err != nil {
		t.Fatal(err)
	}
	if !strings.Contains(html, `<head><meta http-equiv="Content-Security-Policy" content="default-src 'none'; img-src data:; style-src 'unsafe-inline'">`) {
		t.Error("there is no policy")
	}
	if !strings.Contains(html, "&lt;script&gt;alert(1)&lt;/script&gt;") || strings.Contains(html, "<script") || strings.Contains(html, "<img") || strings.Count(html, "</body>") != 1 {
		t.Error("what somebody wrote became markup")
	}
}

func TestADocumentHasWhatTheTextHas(t *testing.T) {
	t.Parallel()
	s, r := sample(), renderer(t)
	v := ForInternal(s, sampleOptions(t))
	d := r.DocumentForInternal(v)
	html, err := r.PrintHTML(d)
	if err != nil {
		t.Fatal(err)
	}
	said := 0
	for _, section := range d.Sections {
		for _, p := range section.Parts {
			if p.Said != nil {
				said++
			}
		}
	}
	want := len(s.Notes)
	for _, m := range s.Messages {
		if m.Event == nil {
			want++
			for line := range strings.SplitSeq(block(m.Text), "\n") {
				var escaped strings.Builder
				writeEscaped(&escaped, line)
				if !strings.Contains(html, escaped.String()) {
					t.Errorf("%q is not printed", line)
				}
			}
		}
	}
	if said != want {
		t.Errorf("%d messages and notes, want %d", said, want)
	}
}

func TestAPictureIsInThePageItself(t *testing.T) {
	t.Parallel()
	s, r := sample(), renderer(t)
	v := ForCustomer(s, sampleOptions(t))
	v.Entries[1].Files[0].CID, v.Entries[1].Files[1].CID = "one", "two"
	d := r.DocumentForCustomer(v)
	d.Pictures = map[string]Picture{"one": {"image/png", []byte("PNG")}, "two": {`text/html"onerror="`, []byte("x")}}
	html, err := r.PrintHTML(d)
	if err != nil {
		t.Fatal(err)
	}
	if strings.Count(html, "<img") != 1 || !strings.Contains(html, `<img alt="" src="data:image/png;base64,UE5H">`) || strings.Contains(html, "onerror") {
		t.Error("the picture is not there, or something else is")
	}
}

func TestTheLogoAndThePhotosAreInThePageItselfAndOnce(t *testing.T) {
	t.Parallel()
	s, r := photographed(), renderer(t)
	o := sampleOptions(t)
	o.Brand.LogoURL, o.Agents.Photos = "https://acme.example/logo.png", true
	d := r.DocumentForCustomer(ForCustomer(s, o))
	addresses := d.PhotoURLs(9)
	if len(addresses) == 0 {
		t.Fatal("nobody in the sample has a photo")
	}
	html, err := r.PrintHTML(d)
	if err != nil {
		t.Fatal(err)
	}
	if strings.Contains(html, "data:image") || strings.Contains(html, `class="face`) || !strings.Contains(html, "<header><bdi>"+d.Brand.Name()) {
		t.Error("pictures that nobody could fetch are shown, or the name is not there instead of the logo")
	}
	d.Logo = Picture{"image/png", []byte("LOGO")}
	d.Photos = map[string]Picture{addresses[0]: {"image/jpeg", []byte("FACE")}, "https://photos.example/nobody": {"image/jpeg", []byte("X")}}
	if html, err = r.PrintHTML(d); err != nil {
		t.Fatal(err)
	}
	for want, times := range map[string]int{
		`<img class="logo" src="data:image/png;base64,TE9HTw==" alt="` + d.Brand.Name() + `">`: 1,
		".face0 { background-image: url(data:image/jpeg;base64,RkFDRQ==); }":                   1,
		`<i class="face face0"></i><b>`:                                                        times(d, addresses[0]),
		"data:image":                                                                           2,
		addresses[0]:                                                                           0,
		o.Brand.LogoURL:                                                                        0,
		"face1":                                                                                0,
	} {
		if n := strings.Count(html, want); n != times {
			t.Errorf("%q is there %d times, want %d", want, n, times)
		}
	}
	d.Logo.ContentType, d.Photos[addresses[0]] = `image/svg+xml"onload="`, Picture{"text/css);}*{", []byte("X")}
	if html, err = r.PrintHTML(d); err != nil || strings.Contains(html, "data:image") || strings.Contains(html, "onload") || strings.Contains(html, "text/css") || strings.Contains(html, "face0") {
		t.Error("what is no picture is in the page", err)
	}
}

// times returns how often somebody with a photo speaks.
func times(d Document, photo string) (n int) {
	for _, s := range d.Sections {
		for _, p := range s.Parts {
			if p.Said != nil && p.Said.Photo == photo {
				n++
			}
		}
	}
	return n
}

func TestAPageNeedsNoPhotoThatTheReaderMayNotSee(t *testing.T) {
	t.Parallel()
	r := renderer(t)
	for policy, want := range map[AgentPolicy]bool{{NamesFull, true}: true, {NamesFirst, true}: true, {NamesFull, false}: false, {NamesSupport, true}: false} {
		o := sampleOptions(t)
		o.Agents = policy
		if got := r.DocumentForCustomer(ForCustomer(photographed(), o)).PhotoURLs(9); len(got) > 0 != want {
			t.Errorf("%+v: %q", policy, got)
		}
		if got := r.DocumentForInternal(ForInternal(photographed(), o)).PhotoURLs(9); len(got) == 0 {
			t.Errorf("%+v: colleagues see none", policy)
		}
	}
}

// photographed is the sample, in which each agent has a photo.
func photographed() chat.Snapshot {
	s := sample()
	s.Agents = slices.Clone(s.Agents)
	for i := range s.Agents {
		s.Agents[i].PhotoURL = "https://photos.example/" + s.Agents[i].ID
	}
	return s
}

func TestAnOrganizationsPagesArePrintedByItsTemplateWithOurPolicy(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		source string
		fallen int
	}{
		"its own":            {`<html><HEAD lang="x"><style>{{.FaceStyle}}</style></HEAD><body>Ahoy {{.Brand.Name}}{{.Body}}`, 0},
		"without a head":     {`Ahoy {{.Body}}<script>alert(1)</script>`, 0},
		"one that fails":     {"Ahoy\n{{.Nome}}", 1},
		"one for colleagues": {"Ahoy {{.Notes}}", 1},
	} {
		r, fallen := acmes(t, map[string]string{"transcript/print.html": c.source})
		d := r.DocumentForCustomer(ForCustomer(sample(), sampleOptions(t)))
		// Whoever makes PDFs makes them for all organizations.
		html, err := renderer(t).PrintHTML(d)
		if err != nil {
			t.Fatal(err)
		}
		policy, body := strings.Index(html, `<meta http-equiv="Content-Security-Policy" content="`+PrintPolicy), strings.Index(html, "<body")
		if policy < 0 || body >= 0 && policy > body || !strings.Contains(html, "Please unplug it") {
			t.Errorf("%s: the policy is at %d, or a message is missing", name, policy)
		}
		if len(*fallen) != c.fallen || strings.Contains(html, "Ahoy") != (c.fallen == 0) {
			t.Errorf("%s: fell back for %v: %.200s", name, *fallen, html)
		}
		if c.fallen > 0 && ((*fallen)[0].File != printName || name == "one that fails" && (*fallen)[0].Line != 2) {
			t.Errorf("%s: %v", name, *fallen)
		}
	}
	other, err := renderer(t).PrintHTML(renderer(t).DocumentForCustomer(ForCustomer(sample(), sampleOptions(t))))
	if err != nil || strings.Contains(other, "Ahoy") {
		t.Error("another organization has it, too", err)
	}
}

func TestARehearsalPrintsPages(t *testing.T) {
	t.Parallel()
	for _, source := range []string{"\n{{.Nome}}", "{{with .LogoURL}}\n{{.Nome}}{{end}}", "{{if not .LogoURL}}\n{{.Nome}}{{end}}", "{{if .Closing}}\n{{.Nome}}{{end}}", "{{if .Warning}}\n{{.Nome}}{{end}}"} {
		o, problems := ReadOverrides(folder(map[string]string{printName: source}))
		if problems = append(problems, renderer(t).Rehearse(o)...); len(problems) != 1 || problems[0].File != printName || problems[0].Line != 2 {
			t.Errorf("%q: %v", source, problems)
		}
	}
}
