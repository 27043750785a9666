package rtserver

import (
	"bytes"
	"context"
	"encoding/base64"
	"encoding/json"
	"io"
	"mime/quotedprintable"
	"net/http"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jhillyerd/enmime/v2"
)

const lookTimeout = 30 * time.Second

// Ticket is a ticket as it stands in RT's database.
type Ticket struct {
	ID                     string
	Queue, Subject, Status string
	Priority               int
	Requesters             []Person
	Fields                 map[string][]string // custom fields
	RefersTo               []string            // URIs
	Texts                  []Text              // oldest first
}

// Person is a requester.
type Person struct{ Name, Email string }

// Text is what was written into a ticket. Kind is Create, Comment (which requesters may
// not see) or Correspond.
type Text struct {
	ID, Kind, Body string
	Files          []string // names
}

// Mail is a mail that RT sent.
type Mail struct{ To, Subject, Body string }

// Tickets returns all tickets, deleted ones included, the oldest first.
func (s *Server) Tickets(tb testing.TB) []Ticket {
	tb.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), lookTimeout)
	defer cancel()
	conn, err := pgx.Connect(ctx, s.dsn)
	if err != nil {
		tb.Fatalf("reading RT's database: %v", err)
	}
	defer func() { _ = conn.Close(ctx) }()
	l := look{tb: tb, ctx: ctx, conn: conn}
	l.tickets()
	l.requesters()
	l.fields()
	l.links()
	l.texts()
	all := make([]Ticket, 0, len(l.found))
	for _, t := range l.found {
		all = append(all, *t)
	}
	return all
}

// look is one look into the database.
type look struct {
	tb    testing.TB
	ctx   context.Context
	conn  *pgx.Conn
	found []*Ticket
	byID  map[int]*Ticket
}

// each calls row for each row of a query whose first column is a ticket's id.
func (l *look) each(sql string, row func(*Ticket), rest ...any) {
	l.tb.Helper()
	rows, err := l.conn.Query(l.ctx, sql)
	if err != nil {
		l.tb.Fatalf("reading RT's database: %v", err)
	}
	var id int
	if _, err := pgx.ForEachRow(rows, append([]any{&id}, rest...), func() error {
		if t := l.byID[id]; t != nil {
			row(t)
		}
		return nil
	}); err != nil {
		l.tb.Fatalf("reading RT's database: %v", err)
	}
}

func (l *look) tickets() {
	var t Ticket
	var id int
	l.byID = make(map[int]*Ticket)
	rows, err := l.conn.Query(l.ctx, `SELECT t.id, q.Name, t.Subject, t.Status, t.Priority
		FROM Tickets t JOIN Queues q ON q.id = t.Queue WHERE t.Type = 'ticket' ORDER BY t.id`)
	if err != nil {
		l.tb.Fatalf("reading RT's database: %v", err)
	}
	if _, err := pgx.ForEachRow(rows, []any{&id, &t.Queue, &t.Subject, &t.Status, &t.Priority}, func() error {
		one := t
		one.ID, one.Fields = strconv.Itoa(id), make(map[string][]string)
		l.found, l.byID[id] = append(l.found, &one), &one
		return nil
	}); err != nil {
		l.tb.Fatalf("reading RT's database: %v", err)
	}
}

func (l *look) requesters() {
	var p Person
	l.each(`SELECT g.Instance, COALESCE(u.RealName, ''), COALESCE(u.EmailAddress, '')
		FROM Groups g JOIN GroupMembers m ON m.GroupId = g.id JOIN Users u ON u.id = m.MemberId
		WHERE g.Domain = 'RT::Ticket-Role' AND g.Name = 'Requestor' ORDER BY m.id`,
		func(t *Ticket) { t.Requesters = append(t.Requesters, p) }, &p.Name, &p.Email)
}

func (l *look) fields() {
	var name, value string
	l.each(`SELECT v.ObjectId, f.Name, COALESCE(v.Content, v.LargeContent, '')
		FROM ObjectCustomFieldValues v JOIN CustomFields f ON f.id = v.CustomField
		WHERE v.ObjectType = 'RT::Ticket' AND v.Disabled = 0 ORDER BY v.id`,
		func(t *Ticket) { t.Fields[name] = append(t.Fields[name], value) }, &name, &value)
}

func (l *look) links() {
	var target string
	l.each(`SELECT LocalBase, Target FROM Links WHERE Type = 'RefersTo' ORDER BY id`,
		func(t *Ticket) { t.RefersTo = append(t.RefersTo, target) }, &target)
}

