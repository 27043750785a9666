package templates

import (
	"maps"
	"slices"

	"github.com/go-playground/locales/ar"
	"github.com/go-playground/locales/ar_AE"
	"github.com/go-playground/locales/ar_IQ"
	"github.com/go-playground/locales/ar_JO"
	"github.com/go-playground/locales/ar_LB"
	"github.com/go-playground/locales/ar_PS"
	"github.com/go-playground/locales/ar_SY"
	"github.com/go-playground/locales/cs"
	"github.com/go-playground/locales/da"
	"github.com/go-playground/locales/de"
	"github.com/go-playground/locales/de_AT"
	"github.com/go-playground/locales/de_CH"
	"github.com/go-playground/locales/en"
	"github.com/go-playground/locales/en_001"
	"github.com/go-playground/locales/en_150"
	"github.com/go-playground/locales/en_CA"
	"github.com/go-playground/locales/en_GB"
	"github.com/go-playground/locales/en_IE"
	"github.com/go-playground/locales/en_IN"
	"github.com/go-playground/locales/en_NZ"
	"github.com/go-playground/locales/en_ZA"
	"github.com/go-playground/locales/es"
	"github.com/go-playground/locales/es_419"
	"github.com/go-playground/locales/es_CO"
	"github.com/go-playground/locales/es_MX"
	"github.com/go-playground/locales/es_US"
	"github.com/go-playground/locales/fi"
	"github.com/go-playground/locales/fr"
	"github.com/go-playground/locales/fr_CA"
	"github.com/go-playground/locales/fr_CH"
	"github.com/go-playground/locales/it"
	"github.com/go-playground/locales/it_CH"
	"github.com/go-playground/locales/ja"
	"github.com/go-playground/locales/nb"
	"github.com/go-playground/locales/nl"
	"github.com/go-playground/locales/nl_BE"
	"github.com/go-playground/locales/pl"
	"github.com/go-playground/locales/pt"
	"github.com/go-playground/locales/pt_PT"
	"github.com/go-playground/locales/sv"
	"github.com/go-playground/locales/sv_FI"
	"github.com/go-playground/locales/zh"
	"golang.org/x/text/language"
)

// languages are those that have a file, by tag; others that their readers read well
// stand in for them.
var languages = map[string]string{
	"ar": "ar", "cs": "cs", "da": "da", "de": "de", english: english, "es": "es", "fi": "fi", "fr": "fr", "it": "it", "ja": "ja",
	"nb": "nb", "nl": "nl", "pl": "pl", "pt": "pt", "sv": "sv", "zh": "zh",
	"nn": "nb", "no": "nb",
}

// regions returns the customs of every language, and of the regions that have others
// than their parent in CLDR, by tag. Another stands in where the library panics over
// a month (Algeria, Morocco, Tunisia) or leaves AM and PM out (Australia, Libya).
func regions() map[string]customs {
	return map[string]customs{
		"ar": cldr(ar.New).arabicDigits(), "ar-IQ": cldr(ar_IQ.New).arabicDigits(), "ar-JO": cldr(ar_JO.New).arabicDigits(),
		"ar-LB": cldr(ar_LB.New).arabicDigits(), "ar-PS": cldr(ar_PS.New).arabicDigits(), "ar-SY": cldr(ar_SY.New).arabicDigits(),
		"ar-AE": cldr(ar_AE.New), "ar-DZ": cldr(ar_AE.New), "ar-LY": cldr(ar_AE.New), "ar-MA": cldr(ar_AE.New), "ar-TN": cldr(ar_AE.New),
		"cs": cldr(cs.New), "da": cldr(da.New),
		"de": cldr(de.New), "de-AT": cldr(de_AT.New), "de-CH": cldr(de_CH.New),
		"en": cldr(en.New).capitalPeriods(), "en-001": cldr(en_001.New), "en-150": cldr(en_150.New), "en-AU": cldr(en_NZ.New),
		"en-CA": cldr(en_CA.New), "en-GB": cldr(en_GB.New), "en-IE": cldr(en_IE.New), "en-IN": cldr(en_IN.New), "en-NZ": cldr(en_NZ.New),
		"en-ZA": cldr(en_ZA.New),
		"es":    cldr(es.New), "es-419": cldr(es_419.New), "es-CO": cldr(es_CO.New), "es-MX": cldr(es_MX.New), "es-US": cldr(es_US.New),
		"fi": cldr(fi.New).standaloneDay(),
		"fr": cldr(fr.New), "fr-CA": cldr(fr_CA.New), "fr-CH": cldr(fr_CH.New),
		"it": cldr(it.New), "it-CH": cldr(it_CH.New), "ja": cldr(ja.New), "nb": cldr(nb.New),
		"nl": cldr(nl.New), "nl-BE": cldr(nl_BE.New), "pl": cldr(pl.New),
		"pt": cldr(pt.New), "pt-PT": cldr(pt_PT.New),
		"sv": cldr(sv.New), "sv-FI": cldr(sv_FI.New),
		// CLDR has 24 hours for Chinese since its release 38.
		"zh": cldr(zh.New).clockOf(cldr(en_GB.New)),
	}
}

// withRegions returns the words of every locale there is: a language's words with its
// own customs, and with those of its regions.
func withRegions(byLanguage map[string]*words) map[string]*words {
	all := map[string]*words{}
	for locale, c := range regions() {
		base, _ := language.Make(locale).Base()
		if w := byLanguage[base.String()]; w != nil {
			regional := *w
			regional.customs = c
			all[locale] = &regional
		}
	}
	return all
}

// words returns the words for a BCP 47 tag with the customs of its region; those of a
// region that is not known are its parent's in CLDR, as en-150's for en-SE. English
// stands in for a language that nothing is written in.
func (r *Renderer) words(locale string) *words {
	if w := r.catalogs[locale]; w != nil {
		return w // as it is mostly written: reading a tag costs as much as three messages
	}
	for tag := parseLocale(locale); tag != language.Und; tag = tag.Parent() {
		if w := r.catalogs[tag.String()]; w != nil {
			return w
		}
	}
	if w := r.catalogs[languageOf(locale)]; w != nil {
		return w
	}
	return r.catalogs[english]
}

// languageOf returns the tag of the language in which a locale's readers are written
// to, "" where there is none: "nb" for "no-NO", "zh" for "zh-Hant-TW".
func languageOf(locale string) string {
	if tag := languages[locale]; tag != "" {
		return tag
	}
	base, confidence := parseLocale(locale).Base()
	if confidence != language.Exact {
		return ""
	}
	return languages[base.String()]
}

// Languages returns the tags of the languages that readers are written to in, in order.
func Languages() []string {
	return slices.Compact(slices.Sorted(maps.Values(languages)))
}

// FirstSpoken returns the first locale that readers are written to in, "" if none: the
// user's comes before the conversation's, and that before the organization's.
func FirstSpoken(locales ...string) string {
	if i := slices.IndexFunc(locales, func(l string) bool { return languageOf(l) != "" }); i >= 0 {
		return locales[i]
	}
	return ""
}

// parseLocale takes "de_AT" for "de-AT". What is no tag is language.Und.
func parseLocale(locale string) language.Tag {
	tag, err := language.Parse(locale)
	if err != nil {
		return language.Und
	}
	return tag
}
