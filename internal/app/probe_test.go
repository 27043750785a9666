package app_test

import (
	"bytes"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/afterchat/afterchat/internal/app"
	"github.com/afterchat/afterchat/internal/standin"
)

// What a rule names and a desk does not have would fail each ticket at night.
func TestAProbeFindsTheGroupsAndFieldsThatADeskDoesNotHave(t *testing.T) {
	t.Parallel()
	v, err := standin.Start(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(v.Close)
	good := v.Config(standin.Settings{Database: "postgres://127.0.0.1:1/none", Redis: "redis://127.0.0.1:1", Listen: "127.0.0.1:0", Concurrency: 1, Lease: 1e9, Grace: 1e9})
	rules := "      - {when: {outcome: [resolved]}, desk: zd, group: Nope}\n      - {desk: zd, fields: {\"360012\": x, \"7\": y}}\n    transcripts:\n"
	bad := strings.Replace(good, "    transcripts:\n", rules, 1)
	before, _, _ := strings.Cut(bad, "group: Nope")
	line := 1 + strings.Count(before, "\n")
	for name, c := range map[string]struct {
		config string
		ok     bool
		says   []string
	}{
		"all is there": {good, true, []string{"signed in"}},
		"a group and a field are not": {bad, false, []string{
			fmt.Sprintf("afterchat.yaml:%d:56: group: Zendesk has no such group", line),
			fmt.Sprintf("afterchat.yaml:%d:47: fields.7: Zendesk has no custom field with this id", line+1),
		}},
		"nobody can be asked": {strings.Replace(bad, v.ZendeskURL, "http://127.0.0.1:1", 1), false, []string{"acme/zd: "}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			path := filepath.Join(t.TempDir(), "afterchat.yaml")
			if err := os.WriteFile(path, []byte(c.config), 0o600); err != nil {
				t.Fatal(err)
			}
			var out bytes.Buffer
			ok, err := app.Check(t.Context(), path, true, false, &out)
			if err != nil || ok != c.ok {
				t.Errorf("good %t, %v; want %t\n%s", ok, err, c.ok, out.String())
			}
			for _, says := range c.says {
				if !strings.Contains(out.String(), says) {
					t.Errorf("it does not say %q:\n%s", says, out.String())
				}
			}
			if strings.Contains(out.String(), "360012") {
				t.Errorf("it complains of a field that is there:\n%s", out.String())
			}
		})
	}
	if n := v.Zendesk.EffectCount(); n != 0 {
		t.Errorf("%d tickets were filed", n)
	}
}