func (l *look) texts() {
	var txn int
	var kind, contentType, file, content, encoding string
	l.each(`SELECT x.ObjectId, x.id, x.Type, COALESCE(a.ContentType, ''), COALESCE(a.Filename, ''),
			COALESCE(a.Content, ''), COALESCE(a.ContentEncoding, '')
		FROM Transactions x LEFT JOIN Attachments a ON a.TransactionId = x.id
		WHERE x.ObjectType = 'RT::Ticket' AND x.Type IN ('Create', 'Comment', 'Correspond')
		ORDER BY x.id, a.id`,
		func(t *Ticket) {
			id := strconv.Itoa(txn)
			if n := len(t.Texts); n == 0 || t.Texts[n-1].ID != id {
				t.Texts = append(t.Texts, Text{ID: id, Kind: kind})
			}
			last := &t.Texts[len(t.Texts)-1]
			switch {
			case file != "":
				last.Files = append(last.Files, file)
			case strings.HasPrefix(contentType, "text/"):
				last.Body += decoded(l.tb, content, encoding)
			}
		}, &txn, &kind, &contentType, &file, &content, &encoding)
}

// decoded undoes what RT does to a text that its database could not hold as it is.
func decoded(tb testing.TB, content, encoding string) string {
	tb.Helper()
	var r io.Reader = strings.NewReader(content)
	switch encoding {
	case "base64":
		r = base64.NewDecoder(base64.StdEncoding, r)
	case "quoted-printable":
		r = quotedprintable.NewReader(r)
	}
	text, err := io.ReadAll(r)
	if err != nil {
		tb.Fatalf("decoding a text in RT's database: %v", err)
	}
	return string(text)
}

// Mails returns the mails that RT has sent so far, in no order.
func (s *Server) Mails(tb testing.TB) []Mail {
	tb.Helper()
	files, err := filepath.Glob(filepath.Join(s.dir, "mails", "mail.*"))
	if err != nil {
		tb.Fatal(err)
	}
	var all []Mail
	for _, file := range files {
		raw, err := os.ReadFile(file)
		if err != nil {
			tb.Fatal(err)
		}
		envelope, err := enmime.ReadEnvelope(bytes.NewReader(raw))
		if err != nil {
			tb.Fatalf("reading a mail from RT: %v", err)
		}
		all = append(all, Mail{envelope.GetHeader("To"), envelope.GetHeader("Subject"), envelope.Text + envelope.HTML})
	}
	return all
}

// SeenBy returns all that RT shows a requester of a ticket, as one text.
func (s *Server) SeenBy(tb testing.TB, email, ticket string) string {
	tb.Helper()
	// REST sets no passwords; the requester gets the account's.
	ctx, cancel := context.WithTimeout(context.Background(), lookTimeout)
	defer cancel()
	conn, err := pgx.Connect(ctx, s.dsn)
	if err != nil {
		tb.Fatalf("connecting to RT's database: %v", err)
	}
	defer func() { _ = conn.Close(ctx) }()
	if _, err := conn.Exec(ctx, `UPDATE Users SET Password = (SELECT Password FROM Users WHERE Name = $1)
		WHERE EmailAddress = $2`, s.User, email); err != nil {
		tb.Fatalf("giving a requester a password: %v", err)
	}
	var all strings.Builder
	for _, path := range []string{
		"/ticket/" + ticket,
		"/ticket/" + ticket + "/history?per_page=100&fields=Type,Content,Data",
		"/ticket/" + ticket + "/attachments?per_page=100&fields=Subject,Filename,Content",
	} {
		all.Write(s.call(tb, email, s.Password, http.MethodGet, path, nil))
	}
	return all.String()
}

// SetStatus sets a ticket's status, as resolved, rejected or deleted.
func (s *Server) SetStatus(tb testing.TB, ticket, status string) {
	tb.Helper()
	s.admin(tb, http.MethodPut, "/ticket/"+ticket, map[string]string{"Status": status})
}

func (s *Server) admin(tb testing.TB, method, path string, body any) {
	tb.Helper()
	s.call(tb, "root", s.AdminPassword, method, path, body)
}

// call makes a REST 2.0 request and fails the test unless it succeeds.
func (s *Server) call(tb testing.TB, user, password, method, path string, body any) []byte {
	tb.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), lookTimeout)
	defer cancel()
	var payload io.Reader
	if body != nil {
		text, err := json.Marshal(body)
		if err != nil {
			tb.Fatal(err)
		}
		payload = bytes.NewReader(text)
	}
	req, err := http.NewRequestWithContext(ctx, method, s.BaseURL+"/REST/2.0"+path, payload)
	if err != nil {
		tb.Fatal(err)
	}
	req.SetBasicAuth(user, password)
	req.Header.Set("Content-Type", "application/json")
	resp, err := client.Do(req)
	if err != nil {
		tb.Fatal(err)
	}
	defer func() { _ = resp.Body.Close() }()
	answer, err := io.ReadAll(resp.Body)
	if err != nil || resp.StatusCode > 299 {
		tb.Fatalf("%s %s: status %d, %v: %s\n%s", method, path, resp.StatusCode, err, answer, s.tail())
	}
	return answer
}
