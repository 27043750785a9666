package smtp

import (
	"strings"
	"testing"

	"github.com/afterchat/afterchat/internal/address"
)

// What the plan takes for a good address must not fail when it is written to.
func FuzzAGoodAddressCanBeWrittenTo(f *testing.F) {
	for _, given := range []string{
		"ann@example.com", `"ann"@example.com`, `"a\"b c"@example.com`, "jürgen@bücher.example", "ann@xn--bcher-kva.example", "ann@my_host.example",
		strings.Repeat("a", 64) + "@example.com", "ann@" + strings.Repeat("a", 63) + ".example", "ann@a--b.example", "ann@ß.example", "ann@faß.ı.example",
		"ann@exam\u200dple.com", "ann@[127.0.0.1]", "ann@١.example", "ann@a。b", "ann@xn--a.example", "a: ann@example.com;",
	} {
		f.Add(given)
	}
	f.Fuzz(func(t *testing.T, given string) {
		if !address.Good(given) {
			return
		}
		m, err := parseMailbox(given)
		if err != nil {
			t.Fatalf("%q: %v", given, err)
		}
		if normal := address.Normalize(given); address.Normalize(m.address) != normal || address.Normalize(normal) != normal {
			t.Errorf("%q goes to %q, and is told apart from it: %q, %q", given, m.address, normal, address.Normalize(m.address))
		}
	})
}
