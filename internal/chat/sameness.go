package chat

import (
	"crypto/sha256"
	"encoding/json"
	"slices"
)

// Digest is what tells a replay of an end from a different one: a SHA-256 over the
// normalised content. Addresses of files and photos, which are often signed anew for
// each request, and unknown fields do not count.
func (s Snapshot) Digest() []byte {
	s.Messages = slices.Clone(s.Messages)
	for i, m := range s.Messages {
		s.Messages[i] = m.withoutURLs()
		s.Messages[i].At = m.At.UTC()
	}
	s.Notes = slices.Clone(s.Notes)
	for i := range s.Notes {
		s.Notes[i].At = s.Notes[i].At.UTC()
	}
	s.Agents = slices.Clone(s.Agents)
	for i := range s.Agents {
		s.Agents[i].PhotoURL = ""
	}
	s.StartedAt, s.EndedAt = s.StartedAt.UTC(), s.EndedAt.UTC()
	return digest(s)
}

// Digest does for a request's content what Snapshot's Digest does for an end.
func (c Contact) Digest() []byte { return digest(c) }

func digest(v any) []byte {
	// The domain's types have nothing that json.Marshal can refuse.
	raw, _ := json.Marshal(v)
	sum := sha256.Sum256(raw)
	return sum[:]
}

func (m Message) withoutURLs() Message {
	m.Attachments = slices.Clone(m.Attachments)
	for i := range m.Attachments {
		m.Attachments[i].URL = ""
	}
	return m
}

func sameMessage(a, b Message) bool {
	a.At, b.At = a.At.UTC(), b.At.UTC()
	return slices.Equal(digest(a.withoutURLs()), digest(b.withoutURLs()))
}

func sameNote(a, b Note) bool {
	return a.ID == b.ID && a.At.Equal(b.At) && a.Agent == b.Agent && a.Text == b.Text
}
