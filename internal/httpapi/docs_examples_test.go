package httpapi_test

import (
	"os"
	"regexp"
	"strings"
	"testing"
)

// docs/chat-core.md tells one chat call by call; its calls are taken as they stand there.
func TestTheCallsInTheDocsAreTaken(t *testing.T) {
	t.Parallel()
	page, err := os.ReadFile("../../docs/chat-core.md")
	if err != nil {
		t.Fatal(err)
	}
	d := newDoor(t)
	call := regexp.MustCompile("(?s)```http\n([A-Z]+) (/[^\n]+)\n(?:([A-Za-z-]+): ([^\n]+)\n)?\n(.*?)```")
	calls := call.FindAllStringSubmatch(string(page), -1)
	if n := strings.Count(string(page), "```http\n"); n == 0 || len(calls) != n {
		t.Fatalf("%d of %d calls can be read", len(calls), n)
	}
	for _, c := range calls {
		var headers []string
		if c[3] != "" {
			headers = []string{c[3], c[4]}
		}
		if r := d.do(c[1], c[2], c[5], headers...); r.status >= 300 {
			t.Errorf("%s %s: %d %s", c[1], c[2], r.status, r.body)
		}
	}
}
