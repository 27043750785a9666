package config

import "fmt"

// mostAttached is how much may be let go with one mail. In base64 it is 69 MB; Gmail
// takes mails of 50 MB, Postfix by default of 10 MB, and each server says so (SIZE, RFC 1870).
const mostAttached Size = 50 << 20

// Attachments says how much of what was sent along in a chat goes with a mail about it.
// The rest is linked. Sizes are of all the files of one mail together.
type Attachments struct {
	Inline Size `yaml:"inline" jsonschema_description:"How many bytes of images (PNG, JPEG, GIF, WebP) a mail shows itself; 0: none. Default 2MB."`
	Attach Size `yaml:"attach" jsonschema_description:"How many bytes of other files are attached to a mail; 0: they are only linked. With inline 50MB at most. Default 0."`
}

func (a *Attachments) setDefaults() { a.Inline = 2 << 20 }

func checkAttachments(org *Organization, path string, r *report) {
	if org.Mail == nil {
		return
	}
	a := org.Mail.Attachments
	if a.Inline > mostAttached || a.Attach > mostAttached || a.Inline+a.Attach > mostAttached {
		r.at(path+".mail.attachments", fmt.Sprintf("inline and attach must be %s or less together: hardly a mail server takes more", mostAttached))
	}
}
