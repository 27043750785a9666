package templates

import (
	"math"
	"net/url"
	"strconv"
	"strings"
)

// Brand is how an organization looks to people. Color is "#rgb" or "#rrggbb"; LogoURL
// and Website are http or https addresses. What is not so is not used.
type Brand struct{ Organization, LogoURL, Color, Website string }

const neutralColor = "#374151"

// Accent returns the brand's colour, or a neutral one.
func (b Brand) Accent() string {
	if _, ok := rgb(b.Color); ok {
		return b.Color
	}
	return neutralColor
}

// Ink returns the colour that can be read on Accent: white where its contrast is the 4.5
// that small text needs (WCAG 2.2, 1.4.3), else black, whose contrast is more than that then.
func (b Brand) Ink() string {
	c, _ := rgb(b.Accent())
	if 1.05/(luminance(c)+0.05) < 4.5 {
		return "#000000"
	}
	return "#ffffff"
}

// luminance is the relative luminance of WCAG 2.2, from 0 for black to 1 for white.
func luminance(c [3]uint64) float64 {
	sum := 0.0
	for i, weight := range [...]float64{0.2126, 0.7152, 0.0722} {
		v := float64(c[i]) / 255
		if v <= 0.04045 {
			v /= 12.92
		} else {
			v = math.Pow((v+0.055)/1.055, 2.4)
		}
		sum += weight * v
	}
	return sum
}

// Tint returns what the customer's own words stand on: so little of the brand's colour on
// white that near-black text can be read on it, whatever the colour.
func (b Brand) Tint() string { return b.mixed(12, [3]uint64{255, 255, 255}) }

// DarkTint returns the same for near-white text in the dark.
func (b Brand) DarkTint() string { return b.mixed(28, [3]uint64{22, 27, 34}) }

// mixed returns the accent mixed into a ground, percent of it, as "#rrggbb". An accent that
// is much like the ground would leave a bubble that is not seen: the neutral colour stands in.
func (b Brand) mixed(percent uint64, ground [3]uint64) string {
	c, _ := rgb(b.Accent())
	mix := func(c [3]uint64) (mixed, apart uint64) {
		for i := range c {
			v := (c[i]*percent + ground[i]*(100-percent)) / 100
			mixed, apart = mixed<<8|v, max(apart, v-min(v, ground[i]), ground[i]-min(v, ground[i]))
		}
		return mixed, apart
	}
	mixed, apart := mix(c)
	if apart < 12 {
		neutral, _ := rgb(neutralColor)
		mixed, _ = mix(neutral)
	}
	digits := strconv.FormatUint(1<<24|mixed, 16)
	return "#" + digits[1:]
}

// Logo returns the logo's address, "" if there is none that may be shown.
func (b Brand) Logo() string { return webURL(b.LogoURL) }

// Home returns the website's address, "" if there is none that may be a link.
func (b Brand) Home() string { return webURL(b.Website) }

// Name returns the organization's name as one line.
func (b Brand) Name() string { return line(b.Organization) }

func rgb(s string) ([3]uint64, bool) {
	var c [3]uint64
	digits, ok := strings.CutPrefix(s, "#")
	if !ok || len(digits) != 3 && len(digits) != 6 {
		return c, false
	}
	if len(digits) == 3 {
		digits = string([]byte{digits[0], digits[0], digits[1], digits[1], digits[2], digits[2]})
	}
	for i := range c {
		v, err := strconv.ParseUint(digits[2*i:2*i+2], 16, 8)
		if err != nil {
			return c, false
		}
		c[i] = v
	}
	return c, true
}

// webURL returns s if it is an http or https address with a host, else "". It holds
// printable ASCII alone, so that it can neither break a line nor reorder one.
func webURL(s string) string {
	u, err := url.Parse(strings.TrimSpace(s))
	if err != nil || u.Host == "" || u.Scheme != "http" && u.Scheme != "https" {
		return ""
	}
	if s = strings.TrimSpace(s); !isURLText(s) {
		s = u.String()
	}
	if !isURLText(s) {
		return ""
	}
	return s
}

func isURLText(s string) bool {
	for i := range len(s) {
		if c := s[i]; c <= ' ' || c > '~' || c == '"' || c == '<' || c == '>' {
			return false
		}
	}
	return true
}

// origin returns the scheme and host of a web address, "" if it is none.
func origin(address string) string {
	u, err := url.Parse(webURL(address))
	if err != nil || u.Host == "" || strings.ContainsAny(u.Host, ";, '") {
		return ""
	}
	return u.Scheme + "://" + u.Host
}
