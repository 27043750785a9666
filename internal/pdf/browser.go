package pdf

import (
	"bytes"
	"context"
	"regexp"
	"strconv"

	"fmt"

	"github.com/afterchat/afterchat/internal/chromium"
	"github.com/afterchat/afterchat/internal/fault"
	"github.com/afterchat/afterchat/templates"
)

// oldest is the first Chromium that numbers pages by the margin boxes of CSS
// (https://developer.chrome.com/release-notes/131).
const oldest = 131

// printed prints a document with a browser of its own. What Chromium has no way to be
// told, who a PDF is from, is added to what it made.
func printed(ctx context.Context, o chromium.Options, html string, d templates.Document) ([]byte, error) {
	b, err := chromium.Start(ctx, o)
	if err != nil {
		return nil, err
	}
	defer b.Close()
	version, err := b.Version(ctx)
	if err != nil {
		return nil, err
	}
	if version < oldest {
		return nil, fault.New(fault.Unsupported, "browser_old", fmt.Sprintf("Chromium %d is older than %d", version, oldest))
	}
	page, err := b.Open(ctx)
	if err != nil {
		return nil, err
	}
	if err := page.Show(ctx, html); err != nil {
		return nil, err
	}
	made, err := page.Print(ctx)
	if err != nil {
		return nil, err
	}
	return withAuthor(made, d.Author())
}

// The parts of a PDF that withAuthor needs, as Chromium writes them.
var (
	trailer   = regexp.MustCompile(`(?s)trailer\s*<<(.*?)>>\s*startxref\s+(\d+)\s+%%EOF\s*$`)
	reference = regexp.MustCompile(`/(Size|Root|Info) (\d+)(?: 0 R)?`)
)

// withAuthor adds an author to a PDF's information by an update at its end (ISO 32000-1,
// 7.5.6), which leaves everything before it as it is.
func withAuthor(made []byte, author string) ([]byte, error) {
	unknown := fault.New(fault.Transient, "browser_pdf", "Chromium's PDF is not built as expected")
	end := trailer.FindSubmatch(made[max(len(made)-4096, 0):])
	if end == nil {
		return nil, unknown
	}
	numbers := map[string]int{}
	for _, m := range reference.FindAllSubmatch(end[1], -1) {
		numbers[string(m[1])], _ = strconv.Atoi(string(m[2])) // digits alone
	}
	info := numbers["Info"]
	head := fmt.Appendf(nil, "\n%d 0 obj\n<<", info)
	at := bytes.Index(made, head)
	if info == 0 || numbers["Root"] == 0 || at < 0 {
		return nil, unknown
	}
	body := made[at+len(head):]
	length := bytes.Index(body, []byte(">>\nendobj"))
	if length < 0 {
		return nil, unknown
	}
	out := bytes.NewBuffer(bytes.Clone(made))
	if !bytes.HasSuffix(made, []byte("\n")) {
		out.WriteByte('\n')
	}
	offset := out.Len()
	fmt.Fprintf(out, "%d 0 obj\n<<%s\n/Author %s>>\nendobj\n", info, body[:length], textString(author))
	table := out.Len()
	fmt.Fprintf(out, "xref\n%d 1\n%010d 00000 n \ntrailer\n<< /Size %d /Root %d 0 R /Info %d 0 R /Prev %s >>\nstartxref\n%d\n%%%%EOF\n",
		info, offset, numbers["Size"], numbers["Root"], info, end[2], table)
	return out.Bytes(), nil
}
