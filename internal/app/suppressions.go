package app

import (
	"context"
	"fmt"
	"io"
	"regexp"
	"strings"
	"time"

	"github.com/afterchat/afterchat/connectors/twilio"
	"github.com/afterchat/afterchat/internal/chat"
	"github.com/afterchat/afterchat/internal/config"
	"github.com/afterchat/afterchat/internal/fault"
	"github.com/afterchat/afterchat/internal/plan"
	"github.com/afterchat/afterchat/internal/store"
)

// Suppressions are the addresses and numbers that one organization does not write to, at
// the command line.
type Suppressions struct {
	store        *store.Store
	organization *config.Organization
	asJSON       bool
	out          io.Writer
}

// OpenSuppressions connects to the database that a configuration names. Close it.
func OpenSuppressions(ctx context.Context, path, organization string, asJSON bool, out io.Writer) (*Suppressions, error) {
	c, err := LoadConfig(path)
	if err != nil {
		return nil, err
	}
	o, ok := c.Organizations[organization]
	if !ok {
		return nil, unknownOrganization(c, organization)
	}
	s, err := openCurrent(ctx, c)
	if err != nil {
		return nil, err
	}
	return &Suppressions{store: s, organization: o, asJSON: asJSON, out: out}, nil
}

// Close lets go of the database.
func (s *Suppressions) Close() { s.store.Close() }

// List prints suppressions with why and since when. An empty channel means all; a limit
// of 0 is none.
func (s *Suppressions) List(ctx context.Context, channel string, limit int) error {
	list := []store.SuppressedAddress{}
	for after := (store.SuppressedAddress{}); limit == 0 || len(list) < limit; {
		part, err := s.store.Suppressions(ctx, s.organization.ID, channel, after, page)
		if err != nil {
			return err
		}
		if len(part) == 0 {
			break
		}
		list = append(list, part...)
		after = part[len(part)-1]
	}
	if limit > 0 && len(list) > limit {
		list = list[:limit]
	}
	if s.asJSON {
		return writeJSON(s.out, map[string]any{"suppressions": list})
	}
	for _, x := range list {
		fmt.Fprintf(s.out, "%s  %-5s  %-40s %s\n", x.At.Format(time.RFC3339), x.Channel, x.Address, x.Reason)
	}
	return nil
}

// suppressionReason is what becomes the error of a delivery that ends suppressed.
var suppressionReason = regexp.MustCompile(`^[a-z][a-z0-9_]{0,31}$`)

// Add keeps an address or number from being written to. The same again changes nothing.
func (s *Suppressions) Add(ctx context.Context, channel, address, reason string) error {
	if !suppressionReason.MatchString(reason) {
		return fault.New(fault.Invalid, "invalid_field", "is one word of small letters, digits and _, at most 32").At("reason")
	}
	channel, address, err := s.normalize(channel, address)
	if err != nil {
		return err
	}
	changed, err := s.store.AddSuppression(ctx, s.organization.ID, channel, address, reason)
	if err != nil {
		return err
	}
	if s.asJSON {
		return writeJSON(s.out, map[string]any{"channel": channel, "address": address, "reason": reason, "changed": changed})
	}
	if !changed {
		fmt.Fprintf(s.out, "%s was suppressed already (%s).\n", address, reason)
		return nil
	}
	fmt.Fprintf(s.out, "%s is suppressed (%s).\n", address, reason)
	return nil
}

// Remove lets an address or number be written to again, and says whether it was not.
func (s *Suppressions) Remove(ctx context.Context, channel, address string) error {
	channel, address, err := s.normalize(channel, address)
	if err != nil {
		return err
	}
	removed, err := s.store.RemoveSuppression(ctx, s.organization.ID, channel, address)
	if err != nil {
		return err
	}
	if s.asJSON {
		return writeJSON(s.out, map[string]any{"channel": channel, "address": address, "removed": removed})
	}
	if removed == nil {
		fmt.Fprintf(s.out, "%s was not suppressed.\n", address)
		return nil
	}
	fmt.Fprintf(s.out, "%s may be written to again; it was suppressed since %s (%s).\n", address, removed.At.Format(time.RFC3339), removed.Reason)
	return nil
}

// normalize spells an address or number as the workers do before they look it up. What
// has an @ is an address, where no channel says what it is.
func (s *Suppressions) normalize(channel, address string) (string, string, error) {
	address = strings.TrimSpace(address)
	if channel == "" {
		channel = chat.ChannelSMS
		if strings.Contains(address, "@") {
			channel = chat.ChannelEmail
		}
	}
	if channel == chat.ChannelEmail {
		if !plan.GoodAddress(address) {
			return "", "", fault.New(fault.Invalid, "bad_address", "is not a mail address, as ann@example.com").At("address")
		}
		return channel, plan.NormalizeAddress(address), nil
	}
	e164, err := number(s.organization, address)
	if err != nil { // perhaps only because its country is not written to now
		e164, err = twilio.NormalizeNumber(address, "", nil)
	}
	if err != nil {
		return "", "", fault.New(fault.Invalid, "bad_number", "is not a phone number, as +46701234567, or one that can be written to").At("address")
	}
	return channel, e164, nil
}
