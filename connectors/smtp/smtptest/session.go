package smtptest

import (
	"bytes"
	"io"

	"github.com/emersion/go-sasl"
	gosmtp "github.com/emersion/go-smtp"
)

// session is one connection.
type session struct {
	server   *Server
	conn     *gosmtp.Conn
	signedIn bool
	from     string
	to       []string
	size     int64 // as announced, at most
}

var _ gosmtp.AuthSession = (*session)(nil)

func (s *Server) session(conn *gosmtp.Conn) (gosmtp.Session, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.sessions++
	s.open[conn] = true
	return &session{server: s, conn: conn}, nil
}

func (s *session) Reset() { s.from, s.to = "", nil }

func (s *session) Logout() error {
	s.server.mu.Lock()
	defer s.server.mu.Unlock()
	delete(s.server.open, s.conn)
	return nil
}

func (s *session) Mail(from string, o *gosmtp.MailOptions) error {
	if s.server.options.Username != "" && !s.signedIn {
		return reply(530, [3]int{5, 7, 0}, "sign in first")
	}
	s.from, s.size = from, min(o.Size, 1<<20)
	return nil
}

func (s *session) Rcpt(to string, _ *gosmtp.RcptOptions) error {
	if _, ok := s.server.breakage(func(b Breakage) bool { return b.DropBefore }); ok {
		return s.hangUp()
	}
	if r := s.server.refusal(to); r != nil {
		return r
	}
	s.to = append(s.to, to)
	return nil
}

func (s *session) Data(r io.Reader) error {
	buffer := bytes.NewBuffer(make([]byte, 0, s.size+bytes.MinRead))
	if _, err := buffer.ReadFrom(r); err != nil {
		return err
	}
	raw := buffer.Bytes()
	how, broken := s.server.breakage(func(Breakage) bool { return true })
	if broken && how.Code != 0 {
		return reply(how.Code, how.Enhanced, "not now")
	}
	if broken && how.Stall {
		_, _ = s.conn.Conn().Read(make([]byte, 1))
		return s.hangUp()
	}
	if s.server.options.HeadersOnly {
		if end := bytes.Index(raw, []byte("\r\n\r\n")); end >= 0 {
			raw = bytes.Clone(raw[:end+4])
		}
	}
	for _, to := range s.to {
		s.server.keep(&stored{from: s.from, to: to, raw: raw})
	}
	if broken && how.DropAfter {
		return s.hangUp()
	}
	return nil
}

// hangUp closes the connection; the answer that go-smtp then writes goes nowhere.
func (s *session) hangUp() error {
	_ = s.conn.Conn().Close()
	return reply(421, [3]int{4, 4, 2}, "closed")
}

func (s *session) AuthMechanisms() []string {
	switch {
	case s.server.options.Username == "":
		return nil
	case s.server.token() != "":
		return []string{xoauth2Name}
	case len(s.server.options.Mechanisms) > 0:
		return s.server.options.Mechanisms
	default:
		return []string{sasl.Plain, sasl.Login, cramMD5Name}
	}
}

func (s *session) Auth(mechanism string) (sasl.Server, error) {
	check := func(ok bool) error {
		if !ok {
			return gosmtp.ErrAuthFailed
		}
		s.signedIn = true
		return nil
	}
	username, password := s.server.options.Username, s.server.options.Password
	switch mechanism {
	case sasl.Plain:
		return sasl.NewPlainServer(func(_, u, p string) error { return check(u == username && p == password) }), nil
	case sasl.Login:
		return &login{check: func(u, p string) error { return check(u == username && p == password) }}, nil
	case cramMD5Name:
		return &cramMD5{username: username, password: password, check: check}, nil
	case xoauth2Name:
		want := "user=" + username + "\x01auth=Bearer " + s.server.token() + "\x01\x01"
		return &xoauth2{want: want, check: check}, nil
	default:
		return nil, gosmtp.ErrAuthUnknownMechanism
	}
}
