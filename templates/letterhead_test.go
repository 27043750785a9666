package templates

import (
	"strings"
	"sync"
	"testing"
)

func TestEachBrandHasItsOwnLetterheadInEachLanguage(t *testing.T) {
	t.Parallel()
	r, err := New() // whose looks are counted
	if err != nil {
		t.Fatal(err)
	}
	acme, bolt := Brand{Organization: "Acme Coffee", Color: "#0a7d55"}, Brand{Organization: "Bolt", Color: "#123456", LogoURL: "https://bolt.example/logo.png"}
	for range 2 { // as it is made, and as it is kept
		for _, c := range []struct {
			brand   Brand
			locale  string
			has     []string
			hasNone string
		}{
			{acme, "en", []string{`lang="en" dir="ltr"`, "<bdi>Acme Coffee</bdi>&nbsp;", "background:#0a7d55"}, "bolt"},
			{acme, "ar", []string{`lang="ar" dir="rtl"`, `class="page" dir="rtl"`, "background:#0a7d55"}, "bolt"},
			{bolt, "en", []string{`lang="en" dir="ltr"`, `src="https://bolt.example/logo.png" alt="Bolt"`, "6px solid #123456"}, "Acme"},
			{Brand{}, "en", []string{`lang="en" dir="ltr"`, "background:" + neutralColor}, "Acme"},
		} {
			v := ForCustomer(sample(), Options{Brand: c.brand})
			v.Locale = c.locale
			m, err := r.TranscriptForCustomer(v)
			if err != nil {
				t.Fatal(err)
			}
			for _, part := range c.has {
				if !strings.Contains(m.HTML, part) {
					t.Errorf("%q in %s lacks %q", c.brand.Organization, c.locale, part)
				}
			}
			if strings.Contains(m.HTML, c.hasNone) {
				t.Errorf("%q in %s has another's %q", c.brand.Organization, c.locale, c.hasNone)
			}
		}
	}
	kept := 0
	r.looks.Range(func(any, any) bool { kept++; return true })
	if kept != 4 {
		t.Errorf("%d are kept, want 4", kept)
	}
}

// What is made when it is first asked, letterheads and locales, is asked by many at once.
func TestManyCanRenderInAllLanguagesAtOnce(t *testing.T) {
	t.Parallel()
	calm, err := New()
	if err != nil {
		t.Fatal(err)
	}
	busy, err := New()
	if err != nil {
		t.Fatal(err)
	}
	var all sync.WaitGroup
	for locale := range busy.catalogs {
		for _, organization := range []string{"Acme Coffee", "Bolt"} {
			v := ForCustomer(sample(), Options{Brand: Brand{Organization: organization}})
			v.Locale = locale
			want, err := calm.TranscriptForCustomer(v)
			if err != nil {
				t.Fatal(err)
			}
			for range 3 {
				all.Go(func() {
					if got, err := busy.TranscriptForCustomer(v); err != nil || got.HTML != want.HTML || got.Text != want.Text {
						t.Errorf("%s in %s is not as it is alone: %v", organization, locale, err)
					}
				})
			}
		}
	}
	all.Wait()
}

func TestAnOrganizationsOwnLetterheadStandsInAllItsMails(t *testing.T) {
	t.Parallel()
	o, problems := ReadOverrides(folder(map[string]string{
		"email/start.html": `<html lang="{{.T.Lang}}"><head><style>p{color:{{.Brand.Accent}}}</style>`,
		"email/bar.html":   `<table><tr><td><table><tr><td><i>{{.Brand.Name}}</i></td></tr>`,
	}))
	builtIn := renderer(t)
	if problems = append(problems, builtIn.Rehearse(o)...); len(problems) > 0 {
		t.Fatal(problems)
	}
	r := builtIn.WithOverrides(map[string]Overrides{"acme": o}, func(_ string, p Problem) { t.Error(p) })
	w := newWorld()
	for organization, has := range map[string]bool{"acme": true, "bolt": false, "": false} {
		its := r.For(organization)
		customer, err := its.TranscriptForCustomer(ForCustomer(w.snapshot, w.options))
		if err != nil {
			t.Fatal(err)
		}
		internal, err := its.TranscriptForInternal(ForInternal(w.snapshot, w.options))
		if err != nil {
			t.Fatal(err)
		}
		link, err := its.LinkMail(w.link)
		if err != nil {
			t.Fatal(err)
		}
		for what, html := range map[string]string{"the customer's": customer.HTML, "the internal": internal.HTML, "the link's": link.HTML} {
			for _, part := range []string{"<style>p{color:", "<i>"} {
				if strings.Contains(html, part) != has {
					t.Errorf("%q: %s mail: %q is there: %t", organization, what, part, !has)
				}
			}
		}
	}
}

func TestAnSMSHasNoPartInTheLetterheadOfMails(t *testing.T) {
	t.Parallel()
	o, problems := ReadOverrides(folder(map[string]string{"email/start.html": "{{.Nome}}"}))
	if len(problems) > 0 {
		t.Fatal(problems)
	}
	fell := 0
	r := renderer(t).WithOverrides(map[string]Overrides{"acme": o}, func(string, Problem) { fell++ }).For("acme")
	link := newWorld().link
	if _, err := r.LinkSMS(link); err != nil || fell != 0 {
		t.Errorf("%d renderings of the mail's start: %v", fell, err)
	}
	if _, err := r.LinkMail(link); err != nil || fell != 1 {
		t.Errorf("a mail falls back %d times: %v", fell, err)
	}
}
