package httpapi

import (
	"crypto/sha256"
	"crypto/subtle"
	"errors"
	"fmt"
	"mime"
	"net/http"

	"github.com/danielgtaylor/huma/v2"

	"github.com/afterchat/afterchat/connectors"
	"github.com/afterchat/afterchat/internal/bounce"
	"github.com/afterchat/afterchat/internal/config"
	"github.com/afterchat/afterchat/internal/fault"
)

func (a *api) routeBounces() {
	op := operation{
		id: "mail-bounce", method: http.MethodPost, path: "/webhooks/mail/{organization}/bounce", tag: "Webhooks", status: http.StatusNoContent,
		summary: "A bounce or complaint, as a mail",
		doc: "The body is the whole mail as it came: a delivery status report (RFC 3464, RFC 6533) or a feedback report (RFC 5965). " +
			"The delivery that it is about is found by its return path, or by the Message-ID of the mail that the report returns. " +
			"A mail that is no report, or is about no mail of this organization, is answered with 204, too, and changes nothing; so does the same again.",
	}
	a.page(op, bounceScheme, a.takeBounce)
	binary := &huma.Schema{Type: "string", Format: "binary"}
	a.huma.OpenAPI().Paths[op.path].Post.RequestBody = &huma.RequestBody{
		Required: true, Content: map[string]*huma.MediaType{"message/rfc822": {Schema: binary}, "message/global": {Schema: binary}},
	}
}

// takeBounce reads a mail as it comes: it is never held in memory as a whole.
func (a *api) takeBounce(w http.ResponseWriter, r *http.Request) {
	o, err := a.admitBounce(r)
	if err != nil {
		a.refuse(w, r, err)
		return
	}
	logOrganization(w, o.ID)
	if err := readable(r.Header, isMail, "message/rfc822"); err != nil {
		a.refuse(w, r, err)
		return
	}
	tooLarge := fault.New(fault.Invalid, codeTooLarge, fmt.Sprintf("the body has more than %d bytes", bounce.MaxBytes))
	if r.ContentLength > bounce.MaxBytes {
		linger(r)
		a.refuse(w, r, tooLarge)
		return
	}
	report, err := bounce.Parse(http.MaxBytesReader(w, r.Body, bounce.MaxBytes), false)
	if _, ok := errors.AsType[*http.MaxBytesError](err); ok {
		linger(r)
		err = tooLarge
	} else if err != nil && !fault.Is(err, fault.Invalid) {
		err = incomplete(err)
	}
	if err == nil {
		err = a.Bounces.Take(r.Context(), bounce.Arrival{Door: bounce.DoorWebhook, Organization: o}, report)
	}
	if err != nil {
		a.refuse(w, r, err)
		return
	}
	w.WriteHeader(http.StatusNoContent)
}

// admitBounce finds out whose mail system calls. A stranger does not learn which
// organizations there are.
func (a *api) admitBounce(r *http.Request) (*config.Organization, error) {
	o := a.Organizations[r.PathValue("organization")]
	given, _ := bearer(r)
	var secret connectors.Secret
	if o != nil && o.Mail != nil && o.Mail.Bounces != nil {
		secret = o.Mail.Bounces.Secret
	}
	want, got := sha256.Sum256([]byte(secret.Reveal())), sha256.Sum256([]byte(given))
	if subtle.ConstantTimeCompare(want[:], got[:]) != 1 || secret == "" {
		return nil, fault.New(fault.Denied, codeUnauthorized, "send the secret of this organization's mail.bounces as Authorization: Bearer")
	}
	return o, nil
}

// isMail takes the types of a mail, what programs call a file that they know nothing
// of, and no type at all.
func isMail(contentType string) bool {
	name, _, err := mime.ParseMediaType(contentType)
	switch {
	case contentType == "":
		return true
	case err != nil:
		return false
	}
	return name == "message/rfc822" || name == "message/global" || name == "application/octet-stream"
}
