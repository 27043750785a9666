package zendesk_test

import (
	"slices"
	"testing"

	"github.com/afterchat/afterchat/connectors/zendesk"
	"github.com/afterchat/afterchat/connectors/zendesk/zendesktest"
	"github.com/afterchat/afterchat/internal/fault"
)

func TestARulesGroupAndFieldsAreLookedFor(t *testing.T) {
	t.Parallel()
	var many []int64
	for id := range int64(150) { // two pages
		many = append(many, 2000+id)
	}
	d := newDesk(t, zendesktest.Options{Groups: []string{"Tea", "Coffee & Machines"}, Fields: append(many, 360012), RetiredFields: []int64{360013}})
	for name, c := range map[string]struct {
		group   string
		fields  []string
		missing []string
	}{
		"nothing is named":                {"", nil, nil},
		"a group by name":                 {" coffee & machines", nil, nil},
		"a group by id":                   {"501", nil, nil},
		"no such group":                   {"Cocoa", nil, []string{"group"}},
		"no group of this id":             {"499", nil, []string{"group"}},
		"fields that are there":           {"", []string{"2149", "360012"}, nil},
		"a field that is not there":       {"Tea", []string{"1", "360012"}, []string{"fields.1"}},
		"a field that was retired":        {"", []string{"360013"}, []string{"fields.360013"}},
		"a field of Zendesk's own":        {"", []string{"101"}, []string{"fields.101"}},
		"neither group nor fields":        {"Cocoa", []string{"1", "2"}, []string{"group", "fields.1", "fields.2"}},
		"a field that is no number":       {"", []string{"order"}, []string{"fields.order"}},
		"a field with zeros before":       {"", []string{"0360012"}, nil},
		"a group's name that is a number": {"12", nil, []string{"group"}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			missing, err := d.client.CheckRoute(t.Context(), c.group, c.fields)
			var fields []string
			for _, m := range missing {
				fields = append(fields, fault.FieldOf(m))
			}
			if err != nil || !slices.Equal(fields, c.missing) {
				t.Errorf("missing are %v (%v), %v; want %v", fields, missing, err, c.missing)
			}
		})
	}
}

func TestAFieldIsNamedByItsNumber(t *testing.T) {
	t.Parallel()
	for name, good := range map[string]bool{"360012": true, "order": false, "": false, "-1": false, "0": false, "1.5": false, "99999999999999999999": false} {
		if problem := new(zendesk.Settings).FieldProblem(name); (problem == "") != good {
			t.Errorf("%q: %q", name, problem)
		}
	}
}
