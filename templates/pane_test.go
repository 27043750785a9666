package templates

import (
	"bytes"
	"regexp"
	"slices"
	"strings"
	"testing"
)

// paneWith returns the sample's pane with other forms, and its policy.
func paneWith(t *testing.T, locale string, f PaneForms) (page, policy string) {
	t.Helper()
	r, p := renderer(t), samplePane(sample(), sampleOptions(t))
	p.Locale, p.Forms = locale, f
	var out bytes.Buffer
	if err := r.Pane(&out, p); err != nil {
		t.Fatal(err)
	}
	return out.String(), r.PanePolicy(p)
}

func TestAnOriginIsOneSourceOfAPolicyOrNone(t *testing.T) {
	t.Parallel()
	for address, want := range map[string]string{
		"https://cdn.acme.example/logo.png?a=b": "https://cdn.acme.example", "https://cdn.acme.example:8443/": "https://cdn.acme.example:8443",
		"https://a.example;script-src/": "", "https://a.example,b.example/": "", "https://'self'/": "", "https:///logo.png": "", "ftp://a.example": "", "": "",
	} {
		if got := origin(address); got != want {
			t.Errorf("of %q it is %q, want %q", address, got, want)
		}
	}
}

func TestThePaneShowsNoPhotos(t *testing.T) {
	t.Parallel()
	s := sample()
	for i := range s.Agents {
		s.Agents[i].PhotoURL = "https://photos.example/bo.jpg"
	}
	var out bytes.Buffer
	if err := renderer(t).Pane(&out, samplePane(s, sampleOptions(t))); err != nil {
		t.Fatal(err)
	}
	if page := out.String(); strings.Contains(page, "photos.example") || !strings.Contains(page, s.Agents[0].Name) {
		t.Error("there is a photo, or there are no agents")
	}
}

var formOf = regexp.MustCompile(`<form id="([a-z]+)[^"]*" method="post" action="\?do=([a-z]+)">`)

func TestThePaneHasTheFormsThatItsAgentMayUseAndNoOther(t *testing.T) {
	t.Parallel()
	for name, test := range map[string]struct {
		forms PaneForms
		want  []string
	}{
		"nothing":                       {PaneForms{Ended: true, Channels: []string{"sms"}}, nil},
		"notes":                         {PaneForms{Note: true}, []string{"note"}},
		"transcripts":                   {PaneForms{Transcript: true, Ended: true}, []string{"transcript"}},
		"transcripts of a chat not yet": {PaneForms{Transcript: true}, nil},
		"links":                         {PaneForms{Link: true}, []string{"link"}},
		"settling":                      {PaneForms{Settle: true}, []string{"settle"}},
		"all":                           {PaneForms{Note: true, Transcript: true, Ended: true, Link: true, Settle: true}, []string{"note", "settle", "transcript", "link"}},
	} {
		page, policy := paneWith(t, "en", test.forms)
		var got []string
		for _, m := range formOf.FindAllStringSubmatch(page, -1) {
			got = append(got, m[2])
			if m[1] != m[2] {
				t.Errorf("%s: the form %s does %s", name, m[1], m[2])
			}
		}
		if !slices.Equal(got, test.want) || strings.Count(page, "<form") != len(test.want) {
			t.Errorf("%s: the forms are %v, want %v", name, got, test.want)
		}
		action := "form-action 'none'"
		if len(test.want) > 0 {
			action = "form-action 'self'"
		}
		if !strings.HasSuffix(policy, action) {
			t.Errorf("%s: the policy is %q", name, policy)
		}
		if says := strings.Contains(page, "once the chat has ended"); says != (test.forms.Transcript && !test.forms.Ended) {
			t.Errorf("%s: it says that it is too early for a transcript: %v", name, says)
		}
	}
}

func TestEveryFieldOfThePaneHasItsLabelInEveryLanguage(t *testing.T) {
	t.Parallel()
	fields := regexp.MustCompile(`<(?:select|textarea|input) id="([^"]+)"`)
	labels := regexp.MustCompile(`<label for="([^"]+)">([^<]+)</label>`)
	buttons := regexp.MustCompile(`<button[^>]*>([^<]+)</button>|<summary>([^<]+)</summary>`)
	for tag, w := range load(t) {
		page, _ := paneWith(t, tag, samplePane(sample(), sampleOptions(t)).Forms)
		labelled := map[string]string{}
		for _, m := range labels.FindAllStringSubmatch(page, -1) {
			labelled[m[1]] = m[2]
		}
		found := fields.FindAllStringSubmatch(page, -1)
		for _, m := range found {
			if labelled[m[1]] == "" {
				t.Errorf("%s: %s has no label", tag, m[1])
			}
		}
		if len(found) != 9 || len(labelled) != 9 || len(buttons.FindAllString(page, -1)) != 9 {
			t.Errorf("%s: %d fields, %d labels, %d buttons and titles", tag, len(found), len(labelled), len(buttons.FindAllString(page, -1)))
		}
		if !strings.Contains(page, `dir="`+w.Dir+`"`) {
			t.Errorf("%s: it does not run %s", tag, w.Dir)
		}
	}
}

