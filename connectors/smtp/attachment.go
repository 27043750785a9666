package smtp

import (
	"fmt"
	"net/textproto"
	"net/url"
	"path"
	"regexp"
	"strings"
	"unicode/utf8"

	"github.com/jordan-wright/email"

	"github.com/afterchat/afterchat/connectors"
)

// maxFileName is the longest file name that is sent, in bytes; longer ones lose the end
// of their stem. Few file systems take more.
const maxFileName = 200

// mediaTypes are "type/subtype" of RFC 6838, 4.2.
var mediaTypes = regexp.MustCompile(`^[a-z0-9][a-z0-9!#$&^_.+-]{0,63}/[a-z0-9][a-z0-9!#$&^_.+-]{0,63}$`)

// contentIDs are addr-specs made of dot-atoms (RFC 2392, 2; RFC 5322, 3.2.3), the "@"
// being optional, as it is to every mail client.
var contentIDs = regexp.MustCompile(`^[A-Za-z0-9.!#$&'*+/=?^_{|}~-]{1,100}(@[A-Za-z0-9.-]{1,100})?$`)

// attachment returns the file with every header set, so that package email puts no
// unchecked name into one. With HTML to show it in, a file with a content id becomes a
// part of the HTML; an id that no header can hold leaves it an ordinary file.
func attachment(f connectors.File, index int, idSuffix string, html bool) *email.Attachment {
	name := cleanFileName(f.Name)
	if name == "" {
		name = fmt.Sprintf("file-%d", index+1)
	}
	kind, id := "attachment", fmt.Sprintf("file%d.%s", index+1, idSuffix)
	related := html && contentIDs.MatchString(f.ContentID)
	if related {
		kind, id = "inline", f.ContentID
	}
	return &email.Attachment{
		Filename:    name,
		ContentType: cleanType(f.ContentType),
		Content:     f.Content,
		HTMLRelated: related,
		Header: textproto.MIMEHeader{
			"Content-Disposition":       {disposition(kind, name)},
			"Content-Id":                {"<" + id + ">"},
			"Content-Transfer-Encoding": {"base64"},
		},
	}
}

// disposition names the file in ASCII for old readers and, where that is not its whole
// name, as RFC 2231 has it for all others (RFC 6266, appendix D).
func disposition(kind, name string) string {
	ascii := strings.Map(func(r rune) rune {
		if r >= utf8.RuneSelf || r == '"' {
			return '_'
		}
		return r
	}, name)
	d := kind + ";\r\n filename=\"" + ascii + "\""
	if ascii != name {
		d += ";\r\n filename*=UTF-8''" + strings.ReplaceAll(url.QueryEscape(name), "+", "%20")
	}
	return d
}

// cleanFileName returns a name without folders, control characters or what turns the
// direction of writing round (which hides an ending), cut to maxFileName.
func cleanFileName(name string) string {
	name = cleanHeader(strings.ReplaceAll(name, `\`, "/"))
	if i := strings.LastIndexByte(name, '/'); i >= 0 {
		name = name[i+1:]
	}
	name = strings.Map(func(r rune) rune {
		if r == '\u200e' || r == '\u200f' || '\u202a' <= r && r <= '\u202e' || '\u2066' <= r && r <= '\u2069' {
			return -1
		}
		return r
	}, name)
	if len(name) <= maxFileName {
		return name
	}
	extension := path.Ext(name)
	if len(extension) > 16 {
		extension = ""
	}
	stem := name[:maxFileName-len(extension)]
	return strings.ToValidUTF8(stem, "") + extension
}
