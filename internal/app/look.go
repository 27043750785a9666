package app

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/afterchat/afterchat/connectors"
	"github.com/afterchat/afterchat/internal/chat"
	"github.com/afterchat/afterchat/internal/config"
	"github.com/afterchat/afterchat/internal/fault"
	"github.com/afterchat/afterchat/internal/plan"
)

// finding is one line of what check has to say.
type finding struct {
	Level        string `json:"level"` // ok, warning or error
	Organization string `json:"organization,omitempty"`
	Account      string `json:"account,omitempty"`
	Message      string `json:"message"`
}

// probeTimeout bounds the sign-in to one account.
const probeTimeout = 30 * time.Second

// Check validates a configuration, and with probe signs in to every account, reading
// only. It reports whether all is well; warnings do not count.
func Check(ctx context.Context, path string, probe, asJSON bool, out io.Writer) (bool, error) {
	c, err := LoadConfig(path)
	if problems, ok := errors.AsType[config.Problems](err); ok && asJSON {
		return report(problemsFound(problems), asJSON, out)
	}
	if err != nil {
		return false, err
	}
	built, err := newAccounts(c, unlimited{}, func(string, string, string, time.Duration) {})
	if err != nil {
		return false, err
	}
	if _, err := newKeys(c); err != nil {
		return false, err
	}
	findings := []finding{}
	for _, p := range c.Check(func(organization, desk string) connectors.Traits { return built.Account(organization, desk).Traits() }) {
		findings = append(findings, finding{Level: "warning", Message: p.Error()})
	}
	pdfs, err := pdfsFound(ctx, c)
	if err != nil {
		return false, err
	}
	findings = append(append(findings, pdfs...), localesFound(c)...)
	for _, id := range slices.Sorted(maps.Keys(c.Organizations)) {
		findings = append(findings, checkTemplates(c.Organizations[id])...)
	}
	if probe {
		findings = append(findings, probeAll(ctx, c, built)...)
	}
	return report(findings, asJSON, out)
}

func problemsFound(problems config.Problems) []finding {
	findings := make([]finding, 0, len(problems))
	for _, p := range problems {
		findings = append(findings, finding{Level: "error", Message: p.Error()})
	}
	return findings
}

func probeAll(ctx context.Context, c *config.Config, built accounts) []finding {
	var findings []finding
	for _, id := range slices.Sorted(maps.Keys(c.Organizations)) {
		for _, target := range slices.Sorted(maps.Keys(settingsOf(c.Organizations[id]))) {
			f := finding{Level: "ok", Organization: id, Account: target, Message: "signed in"}
			probing, cancel := context.WithTimeout(ctx, probeTimeout)
			err := built.Account(id, target).Probe(probing)
			if err != nil {
				f.Level, f.Message = "error", err.Error()
			}
			findings = append(findings, f)
			if err == nil {
				findings = append(findings, probeRules(probing, c, id, target, built.Account(id, target))...)
			}
			cancel()
		}
	}
	return findings
}

// probeRules looks whether a desk has the groups and fields that the organization's rules
// name there.
func probeRules(ctx context.Context, c *config.Config, id, desk string, account *connectors.Account) []finding {
	var findings []finding
	for i, rule := range c.Organizations[id].Tickets {
		if rule.Desk != desk {
			continue
		}
		missing, err := account.CheckRoute(ctx, rule.Group, slices.Sorted(maps.Keys(rule.Fields)))
		if err != nil {
			missing = append(missing, err)
		}
		for _, problem := range missing {
			at := fmt.Sprintf("organizations[%s].tickets[%d]", id, i)
			if field, ok := strings.CutPrefix(fault.FieldOf(problem), "fields."); ok {
				at += ".fields[" + field + "]"
			} else {
				at += "." + fault.FieldOf(problem)
			}
			findings = append(findings, finding{Level: "error", Organization: id, Account: desk, Message: c.Problem(at, problem.Error()).Error()})
		}
	}
	return findings
}

func report(findings []finding, asJSON bool, out io.Writer) (bool, error) {
	ok := !slices.ContainsFunc(findings, func(f finding) bool { return f.Level == "error" })
	if asJSON {
		return ok, writeJSON(out, struct {
			OK       bool      `json:"ok"`
			Findings []finding `json:"findings"`
		}{ok, findings})
	}
	for _, f := range findings {
		where := ""
		if f.Account != "" {
			where = f.Organization + "/" + f.Account + ": "
		}
		fmt.Fprintf(out, "%-8s %s%s\n", f.Level, where, f.Message)
	}
	if ok {
		fmt.Fprintln(out, "The configuration is good.")
	}
	return ok, nil
}

// unlimited is the limiter of a process that calls nobody twice.
type unlimited struct{}

func (unlimited) Take(context.Context, string, connectors.Rate) time.Duration     { return 0 }
func (unlimited) TakeTurn(context.Context, string, connectors.Rate) time.Duration { return 0 }
func (unlimited) Rest(context.Context, string, time.Duration)                     {}

// planned is a delivery as `afterchat plan` shows it.
type planned struct {
	ID     chat.Key    `json:"id"`
	Action chat.Action `json:"action"`
	Target string      `json:"target"`
	State  chat.State  `json:"state"`
	HeldBy *chat.Hold  `json:"held_by"`
	Why    string      `json:"why"`
	Reason string      `json:"reason,omitempty"`
}

// Plan shows what a chat's end would deliver where, and why. It calls nobody.
func Plan(path, organization string, body []byte, asJSON bool, out io.Writer) error {
	_, o, s, err := chatOf(path, organization, body)
	if err != nil {
		return err
	}
	list := []planned{}
	for _, d := range plan.For(chat.Conversation{Organization: organization, Snapshot: s}, o) {
		p := planned{ID: d.ID, Action: d.Action, Target: d.Target, State: d.State, Why: d.Params.Rule, Reason: d.Error}
		if d.Hold != "" {
			p.HeldBy = &d.Hold
		}
		list = append(list, p)
	}
	if asJSON {
		return writeJSON(out, struct {
			Deliveries []planned   `json:"deliveries"`
			Flags      []chat.Flag `json:"flags"`
		}{list, append([]chat.Flag{}, plan.Flags(o, s)...)})
	}
	if len(list) == 0 {
		fmt.Fprintln(out, "Nothing: no rule matches this chat.")
	}
	for _, p := range list {
		held := ""
		if p.HeldBy != nil {
			held = " (waits: " + string(*p.HeldBy) + ")"
		}
		if p.Reason != "" {
			held = " (" + string(p.State) + ": " + p.Reason + ")"
		}
		fmt.Fprintf(out, "%-17s %-10s %s%s\n", p.Action, p.Target, p.Why, held)
	}
	return nil
}

func unknownOrganization(c *config.Config, id string) error {
	return fault.New(fault.NotFound, "unknown_organization",
		fmt.Sprintf("there is no organization %q; configured: %v", id, slices.Sorted(maps.Keys(c.Organizations))))
}

func writeJSON(out io.Writer, v any) error {
	e := json.NewEncoder(out)
	e.SetIndent("", "  ")
	e.SetEscapeHTML(false)
	return e.Encode(v)
}
