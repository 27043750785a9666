package demo

import (
	"strconv"

	"github.com/afterchat/afterchat/connectors/smtp/smtptest"
	"github.com/afterchat/afterchat/connectors/twilio/twiliotest"
	"github.com/afterchat/afterchat/connectors/zendesk/zendesktest"
	"github.com/afterchat/afterchat/internal/chat"
	"github.com/afterchat/afterchat/internal/standin"
)

// received is all that the stand-ins took in.
type received struct {
	tickets []zendesktest.Ticket
	mails   []smtptest.Message
	texts   []twiliotest.Message
}

func receivedBy(v *standin.Vendors) received {
	return received{tickets: v.Zendesk.Tickets(), mails: v.Mail.Messages(), texts: v.Twilio.Messages()}
}

// effect is one thing that was received: a mail, a text, a ticket, or a comment on one.
type effect struct {
	ticket  *zendesktest.Ticket
	comment *zendesktest.Comment
	mail    *smtptest.Message
	text    *twiliotest.Message
}

// byKey sorts what was received by the delivery that it belongs to, and names what
// belongs to none.
func (r received) byKey() (effects map[chat.Key][]effect, unkeyed []string) {
	effects = map[chat.Key][]effect{}
	add := func(id, what string, e effect) {
		key, err := chat.ParseKey(id)
		if err != nil {
			unkeyed = append(unkeyed, what)
			return
		}
		effects[key] = append(effects[key], e)
	}
	for i := range r.tickets {
		t := &r.tickets[i]
		name := "ticket " + strconv.FormatInt(t.ID, 10)
		add(t.ExternalID, name, effect{ticket: t})
		for j := range t.Comments {
			c := &t.Comments[j]
			add(commentKey(*c), "a comment on "+name, effect{ticket: t, comment: c})
		}
	}
	for i := range r.mails {
		add(standin.MailKey(r.mails[i]), "mail "+strconv.Itoa(i+1), effect{mail: &r.mails[i]})
	}
	for i := range r.texts {
		add(standin.TextKey(r.texts[i]), "SMS "+r.texts[i].SID, effect{text: &r.texts[i]})
	}
	return effects, unkeyed
}

// commentKey returns what a comment holds in the place of a delivery's key: the one
// value of its metadata, whatever its name.
func commentKey(c zendesktest.Comment) string {
	for _, value := range c.Metadata {
		return value
	}
	return ""
}
