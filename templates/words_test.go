package templates

import (
	"crypto/sha256"
	"encoding/base64"
	"regexp"
	"testing"
	"time"

	"github.com/afterchat/afterchat/internal/chat"
)

func hashOf(s string) string {
	sum := sha256.Sum256([]byte(s))
	return "sha256-" + base64.StdEncoding.EncodeToString(sum[:])
}

func TestEveryStateOfTheDomainHasAWord(t *testing.T) {
	t.Parallel()
	w := renderer(t).words(english).Pane
	for _, s := range []chat.State{chat.Pending, chat.Calling, chat.Delivered, chat.Failed, chat.Unknown, chat.Suppressed, chat.Cancelled} {
		if w.States[string(s)] == "" {
			t.Errorf("no word for the state %s", s)
		}
	}
	for _, a := range []chat.Action{chat.FileTicket, chat.AttachNotes, chat.AmendTicket, chat.EmailTranscript, chat.SendLink} {
		if w.Actions[string(a)] == "" {
			t.Errorf("no word for the action %s", a)
		}
	}
	for _, h := range []chat.Hold{chat.HeldByDependency, chat.HeldBySettle, chat.HeldByContact, chat.HeldByRateLimit, chat.HeldByAccountPaused, chat.HeldByNotConfigured} {
		if w.Holds[string(h)] == "" {
			t.Errorf("no word for the hold %s", h)
		}
	}
}

func TestALocaleFindsItsLanguageAndItsRegionsCustoms(t *testing.T) {
	t.Parallel()
	r := renderer(t)
	at := time.Date(2026, 1, 25, 22, 51, 0, 0, time.UTC)
	for locale, want := range map[string]string{
		"":            "en|Sunday, January 25, 2026|10:51 PM",
		"en":          "en|Sunday, January 25, 2026|10:51 PM",
		"xx-YY":       "en|Sunday, January 25, 2026|10:51 PM",
		"he-IL":       "en|Sunday, January 25, 2026|10:51 PM",
		"en_GB":       "en|Sunday, 25 January 2026|22:51",
		"en-SE":       "en|Sunday, 25 January 2026|22:51",
		"en-AU":       "en|Sunday, 25 January 2026|10:51 pm",
		"en-CA":       "en|Sunday, January 25, 2026|10:51 p.m.",
		"DE":          "de|Sonntag, 25. Januar 2026|22:51",
		"de-AT":       "de|Sonntag, 25. Jänner 2026|22:51",
		"da-DK":       "da|søndag den 25. januar 2026|22.51",
		"fi-FI":       "fi|sunnuntai 25. tammikuuta 2026|22.51",
		"no":          "nb|søndag 25. januar 2026|22:51",
		"nn-NO":       "nb|søndag 25. januar 2026|22:51",
		"pl":          "pl|niedziela, 25 stycznia 2026|22:51",
		"pt-BR":       "pt|domingo, 25 de janeiro de 2026|22:51",
		"pt-AO":       "pt|domingo, 25 de janeiro de 2026|22:51",
		"es-CO":       "es|domingo, 25 de enero de 2026|10:51 p.\u00a0m.",
		"es-AR":       "es|domingo, 25 de enero de 2026|22:51",
		"fr-CA":       "fr|dimanche 25 janvier 2026|22 h 51",
		"ja-JP":       "ja|2026年1月25日日曜日|22:51",
		"zh-TW":       "zh|2026年1月25日星期日|22:51",
		"zh-Hans-SG":  "zh|2026年1月25日星期日|22:51",
		"ar":          "ar|الأحد، ٢٥ يناير ٢٠٢٦|١٠:٥١ م",
		"ar-SA":       "ar|الأحد، ٢٥ يناير ٢٠٢٦|١٠:٥١ م",
		"ar-AE":       "ar|الأحد، 25 يناير 2026|10:51 م",
		"sv-FI-x-any": "sv|söndag 25 januari 2026|22.51",
	} {
		w := r.words(locale)
		if got := w.Lang + "|" + w.Date(at) + "|" + w.Clock(at); got != want {
			t.Errorf("%q reads %s, want %s", locale, got, want)
		}
	}
}

func TestAnUnknownLocaleLeavesTheChoiceToTheNextOne(t *testing.T) {
	t.Parallel()
	for name, test := range map[string]struct{ user, conversation, organization, want string }{
		"the user's first":                 {"sv", "de-DE", "fr", "sv"},
		"then the conversation's":          {"", "de-DE", "fr", "de-DE"},
		"then the organization's":          {"", "", "fr", "fr"},
		"a language without a file":        {"he-IL", "th", "fr", "fr"},
		"what is no tag":                   {"Schwedisch!", "de_AT", "fr", "de_AT"},
		"a region without a language":      {"und-SE", "", "fr", "fr"},
		"nothing that is written anywhere": {"he", "fa", "ur", ""},
	} {
		s := chat.Snapshot{Locale: test.conversation, User: chat.User{Locale: test.user}}
		if got := ForCustomer(s, Options{Locale: test.organization}).Locale; got != test.want {
			t.Errorf("%s: %q, want %q", name, got, test.want)
		}
		if got := ForInternal(s, Options{Locale: test.organization}).Locale; got != test.organization {
			t.Errorf("%s: colleagues read %q, want %q", name, got, test.organization)
		}
	}
}

// What the library has wrong shows when everything is written once: a locale that
// panics, a letter of a pattern in a date, two minutes of a day that look alike.
func TestEveryDayAndMinuteIsWrittenInEveryLocale(t *testing.T) {
	t.Parallel()
	for locale, w := range renderer(t).catalogs {
		start := time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC)
		for _, write := range []func(time.Time) string{w.Date, w.ShortDate} {
			days := map[string]bool{}
			for day := range 365 {
				days[write(start.AddDate(0, 0, day))] = true
			}
			if len(days) != 365 {
				t.Errorf("%s writes %d dates for 365 days", locale, len(days))
			}
		}
		minutes := map[string]bool{}
		for minute := range 24 * 60 {
			minutes[w.Clock(start.Add(time.Duration(minute)*time.Minute))] = true
		}
		if len(minutes) != 24*60 {
			t.Errorf("%s writes %d times for the minutes of a day", locale, len(minutes))
		}
		if leftover := regexp.MustCompile(`cccc|EEEE|MMM|yy|HH|%!`).FindString(w.Date(start) + w.ShortDate(start) + w.Clock(start)); leftover != "" {
			t.Errorf("%s has the pattern's %q in %q, %q or %q", locale, leftover, w.Date(start), w.ShortDate(start), w.Clock(start))
		}
	}
}
