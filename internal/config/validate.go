package config

import (
	"errors"
	"fmt"
	"net"
	"net/mail"
	"reflect"
	"regexp"
	"strconv"
	"strings"

	"github.com/go-playground/validator/v10"

	"github.com/afterchat/afterchat/connectors"
	"github.com/afterchat/afterchat/internal/address"
)

// inlined stands in validator's paths for a struct whose keys are its parent's; no key
// of a file can hold it.
const inlined = "\x00"

// validate checks each value by its validate tag, those of the connectors' settings
// too, and reports what is wrong where it stands.
func validate(c *Config, r *report) {
	v := validator.New(validator.WithRequiredStructEnabled())
	v.RegisterTagNameFunc(func(f reflect.StructField) string {
		name, _, _ := strings.Cut(f.Tag.Get("yaml"), ",")
		switch {
		case f.Anonymous && name == "":
			return inlined
		case name == "":
			return strings.ToLower(f.Name)
		}
		return name
	})
	for tag, valid := range map[string]func(string) bool{
		"signing_key": func(s string) bool { return len(s) >= 32 },
		"door_key":    func(s string) bool { return len(s) >= 16 },
		"mailbox":     isMailbox,
		"listen":      isListen,
		"return_path": isReturnPath,
		"recipient":   func(s string) bool { return s == toUser || address.Good(s) },
	} {
		if err := v.RegisterValidation(tag, func(f validator.FieldLevel) bool { return valid(f.Field().String()) }); err != nil {
			panic(err) // a tag that validator does not take: a mistake in the lines above
		}
	}
	wrong, _ := errors.AsType[validator.ValidationErrors](v.Struct(c))
	for _, w := range wrong {
		path := strings.ReplaceAll(w.Namespace(), inlined+".", "")
		_, path, _ = strings.Cut(path, ".")
		r.at(path, explain(w.Tag(), w.Param()))
	}
}

// toUser is the recipient of a transcript that goes to the user.
const toUser = "user"

// isMailbox accepts what may stand in a From header (RFC 5322 section 3.4), on one line.
func isMailbox(s string) bool {
	_, err := mail.ParseAddress(s)
	return err == nil && !strings.ContainsAny(s, "\r\n")
}

// isListen accepts where a server may listen; port 0 is any that is free.
func isListen(s string) bool {
	_, port, err := net.SplitHostPort(s)
	_, notPort := strconv.ParseUint(port, 10, 16)
	return err == nil && notPort == nil
}

// isAddress accepts a bare address.
func isAddress(s string) bool {
	a, err := mail.ParseAddress(s)
	return err == nil && a.Name == "" && a.Address == s && !strings.ContainsAny(s, "\r\n")
}

// isReturnPath accepts an address into whose local part a mail's mark fits. It is plain
// ASCII, as what is compared with it is.
func isReturnPath(s string) bool {
	ascii := !strings.ContainsFunc(s, func(r rune) bool { return r <= ' ' || r > '~' || r == '"' })
	return ascii && isAddress(s) && strings.LastIndexByte(s, '@') <= connectors.MaxReturnLocal
}

// plainTags are the tags that always demand the same.
var plainTags = map[string]string{
	"required":           "is required",
	"http_url":           "must be a URL that begins with https:// or http://",
	"url":                "must be a URL",
	"uri":                "must be a URL",
	"email":              "must be an email address",
	"mailbox":            `must be an address, as Acme Support <support@acme.example>; a name with a comma or the like stands in quotes, as '"Acme, Inc." <support@acme.example>'`,
	"return_path":        fmt.Sprintf("must be an address, as bounces@acme.example, with at most %d characters before the @", connectors.MaxReturnLocal),
	"recipient":          "must be user, or one address as qa@acme.example",
	"door_key":           "must have 16 bytes or more: whoever has it is believed",
	"signing_key":        "must have 32 bytes or more",
	"listen":             "must be host:port, as 127.0.0.1:8080",
	"hostname_port":      "must be host:port, as 127.0.0.1:8080",
	"e164":               "must be a number with its country code, as +15005550006",
	"bcp47_language_tag": "must be a language, as en or de-DE (BCP 47)",
	"iso3166_1_alpha2":   "must be a country's two capital letters, as SE (ISO 3166-1)",
	"timezone":           "must be a time zone, as Europe/Stockholm",
	"hexcolor":           "must be a colour, as #0a7d55",
}

// explain says what a validate tag demands.
func explain(tag, param string) string {
	switch tag {
	case "required_with", "required_with_all":
		return "is required together with " + keys(param)
	case "required_without", "required_without_all":
		return "is required where " + keys(param) + " is not given"
	case "required_if":
		return "is required with " + keys(strings.Join(every2nd(param), " "))
	case "excluded_with", "excluded_with_all":
		return "cannot be given together with " + keys(param)
	case "oneof":
		return "must be one of " + strings.Join(strings.Fields(param), ", ")
	case "gt":
		return "must be more than " + param
	case "gte", "min":
		return "must be " + param + " or more"
	case "lt":
		return "must be less than " + param
	case "lte", "max":
		return "must be " + param + " or less"
	}
	if text, ok := plainTags[tag]; ok {
		return text
	}
	return "is not valid (" + tag + ")"
}

var wordStart = regexp.MustCompile(`([a-z0-9])([A-Z])`)

// keys turns the names of Go fields, as tags have them, into those of the file.
func keys(param string) string {
	words := strings.Fields(param)
	for i, w := range words {
		words[i] = strings.ToLower(wordStart.ReplaceAllString(w, "${1}_$2"))
	}
	return strings.Join(words, ", ")
}

// every2nd returns the names of a list of names and values.
func every2nd(param string) []string {
	var names []string
	for i, w := range strings.Fields(param) {
		if i%2 == 0 {
			names = append(names, w)
		}
	}
	return names
}
