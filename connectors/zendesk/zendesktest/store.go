package zendesktest

import (
	"strings"
	"time"
	"unicode"
)

// store is everything that the account holds. The server's lock guards it.
type store struct {
	lastID int64

	users      map[int64]*user
	byEmail    map[string]*user
	byUserID   map[string]*user // by external_id
	byWord     map[string][]*user
	self       *user
	groups     []group
	groupNames map[int64]string
	verifying  int // how many were mailed to verify their address

	tickets    map[int64]*ticket
	byExternal map[string][]*ticket
	effects    int                         // what Effects adds up to
	requested  map[int64]map[int64]*ticket // requester → ticket id → ticket

	uploads    map[string]upload
	oldUploads queue
	known      map[string]known
	oldKeys    queue
}

func newStore(o Options) store {
	st := store{
		lastID:     1000,
		users:      make(map[int64]*user),
		byEmail:    make(map[string]*user),
		byUserID:   make(map[string]*user),
		byWord:     make(map[string][]*user),
		groupNames: make(map[int64]string),
		tickets:    make(map[int64]*ticket),
		byExternal: make(map[string][]*ticket),
		requested:  make(map[int64]map[int64]*ticket),
		uploads:    make(map[string]upload),
		known:      make(map[string]known),
	}
	for i, name := range o.Groups {
		g := group{ID: int64(501 + i), Name: name}
		st.groups = append(st.groups, g)
		st.groupNames[g.ID] = name
	}
	st.self = st.addUser(user{Name: "Afterchat", Email: o.Email, Role: "admin", Verified: true}, o.Now())
	return st
}

func (st *store) id() int64 {
	st.lastID++
	return st.lastID
}

// queue holds keys in the order in which they were put, so that the oldest can be
// forgotten without looking at the others.
type queue []queued

type queued struct {
	key string
	at  time.Time
}

// expire takes from the front what was put before the time, and hands each to forget.
func (q *queue) expire(before time.Time, forget func(key string)) {
	for len(*q) > 0 && (*q)[0].at.Before(before) {
		forget((*q)[0].key)
		*q = (*q)[1:]
	}
}

type group struct {
	ID   int64  `json:"id"`
	Name string `json:"name"`
}

type user struct {
	ID         int64  `json:"id"`
	Name       string `json:"name"`
	Email      string `json:"email,omitempty"`
	Phone      string `json:"phone,omitempty"`
	ExternalID string `json:"external_id,omitempty"`
	Role       string `json:"role"`
	Verified   bool   `json:"verified"`
	CreatedAt  string `json:"created_at"`
}

// addUser keeps a new user and what it is found by.
func (st *store) addUser(u user, now time.Time) *user {
	u.ID, u.CreatedAt = st.id(), stamp(now)
	if u.Role == "" {
		u.Role = "end-user"
	}
	kept := &u
	st.users[u.ID] = kept
	st.index(kept)
	return kept
}

// index makes a user findable by what it has.
func (st *store) index(u *user) {
	if email := strings.ToLower(u.Email); email != "" && st.byEmail[email] == nil {
		st.byEmail[email] = u
		for _, word := range words(email) {
			st.byWord[word] = append(st.byWord[word], u)
		}
	}
	if u.ExternalID != "" {
		st.byUserID[strings.ToLower(u.ExternalID)] = u
	}
}

// words are what a search index makes of an address.
func words(s string) []string {
	return strings.FieldsFunc(strings.ToLower(s), func(r rune) bool {
		return !unicode.IsLetter(r) && !unicode.IsDigit(r)
	})
}

// stamp writes a time as Zendesk does: UTC, in whole seconds.
func stamp(t time.Time) string { return t.UTC().Format(time.RFC3339) }
