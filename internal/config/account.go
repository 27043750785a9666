package config

import (
	"fmt"
	"reflect"
	"slices"
	"strings"

	"github.com/goccy/go-yaml/ast"

	"github.com/afterchat/afterchat/connectors"
)

// smtpKind is the type of account behind an organization's mail.
const smtpKind = "smtp"

// smtpDecided are the keys of an SMTP account that follow from what mail itself says.
func smtpDecided() []string { return []string{"type", "from", "reply_to", "return_path", "dkim"} }

// settings reads one account into its connector's own struct. Which connector that is
// says the mapping's type or, for mail, the key that it stands under.
func (d *decoder) settings(n ast.Node, target *connectors.Settings, at spot) {
	entries, ok := d.entries(n, at)
	if !ok {
		return
	}
	var decided []string
	name := at.kind
	if name != "" {
		decided = smtpDecided()
	} else if name, ok = d.typeOf(n, entries, at); !ok {
		d.report.failed[at.path] = true // and not missing as well
		return
	}
	kind, ok := d.kinds[name]
	if !ok {
		d.fail(n, at, "this program was built without this type of account")
		return
	}
	s := kind.Settings()
	v := reflect.ValueOf(s)
	if v.Kind() != reflect.Pointer || v.Elem().Kind() != reflect.Struct {
		d.fail(n, at, "this type of account has no settings")
		return
	}
	d.structure(entries, v.Elem(), at, decided...)
	*target = s
}

func (d *decoder) typeOf(n ast.Node, entries []entry, at spot) (string, bool) {
	var known []string
	use := connectors.UseDesk
	if strings.HasSuffix(at.path, ".sms") {
		use = connectors.UseSMS
	}
	for name, kind := range d.kinds {
		if kind.Use == use {
			known = append(known, name)
		}
	}
	slices.Sort(known)
	where := spot{path: at.path + ".type", label: "type", key: at.key}
	i := slices.IndexFunc(entries, func(e entry) bool { return e.key == "type" })
	if i < 0 {
		d.fail(n, where, "is required; it is one of "+strings.Join(known, ", "))
		return "", false
	}
	where.key = entries[i].node
	name, ok := d.text(entries[i].value, where)
	if !ok {
		return "", false
	}
	if name == smtpKind {
		d.fail(entries[i].value, where, "smtp stands under mail")
		return "", false
	}
	if !slices.Contains(known, name) {
		best, _ := nearest(name, known)
		d.fail(entries[i].value, where, fmt.Sprintf("unknown type; the nearest known one is %q (there are %s)", best, strings.Join(known, ", ")))
		return "", false
	}
	return name, true
}
