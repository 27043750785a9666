package config_test

import (
	"testing"

	"github.com/afterchat/afterchat/internal/config"
	"github.com/afterchat/afterchat/internal/fault"
)

func TestAttachmentsAreAsConfigured(t *testing.T) {
	t.Parallel()
	mail := func(attachments string) (*config.Config, error) {
		return load(t, organization+"    mail: {from: a@b.example, "+attachments+"smtp: {address: 'localhost:25'}}\n")
	}
	for yaml, want := range map[string]config.Attachments{
		"":                                      {Inline: 2 << 20},
		"attachments: {attach: 5MB}, ":          {Inline: 2 << 20, Attach: 5 << 20},
		"attachments: {inline: 0}, ":            {},
		"attachments: {inline: 0, attach: 0}, ": {},
		"attachments: {inline: '0', attach: 0B}, ":    {},
		"attachments: {inline: 20MB, attach: 30MB}, ": {Inline: 20 << 20, Attach: 30 << 20},
	} {
		c, err := mail(yaml)
		if err != nil {
			t.Fatalf("%s: %v", yaml, err)
		}
		equal(t, yaml, c.Organizations["acme"].Mail.Attachments, want)
	}
	for _, yaml := range []string{"attachments: {inline: 2}, ", "attachments: {inline: -1MB}, ", "attachments: {inline: 2 MB}, ", "attachments: {inlined: 2MB}, ", "attachments: 2MB, ", "attachments: {attach: }, "} {
		if _, err := mail(yaml); !fault.Is(err, fault.Invalid) {
			t.Errorf("%s: %v", yaml, err)
		}
	}
}
