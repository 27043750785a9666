package smtptest

import (
	"bytes"
	"encoding/base64"
	"errors"
	"fmt"
	"io"
	"mime"
	"mime/multipart"
	"mime/quotedprintable"
	"net/mail"
	"strings"
	"sync"
)

// Message is a mail as it was taken. From and To are of the envelope; Subject is
// decoded; MessageID has its angle brackets.
type Message struct {
	From, To, Subject, MessageID string
	Raw                          []byte
}

// Content is a mail's decoded text.
type Content struct {
	Header     mail.Header
	Text, HTML string
	Files      []File
	// Inline are the files that the HTML shows by their ContentID.
	Inline []File
}

// File is an attachment, decoded. ContentID is without angle brackets.
type File struct {
	Name, ContentType, ContentID string
	Content                      []byte
}

// Read decodes the mail.
func (m Message) Read() (Content, error) {
	parsed, err := mail.ReadMessage(bytes.NewReader(m.Raw))
	if err != nil {
		return Content{}, fmt.Errorf("reading a mail's header: %w", err)
	}
	c := Content{Header: parsed.Header}
	return c, c.part(parsed.Header.Get, parsed.Body)
}

func (c *Content) part(header func(string) string, body io.Reader) error {
	mediaType, parameters, err := mime.ParseMediaType(header("Content-Type"))
	if err != nil {
		return fmt.Errorf("reading a content type: %w", err)
	}
	if strings.HasPrefix(mediaType, "multipart/") {
		parts := multipart.NewReader(body, parameters["boundary"])
		for {
			p, err := parts.NextRawPart()
			if errors.Is(err, io.EOF) {
				return nil
			}
			if err != nil {
				return fmt.Errorf("reading a part: %w", err)
			}
			if err := c.part(p.Header.Get, p); err != nil {
				return err
			}
		}
	}
	switch strings.ToLower(header("Content-Transfer-Encoding")) {
	case "quoted-printable":
		body = quotedprintable.NewReader(body)
	case "base64":
		body = base64.NewDecoder(base64.StdEncoding, body)
	}
	content, err := io.ReadAll(body)
	if err != nil {
		return fmt.Errorf("decoding a part: %w", err)
	}
	disposition, names, _ := mime.ParseMediaType(header("Content-Disposition"))
	file := File{Name: names["filename"], ContentType: mediaType, ContentID: strings.Trim(header("Content-Id"), "<>"), Content: content}
	switch {
	case disposition == "attachment":
		c.Files = append(c.Files, file)
	case disposition == "inline":
		c.Inline = append(c.Inline, file)
	case mediaType == "text/html":
		c.HTML += string(content)
	case mediaType == "text/plain":
		c.Text += string(content)
	}
	return nil
}

// stored is a mail whose header is parsed at most once, when somebody looks.
type stored struct {
	from, to string
	raw      []byte

	once          sync.Once
	subject, msID string
}

func (s *stored) message() Message {
	s.once.Do(func() {
		parsed, err := mail.ReadMessage(bytes.NewReader(s.raw))
		if err != nil {
			return
		}
		s.msID = parsed.Header.Get("Message-Id")
		s.subject = parsed.Header.Get("Subject")
		if decoded, err := new(mime.WordDecoder).DecodeHeader(s.subject); err == nil {
			s.subject = decoded
		}
	})
	return Message{From: s.from, To: s.to, Subject: s.subject, MessageID: s.msID, Raw: s.raw}
}
