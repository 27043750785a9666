package templates

import (
	"strings"

	"github.com/nicksnyder/go-i18n/v2/i18n"
	"golang.org/x/text/language"
)

// plural is a sentence with a number in it, {count}, in all the forms that its language
// has. go-i18n knows which form a number takes.
type plural struct {
	localizer *i18n.Localizer
	id        string
}

// pattern returns the form for n. All forms that whole numbers take are known to be
// there since the language was loaded.
func (p plural) pattern(n int) string {
	text, _ := p.localizer.Localize(&i18n.LocalizeConfig{MessageID: p.id, PluralCount: n})
	return text
}

// plural returns a message with a number, after trying the forms of every kind of number.
func (c *catalog) plural(id string) plural {
	m := c.messages[id]
	if m == nil {
		c.problem(id, "is missing")
		return plural{}
	}
	if err := c.counted.AddMessages(language.Make(c.tag), m); err != nil {
		c.problem(id, "cannot be counted: "+err.Error())
		return plural{}
	}
	p := plural{i18n.NewLocalizer(c.counted, c.tag), id}
	for _, n := range [...]int{0, 1, 2, 3, 5, 11, 21, 22, 25, 100, 101, 102, 103, 111, 1000, 1_000_000} {
		if _, err := p.localizer.Localize(&i18n.LocalizeConfig{MessageID: id, PluralCount: n}); err != nil {
			c.problem(id, "has no form for "+strings.TrimSpace(err.Error()))
			break
		}
	}
	return p
}

// counted says how many: counted(w.Messages, 3) is "3 messages".
func (w *words) counted(p plural, n int, pairs ...string) string {
	return fill(p.pattern(n), append(pairs, "{count}", w.Count(n))...)
}
