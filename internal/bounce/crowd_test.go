package bounce_test

import (
	"bufio"
	"context"
	"fmt"
	"log/slog"
	"net"
	"net/netip"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/afterchat/afterchat/internal/bounce"
	"github.com/afterchat/afterchat/internal/config"
)

// corridor is a listener whose clients come from anywhere.
type corridor struct {
	conns chan net.Conn
	once  sync.Once
}

func (c *corridor) Accept() (net.Conn, error) {
	conn, ok := <-c.conns
	if !ok {
		return nil, net.ErrClosed
	}
	return conn, nil
}

func (c *corridor) Close() error   { c.once.Do(func() { close(c.conns) }); return nil }
func (c *corridor) Addr() net.Addr { return &net.TCPAddr{} }

type fromAnywhere struct {
	net.Conn
	from string
}

func (f fromAnywhere) RemoteAddr() net.Addr {
	return net.TCPAddrFromAddrPort(netip.MustParseAddrPort(f.from))
}

// visitor is a client's end, and the lines that it has heard.
type visitor struct {
	net.Conn
	heard chan string
}

// visit connects from an address and returns the greeting.
func (c *corridor) visit(t *testing.T, from string) (visitor, string) {
	t.Helper()
	near, far := net.Pipe()
	c.conns <- fromAnywhere{far, from}
	t.Cleanup(func() { near.Close() })
	v := visitor{near, make(chan string, 10)}
	go func() {
		defer close(v.heard)
		for lines := bufio.NewScanner(near); lines.Scan(); {
			v.heard <- lines.Text()
		}
	}()
	return v, <-v.heard
}

func (v visitor) say(command string) string {
	fmt.Fprintf(v, "%s\r\n", command)
	return <-v.heard
}

// crowded opens a door for as long as a test in a bubble of its own lasts, and returns what
// it logs, too.
func crowded(t *testing.T) (*corridor, *lockedBuffer) {
	t.Helper()
	c, log := &corridor{conns: make(chan net.Conn)}, &lockedBuffer{}
	d := &bounce.Door{Protocol: config.ProtocolSMTP, Name: "after.example", Log: slog.New(slog.NewTextHandler(log, nil)), Ready: func() bool { return true }}
	served := make(chan error, 1)
	go func() { served <- d.Serve(t.Context(), c) }()
	t.Cleanup(func() {
		ctx, cancel := context.WithTimeout(context.Background(), time.Second)
		defer cancel()
		d.Close(ctx)
		<-served
	})
	return c, log
}

func TestWhoeverSaysNothingIsNotWaitedForLong(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		does func(v visitor)
		want time.Duration
	}{
		"who never says anything":         {func(visitor) {}, 30 * time.Second},
		"who said something":              {func(v visitor) { v.say("NOOP") }, 2 * time.Minute},
		"who says something now and then": {func(v visitor) { v.say("NOOP"); time.Sleep(100 * time.Second); v.say("NOOP") }, 220 * time.Second},
		"who is about to send a mail": {func(v visitor) {
			for _, command := range []string{"HELO relay.example", "MAIL FROM:<>", "RCPT TO:<b@acme.example>"} {
				v.say(command)
			}
		}, 2 * time.Minute},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				door, _ := crowded(t)
				v, greeting := door.visit(t, "192.0.2.1:1025")
				if !strings.HasPrefix(greeting, "220 after.example ") {
					t.Fatalf("it was greeted with %q", greeting)
				}
				began := time.Now()
				c.does(v)
				if said, took := <-v.heard, time.Since(began); !strings.HasPrefix(said, "421 ") || took != c.want {
					t.Errorf("after %v it heard %q", took, said)
				}
				if said, open := <-v.heard; open {
					t.Errorf("then %q", said)
				}
			})
		})
	}
}

func TestAFullDoorSaysSoAtOnce(t *testing.T) {
	t.Parallel()
	const full = "421 4.3.2 Too many connections, come again"
	for name, c := range map[string]struct {
		from string // of client %d
		room int
	}{
		"from this machine":             {"127.0.0.1:%d", 64},
		"from this machine by IPv6":     {"[::1]:%d", 64},
		"as IPv4 in IPv6":               {"[::ffff:127.0.0.1]:%d", 64},
		"from one address":              {"192.0.2.1:%d", 32},
		"from one network of IPv6":      {"[2001:db8::%d]:25", 32},
		"from many addresses":           {"192.0.2.%d:25", 64},
		"from many networks of IPv6":    {"[2001:db8:0:%d::1]:25", 64},
		"from one address as from many": {"[::ffff:192.0.2.1]:%d", 32},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				door, log := crowded(t)
				var first visitor
				for i := range c.room {
					v, greeting := door.visit(t, fmt.Sprintf(c.from, i+1))
					if !strings.HasPrefix(greeting, "220 ") {
						t.Fatalf("client %d was greeted with %q", i+1, greeting)
					}
					if i == 0 {
						first = v
					}
				}
				began := time.Now()
				v, greeting := door.visit(t, fmt.Sprintf(c.from, c.room+1))
				if said, open := <-v.heard; greeting != full || open || time.Since(began) != 0 {
					t.Errorf("one more heard %q, then %q, after %v", greeting, said, time.Since(began))
				}
				if _, greeting := door.visit(t, "198.51.100.1:25"); c.room < 64 != strings.HasPrefix(greeting, "220 ") {
					t.Errorf("somebody else was greeted with %q", greeting)
				}
				first.say("QUIT")
				synctest.Wait()
				if _, greeting := door.visit(t, fmt.Sprintf(c.from, c.room+1)); c.room == 64 && !strings.HasPrefix(greeting, "220 ") {
					t.Errorf("when one had gone, the next was greeted with %q", greeting)
				}
				time.Sleep(30 * time.Second) // and silence ends all of them
				synctest.Wait()
				if _, greeting := door.visit(t, fmt.Sprintf(c.from, 1)); !strings.HasPrefix(greeting, "220 ") {
					t.Errorf("after the silence: %q", greeting)
				}
				// However many come, it says once that it is full.
				crowd := func(want int) {
					for i := range 70 {
						door.visit(t, fmt.Sprintf("203.0.113.%d:25", i+1))
					}
					if n := strings.Count(log.String(), "turns connections away"); n != want {
						t.Errorf("it said %d times that it is full, want %d", n, want)
					}
					time.Sleep(30 * time.Second)
					synctest.Wait()
				}
				said := strings.Count(log.String(), "turns connections away")
				crowd(said + 1)
				crowd(said + 2)
			})
		})
	}
}