func TestWhatWasTypedIsKeptWhereItWasRefused(t *testing.T) {
	t.Parallel()
	page, _ := paneWith(t, "en", samplePane(sample(), sampleOptions(t)).Forms)
	for _, want := range []string{
		`<p class="say bad" role="alert"><a href="#transcript-audience">The internal version never goes to the visitor.</a></p>`,
		`<details open><summary>Send a transcript</summary>`, `value="ann@example.com"`,
		`<option value="internal" selected>internal</option>`, `aria-invalid="true" aria-describedby="transcript-audience-says"`,
		`<p class="wrong" id="transcript-audience-says">The internal version never goes to the visitor.</p>`,
		// HTML drops one line end after the tag.
		"dir=\"auto\">\n\nAs &#34;promised&#34; &lt;/textarea&gt;</textarea>",
	} {
		if !strings.Contains(page, want) {
			t.Errorf("the page lacks %s", want)
		}
	}
	if strings.Count(page, `aria-invalid="true"`) != 1 || strings.Count(page, " selected>") != 1 {
		t.Error("another field is marked, too")
	}
}

func TestARefusalSaysWhyAndNeverNothing(t *testing.T) {
	t.Parallel()
	w := load(t)[english]
	for _, test := range []struct{ code, field, want string }{
		{"bad_address", "to", "Mail cannot be sent to this address."},
		{"number_type", "send.to", "No SMS can be sent to this number."},
		{"country_not_allowed", "send.to", "No SMS can be sent to this number."},
		{"id_taken", "id", "This form was sent before, with other content. Send it once more if you mean to."},
		{"idempotency_key_reused", "", "This form was sent before, with other content. Send it once more if you mean to."},
		{"invalid_field", "note", "This has more than 4000 characters."},
		{"invalid_field", "purpose", "This was not done: invalid_field"},
		{"sms_not_configured", "send.channel", "This was not done: sms_not_configured"},
	} {
		if got := w.refusal(PaneRefusal{Code: test.code, Field: test.field}); got != test.want {
			t.Errorf("%s at %s: %q", test.code, test.field, got)
		}
	}
}

func TestARefusalOfOneDeliveryIsNotSaidOfAnother(t *testing.T) {
	t.Parallel()
	w := load(t)[english]
	f := PaneForms{Settle: true, Refused: &PaneRefusal{Action: "settle", Delivery: "d1", Field: "ref.id", Code: "ref_required", Typed: map[string]string{"ref.url": "https://x.example"}}}
	its := w.settleForm(f, Delivery{ID: "d1", Action: "file_ticket", State: "unknown"})
	other := w.settleForm(f, Delivery{ID: "d2", Action: "file_ticket", State: "unknown"})
	if its.Fields[0].Error == "" || its.Fields[1].Value != "https://x.example" || !its.Open {
		t.Errorf("its own form is %+v", its)
	}
	if other.Fields[0].Error != "" || other.Fields[1].Value != "" || other.Open || other.Error != "" {
		t.Errorf("another's form is %+v", other)
	}
	if mail := w.settleForm(f, Delivery{ID: "d3", Action: "email_transcript", State: "unknown"}); len(mail.Fields) != 0 {
		t.Errorf("a mail is asked for its ticket: %+v", mail)
	}
	if form := w.settleForm(f, Delivery{ID: "d4", Action: "file_ticket", State: "failed"}); form != nil {
		t.Errorf("what has failed can be settled: %+v", form)
	}
}

func TestALinkIsShownOnlyWhereItIsMade(t *testing.T) {
	t.Parallel()
	const url = "https://chat.example/r/4fGh7Kq2LmN8"
	page, _ := paneWith(t, "en", PaneForms{Link: true, URL: url})
	if !strings.Contains(page, `<p class="once" dir="ltr">`+url+`</p>`) || strings.Contains(page, `href="`+url) {
		t.Error("it is not shown, or as something to open")
	}
	page, _ = paneWith(t, "en", PaneForms{Link: true, Done: "link"})
	if !strings.Contains(page, `role="status">The link is made and will be sent.`) {
		t.Error("a link that is sent is not confirmed")
	}
	page, _ = paneWith(t, "en", PaneForms{Link: true, Done: "<script>"})
	if strings.Contains(page, "<script") || strings.Contains(page, `role="status"`) {
		t.Error("a word that is none is shown")
	}
}
