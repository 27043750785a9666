package bounce_test

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"log/slog"
	"net"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	gosmtp "github.com/emersion/go-smtp"

	"github.com/afterchat/afterchat/connectors"
	"github.com/afterchat/afterchat/internal/bounce"
	"github.com/afterchat/afterchat/internal/chat"
	"github.com/afterchat/afterchat/internal/config"
	"github.com/afterchat/afterchat/internal/plan"
	"github.com/afterchat/afterchat/internal/signing"
	"github.com/afterchat/afterchat/internal/store"
	"github.com/afterchat/afterchat/internal/testenv"
)

const (
	acme = "acme"
	bolt = "bolt"
)

// rig is a door over a real database, where two organizations listen.
type rig struct {
	t       *testing.T
	store   *store.Store
	keys    *signing.Keys
	door    *bounce.Door
	address string
	log     *lockedBuffer

	mu     sync.Mutex
	counts []string
	ready  bool
}

func newRig(t *testing.T, protocol string) *rig {
	t.Helper()
	r := &rig{t: t, store: open(t), log: &lockedBuffer{}, ready: true}
	var err error
	if r.keys, err = signing.New([]connectors.Secret{"a secret key of at least 32 bytes in all"}); err != nil {
		t.Fatal(err)
	}
	log := slog.New(slog.NewJSONHandler(r.log, nil))
	r.door = &bounce.Door{
		Protocol: protocol, Name: "after.example", Log: log,
		Organizations: []*config.Organization{organization(acme), organization(bolt)},
		Taker:         &bounce.Taker{Store: r.store, Keys: r.keys, Log: log, Observe: r.count},
		Ready: func() bool {
			r.mu.Lock()
			defer r.mu.Unlock()
			return r.ready
		},
	}
	l, err := (&net.ListenConfig{}).Listen(t.Context(), "tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	r.address = l.Addr().String()
	served := make(chan error, 1)
	go func() { served <- r.door.Serve(t.Context(), l) }()
	t.Cleanup(func() {
		ctx, cancel := context.WithTimeout(context.Background(), 10*time.Second)
		defer cancel()
		r.door.Close(ctx)
		if err := <-served; err != nil {
			t.Errorf("the door ended with %v", err)
		}
	})
	return r
}

func organization(id string) *config.Organization {
	return &config.Organization{
		ID: id, Mail: &config.Mail{Bounces: &config.Bounces{ReturnPath: "bounces@" + id + ".example"}},
		Transcripts: []config.TranscriptRule{{To: plan.ToUser, Audience: chat.Customer}},
	}
}

func open(t *testing.T) *store.Store {
	t.Helper()
	files, err := filepath.Glob("../store/migrations/*.sql")
	if err != nil || len(files) == 0 {
		t.Fatal("no migrations", err)
	}
	h := sha256.New()
	for _, file := range files {
		raw, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		h.Write(raw)
	}
	dsn := testenv.PostgresTemplate(t, "bounce_"+hex.EncodeToString(h.Sum(nil)[:6]), func(dsn string) error {
		s, err := store.Open(context.Background(), dsn, chat.Terms{})
		if err != nil {
			return err
		}
		defer s.Close()
		_, err = s.Migrate(context.Background())
		return err
	})
	s, err := store.Open(t.Context(), dsn, chat.Terms{Lease: time.Minute, Grace: time.Second, MaxAge: time.Hour})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(s.Close)
	return s
}

func (r *rig) count(door, outcome string) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.counts = append(r.counts, door+" "+outcome)
}

// counted returns what the last mail was counted as.
func (r *rig) counted() string {
	r.mu.Lock()
	defer r.mu.Unlock()
	if len(r.counts) == 0 {
		return ""
	}
	return r.counts[len(r.counts)-1]
}

