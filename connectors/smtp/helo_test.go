package smtp

import (
	"net"
	"os"
	"strings"
	"testing"
)

func TestAMachineIntroducesItselfByAFullNameOrItsAddress(t *testing.T) {
	t.Parallel()
	for _, test := range []struct {
		helo  string
		local net.Addr
		want  string
	}{
		{"", &net.TCPAddr{IP: net.IPv4(192, 0, 2, 1)}, "[192.0.2.1]"},
		{"", &net.TCPAddr{IP: net.ParseIP("2001:db8::1")}, "[IPv6:2001:db8::1]"},
		{"", &net.UnixAddr{Name: "socket"}, "localhost"},
		{"mail.example", &net.TCPAddr{IP: net.IPv4(192, 0, 2, 1)}, "mail.example"},
	} {
		if name, err := os.Hostname(); err == nil && strings.Contains(name, ".") && test.helo == "" {
			test.want = name
		}
		if got := (dialer{helo: test.helo}).heloName(test.local); got != test.want {
			t.Errorf("it introduces itself as %q, want %q", got, test.want)
		}
	}
}
