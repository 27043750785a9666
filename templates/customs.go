package templates

import (
	"strconv"
	"strings"
	"sync"
	"time"

	"github.com/go-playground/locales"
)

// customs are how a locale's readers write dates, times of day and numbers, after CLDR.
// A Date has its day of the week, a ShortDate does not; both are in t's own zone.
type customs struct {
	Date, ShortDate, Clock func(t time.Time) string
	Count                  func(n int) string
	locale                 func() locales.Translator
}

// cldr returns the customs of a locale of CLDR, which is made when it is first asked: few
// are ever asked of the many there are.
func cldr(create func() locales.Translator) customs {
	l := sync.OnceValue(create)
	return customs{
		Date:      func(t time.Time) string { return l().FmtDateFull(t) },
		ShortDate: func(t time.Time) string { return l().FmtDateLong(t) },
		Clock:     clockFace(func(t time.Time) string { return l().FmtTimeShort(t) }),
		Count:     counter(l),
		locale:    l,
	}
}

// clockFace writes every minute of the day once, when it is first asked: a transcript
// has a time of day for every message.
func clockFace(write func(time.Time) string) func(time.Time) string {
	face := sync.OnceValue(func() *[24 * 60]string {
		all := new([24 * 60]string)
		for minute := range all {
			all[minute] = write(time.Date(2000, 1, 1, minute/60, minute%60, 0, 0, time.UTC))
		}
		return all
	})
	return func(t time.Time) string {
		hour, minute, _ := t.Clock()
		return face()[hour*60+minute]
	}
}

// counter groups numbers from five digits on: some locales leave four together, and
// none minds.
func counter(l func() locales.Translator) func(int) string {
	return func(n int) string {
		if n < 10_000 {
			return strconv.Itoa(n)
		}
		return l().FmtNumber(float64(n), 0)
	}
}

// clockOf takes the time of day from another locale: for what the library has wrong.
func (c customs) clockOf(other customs) customs {
	c.Clock = other.Clock
	return c
}

// capitalPeriods writes AM and PM, as CLDR has it for the United States.
func (c customs) capitalPeriods() customs {
	clock := c.Clock
	c.Clock = clockFace(func(t time.Time) string { return strings.ToUpper(clock(t)) })
	return c
}

// standaloneDay writes the name of the day by itself before the date: Finnish has the
// form that means "on Thursday" in the library, and a letter of the pattern in its dates.
func (c customs) standaloneDay() customs {
	c.Date = func(t time.Time) string {
		return strings.TrimSuffix(c.locale().WeekdayWide(t.Weekday()), "na") + " " + c.ShortDate(t)
	}
	return c
}

// arabicDigits writes ٠ to ٩ (CLDR's numbering system "arab").
func (c customs) arabicDigits() customs {
	digits := strings.NewReplacer("0", "٠", "1", "١", "2", "٢", "3", "٣", "4", "٤", "5", "٥", "6", "٦", "7", "٧", "8", "٨", "9", "٩")
	of := func(write func(time.Time) string) func(time.Time) string {
		return func(t time.Time) string { return digits.Replace(write(t)) }
	}
	count := c.Count
	c.Date, c.ShortDate, c.Clock = of(c.Date), of(c.ShortDate), clockFace(of(c.Clock))
	c.Count = func(n int) string { return digits.Replace(count(n)) }
	return c
}
