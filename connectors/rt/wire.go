package rt

import (
	"encoding/base64"
	"encoding/json"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"

	"github.com/afterchat/afterchat/connectors"
	"github.com/afterchat/afterchat/internal/fault"
)

// newTicket is the body of POST /ticket.
type newTicket struct {
	Queue        string         `json:"Queue"`
	Subject      string         `json:"Subject"`
	Requestor    string         `json:"Requestor,omitempty"`
	Content      string         `json:"Content"`
	ContentType  string         `json:"ContentType"`
	Priority     string         `json:"Priority,omitempty"`
	RefersTo     []string       `json:"RefersTo,omitempty"`
	CustomFields map[string]any `json:"CustomFields"`
	Attachments  []attachment   `json:"Attachments,omitempty"`
}

// newMessage is the body of POST /ticket/{id}/comment and …/correspond.
type newMessage struct {
	Content      string         `json:"Content"`
	ContentType  string         `json:"ContentType"`
	CustomFields map[string]any `json:"CustomFields,omitempty"`
	Attachments  []attachment   `json:"Attachments,omitempty"`
}

type attachment struct {
	FileName    string `json:"FileName"`
	FileType    string `json:"FileType"`
	FileContent string `json:"FileContent"` // base64
}

// page is a page of a collection. RT gives total and pages only to those who may see
// everything, so neither is used.
type page[T any] struct {
	Items []T `json:"items"`
}

type foundTicket struct {
	ID           id     `json:"id"`
	Subject      string `json:"Subject"`
	Status       string `json:"Status"`
	Priority     string `json:"Priority"`
	Created      when   `json:"Created"`
	LastUpdated  when   `json:"LastUpdated"`
	CustomFields []struct {
		Name   string   `json:"name"`
		Values []string `json:"values"`
	} `json:"CustomFields"`
	Requestor []struct {
		EmailAddress string `json:"EmailAddress"`
	} `json:"Requestor"`
}

type foundAttachment struct {
	TransactionID id `json:"TransactionId"`
}

// id is an id that RT writes as a string here and as a number there.
type id string

// UnmarshalJSON reads either form.
func (i *id) UnmarshalJSON(data []byte) error {
	*i = id(strings.Trim(string(data), `"`))
	if *i == "null" {
		*i = ""
	}
	return nil
}

// when is a time that may be missing or empty.
type when struct{ time.Time }

// UnmarshalJSON reads RFC 3339, and leaves the zero time for anything else.
func (w *when) UnmarshalJSON(data []byte) error {
	var text string
	if err := json.Unmarshal(data, &text); err == nil {
		w.Time, _ = time.Parse(time.RFC3339, text) // a time that makes no sense is left out
	}
	return nil
}

// The codes that are told apart. RT's errors are texts in the account's language, English
// unless it was changed.
const (
	codeDenied = "permission_denied"
	codeQueue  = "queue_refused"
	codeSignIn = "http_401" // package rest's
)

// errorCode gives the errors that have to be told apart a code.
func errorCode(body []byte) string {
	var answer struct {
		Message string `json:"message"`
	}
	if json.Unmarshal(body, &answer) != nil {
		return ""
	}
	switch {
	case answer.Message == "Permission Denied":
		return codeDenied
	case strings.HasPrefix(answer.Message, "No permission to create tickets in the queue"):
		return codeQueue
	}
	return ""
}

// denied turns RT's "400 Permission Denied" into what it is.
func denied(err error) error {
	if fault.Is(err, fault.Invalid) && fault.CodeOf(err) == codeDenied {
		return fault.Wrap(fault.Denied, codeDenied, "RT does not permit this account to do it", err)
	}
	return err
}

// attachments encodes files. RT refuses a name, type or content that Perl takes for
// false: an empty one, or "0".
func attachments(files []connectors.File) []attachment {
	var all []attachment
	for _, f := range files {
		a := attachment{
			FileName:    oneLine(f.Name, 255),
			FileType:    oneLine(f.ContentType, 120),
			FileContent: base64.StdEncoding.EncodeToString(f.Content),
		}
		if a.FileName == "" || a.FileName == "0" {
			a.FileName = "file" + a.FileName
		}
		if a.FileType == "" {
			a.FileType = "application/octet-stream"
		}
		if a.FileContent == "" {
			a.FileContent = "\n" // decodes to nothing, and is not false
		}
		all = append(all, a)
	}
	return all
}

// plain returns text as RT's database can hold it.
func plain(s string) string {
	return strings.ReplaceAll(strings.ToValidUTF8(s, "\uFFFD"), "\x00", "\uFFFD")
}

// oneLine returns s on one line, at most limit bytes long; what is left out is shown by
// an ellipsis.
func oneLine(s string, limit int) string {
	s = strings.Map(func(r rune) rune {
		if unicode.IsControl(r) {
			return ' '
		}
		return r
	}, plain(s))
	s = strings.Join(strings.Fields(s), " ")
	if len(s) <= limit {
		return s
	}
	const ellipsis = "…"
	cut := limit - len(ellipsis)
	for !utf8.RuneStart(s[cut]) {
		cut--
	}
	return s[:cut] + ellipsis
}
