package smtp

import (
	"bytes"
	"net/textproto"
	"slices"
	"strings"
	"time"

	"github.com/jordan-wright/email"

	"github.com/afterchat/afterchat/connectors"
	"github.com/afterchat/afterchat/internal/fault"
)

// message is a mail ready to be sent.
type message struct {
	from, to string // of the envelope
	utf8     bool   // needs SMTPUTF8
	id       string // Message-ID, with its angle brackets
	raw      []byte // lines end in CRLF and are at most 998 bytes long
}

// compose builds the mail. Package email makes the MIME body; the header is written
// here, because email neither folds lines, nor keeps names with commas whole, nor
// keeps line ends out of it.
func (c *Client) compose(m connectors.Outgoing, now time.Time) (message, error) {
	to, err := parseMailbox(m.To)
	if err != nil {
		return message{}, err
	}
	if m.ToName != "" {
		to.name = m.ToName
	}
	msg := message{
		from: c.envelopeSender(m), to: to.address, utf8: c.from.utf8 || to.utf8,
		id: connectors.MessageID(bounceMark(m), c.from.domain),
	}
	replyTo := c.replyTo
	if m.ReplyTo != "" {
		if replyTo, err = parseMailbox(m.ReplyTo); err != nil {
			return message{}, fault.New(fault.Invalid, "bad_address", "where answers go is not a mail address").At("reply_to")
		}
	}
	content, raw, body, err := c.mimeBody(m, msg.id)
	if err != nil {
		return message{}, err
	}
	b := bytes.NewBuffer(make([]byte, 0, 1024))
	writeHeader(b, "Date", now.UTC().Format(time.RFC1123Z))
	writeHeader(b, "From", c.from.header())
	if replyTo.address != "" {
		writeHeader(b, "Reply-To", replyTo.header())
		msg.utf8 = msg.utf8 || replyTo.utf8
	}
	writeHeader(b, "To", to.header())
	writeHeader(b, "Subject", textHeader(m.Subject))
	writeHeader(b, "Message-ID", msg.id)
	c.writeThread(b, m)
	writeHeader(b, "Auto-Submitted", "auto-generated") // RFC 3834, 5
	writeHeader(b, "MIME-Version", "1.0")
	b.Write(content)
	b.WriteString("\r\n")
	// In place of email's own header, and in the room that email had to spare: a mail may be
	// large.
	msg.raw, err = sign(slices.Replace(raw, 0, body, b.Bytes()...), c.dkim)
	return msg, err
}

// mimeBody returns the Content-… header lines, and the whole with the place in it where
// the body begins.
func (c *Client) mimeBody(m connectors.Outgoing, id string) (content, raw []byte, body int, err error) {
	texts := c.texts.Get().(*bytes.Buffer) //nolint:forcetypeassert // it holds nothing else
	defer c.release(texts)
	texts.WriteString(m.Text)
	texts.WriteString(m.HTML)
	e := email.Email{
		Text: texts.Bytes()[:len(m.Text):len(m.Text)], HTML: texts.Bytes()[len(m.Text):],
		// Set, or email would make up its own at the price of a look at the host's name.
		Headers: textproto.MIMEHeader{"Message-Id": {id}, "Date": {""}},
	}
	for i, f := range m.Files {
		e.Attachments = append(e.Attachments, attachment(f, i, m.Key.String()+"@"+c.from.domain, m.HTML != ""))
	}
	raw, err = e.Bytes()
	if err != nil {
		return nil, nil, 0, fault.Wrap(fault.Invalid, "bad_mime", "the mail cannot be put together", err)
	}
	end := bytes.Index(raw, []byte("\r\n\r\n")) + len("\r\n")
	keep := false
	for line := range bytes.Lines(raw[:end]) {
		if line[0] != ' ' && line[0] != '\t' {
			keep = bytes.HasPrefix(line, []byte("Content-"))
		}
		if keep {
			content = append(content, line...)
		}
	}
	return content, raw, end + len("\r\n"), nil
}

// release keeps a buffer for the next mail, but none that one huge mail has made huge.
func (c *Client) release(texts *bytes.Buffer) {
	if texts.Cap() <= 1<<20 {
		texts.Reset()
		c.texts.Put(texts)
	}
}

// cleanType returns a content type that can stand in a header and that base64 may be
// used with (RFC 2045, 6.4), or application/octet-stream.
func cleanType(s string) string {
	const fallback = "application/octet-stream"
	mediaType, _, _ := strings.Cut(s, ";")
	mediaType = strings.ToLower(strings.TrimSpace(mediaType))
	if !mediaTypes.MatchString(mediaType) || strings.HasPrefix(mediaType, "multipart/") || strings.HasPrefix(mediaType, "message/") {
		return fallback
	}
	if mediaType == "text/plain" || mediaType == "text/html" || mediaType == "text/csv" {
		return mediaType + "; charset=UTF-8"
	}
	return mediaType
}
