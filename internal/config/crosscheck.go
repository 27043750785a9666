package config

import (
	"fmt"
	"maps"
	"net/url"
	"regexp"
	"slices"
	"strings"

	"github.com/jackc/pgx/v5/pgconn"

	"github.com/afterchat/afterchat/connectors"
	"github.com/afterchat/afterchat/internal/chat"
)

// crossCheck checks what no value shows alone.
func crossCheck(c *Config, r *report) {
	checkHTTP(c.HTTP, r)
	if _, err := pgconn.ParseConfig(c.Database.Reveal()); err != nil && c.Database != "" {
		r.at("database", "is no address of PostgreSQL: write postgres://user@host:5432/name, or host=… dbname=…")
	}
	if _, problem := c.Redis.Servers(); problem != "" {
		r.at("redis", problem)
	}
	keys := map[connectors.Secret]bool{}
	if c.HTTP.AdminToken != "" {
		keys[c.HTTP.AdminToken] = true
	}
	for _, id := range slices.Sorted(maps.Keys(c.Organizations)) {
		org, path := c.Organizations[id], "organizations["+id+"]"
		if !name.MatchString(id) {
			r.in(findPlace(r.places, path), path+".<id>", "", "an organization's id has letters, digits, - and _, at most 63")
		}
		if org == nil {
			continue
		}
		for i, key := range org.APIKeys {
			if key != "" && keys[key] {
				r.at(fmt.Sprintf("%s.api_keys[%d]", path, i), "this key is used twice; every key belongs to one organization and is not the admin token")
			}
			keys[key] = true
		}
		checkDesks(org, path, r)
		checkAccounts(org, path, r)
		checkAttachments(org, path, r)
		checkTickets(org, path, r)
		checkTranscripts(org, path, r)
		checkFlags(org, path, r)
		checkLinks(org, path, c.HTTP, r)
	}
	checkBounces(c, r)
}

// name is what an organization or a desk may be called: it becomes part of URLs, logs
// and metrics.
var name = regexp.MustCompile(`^[A-Za-z0-9][A-Za-z0-9_-]{0,62}$`)

func checkHTTP(h HTTP, r *report) {
	if h.PublicURL == "" {
		r.at("http.public_url", "is required where listen does not name a host")
	}
	if u, err := url.Parse(h.PublicURL); err == nil && (u.RawQuery != "" || u.Fragment != "" || u.User != nil) {
		r.at("http.public_url", "must have no user, query or fragment")
	}
}

func checkDesks(org *Organization, path string, r *report) {
	for desk := range org.Desks {
		at := path + ".desks[" + desk + "]"
		message := ""
		switch {
		case desk == "mail" || desk == "sms":
			message = "a desk cannot be called mail or sms"
		case !name.MatchString(desk):
			message = "a desk's name has letters, digits, - and _, at most 63"
		default:
			continue
		}
		r.in(findPlace(r.places, at), at+".<name>", "desks", message)
	}
}

func checkTickets(org *Organization, path string, r *report) {
	for i, rule := range org.Tickets {
		at := fmt.Sprintf("%s.tickets[%d]", path, i)
		checkDesk(org, at+".desk", rule.Desk, r)
		namer, _ := org.Desks[rule.Desk].(connectors.FieldNamer)
		for id, text := range rule.Fields {
			if namer != nil {
				if problem := namer.FieldProblem(id); problem != "" {
					r.at(at+".fields["+id+"]", problem)
				}
			}
			if _, err := renderField(text, FieldData{}); err != nil {
				r.at(at+".fields["+id+"]", "must be a template over .Form, .Conversation, .Product, .Channel and .Locale that renders when all are empty")
			}
		}
	}
}

func checkTranscripts(org *Organization, path string, r *report) {
	files := len(org.Tickets) > 0 || slices.ContainsFunc(org.Flags, func(f FlagRule) bool { return f.ForceTicket })
	for i, rule := range org.Transcripts {
		at := fmt.Sprintf("%s.transcripts[%d]", path, i)
		if org.Mail == nil {
			r.at(at, "needs mail, which this organization does not have")
		}
		if rule.To == toUser && rule.Audience == chat.Internal {
			r.at(at+".audience", "the user gets only customer")
		}
		if rule.WaitForTicket > 0 && !files {
			r.at(at+".wait_for_ticket", "no rule of this organization files a ticket")
		}
	}
}

func checkFlags(org *Organization, path string, r *report) {
	codes := map[string]bool{}
	for i, rule := range org.Flags {
		at := fmt.Sprintf("%s.flags[%d]", path, i)
		if codes[rule.Code] {
			r.at(at+".code", "another rule has this code")
		}
		codes[rule.Code] = true
		checkDesk(org, at+".desk", rule.Desk, r)
	}
}

func checkLinks(org *Organization, path string, h HTTP, r *report) {
	if org.Links == nil {
		return
	}
	if len(h.SecretKeys) == 0 {
		r.at(path+".links", "needs http.secret_keys, which sign the links")
	}
	if slices.Contains(h.SecretKeys, org.Links.Secret) {
		r.at(path+".links.secret", "must not be one of http.secret_keys: the chat core knows it")
	}
}

// checkDesk checks a reference. The name is not shown: who knows what stands there.
func checkDesk(org *Organization, path, desk string, r *report) {
	if _, ok := org.Desks[desk]; ok || desk == "" {
		return
	}
	if len(org.Desks) == 0 {
		r.at(path, "this organization has no desks")
		return
	}
	names := slices.Sorted(maps.Keys(org.Desks))
	best, _ := nearest(desk, names)
	r.at(path, fmt.Sprintf("there is no such desk; the nearest is %q (there are %s)", best, strings.Join(names, ", ")))
}
