package zendesk

import (
	"context"
	"errors"
	"net/http"
	"net/url"

	"github.com/afterchat/afterchat/connectors"
	"github.com/afterchat/afterchat/connectors/rest"
	"github.com/afterchat/afterchat/internal/fault"
)

// upload stores files and returns their tokens, which a comment takes within three days.
// An upload that no comment takes is seen by nobody, so it may be repeated.
func (c *Client) upload(ctx context.Context, files []connectors.File) ([]string, error) {
	var tokens []string
	for _, file := range files {
		contentType := file.ContentType
		if contentType == "" {
			contentType = "application/octet-stream"
		}
		var made struct {
			Upload struct {
				Token string `json:"token"`
			} `json:"upload"`
		}
		_, err := c.rest.Do(ctx, rest.Call{
			Op: "uploading a file", Method: http.MethodPost, Path: "/uploads",
			Query:       url.Values{"filename": {file.Name}},
			ContentType: contentType, Body: file.Content, Into: &made,
		})
		if err != nil {
			return nil, preparing(err)
		}
		if made.Upload.Token == "" {
			return nil, preparing(noReference("uploading a file"))
		}
		tokens = append(tokens, made.Upload.Token)
	}
	return tokens, nil
}

// preparing turns the fault of a call that only prepares an effect into one about the
// effect: that has not happened, whatever became of the preparation, and the ticket was
// not even asked for.
func preparing(err error) error {
	f, ok := errors.AsType[*fault.Error](err)
	if !ok {
		return err
	}
	switch f.Kind {
	case fault.Ambiguous, fault.Conflict:
		return fault.Wrap(fault.Transient, f.Code, "preparing: "+f.Detail, err).After(f.RetryAfter)
	case fault.NotFound:
		return fault.Wrap(fault.Invalid, f.Code, "preparing: "+f.Detail, err)
	}
	return err
}
