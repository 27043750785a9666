package httpapi

import (
	"bytes"
	"cmp"
	"crypto/sha256"
	_ "embed" // the page
	"encoding/base64"
	"encoding/json"
	"fmt"
	"html/template"
	"net/http"
	"slices"
	"strconv"
	"strings"

	"github.com/danielgtaylor/huma/v2"
)

//go:embed docs.html
var docsPage string

//go:embed docs.css
var docsStyle string

// describeDocs puts the two addresses into the description; serveDocs answers them.
func (a *api) describeDocs() {
	for path, summary := range map[string]string{"/openapi.json": "This description (OpenAPI 3.1)", "/docs": "This description as a page"} {
		op := a.describe(operation{id: "get-" + strings.Trim(strings.ReplaceAll(path, ".", "-"), "/"), method: http.MethodGet, path: path, tag: "Operation", summary: summary}, "")
		a.huma.OpenAPI().AddOperation(&op)
	}
}

// serveDocs serves the description, and a page made of it here: huma's own page would
// load its scripts from another site.
func (a *api) serveDocs(description []byte) error {
	html, err := a.renderDocs()
	if err != nil {
		return err
	}
	sum := sha256.Sum256([]byte(docsStyle))
	policy := "default-src 'none'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'; style-src 'sha256-" +
		base64.StdEncoding.EncodeToString(sum[:]) + "'"
	a.mux.HandleFunc("GET /openapi.json", func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "application/openapi+json")
		_, _ = w.Write(description)
	})
	a.mux.HandleFunc("GET /docs", func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "text/html; charset=utf-8")
		w.Header().Set("Content-Security-Policy", policy)
		_, _ = w.Write(html)
	})
	return nil
}

// docsCall is one call on the page.
type docsCall struct {
	*huma.Operation
	Body, Status, Answer string // names of schemas; empty if there is none
}

type docsSchema struct{ Name, JSON string }

func (a *api) renderDocs() ([]byte, error) {
	t, err := template.New("docs").Parse(docsPage)
	if err != nil {
		return nil, fmt.Errorf("reading the page of the API's description: %w", err)
	}
	openapi := a.huma.OpenAPI()
	var schemas []docsSchema
	for name, schema := range openapi.Components.Schemas.Map() {
		raw, err := json.MarshalIndent(schema, "", "  ")
		if err != nil {
			return nil, fmt.Errorf("describing %s: %w", name, err)
		}
		schemas = append(schemas, docsSchema{name, string(raw)})
	}
	slices.SortFunc(schemas, func(x, y docsSchema) int { return cmp.Compare(x.Name, y.Name) })
	var page bytes.Buffer
	err = t.Execute(&page, map[string]any{
		"Title": openapi.Info.Title, "Lead": openapi.Info.Description, "Style": template.CSS(docsStyle), //nolint:gosec // an embedded file
		"Calls": docsCalls(openapi), "Schemas": schemas,
	})
	if err != nil {
		return nil, fmt.Errorf("writing the page of the API's description: %w", err)
	}
	return page.Bytes(), nil
}

// docsCalls lists the calls by tag, path and method.
func docsCalls(openapi *huma.OpenAPI) []docsCall {
	var calls []docsCall
	for _, item := range openapi.Paths {
		for _, op := range []*huma.Operation{item.Get, item.Put, item.Post, item.Delete} {
			if op == nil {
				continue
			}
			call := docsCall{Operation: op}
			if op.RequestBody != nil {
				call.Body = schemaName(op.RequestBody.Content["application/json"])
			}
			status := strconv.Itoa(cmp.Or(op.DefaultStatus, http.StatusOK))
			if response := op.Responses[status]; response != nil {
				call.Status, call.Answer = status, schemaName(response.Content["application/json"])
			}
			calls = append(calls, call)
		}
	}
	slices.SortFunc(calls, func(x, y docsCall) int {
		return cmp.Or(cmp.Compare(x.Tags[0], y.Tags[0]), cmp.Compare(x.Path, y.Path), cmp.Compare(x.Method, y.Method))
	})
	return calls
}

func schemaName(m *huma.MediaType) string {
	if m == nil || m.Schema == nil {
		return ""
	}
	return strings.TrimPrefix(m.Schema.Ref, "#/components/schemas/")
}
