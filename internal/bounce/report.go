package bounce

import (
	"bufio"
	"io"
	"strings"

	"github.com/emersion/go-message"
	"github.com/emersion/go-message/textproto"
)

// parser collects what the parts of a mail say.
type parser struct {
	in       *source
	report   Report
	parts    int
	isReport bool // multipart/report, of whatever type
	judged   bool // a part has said what happened
	returned bool // the mail that it is about was found
}

func (p *parser) mail(top *message.Entity, nullSender bool) {
	p.mention(top.Header, "To", "Delivered-To", "X-Original-To", "Envelope-To")
	p.entity(top)
	if !p.isReport && !p.judged && (nullSender || fromNobody(top.Header)) {
		p.report.Verdict = oddVerdict(top.Header)
	}
}

// fromNobody reads the envelope's sender where only the header tells it.
func fromNobody(h message.Header) bool { return strings.TrimSpace(h.Get("Return-Path")) == "<>" }

// entity looks at a part. What is inside a returned mail is that mail's and says
// nothing of this one, so it is not looked into.
func (p *parser) entity(e *message.Entity) {
	mediaType, _, _ := e.Header.ContentType()
	switch {
	case strings.HasPrefix(mediaType, "multipart/"):
		p.isReport = p.isReport || mediaType == "multipart/report"
		p.multipart(e.MultipartReader())
	case mediaType == "message/delivery-status", mediaType == "message/global-delivery-status":
		p.judge(statusVerdict(groups(e.Body)))
	case mediaType == "message/feedback-report":
		fields := groups(e.Body)
		p.judge(feedbackVerdict(fields))
		for _, f := range fields {
			p.mention(message.Header{Header: f}, "Original-Mail-From")
		}
	case mediaType == "message/rfc822", mediaType == "message/global",
		mediaType == "text/rfc822-headers", mediaType == "message/global-headers":
		p.original(e.Body)
	}
}

// multipart looks at the parts of a part. They are counted over the whole mail, so that
// no nesting is deeper than there may be parts.
func (p *parser) multipart(parts message.MultipartReader) {
	for p.parts < maxParts {
		part, err := p.next(parts)
		if part == nil || err != nil && !message.IsUnknownCharset(err) && !message.IsUnknownEncoding(err) {
			return
		}
		p.parts++
		p.entity(part)
		_, _ = io.Copy(io.Discard, part.Body) // a reader's own error is seen at the mail's end
	}
}

// next reads the next part's header, within bounds: the part before has been read to
// its end.
func (p *parser) next(parts message.MultipartReader) (*message.Entity, error) {
	p.in.left = maxHeader
	defer func() { p.in.left = unbounded }()
	return parts.NextPart()
}

func (p *parser) judge(v Verdict) {
	if !p.judged && v.Word != "" {
		p.report.Verdict, p.judged = v, true
	}
}

// original reads the header of the returned mail, or as much of it as there is.
func (p *parser) original(r io.Reader) {
	if p.returned {
		return
	}
	h, _ := textproto.ReadHeader(bufio.NewReader(io.LimitReader(r, maxHeader)))
	p.returned = h.Len() > 0
	p.report.MessageID = strings.TrimSpace(h.Get("Message-Id"))
	p.mention(message.Header{Header: h}, "Return-Path")
}

// mention notes the addresses in some fields. Whether one of them is ours is found out
// later, so they may be anything between commas.
func (p *parser) mention(h message.Header, names ...string) {
	for _, name := range names {
		for fields := h.FieldsByKey(name); fields.Next(); {
			for text := range strings.SplitSeq(fields.Value(), ",") {
				if i := strings.LastIndexByte(text, '<'); i >= 0 {
					text, _, _ = strings.Cut(text[i+1:], ">")
				}
				text = strings.TrimSpace(text)
				if strings.Contains(text, "@") && len(p.report.Addresses) < maxMentions {
					p.report.Addresses = append(p.report.Addresses, text)
				}
			}
		}
	}
}
