package chat

import "time"

// Link is a conversation link: it resumes a chat, or invites a user to one. Its token is
// not here: only its SHA-256 is kept.
type Link struct {
	ID           string
	Organization string
	Conversation string
	Purpose      string // LinkResume or LinkInvite
	Agent, Group string // whom the chat is assigned to, if anyone
	Generation   int    // with the id, what the token is derived from
	TokenHash    []byte // SHA-256 of the token
	State        LinkState
	Clicks       int
	CreatedAt    time.Time
	ExpiresAt    time.Time
	RevokedAt    *time.Time
	RedeemedAt   *time.Time
}

// What a link is for.
const (
	LinkResume = "resume"
	LinkInvite = "invite"
)

// LinkState says whether a link still works.
type LinkState string

// The states of a link.
const (
	LinkOpen    LinkState = "open"
	LinkExpired LinkState = "expired"
	LinkRevoked LinkState = "revoked"
)

// Channels that a link is sent by.
const (
	ChannelSMS   = "sms"
	ChannelEmail = "email"
)
