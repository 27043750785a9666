package demo

import (
	_ "embed"
	"encoding/json"
	"fmt"
	"strings"
	"time"

	"github.com/afterchat/afterchat/internal/chat"
)

//go:embed samples.jsonl
var stories string

// story is a sample chat and what happens around it.
type story struct {
	Snapshot chat.Snapshot `json:"snapshot"`
	// Prior are the subjects of tickets that the user had before.
	Prior []string `json:"prior"`
	// LateNote and Contact come after the end.
	LateNote string        `json:"late_note"`
	Contact  *chat.Contact `json:"contact"`
}

// readStories reads our own sample chats, one a line.
func readStories() ([]story, error) {
	var out []story
	for line := range strings.Lines(stories) {
		var s story
		if err := json.Unmarshal([]byte(line), &s); err != nil {
			return nil, fmt.Errorf("reading the sample chats: %w", err)
		}
		out = append(out, s)
	}
	return out, nil
}

// endingAt returns the chat as if it had ended at that time.
func endingAt(s chat.Snapshot, at time.Time) chat.Snapshot {
	by := at.Truncate(time.Second).Sub(s.EndedAt)
	s.StartedAt, s.EndedAt = s.StartedAt.Add(by), s.EndedAt.Add(by)
	messages, notes := make([]chat.Message, len(s.Messages)), make([]chat.Note, len(s.Notes))
	for i, m := range s.Messages {
		m.At = m.At.Add(by)
		messages[i] = m
	}
	for i, n := range s.Notes {
		n.At = n.At.Add(by)
		notes[i] = n
	}
	s.Messages, s.Notes = messages, notes
	return s
}

// resumed returns the next episode of a chat: the user came back.
func resumed(s chat.Snapshot, episode int, at time.Time) chat.Snapshot {
	next := s
	next.Episode, next.Outcome, next.EndedBy = episode, "follow_up", "agent"
	next.StartedAt, next.EndedAt = at.Add(-3*time.Minute), at
	next.Form, next.Flags = nil, nil
	agent := chat.Author{Kind: chat.AuthorAssistant}
	if s.AssignedAgent != "" {
		agent = chat.Author{Kind: chat.AuthorAgent, ID: s.AssignedAgent}
	}
	next.Messages = nil
	for i, line := range []struct {
		by   chat.Author
		text string
	}{
		{chat.Author{Kind: chat.AuthorUser, ID: s.User.ID}, "It is me again: when can I expect to hear from you?"},
		{agent, "Welcome back! I see our last chat. It is in good hands, you hear from us tomorrow."},
		{chat.Author{Kind: chat.AuthorUser, ID: s.User.ID}, "Good, thank you."},
	} {
		next.Messages = append(next.Messages, chat.Message{
			ID: fmt.Sprintf("e%dm%d", episode, i+1), At: next.StartedAt.Add(time.Duration(i) * time.Minute), Author: line.by, Text: line.text,
		})
	}
	next.Notes = []chat.Note{{
		ID: fmt.Sprintf("e%dn1", episode), At: at.Add(-30 * time.Second), Agent: s.AssignedAgent, Text: "Came back to ask how it stands. Promised an answer by tomorrow.",
	}}
	return next
}
