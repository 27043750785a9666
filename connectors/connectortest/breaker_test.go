package connectortest_test

import (
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/afterchat/afterchat/connectors/connectortest"
)

func TestBreakerBreaksTheNextWriteOnce(t *testing.T) {
	t.Parallel()
	for name, test := range map[string]struct {
		how      connectortest.Breakage
		answered bool
		carried  int // how many of two writes reach the handler
	}{
		"a status answers without any effect":  {connectortest.Breakage{Status: 503}, true, 1},
		"a drop before has no effect":          {connectortest.Breakage{DropBefore: true}, false, 1},
		"a drop after is carried out silently": {connectortest.Breakage{DropAfter: true}, false, 2},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			carried := 0
			breaker := &connectortest.Breaker{Next: http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
				if body, _ := io.ReadAll(r.Body); string(body) == "write" {
					carried++
				}
			})}
			server := httptest.NewServer(breaker)
			defer server.Close()
			breaker.Break(test.how)
			if resp, err := server.Client().Get(server.URL); err != nil || resp.StatusCode != 200 {
				t.Fatalf("a read was broken: %v %v", resp, err)
			}
			write := func() (int, error) {
				resp, err := server.Client().Post(server.URL, "text/plain", strings.NewReader("write"))
				if err != nil {
					return 0, err
				}
				defer func() { _ = resp.Body.Close() }()
				return resp.StatusCode, nil
			}
			status, err := write()
			if test.answered != (err == nil) || status != test.how.Status {
				t.Errorf("the first write got status %d and %v", status, err)
			}
			if status, err := write(); status != 200 || err != nil {
				t.Errorf("the second write got status %d and %v", status, err)
			}
			if carried != test.carried {
				t.Errorf("%d writes were carried out, want %d", carried, test.carried)
			}
		})
	}
}
