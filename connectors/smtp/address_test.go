package smtp

import (
	"strings"
	"testing"

	"github.com/afterchat/afterchat/internal/chat"
)

// What the plan takes for a good address must not fail when it is written to.
func FuzzAGoodAddressCanBeWrittenTo(f *testing.F) {
	for _, address := range []string{
		"ann@example.com", `"ann"@example.com`, `"a\"b c"@example.com`, "jürgen@bücher.example", "ann@xn--bcher-kva.example", "ann@my_host.example",
		strings.Repeat("a", 64) + "@example.com", "ann@" + strings.Repeat("a", 63) + ".example", "ann@a--b.example", "ann@ß.example", "ann@faß.ı.example",
		"ann@exam\u200dple.com", "ann@[127.0.0.1]", "ann@١.example", "ann@a。b", "ann@xn--a.example", "a: ann@example.com;",
	} {
		f.Add(address)
	}
	f.Fuzz(func(t *testing.T, address string) {
		if !chat.GoodAddress(address) {
			return
		}
		m, err := parseMailbox(address)
		if err != nil {
			t.Fatalf("%q: %v", address, err)
		}
		if normal := chat.NormalizeAddress(address); chat.NormalizeAddress(m.address) != normal || chat.NormalizeAddress(normal) != normal {
			t.Errorf("%q goes to %q, and is told apart from it: %q, %q", address, m.address, normal, chat.NormalizeAddress(m.address))
		}
	})
}
