package main

import (
	"bufio"
	"bytes"
	"context"
	"fmt"
	"maps"
	"net"
	"strings"
	"sync"

	"github.com/afterchat/afterchat/connectors/smtp/smtptest"
	"github.com/afterchat/afterchat/internal/chat"
	"github.com/afterchat/afterchat/internal/standin"
)

// mailSink is a mail server that takes everything and keeps only which deliveries came.
// It does next to nothing, because it shares the machine with what is measured: the
// stand-in that the tests use reads a mail byte by byte, and took a tenth of the
// processor.
type mailSink struct {
	listener net.Listener
	open     sync.WaitGroup

	mu    sync.Mutex
	came  map[chat.Key]int
	mails int
}

func newMailSink(ctx context.Context) (*mailSink, error) {
	listener, err := (&net.ListenConfig{}).Listen(ctx, "tcp", "127.0.0.1:0")
	if err != nil {
		return nil, fmt.Errorf("opening the mail sink: %w", err)
	}
	s := &mailSink{listener: listener, came: map[chat.Key]int{}}
	s.open.Go(func() {
		for {
			conn, err := listener.Accept()
			if err != nil {
				return
			}
			s.open.Go(func() { s.serve(conn) })
		}
	})
	return s, nil
}

func (s *mailSink) addr() string { return s.listener.Addr().String() }

// close waits for the clients to have gone.
func (s *mailSink) close() {
	_ = s.listener.Close()
	s.open.Wait()
}

// len is how many mails came.
func (s *mailSink) len() int {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.mails
}

// effects counts what came by delivery.
func (s *mailSink) effects() map[chat.Key]int {
	s.mu.Lock()
	defer s.mu.Unlock()
	return maps.Clone(s.came)
}

// serve speaks as much of RFC 5321 as a client needs that makes no mistakes.
func (s *mailSink) serve(conn net.Conn) {
	defer func() { _ = conn.Close() }()
	in := bufio.NewReaderSize(conn, 64<<10)
	say := func(line string) bool {
		_, err := conn.Write([]byte(line + "\r\n"))
		return err == nil
	}
	ok := say("220 sink ESMTP")
	for ok {
		line, err := in.ReadSlice('\n')
		if err != nil {
			return
		}
		verb, _, _ := strings.Cut(strings.TrimSpace(string(line)), " ")
		switch strings.ToUpper(verb) {
		case "EHLO":
			ok = say("250-sink\r\n250-8BITMIME\r\n250 ENHANCEDSTATUSCODES")
		case "DATA":
			ok = say("354 go on") && s.take(in) && say("250 2.0.0 taken")
		case "QUIT":
			_ = say("221 2.0.0 bye")
			return
		default:
			ok = say("250 2.0.0 yes")
		}
	}
}

// take reads one mail up to the lone dot.
func (s *mailSink) take(in *bufio.Reader) bool {
	m := smtptest.Message{}
	for {
		line, err := in.ReadSlice('\n')
		if err != nil {
			return false
		}
		if id, is := bytes.CutPrefix(line, []byte("Message-ID: ")); is && m.MessageID == "" {
			m.MessageID = strings.TrimSpace(string(id))
		}
		if string(line) == ".\r\n" {
			break
		}
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.mails++
	if key, err := chat.ParseKey(standin.MailKey(m)); err == nil {
		s.came[key]++
	}
	return true
}
