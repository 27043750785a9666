package rt

import (
	"cmp"
	"context"
	"fmt"
	"net/http"
	"net/url"
	"strings"
	"sync"
	"time"

	"github.com/afterchat/afterchat/connectors/rest"
	"github.com/afterchat/afterchat/internal/fault"
)

// queueFresh is how long a queue that was found fit is not looked at again.
const queueFresh = 10 * time.Minute

// Probe signs in and checks that tickets can be filed in the account's queue: that it is
// there, takes tickets from this account, and has the key field.
func (c *Client) Probe(ctx context.Context) error {
	fields, err := c.readQueue(ctx, c.settings.Queue)
	if err != nil {
		return err
	}
	return c.checkFields(fields, c.settings.Queue, []string{c.settings.KeyField, c.settings.TagsField})
}

// CheckRoute looks whether the queue that a group names takes this account's tickets, and
// has the custom fields, those for the key and the tags among them.
func (c *Client) CheckRoute(ctx context.Context, group string, fields []string) (missing []error, err error) {
	queue := cmp.Or(group, c.settings.Queue)
	known, err := c.readQueue(ctx, queue)
	if err == nil {
		err = c.checkFields(known, queue, []string{c.settings.KeyField, c.settings.TagsField})
	}
	if err != nil {
		if err = c.blame(err, group); fault.Is(err, fault.Invalid) {
			return []error{err}, nil
		}
		return nil, err
	}
	for _, field := range fields {
		if err := c.checkFields(known, queue, []string{field}); err != nil {
			missing = append(missing, err)
		}
	}
	return missing, nil
}

// queueFor returns the queue that a group's tickets go to, after a check that it takes
// them with all of the custom fields named. RT drops the ones that it does not know
// without a word, and a ticket without its key would be filed again.
func (c *Client) queueFor(ctx context.Context, group string, fields []string) (string, error) {
	queue := cmp.Or(group, c.settings.Queue)
	if known, ok := c.queues.get(queue); ok && c.checkFields(known, queue, fields) == nil {
		return queue, nil
	}
	known, err := c.readQueue(ctx, queue)
	if err == nil {
		err = c.checkFields(known, queue, fields)
	}
	if err != nil {
		return "", c.blame(err, group)
	}
	c.queues.put(queue, known)
	return queue, nil
}

// blame turns what would pause the account into what fails one ticket, where it is the
// ticket's group that is wrong and not the account.
func (c *Client) blame(err error, group string) error {
	if group == "" || !fault.Is(err, fault.Denied) || fault.CodeOf(err) == codeSignIn {
		return err
	}
	return fault.Wrap(fault.Invalid, fault.CodeOf(err), "the queue that the ticket's group names is not fit: "+err.Error(), err).At("group")
}

// readQueue returns the names and ids, in lower case, of the custom fields that the
// queue's tickets have and this account may see.
func (c *Client) readQueue(ctx context.Context, queue string) (map[string]bool, error) {
	var found struct {
		TicketCustomFields []struct {
			ID   id     `json:"id"`
			Name string `json:"name"`
		} `json:"TicketCustomFields"`
		Disabled id `json:"Disabled"`
		Links    []struct {
			Ref  string `json:"ref"`
			Type string `json:"type"`
		} `json:"_hyperlinks"`
	}
	_, err := c.rest.Do(ctx, rest.Call{
		Op: "reading the queue", Method: http.MethodGet, Path: "/queue/" + url.PathEscape(queue), Into: &found,
	})
	switch {
	case strings.HasPrefix(fault.CodeOf(err), "http_3"):
		return nil, fault.Wrap(fault.Denied, "not_rt", "there is no RT at this address", err).At("base_url")
	case fault.Is(err, fault.NotFound), fault.Is(err, fault.Denied) && fault.CodeOf(err) != codeSignIn:
		return nil, fault.Wrap(fault.Denied, codeQueue,
			"RT has no such queue, or the account may not see it (right SeeQueue)", err).At("queue")
	case err != nil:
		return nil, err
	case found.Disabled == "1":
		return nil, fault.New(fault.Denied, codeQueue, "the queue is disabled in RT").At("queue")
	}
	creates := false
	for _, link := range found.Links {
		creates = creates || link.Ref == "create" && link.Type == "ticket"
	}
	if !creates {
		return nil, fault.New(fault.Denied, codeQueue, "the account may not create tickets in the queue (right CreateTicket)").At("queue")
	}
	fields := make(map[string]bool)
	for _, f := range found.TicketCustomFields {
		fields[strings.ToLower(f.Name)] = true
		fields[string(f.ID)] = true
	}
	return fields, nil
}

// checkFields returns a fault for the first of the fields that is not known. A missing
// key field is the account's fault, any other the ticket's.
func (c *Client) checkFields(known map[string]bool, queue string, fields []string) error {
	for _, field := range fields {
		switch {
		case field == "" || known[strings.ToLower(field)]:
		case field == c.settings.KeyField:
			return fault.New(fault.Denied, "no_key_field", fmt.Sprintf(
				"RT shows this account no ticket custom field %q in the queue %q: create it (type \"Enter one value\", applies to Tickets), "+
					"apply it to the queue, and grant SeeCustomField and ModifyCustomField", field, queue)).At("key_field")
		case field == c.settings.TagsField:
			return fault.New(fault.Invalid, "no_field", fmt.Sprintf(
				"RT shows this account no ticket custom field %q in the queue %q", field, queue)).At("tags_field")
		default:
			return fault.New(fault.Invalid, "no_field", fmt.Sprintf(
				"RT shows this account no such ticket custom field in the queue %q", queue)).At("fields." + field)
		}
	}
	return nil
}

// queueCache remembers the fields of queues that were found fit. The zero value is
// ready to use.
type queueCache struct {
	mu    sync.Mutex
	known map[string]knownQueue
}

type knownQueue struct {
	fields map[string]bool
	until  time.Time
}

func (q *queueCache) get(queue string) (map[string]bool, bool) {
	q.mu.Lock()
	defer q.mu.Unlock()
	k, ok := q.known[queue]
	return k.fields, ok && time.Now().Before(k.until)
}

func (q *queueCache) put(queue string, fields map[string]bool) {
	q.mu.Lock()
	defer q.mu.Unlock()
	if q.known == nil {
		q.known = make(map[string]knownQueue)
	}
	q.known[queue] = knownQueue{fields, time.Now().Add(queueFresh)}
}
