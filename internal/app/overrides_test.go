package app_test

import (
	"io"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/afterchat/afterchat/internal/standin"
)

// Check refuses what is broken in an organization's folder. A process starts all the same:
// what cannot be used, or fails when it is, is the built-in one's to do, counted and logged.
func TestAnOrganizationsTemplatesAreUsedAndTheBuiltInOnesWhereTheyFail(t *testing.T) {
	t.Parallel()
	folder := t.TempDir()
	for name, source := range map[string]string{
		"transcript/customer.txt":  "Ahoy {{.Name}}!\n\n{{.Messages}}",
		"transcript/customer.html": "<p>\n{{.Nome}}",
		"transcript/internal.txt":  "{{if}}",
		"ticket/internals.txt":     "x",
	} {
		if err := os.MkdirAll(filepath.Dir(filepath.Join(folder, name)), 0o700); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(filepath.Join(folder, name), []byte(source), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	r := newRig(t, func(config string) string {
		changed := strings.Replace(config, "\n    mail:", "\n    templates: "+folder+"\n    mail:", 1)
		if changed == config {
			t.Fatal("the configuration has no mail")
		}
		return changed
	})
	s := standin.Chat(1)
	if code := r.call(http.MethodPost, "/v1/conversations/"+s.ID+"/end", s, nil); code != http.StatusAccepted {
		t.Fatalf("end: %d", code)
	}
	r.settled(s.ID)
	mails := r.vendors.Mail.Messages()
	if len(mails) != 1 {
		t.Fatalf("%d mails", len(mails))
	}
	mail, err := mails[0].Read()
	if err != nil {
		t.Fatal(err)
	}
	if !strings.HasPrefix(mail.Text, "Ahoy ") || !strings.Contains(mail.HTML, "<!doctype html>") {
		t.Errorf("the mail is\n%s\n%s", mail.Text, mail.HTML)
	}

	resp, err := r.door.Client().Get(r.door.URL + "/metrics")
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	metrics, err := io.ReadAll(resp.Body)
	if err != nil {
		t.Fatal(err)
	}
	for template, where := range map[string]string{
		"transcript/customer.html": "template=transcript/customer.html line=2", "transcript/internal.txt": "template=transcript/internal.txt line=1",
		"unknown": "template=ticket/internals.txt line=0",
	} {
		if want := `afterchat_template_fallbacks_total{organization="acme",template="` + template + `"} 1`; !strings.Contains(string(metrics), want) {
			t.Errorf("the metrics lack %s", want)
		}
		if !strings.Contains(r.log.String(), "organization=acme "+where) {
			t.Errorf("the log lacks %s", where)
		}
	}
	if strings.Contains(r.log.String(), "Nome") {
		t.Error("the log holds what a template says")
	}
}