// mailed sends an organization's transcript of a chat to an address.
func (r *rig) mailed(organizationID, conversation, to string) chat.Key {
	r.t.Helper()
	at := time.Date(2026, 11, 20, 9, 0, 0, 0, time.UTC)
	body, err := json.Marshal(chat.Snapshot{
		ID: conversation, StartedAt: at, EndedAt: at.Add(time.Minute), User: chat.User{Email: to},
		Messages: []chat.Message{{ID: "m", At: at, Author: chat.Author{Kind: chat.AuthorUser}, Text: "It smells of smoke"}},
	})
	if err != nil {
		r.t.Fatal(err)
	}
	snapshot, raw, err := chat.ParseSnapshot(body)
	if err != nil {
		r.t.Fatal(err)
	}
	o := organization(organizationID)
	planned, err := r.store.EndConversation(r.t.Context(), organizationID, store.End{Snapshot: snapshot, Raw: raw},
		func(c chat.Conversation) []chat.Delivery { return plan.For(c, o) })
	if err != nil {
		r.t.Fatal(err)
	}
	claimed, err := r.store.Claim(r.t.Context(), planned[0].ID, true, "smtp")
	if err != nil || claimed == nil {
		r.t.Fatal(claimed, err)
	}
	if err := r.store.Record(r.t.Context(), claimed, store.Outcome{Result: chat.Result{Ref: chat.Ref{ID: "<m>"}}}); err != nil {
		r.t.Fatal(err)
	}
	return planned[0].ID
}

// path is the return path of a mail.
func (r *rig) path(organizationID string, key chat.Key) string {
	return connectors.ReturnPath("bounces@"+organizationID+".example", r.keys.BounceMark(organizationID, key))
}

// about is a sample that is about another mail than the samples are.
func (r *rig) about(name, organizationID string, key chat.Key) []byte {
	r.t.Helper()
	raw := bytes.ReplaceAll(sample(r.t, name), []byte(samplePath), []byte(r.path(organizationID, key)))
	raw = bytes.ReplaceAll(raw, []byte(sampleKey+"."+sampleTag), []byte(r.keys.BounceMark(organizationID, key).String()))
	return bytes.ReplaceAll(raw, []byte(sampleKey), []byte(key.String()))
}

func (r *rig) client() *gosmtp.Client {
	r.t.Helper()
	conn, err := (&net.Dialer{}).DialContext(r.t.Context(), "tcp", r.address)
	if err != nil {
		r.t.Fatal(err)
	}
	var c *gosmtp.Client
	if r.door.Protocol == config.ProtocolLMTP {
		c = gosmtp.NewClientLMTP(conn)
	} else {
		c = gosmtp.NewClient(conn)
	}
	r.t.Cleanup(func() { _ = c.Close() })
	return c
}

// send hands over a mail as a mail server does and returns the codes of the replies that
// were not good.
func (r *rig) send(from string, mail []byte, to ...string) string {
	r.t.Helper()
	return handOver(r.client(), from, mail, to...)
}

func handOver(c *gosmtp.Client, from string, mail []byte, to ...string) string {
	if err := c.Mail(from, nil); err != nil {
		return codes(err)
	}
	for _, address := range to {
		if err := c.Rcpt(address, nil); err != nil {
			return codes(err)
		}
	}
	w, err := c.Data()
	if err != nil {
		return codes(err)
	}
	if _, err := w.Write(mail); err != nil {
		return codes(err)
	}
	return codes(w.Close())
}

// codes lists "550 5.1.1" of an error, or of each recipient's by LMTP.
func codes(err error) string {
	switch e := err.(type) { //nolint:errorlint // go-smtp's own, unwrapped
	case nil:
		return ""
	case *gosmtp.SMTPError:
		code, _ := json.Marshal([]int{e.Code, e.EnhancedCode[0], e.EnhancedCode[1], e.EnhancedCode[2]})
		return string(code)
	case gosmtp.LMTPDataError:
		var all []string
		for _, each := range e {
			all = append(all, codes(each))
		}
		return strings.Join(all, " ")
	default:
		return err.Error()
	}
}

func (r *rig) receipt(organizationID string, key chat.Key) string {
	r.t.Helper()
	d, err := r.store.Delivery(r.t.Context(), organizationID, key)
	if err != nil {
		r.t.Fatal(err)
	}
	if d.State != chat.Delivered {
		r.t.Errorf("the delivery is %s", d.State)
	}
	return d.Receipt
}

// suppressed lists "address reason".
func (r *rig) suppressed(organizationID string) string {
	r.t.Helper()
	list, err := r.store.Suppressions(r.t.Context(), organizationID, chat.ChannelEmail, store.SuppressedAddress{}, 100)
	if err != nil {
		r.t.Fatal(err)
	}
	var all []string
	for _, s := range list {
		all = append(all, s.Address+" "+s.Reason)
	}
	return strings.Join(all, ", ")
}

type lockedBuffer struct {
	mu sync.Mutex
	b  bytes.Buffer
}

func (l *lockedBuffer) Write(p []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.b.Write(p)
}

func (l *lockedBuffer) String() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.b.String()
}
