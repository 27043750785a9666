package rttest

import (
	"cmp"
	"regexp"
	"slices"
	"strconv"
	"strings"
)

// The forms of TicketSQL that the stand-in knows: conditions of these fields with "=" or
// ENDSWITH, joined by OR. A backslash takes the meaning from the character after it.
var (
	condition = regexp.MustCompile(`^(CF\.\{[^{}']+\}|Requestor\.(?:EmailAddress|Name|id)|id) (=|ENDSWITH) ('(?:[^'\\]|\\.)*'|\d+)`)
	escaped   = regexp.MustCompile(`\\(.)`)
	// RT takes such a string for a field although it is quoted.
	looksLikeField = regexp.MustCompile(`(?i)^CF\.`)
)

// parse returns what a query means, or false if that is not known for certain.
func (s *Server) parse(query string) (func(*Ticket) bool, bool) {
	var either []func(*Ticket) bool
	for rest := query; ; {
		m := condition.FindStringSubmatch(rest)
		if m == nil {
			return nil, false
		}
		field, value := m[1], m[3]
		if strings.HasPrefix(value, "'") {
			value = escaped.ReplaceAllString(value[1:len(value)-1], "$1")
		}
		if looksLikeField.MatchString(value) {
			return nil, false
		}
		is := strings.EqualFold
		if m[2] == "ENDSWITH" {
			is = func(s, end string) bool { return strings.HasSuffix(strings.ToLower(s), strings.ToLower(end)) }
		}
		match, ok := s.compare(field, func(of string) bool { return is(of, value) })
		if !ok {
			return nil, false
		}
		either = append(either, match)
		if rest = rest[len(m[0]):]; rest == "" {
			break
		}
		if rest, ok = strings.CutPrefix(rest, " OR "); !ok {
			return nil, false
		}
	}
	return func(t *Ticket) bool {
		return slices.ContainsFunc(either, func(match func(*Ticket) bool) bool { return match(t) })
	}, true
}

func (s *Server) compare(field string, is func(string) bool) (func(*Ticket) bool, bool) {
	switch field {
	case "id":
		return func(t *Ticket) bool { return is(t.ID) }, true
	case "Requestor.EmailAddress", "Requestor.Name":
		// The name of a user that RT made itself is the address.
		return func(t *Ticket) bool {
			return slices.ContainsFunc(t.Requesters, func(p Person) bool { return is(p.Email) })
		}, true
	case "Requestor.id":
		return func(*Ticket) bool { return false }, true // nobody here has a number
	}
	name := strings.TrimSuffix(strings.TrimPrefix(field, "CF.{"), "}")
	known := slices.IndexFunc(s.fields(), func(f string) bool { return strings.EqualFold(f, name) })
	if known < 0 {
		return nil, false
	}
	name = s.fields()[known]
	return func(t *Ticket) bool { return slices.ContainsFunc(t.Fields[name], is) }, true
}

// order sorts in place; the default is by id.
func order(tickets []*Ticket, by, directions []string) bool {
	var rules []func(a, b *Ticket) int
	for i, column := range by {
		sign := 1
		if i < len(directions) && directions[i] == "DESC" {
			sign = -1
		}
		switch column {
		case "id":
			rules = append(rules, func(a, b *Ticket) int { return sign * cmp.Compare(number(a), number(b)) })
		case "LastUpdated":
			rules = append(rules, func(a, b *Ticket) int { return sign * a.LastUpdated.Compare(b.LastUpdated) })
		default:
			return false
		}
	}
	slices.SortStableFunc(tickets, func(a, b *Ticket) int {
		for _, rule := range rules {
			if c := rule(a, b); c != 0 {
				return c
			}
		}
		return 0
	})
	return true
}

func number(t *Ticket) int {
	n, _ := strconv.Atoi(t.ID) // it is one
	return n
}
