package workers

import (
	"cmp"
	"context"
	"slices"
	"strconv"
	"strings"
	"sync"
	"time"

	"github.com/afterchat/afterchat/connectors"
	"github.com/afterchat/afterchat/internal/fault"
	"github.com/afterchat/afterchat/internal/fetch"
	"github.com/afterchat/afterchat/templates"
)

// Fetcher gets what was sent along in a chat from wherever it lies. A NotFound fault means
// that its link has expired.
type Fetcher interface {
	Get(ctx context.Context, address string, limits fetch.Limits) (fetch.File, error)
}

const (
	// fetchTime is what one mail may spend on its files; of the lease it takes a quarter
	// at most, because the mail itself is still to be sent within it.
	fetchTime = 6 * time.Second
	// fetchedAtOnce bounds how much of a mail's files is in memory and not part of it.
	fetchedAtOnce = 4
	// mostFetched keeps a chat full of links from being a load on whoever they lead to.
	mostFetched = 50
)

// fetchFiles gets the files of the entries that an audience sees, the first ones first:
// images to show in the mail and others to attach, each until what the organization
// allows is used up. It says in the entries what became of each. What cannot be had in
// time stays linked: no file holds up a mail, or fails it. It returns the files, and how
// many bytes more may be attached.
func (l Letters) fetchFiles(ctx context.Context, o LetterOrder, entries []templates.Entry) ([]connectors.File, int64) {
	if o.Organization.Mail == nil {
		return nil, 0
	}
	ctx, cancel := context.WithTimeout(ctx, min(fetchTime, time.Until(o.until)/4))
	defer cancel()
	allowed := o.Organization.Mail.Attachments
	left := fetch.Limits{Image: int64(allowed.Inline), Other: int64(allowed.Attach)}
	var out []connectors.File
	for some := range slices.Chunk(linked(entries), fetchedAtOnce) {
		if ctx.Err() != nil {
			break
		}
		for i, got := range l.fetchAll(ctx, some, left) {
			f := some[i]
			size := int64(len(got.Content))
			switch {
			case got.Content == nil:
				continue
			case got.Image && size <= left.Image:
				left.Image -= size
				f.CID = "image" + strconv.Itoa(len(out)+1) + "." + o.Key.String()
			case size <= left.Other:
				left.Other -= size
				f.Attached = true
			default:
				continue
			}
			out = append(out, connectors.File{Name: cmp.Or(f.Name, "file"), ContentType: got.ContentType, Content: got.Content, ContentID: f.CID})
		}
	}
	return out, left.Other
}

// takeDown makes ordinary files of the images that a mail's HTML does not show, while left
// bytes hold them, and leaves out the others. It notes both in the entries, and reports
// whether there was any such image.
func takeDown(html string, entries []templates.Entry, files []connectors.File, left int64) (kept []connectors.File, changed bool) {
	attached := map[string]bool{} // by Content-ID
	for _, f := range files {
		if f.ContentID != "" && !strings.Contains(html, `"cid:`+f.ContentID+`"`) {
			size := int64(len(f.Content))
			attached[f.ContentID] = size <= left
			if size > left {
				continue
			}
			left -= size
			f.ContentID = ""
		}
		kept = append(kept, f)
	}
	if len(attached) == 0 {
		return files, false
	}
	for _, f := range linked(entries) {
		if is, ok := attached[f.CID]; ok {
			f.CID, f.Attached = "", is
		}
	}
	return kept, true
}

// linked returns the files that have a link, as they stand in the entries.
func linked(entries []templates.Entry) []*templates.File {
	var files []*templates.File
	for i := range entries {
		for k := range entries[i].Files {
			if f := &entries[i].Files[k]; f.URL != "" && len(files) < mostFetched {
				files = append(files, f)
			}
		}
	}
	return files
}

// fetchAll gets some files at the same time, in their order; what could not be had, or is
// longer than what is left, has no content. It notes which links have expired.
func (l Letters) fetchAll(ctx context.Context, files []*templates.File, left fetch.Limits) []fetch.File {
	got := make([]fetch.File, len(files))
	var all sync.WaitGroup
	for i, f := range files {
		all.Go(func() {
			var err error
			if got[i], err = l.Fetcher.Get(ctx, f.URL, left); err != nil {
				f.Expired = fault.Is(err, fault.NotFound)
			}
		})
	}
	all.Wait()
	return got
}
