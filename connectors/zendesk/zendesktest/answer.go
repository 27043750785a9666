package zendesktest

import (
	"encoding/json"
	"net/http"
	"net/url"
	"strconv"
)

// answer is what one request gets.
type answer struct {
	status int
	header http.Header
	body   []byte
}

// success encodes a body at once, while the lock that guards its parts is still held.
func success(status int, body any) answer {
	encoded, err := json.Marshal(body)
	if err != nil {
		return failure(http.StatusInternalServerError, "InternalError", "")
	}
	return answer{status: status, body: encoded}
}

// failure is an error in the shape that Zendesk gives it: {error, description}.
func failure(status int, code, description string) answer {
	return success(status, map[string]string{"error": code, "description": description})
}

func notFound() answer { return failure(http.StatusNotFound, "RecordNotFound", "Not found") }

// invalid is a 422 with the details by field.
func invalid(field, code, description string) answer {
	return success(http.StatusUnprocessableEntity, map[string]any{
		"error":       "RecordInvalid",
		"description": "Record validation errors",
		"details":     map[string]any{field: []map[string]string{{"error": code, "description": description}}},
	})
}

func (a answer) write(w http.ResponseWriter) {
	for name, values := range a.header {
		w.Header()[name] = values
	}
	w.Header().Set("Content-Type", "application/json; charset=utf-8")
	w.WriteHeader(a.status)
	_, _ = w.Write(a.body)
}

// maxPage is the most that a page holds.
const maxPage = 100

// page cuts one page out of items and writes it into body under the name, with the
// fields of cursor pagination where the request asks for it by page[size], and of
// offset pagination otherwise.
// See https://developer.zendesk.com/api-reference/introduction/pagination/.
func page[T any](r *http.Request, name string, items []T) answer {
	query := r.URL.Query()
	if query.Has("page[size]") {
		size := number(query, "page[size]", maxPage)
		from := min(number(query, "page[after]", 0), len(items))
		to := min(from+size, len(items))
		return success(http.StatusOK, map[string]any{
			name:   items[from:to],
			"meta": map[string]any{"has_more": to < len(items), "after_cursor": strconv.Itoa(to)},
		})
	}
	size := number(query, "per_page", maxPage)
	from := min((max(number(query, "page", 1), 1)-1)*size, len(items))
	to := min(from+size, len(items))
	body := map[string]any{name: items[from:to], "count": len(items), "next_page": nil, "previous_page": nil}
	if to < len(items) {
		query.Set("page", strconv.Itoa(to/size+1))
		next := url.URL{Scheme: "https", Host: r.Host, Path: r.URL.Path, RawQuery: query.Encode()}
		body["next_page"] = next.String()
	}
	return success(http.StatusOK, body)
}

// number reads a number from 0 to 100 for sizes, and any other that is not negative.
func number(query url.Values, name string, otherwise int) int {
	n, err := strconv.Atoi(query.Get(name))
	if err != nil || n < 0 {
		return otherwise
	}
	if name == "page[size]" || name == "per_page" {
		return min(max(n, 1), maxPage)
	}
	return n
}
