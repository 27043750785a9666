package config

import (
	"iter"
	"slices"
	"strings"

	"github.com/afterchat/afterchat/connectors"
)

// examined yields what the settings of an organization's accounts find wrong with
// themselves, and where.
func examined(org *Organization, path string) iter.Seq2[string, connectors.Finding] {
	return func(yield func(string, connectors.Finding) bool) {
		for at, settings := range accountsOf(org, path) {
			examiner, ok := settings.(connectors.Examiner)
			if !ok {
				continue
			}
			for _, f := range examiner.Examine() {
				if !yield(fieldPath(at, f.Field), f) {
					return
				}
			}
		}
	}
}

// accountsOf yields an organization's accounts and the paths that they stand under.
func accountsOf(org *Organization, path string) iter.Seq2[string, connectors.Settings] {
	return func(yield func(string, connectors.Settings) bool) {
		for name, settings := range org.Desks {
			if !yield(path+".desks["+name+"]", settings) {
				return
			}
		}
		if org.Mail != nil && org.Mail.SMTP != nil && !yield(path+mailPath+smtpPath, org.Mail.SMTP) {
			return
		}
		if org.SMS != nil {
			yield(path+".sms", org.SMS)
		}
	}
}

const (
	mailPath = ".mail"
	smtpPath = ".smtp"
)

// fieldPath is where a field of an account's settings stands: what mail decides stands
// beside smtp and not in it.
func fieldPath(account, field string) string {
	key, _, _ := strings.Cut(field, "[")
	if outer, ok := strings.CutSuffix(account, mailPath+smtpPath); ok && slices.Contains(smtpDecided(), key) {
		return outer + mailPath + "." + field
	}
	return account + "." + field
}

// checkAccounts reports what the accounts find wrong.
func checkAccounts(org *Organization, path string, r *report) {
	for at, f := range examined(org, path) {
		if !f.Warning {
			r.at(at, f.Message)
		}
	}
}
