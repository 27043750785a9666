package plan

import (
	"strings"
	"unicode/utf8"

	"github.com/afterchat/afterchat/internal/address"
	"github.com/afterchat/afterchat/internal/chat"
	"github.com/afterchat/afterchat/internal/config"
	"github.com/afterchat/afterchat/internal/fault"
)

// MaxCover is how many characters a covering note may have.
const MaxCover = 4000

// Ask is a transcript that an agent asks for. ID is the request's own; To is ToUser or an
// address. PDF attaches it as pages, too.
type Ask struct {
	ID       string
	To       string
	Audience chat.Audience
	Cover    string
	PDF      bool
}

// Asked returns the delivery of a transcript that an agent asks for. It belongs to the
// request, so it is one more beside those of the rules. Addresses are all that the user
// is known by, of any episode: what is internal goes to none of them.
func Asked(c chat.Conversation, o *config.Organization, a Ask, addresses []string) (chat.Delivery, error) {
	if o.Mail == nil {
		return chat.Delivery{}, fault.New(fault.Invalid, "mail_not_configured", "this organization has no mail configured").At("to")
	}
	if utf8.RuneCountInString(a.Cover) > MaxCover {
		return chat.Delivery{}, fault.New(fault.Invalid, "invalid_field", "has more than 4000 characters").At("note")
	}
	if err := a.checkRecipient(c.Snapshot.User, addresses); err != nil {
		return chat.Delivery{}, err
	}
	d := newDelivery(c, chat.EmailTranscript, a.ID)
	d.Target = chat.AccountMail
	d.Params = chat.Params{Audience: a.Audience, PDF: a.PDF, Asked: true, Cover: strings.TrimSpace(a.Cover), Rule: "an agent asked for it"}
	if a.To != ToUser {
		d.Params.To, d.Params.ToOther = a.To, !IsOneOf(a.To, addresses)
	}
	return d, nil
}

func (a Ask) checkRecipient(user chat.User, addresses []string) error {
	to := a.To
	if to == ToUser {
		to = strings.TrimSpace(user.Email)
	}
	switch {
	case a.Audience != chat.Customer && a.Audience != chat.Internal:
		return fault.New(fault.Invalid, "invalid_field", "is neither customer nor internal").At("audience")
	case a.Audience == chat.Internal && a.To == ToUser || a.Audience == chat.Internal && IsOneOf(to, addresses):
		return InternalToUser()
	case to == "":
		return fault.New(fault.Invalid, "no_address", "the user has no address; name one").At("to")
	case !GoodAddress(to):
		return fault.New(fault.Invalid, "bad_address", "is no address that mail can be sent to").At("to")
	}
	return nil
}

// InternalToUser is the fault of an internal transcript to the user.
func InternalToUser() error {
	return fault.New(fault.Invalid, "internal_to_user", "the user gets only customer").At("audience")
}

// IsOneOf reports whether an address may lead to the same mailbox as one of the others.
func IsOneOf(to string, addresses []string) bool {
	for _, one := range addresses {
		if SameMailbox(to, one) {
			return true
		}
	}
	return false
}

// SameMailbox reports whether two addresses may lead to one mailbox: case, a subaddress
// (RFC 5233, ann+chat@), quotes around the local part and the spelling of an
// international domain do not count, nor do dots at Gmail, by either of its names. It is
// for keeping something from somebody, so it takes two for one rather than one for two.
func SameMailbox(a, b string) bool { return mailbox(a) == mailbox(b) }

func mailbox(a string) string {
	local, domain := address.Split(strings.TrimRight(strings.TrimSpace(a), "."))
	if i := strings.IndexByte(local, '+'); i > 0 {
		local = local[:i]
	}
	if domain == "googlemail.com" {
		domain = "gmail.com"
	}
	if domain == "gmail.com" { // support.google.com/mail/answer/7436150
		local = strings.ReplaceAll(local, ".", "")
	}
	return local + "@" + domain
}
