package smtp_test

import (
	"fmt"
	"strings"
	"sync"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/afterchat/afterchat/connectors"
	"github.com/afterchat/afterchat/connectors/smtp/smtptest"
)

func TestMailsThatAreWrittenAtTheSameTimeHoldTheirOwnWords(t *testing.T) {
	t.Parallel()
	server := serve(t, smtptest.Options{})
	client := connect(t, server, nil)
	word := func(i int) string { return strings.Repeat(fmt.Sprintf("word-%02d ", i), 50*(i+1)) }
	const mails = 40
	var all sync.WaitGroup
	for i := range mails {
		all.Go(func() {
			m := outgoing(t)
			m.Subject, m.Text, m.HTML = fmt.Sprint(i), word(i), "<p>"+word(i)
			if _, err := client.Send(t.Context(), m); err != nil {
				t.Error(err)
			}
		})
	}
	all.Wait()
	got, want := map[string]string{}, map[string]string{}
	for _, m := range server.Messages() {
		content, err := m.Read()
		if err != nil {
			t.Fatal(err)
		}
		got[m.Subject] = strings.TrimSpace(content.Text) + strings.TrimSpace(content.HTML)
	}
	for i := range mails {
		want[fmt.Sprint(i)] = strings.TrimSpace(word(i)) + strings.TrimSpace("<p>"+word(i))
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("the mails (-want +got):\n%.2000s", diff)
	}
}

func TestEachFileOfAMailHasAnIDOfItsOwn(t *testing.T) {
	t.Parallel()
	m := outgoing(t)
	for _, name := range []string{"a.pdf", "b.pdf", "c.pdf"} {
		m.Files = append(m.Files, connectors.File{Name: name, ContentType: "application/pdf", Content: []byte(name)})
	}
	env, _ := mailed(t, nil, m)
	ids := map[string]bool{}
	for _, part := range env.Attachments {
		ids[part.ContentID] = true
	}
	if len(ids) != 3 || ids[""] {
		t.Errorf("the ids are %v", ids)
	}
}
