package app

import (
	"encoding/json"
	"fmt"
	"io"
	"reflect"

	"github.com/invopop/jsonschema"

	"github.com/afterchat/afterchat/connectors/all"
	"github.com/afterchat/afterchat/internal/chat"
	"github.com/afterchat/afterchat/internal/config"
	"github.com/afterchat/afterchat/internal/httpapi"
)

// Schema prints the JSON Schema of the configuration or of a snapshot.
func Schema(of string, out io.Writer) error {
	var raw []byte
	var err error
	if of == "config" {
		raw, err = config.Schema(all.Kinds())
	} else {
		raw, err = snapshotSchema()
	}
	if err != nil {
		return fmt.Errorf("describing the %s: %w", of, err)
	}
	_, err = fmt.Fprintln(out, string(raw))
	return err
}

// snapshotSchema describes a snapshot as the chat core sends it. Unknown fields are
// allowed: they are kept.
func snapshotSchema() ([]byte, error) {
	r := jsonschema.Reflector{AllowAdditionalProperties: true, RequiredFromJSONSchemaTags: true, DoNotReference: false}
	s := r.ReflectFromType(reflect.TypeFor[chat.Snapshot]())
	s.Title = "Snapshot"
	s.Description = "A conversation as the chat core sends it: one episode."
	require(s, "Snapshot", "id", "started_at", "messages")
	require(s, "Message", "id", "at", "author")
	require(s, "Author", "kind")
	require(s, "Agent", "id")
	require(s, "Note", "id")
	require(s, "Flag", "code")
	enum(s, "Author", "kind", "user", "agent", "assistant", "system")
	enum(s, "Snapshot", "ended_by", "agent", "user", "timeout")
	enum(s, "Snapshot", "outcome", "resolved", "unresolved", "follow_up")
	return json.MarshalIndent(s, "", "  ")
}

func require(s *jsonschema.Schema, definition string, fields ...string) {
	if d := s.Definitions[definition]; d != nil {
		d.Required = fields
	}
}

func enum(s *jsonschema.Schema, definition, field string, values ...any) {
	if d := s.Definitions[definition]; d != nil {
		if p, ok := d.Properties.Get(field); ok {
			p.Enum = values
		}
	}
}

// OpenAPI prints the description of the HTTP door.
func OpenAPI(out io.Writer) error {
	raw, err := httpapi.OpenAPI()
	if err != nil {
		return fmt.Errorf("describing the HTTP door: %w", err)
	}
	_, err = fmt.Fprintln(out, string(raw))
	return err
}
