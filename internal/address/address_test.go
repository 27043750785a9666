package address_test

import (
	"strings"
	"testing"

	"github.com/afterchat/afterchat/internal/address"
)

func TestMailCanBeAddressedToWhatItsLimitsAllow(t *testing.T) {
	t.Parallel()
	label := strings.Repeat("a", 63)
	long := strings.Join([]string{label, label, label}, ".") // 191 bytes
	for given, want := range map[string]bool{
		"ann@example.com":                             true,
		`"ann"@example.com`:                           true,
		`"ann lee"@example.com`:                       true,
		"jürgen@bücher.example":                       true,
		"ann@xn--bcher-kva.example":                   true,
		"ann@my_host.example":                         true,
		"ann@1-2.example":                             true,
		strings.Repeat("a", 64) + "@example.com":      true,
		strings.Repeat("a", 65) + "@example.com":      false,
		strings.Repeat("ü", 33) + "@example.com":      false, // in UTF-8 bytes
		`"` + strings.Repeat("a", 64) + `"@a.com`:     true,  // goes without its quotes
		`"` + strings.Repeat("a ", 32) + `"@a.com`:    false, // goes with them
		strings.Repeat("a", 62) + "@" + long:          true,  // 254
		strings.Repeat("a", 63) + "@" + long:          false,
		"ann@" + label + ".example":                   true,
		"ann@" + label + "a.example":                  false,
		"ann@" + strings.Repeat("ü", 40) + ".example": true,
		"ann@" + strings.Repeat("ü", 60) + ".example": false, // xn-- and more than 63
		"ann@-example.com":                            false,
		"ann@example-.com":                            false,
		"ann@-bücher.example":                         false,
		"ann@exa!mple.com":                            false,
		"ann@xn--a.example":                           false,
		"ann@[127.0.0.1]":                             false,
		"a@[IPv6:::1]":                                false,
		"ann\x00@example.com":                         false,
		"ann\ufffd@example.com":                       false, // what was NUL
		"\"ann\x01\"@example.com":                     false,
		"\"ann\tlee\"@example.com":                    false,
		"ann\u0085@example.com":                       false,
		"ann @example.com":                            false,
		"team: ann@example.com;":                      false,
		"ann@example":                                 false,
		"ann@example.com.":                            false,
		"":                                            false,
	} {
		if got := address.Good(given); got != want {
			t.Errorf("%.80q: %t, want %t", given, got, want)
		}
	}
}

func TestTwoSpellingsOfAnAddressAreEqual(t *testing.T) {
	t.Parallel()
	for spelling, want := range map[string]string{
		" Ann@Example.COM ":         "ann@example.com",
		`"ann"@example.com`:         "ann@example.com",
		`"Ann"@Example.com`:         "ann@example.com",
		`"a\nn"@example.com`:        "ann@example.com",
		`"ann.lee"@example.com`:     "ann.lee@example.com",
		"ann@exam\u200bple.com":     "ann@example.com",
		`"ann lee"@example.com`:     `"ann lee"@example.com`,
		`"ann\ lee"@example.com`:    `"ann lee"@example.com`,
		`"ann..lee"@example.com`:    `"ann..lee"@example.com`,
		`"a@b"@example.com`:         `"a@b"@example.com`,
		"ann@BÜCHER.example":        "ann@bücher.example",
		"ann@xn--bcher-kva.example": "ann@bücher.example",
		"Jürgen@example.com":        "jürgen@example.com",
		"ann+qa@example.com":        "ann+qa@example.com",
		"no address":                "no address",
		"":                          "",
	} {
		if got := address.Normalize(spelling); got != want {
			t.Errorf("%q: %q, want %q", spelling, got, want)
		}
		if again := address.Normalize(want); again != want {
			t.Errorf("%q becomes %q when it is normalized again", want, again)
		}
	}
}
