package zendesk

import (
	"context"
	"strconv"

	"github.com/afterchat/afterchat/internal/fault"
)

const badFieldName = "a custom field of Zendesk is named by its numeric id, as 360012"

// FieldProblem refuses what is no id of a custom field.
func (*Settings) FieldProblem(name string) string {
	if _, ok := fieldID(name); !ok {
		return badFieldName
	}
	return ""
}

// fieldID reads the id of a custom field.
func fieldID(name string) (int64, bool) {
	id, err := strconv.ParseInt(name, 10, 64)
	return id, err == nil && id > 0
}

// CheckRoute looks for the group, by name or id, and for the custom fields among those of
// the account.
func (c *Client) CheckRoute(ctx context.Context, group string, fields []string) (missing []error, err error) {
	if group != "" {
		known, err := c.hasGroup(ctx, group)
		if err != nil {
			return nil, err
		}
		if !known {
			missing = append(missing, fault.New(fault.Invalid, "unknown_group", "Zendesk has no such group").At("group"))
		}
	}
	if len(fields) == 0 {
		return missing, nil
	}
	known, err := c.readFields(ctx)
	if err != nil {
		return nil, err
	}
	for _, name := range fields {
		id, _ := fieldID(name)
		problem := ""
		switch active, ok := known[id]; {
		case !ok:
			problem = "Zendesk has no custom field with this id"
		case !active:
			problem = "the custom field with this id is not active in Zendesk"
		default:
			continue
		}
		missing = append(missing, fault.New(fault.Invalid, "unknown_field", problem).At("fields."+name))
	}
	return missing, nil
}

// readFields returns the ids of the account's custom fields, and whether each is active.
// What cannot be removed is Zendesk's own: see
// https://developer.zendesk.com/api-reference/ticketing/tickets/ticket_fields/.
func (c *Client) readFields(ctx context.Context) (map[int64]bool, error) {
	type page struct {
		Fields []struct {
			ID        int64 `json:"id"`
			Active    bool  `json:"active"`
			Removable bool  `json:"removable"`
		} `json:"ticket_fields"`
		cursor
	}
	known := map[int64]bool{}
	err := everyPage(ctx, c, "listing ticket fields", "/ticket_fields", func(p page) {
		for _, f := range p.Fields {
			if f.Removable {
				known[f.ID] = f.Active
			}
		}
	})
	return known, err
}
