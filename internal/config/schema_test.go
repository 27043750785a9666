package config_test

import (
	"encoding/json"
	"maps"
	"os"
	"strings"
	"testing"

	"github.com/getkin/kin-openapi/openapi3"
	yaml "github.com/goccy/go-yaml"

	"github.com/afterchat/afterchat/internal/config"
)

func TestTheSchemaTakesWhatLoadTakesAndNoMore(t *testing.T) {
	t.Parallel()
	text, err := os.ReadFile("testdata/afterchat.yaml")
	if err != nil {
		t.Fatal(err)
	}
	schema := readSchema(t)
	for name, test := range map[string]struct {
		from, to string
		valid    bool
	}{
		"the example":                 {"", "", true},
		"a scalar where lists may be": {"when: {outcome: [unresolved, follow_up]}", "when: {outcome: unresolved}", true},
		"a variable for a number":     {"include:", "workers: {concurrency: \"${N}\"}\ninclude:", true},
		"a secret in a file":          {"token: \"${ZENDESK_TOKEN}\"", "token_file: zendesk.token", true},
		"the nodes of a cluster":      {"redis: ${REDIS_URL}", "redis: [a:1, b:1]", true},
		"an unknown key":              {"include:", "includes:", false},
		"an unknown key of a desk":    {"queue:", "cue:", false},
		"an unknown type of desk":     {"type: rt", "type: otrs", false},
		"an unknown priority":         {"priority: normal", "priority: low-ish", false},
		"an unknown outcome":          {"outcome: [unresolved, follow_up]", "outcome: [open]", false},
		"a bare number for a time":    {"contact_wait: 30m", "contact_wait: 30", false},
		"sizes and none":              {"mail: {", "mail: {attachments: {inline: 2MB, attach: 0}, ", true},
		"a size without its unit":     {"mail: {", "mail: {attachments: {inline: 2000}, ", false},
		"a size in another unit":      {"mail: {", "mail: {attachments: {inline: 2MiB}, ", false},
		"a time without a unit":       {"contact_wait: 30m", "contact_wait: \"30\"", false},
		"no database":                 {"database: ${DATABASE_URL}", "", false},
		"a secret and its file":       {"token: \"${ZENDESK_TOKEN}\"", "token: t, token_file: zendesk.token", false},
		"smtp with its type":          {"smtp: {", "smtp: {type: smtp, ", false},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			changed := strings.Replace(string(text), test.from, test.to, 1)
			if test.from != "" && changed == string(text) {
				t.Fatal("the example does not have what this test replaces")
			}
			var value any
			if err := yaml.Unmarshal([]byte(changed), &value); err != nil {
				t.Fatal(err)
			}
			if err := schema.VisitJSON(value, openapi3.EnableJSONSchema2020()); (err == nil) != test.valid {
				t.Errorf("valid: %v, want %v: %v", err == nil, test.valid, err)
			}
		})
	}
}

func TestEveryKeyOfTheSchemaIsDescribed(t *testing.T) {
	t.Parallel()
	describe(t, "", readSchema(t))
}

func describe(t *testing.T, path string, s *openapi3.Schema) {
	t.Helper()
	for key, property := range s.Properties {
		at := path + "." + key
		if property.Value.Description == "" {
			t.Error(at)
		}
		if key == "smtp" || key == "sms" || key == "desks" {
			continue // the connectors' own
		}
		describe(t, at, property.Value)
		if items := property.Value.Items; items != nil {
			describe(t, at+"[]", items.Value)
		}
		if more := property.Value.AdditionalProperties.Schema; more != nil {
			describe(t, at+"{}", more.Value)
		}
	}
	if len(s.Properties) > 0 && (s.AdditionalProperties.Has == nil || *s.AdditionalProperties.Has) {
		t.Errorf("%s takes unknown keys", path)
	}
}

// readSchema reads the schema with another project's eyes, each reference replaced by
// what it refers to.
func readSchema(t *testing.T) *openapi3.Schema {
	t.Helper()
	text, err := config.Schema(kinds())
	if err != nil {
		t.Fatal(err)
	}
	var root map[string]any
	if err := json.Unmarshal(text, &root); err != nil {
		t.Fatal(err)
	}
	if root["$schema"] != "https://json-schema.org/draft/2020-12/schema" {
		t.Errorf("it is of draft %v", root["$schema"])
	}
	definitions, _ := root["$defs"].(map[string]any)
	delete(root, "$defs")
	delete(root, "$schema")
	text, err = json.Marshal(inlineRefs(root, definitions))
	if err != nil {
		t.Fatal(err)
	}
	schema := new(openapi3.Schema)
	if err := json.Unmarshal(text, schema); err != nil {
		t.Fatal(err)
	}
	return schema
}

func inlineRefs(v any, definitions map[string]any) any {
	switch v := v.(type) {
	case map[string]any:
		out := map[string]any{}
		if ref, ok := v["$ref"].(string); ok {
			definition, _ := definitions[strings.TrimPrefix(ref, "#/$defs/")].(map[string]any)
			maps.Copy(out, definition)
		}
		for key, value := range v {
			if key != "$ref" {
				out[key] = inlineRefs(value, definitions)
			}
		}
		return out
	case []any:
		for i := range v {
			v[i] = inlineRefs(v[i], definitions)
		}
	}
	return v
}
