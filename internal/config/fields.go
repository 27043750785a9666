package config

import (
	"strings"
	"text/template"

	"github.com/afterchat/afterchat/internal/fault"
)

// FieldData is what a ticket rule's field templates can use. Form holds the answers by
// key; one that was not given reads as "".
type FieldData struct {
	Form         map[string]string
	Conversation string
	Product      string
	Channel      string
	Locale       string
}

// RenderFields returns the desk's fields with their templates filled in. Load has seen
// each template render with nothing given, so an error, a fault of kind Invalid that
// names the field, is about what people answered.
func (t TicketRule) RenderFields(data FieldData) (map[string]string, error) {
	if len(t.Fields) == 0 {
		return nil, nil
	}
	rendered := make(map[string]string, len(t.Fields))
	for id, text := range t.Fields {
		value, err := renderField(text, data)
		if err != nil {
			return nil, fault.Wrap(fault.Invalid, "field_template", "the field's template cannot be filled in", err).At("fields[" + id + "]")
		}
		rendered[id] = value
	}
	return rendered, nil
}

func renderField(text string, data FieldData) (string, error) {
	t, err := template.New("field").Option("missingkey=zero").Parse(text)
	if err != nil {
		return "", err
	}
	var b strings.Builder
	err = t.Execute(&b, data)
	return b.String(), err
}
