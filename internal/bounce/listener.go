package bounce

import (
	"net"
	"net/netip"
	"time"
)

// farewell is what a client hears for whom there is no room (RFC 3463: 4.3.2).
const farewell = "421 4.3.2 Too many connections, come again\r\n"

// farewellTimeout bounds the saying of it. It fits into any buffer.
const farewellTimeout = time.Second

// listener notes a door's connections, and turns away at once whoever finds it full.
type listener struct {
	net.Listener
	door *Door
}

// Accept waits for the next connection that there is room for.
func (l listener) Accept() (net.Conn, error) {
	for {
		conn, err := l.Listener.Accept()
		if err != nil {
			return nil, err
		}
		if accepted := l.door.admit(conn); accepted != nil {
			return accepted, nil
		}
		_ = conn.SetWriteDeadline(time.Now().Add(farewellTimeout))
		_, _ = conn.Write([]byte(farewell)) // who is gone by now need not hear it
		_ = conn.Close()
	}
}

// admit takes a connection up, or returns nil where there is no room for it.
func (d *Door) admit(conn net.Conn) *line {
	from := neighbourhood(conn.RemoteAddr())
	d.mu.Lock()
	defer d.mu.Unlock()
	near := 0
	for l := range d.lines {
		if from.IsValid() && l.from == from {
			near++
		}
	}
	if len(d.lines) >= maxConnections || near >= maxFromOne {
		if !d.full {
			d.full = true
			d.Log.Warn("a bounce door turns connections away", "protocol", d.Protocol, "connections", len(d.lines))
		}
		return nil
	}
	d.full = false
	accepted := &line{Conn: conn, door: d, from: from, limit: time.Now().Add(lifetime)}
	d.lines[accepted] = true
	if d.closed {
		accepted.hangUp()
	}
	return accepted
}

// neighbourhood is what counts as one client: an IPv4 address, or the /64 of an IPv6 one,
// which is what a single machine may have. It is none for what is on this machine: there
// all of a relay's connections come from one address.
func neighbourhood(a net.Addr) netip.Prefix {
	from, err := netip.ParseAddrPort(a.String())
	if err != nil {
		return netip.Prefix{}
	}
	address := from.Addr()
	if address.IsLoopback() {
		return netip.Prefix{}
	}
	bits := address.BitLen()
	if address.Is6() {
		bits = 64
	}
	near, _ := address.Prefix(bits) // bits are as many as such an address has
	return near
}
