package app

import (
	"context"
	"fmt"
	"net/url"
	"time"

	"github.com/afterchat/afterchat/connectors"
	"github.com/afterchat/afterchat/connectors/all"
	"github.com/afterchat/afterchat/connectors/twilio"
	"github.com/afterchat/afterchat/internal/chat"
	"github.com/afterchat/afterchat/internal/config"
	"github.com/afterchat/afterchat/internal/limiter"
	"github.com/afterchat/afterchat/internal/store"
)

// accounts are all accounts of all organizations, built once from the configuration.
type accounts map[store.Account]*connectors.Account

// Account returns the account behind a target, nil if there is none.
func (a accounts) Account(organization, target string) *connectors.Account {
	return a[store.Account{Organization: organization, Target: target}]
}

// CanLook reports whether what an earlier call of a delivery may have made can be looked
// up: at an account that can be searched, and that is still the one that was called.
func (a accounts) CanLook(d chat.Delivery) bool {
	account := a.Account(d.Organization, d.Target)
	return account != nil && account.CanLook(d.Action) && d.CalledAt(account.Identity())
}

// rests tells how long an account rests because its vendor asked for it.
func (a accounts) rests(l *limiter.Redis) func(context.Context, store.Account) time.Duration {
	return func(ctx context.Context, at store.Account) time.Duration {
		account := a[at]
		if account == nil {
			return 0
		}
		return l.RestsFor(ctx, account.Identity())
	}
}

// newAccounts turns configuration into connectors: the only place that does.
func newAccounts(c *config.Config, l connectors.Limiter, observe func(kind, op, outcome string, took time.Duration)) (accounts, error) {
	kinds := all.Kinds()
	out, workers := accounts{}, connectors.NewWorkers(c.Workers.Concurrency)
	for id, o := range c.Organizations {
		for target, settings := range settingsOf(o) {
			kind := settings.CommonSettings().Type
			connector, err := kinds[kind].New(settings)
			if err != nil {
				return nil, fmt.Errorf("organization %s, account %s: %w", id, target, err)
			}
			account := connectors.NewAccount(connector, settings, l,
				func(op, outcome string, took time.Duration) { observe(kind, op, outcome, took) })
			account.ShareWorkers(workers)
			out[store.Account{Organization: id, Target: target}] = account
		}
	}
	return out, nil
}

// settingsOf returns the settings of an organization's accounts by target.
func settingsOf(o *config.Organization) map[string]connectors.Settings {
	out := map[string]connectors.Settings{}
	for name, s := range o.Desks {
		out[name] = s
	}
	if o.Mail != nil {
		out[chat.AccountMail] = o.Mail.SMTP
	}
	if o.SMS != nil {
		out[chat.AccountSMS] = o.SMS
	}
	return out
}

// number reads a phone number as the organization does.
func number(o *config.Organization, raw string) (string, error) {
	var countries []string
	if s, ok := o.SMS.(*twilio.Settings); ok {
		countries = s.Countries
	}
	return twilio.NormalizeNumber(raw, o.Region, countries)
}

// verifyTwilio checks a webhook's signature with the organization's own token.
func verifyTwilio(o *config.Organization, address string, form url.Values, signature string) bool {
	s, ok := o.SMS.(*twilio.Settings)
	if !ok {
		return false
	}
	client, err := twilio.New(s)
	return err == nil && client.ValidateSignature(address, form, signature)
}
