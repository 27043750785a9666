package templates

import (
	"strings"
	"testing"
	"time"

	"github.com/afterchat/afterchat/internal/chat"
)

// What goes over its bounds is said with the line of the loop in which that was.
func TestARenderingThatIsStoppedNamesItsTemplateAndLine(t *testing.T) {
	t.Parallel()
	long := strings.Repeat("x", 1<<20)
	for name, c := range map[string]struct {
		files map[string]string
		file  string
		line  int
		says  string
	}{
		"a loop that writes nothing": {map[string]string{"transcript/customer.txt": "Hello\n\n{{range .StartedAt.Unix}}{{end}}"}, "transcript/customer.txt", 3, "longer than"},
		"a loop that writes":         {map[string]string{"transcript/customer.txt": "\n{{range .Entries}}{{range $.Entries}}\n{{range $.StartedAt.Unix}}{{$.Messages}}{{end}}{{end}}{{end}}"}, "transcript/customer.txt", 3, "more than 4 MB"},
		"after a loop":               {map[string]string{"transcript/customer.txt": "\n{{range .Entries}}x{{end}}" + strings.Repeat("{{.Cover}}", 5)}, "transcript/customer.txt", 0, "more than 4 MB"},
		"around a loop":              {map[string]string{"transcript/customer.txt": "\n{{range .Entries}}\n{{range $.Entries}}x{{end}}{{$.Cover}}{{end}}"}, "transcript/customer.txt", 2, "more than 4 MB"},
		"in a part":                  {map[string]string{"transcript/customer.html": "{{template \"email/foot.html\" .}}", "email/foot.html": "\n\n{{range .Entries}}{{$.Cover}}{{end}}"}, "email/foot.html", 3, "more than 4 MB"},
		"after a part": {
			map[string]string{"transcript/customer.html": "{{range .Entries}}\n{{template \"email/foot.html\" $}}{{$.Cover}}{{end}}", "email/foot.html": "\n\n{{range .Entries}}x{{end}}"},
			"transcript/customer.html", 1, "more than 4 MB",
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			r, fallen := acmes(t, c.files)
			if r.own.bounds = (bounds{time.Hour, 4 << 20}); c.says == "longer than" {
				r.own.bounds.time = 500 * time.Millisecond
			}
			o := sampleOptions(t)
			o.Cover = long
			if _, err := r.TranscriptForCustomer(ForCustomer(sample(), o)); err != nil {
				t.Fatal(err)
			}
			if len(*fallen) != 1 || (*fallen)[0].File != c.file || (*fallen)[0].Line != c.line || !strings.Contains((*fallen)[0].Message, c.says) {
				t.Errorf("fell back: %v", *fallen)
			}
		})
	}
}

// What writes without any loop is stopped, too.
func TestATemplateThatWritesOnAndOnIsStoppedInTime(t *testing.T) {
	t.Parallel()
	r, fallen := acmes(t, map[string]string{"transcript/customer.txt": strings.Repeat("{{len .Messages}}", 15000)})
	r.own.bounds.time = 200 * time.Millisecond
	s := chat.Snapshot{ID: "c", Messages: make([]chat.Message, 2000)}
	for i := range s.Messages {
		s.Messages[i] = chat.Message{Author: chat.Author{Kind: chat.AuthorUser}, Text: "x"}
	}
	began := time.Now()
	if _, err := r.TranscriptForCustomer(ForCustomer(s, Options{})); err != nil {
		t.Fatal(err)
	}
	if took := time.Since(began); took > 5*time.Second || len(*fallen) != 1 {
		t.Errorf("it took %s and fell back for %v", took, *fallen)
	}
}

// A loop in a loop in a loop is little in a small chat, and has no end in a large one.
func TestACubicTemplateIsStoppedInALargeChat(t *testing.T) {
	t.Parallel()
	cubic := "\n{{range .Entries}}{{range $.Entries}}{{range $.Entries}}{{end}}{{end}}{{end}}"
	o, problems := ReadOverrides(folder(map[string]string{"transcript/customer.txt": "x" + cubic}))
	if problems = append(problems, renderer(t).Rehearse(o)...); len(problems) > 0 {
		t.Errorf("a rehearsal says %v", problems)
	}
	r, fallen := acmes(t, map[string]string{"transcript/customer.txt": "x" + cubic})
	s := chat.Snapshot{ID: "c", Messages: make([]chat.Message, 5000)}
	began := time.Now()
	if _, err := r.TranscriptForCustomer(ForCustomer(s, Options{})); err != nil {
		t.Fatal(err)
	}
	if took := time.Since(began); took > 10*time.Second || len(*fallen) != 1 || (*fallen)[0].Line != 2 || (*fallen)[0].Message != "it takes longer than 2s" {
		t.Errorf("it took %s and fell back for %v", took, *fallen)
	}
}

func TestARehearsalIsQuickWhateverTheTemplatesDo(t *testing.T) {
	t.Parallel()
	files := map[string]string{"email/foot.html": "{{range .Brand.Accent}}{{end}}"}
	for name := range Export() {
		if strings.HasPrefix(name, "transcript/customer") || strings.HasPrefix(name, "transcript/internal") {
			files[name] = "Hello\n{{range .StartedAt.UnixNano}}{{end}}"
		}
	}
	o, problems := ReadOverrides(folder(files))
	if len(problems) > 0 {
		t.Fatal(problems)
	}
	began := time.Now()
	problems = renderer(t).Rehearse(o)
	if took := time.Since(began); took > 10*time.Second {
		t.Errorf("it took %s", took)
	}
	stopped := 0
	for _, p := range problems {
		if p.Line == 2 && strings.Contains(p.Message, "longer than 1s") {
			stopped++
		}
	}
	if stopped != 4 {
		t.Errorf("problems: %v", problems)
	}
}

func TestATemplateThatNeverWritesAnythingIsAProblem(t *testing.T) {
	t.Parallel()
	o, problems := ReadOverrides(folder(map[string]string{
		"transcript/customer.txt":  "{{if .Nothing}}{{end}}{{with .Cover}}{{end}} ",
		"transcript/customer.html": "{{with .Cover}}{{end}}\n", "email/foot.html": "", "email/section.html": " \n",
		"transcript/internal.txt": "{{range .Flags}}{{.Code}}{{end}}", "transcript/internal.html": "{{range .Flags}}{{.Code}}{{end}}",
	}))
	if len(problems) > 0 {
		t.Fatal(problems)
	}
	problems = renderer(t).Rehearse(o)
	if len(problems) != 2 || problems[1] != (Problem{File: "transcript/customer.html", Message: "writes nothing"}) {
		t.Errorf("problems: %v", problems)
	}
}
