package zendesktest

import (
	"net/http"
)

// audit is one update of a ticket, the first one included, with what happened in it.
type audit struct {
	ID        int64    `json:"id"`
	TicketID  int64    `json:"ticket_id"`
	Author    int64    `json:"author_id"`
	CreatedAt string   `json:"created_at"`
	Events    []event  `json:"events"`
	Metadata  metadata `json:"metadata"`
}

type metadata struct {
	Custom map[string]string `json:"custom"`
	System map[string]string `json:"system"`
}

type event struct {
	ID          int64            `json:"id"`
	Type        string           `json:"type"` // Create, Change or Comment
	Body        string           `json:"body,omitempty"`
	Public      *bool            `json:"public,omitempty"`
	Attachments []map[string]any `json:"attachments,omitempty"`
	FieldName   string           `json:"field_name,omitempty"`

	files []File
}

// addAudit writes down one update. The first of a ticket is its creation.
func (s *Server) addAudit(t *ticket, in ticketInput, files []File) *audit {
	a := &audit{
		ID: s.store.id(), TicketID: t.ID, Author: s.store.self.ID, CreatedAt: stamp(s.options.Now()),
		Metadata: metadata{Custom: in.Metadata, System: map[string]string{}},
	}
	if a.Metadata.Custom == nil {
		a.Metadata.Custom = map[string]string{}
	}
	if in.Comment != nil {
		public := t.public
		if in.Comment.Public != nil {
			public = *in.Comment.Public
		}
		t.IsPublic = t.IsPublic || public
		e := event{ID: s.store.id(), Type: "Comment", Body: in.Comment.Body, Public: &public, files: files}
		for _, file := range files {
			e.Attachments = append(e.Attachments, map[string]any{"id": s.store.id(), "file_name": file.Name, "size": len(file.Content), "content_type": file.ContentType})
		}
		a.Events = append(a.Events, e)
	} else {
		a.Events = append(a.Events, event{ID: s.store.id(), Type: "Change", FieldName: "ticket"})
	}
	t.audits = append(t.audits, a)
	s.store.effects += len(a.Metadata.Custom)
	return a
}

// listAudits lists the oldest first.
func (s *Server) listAudits(r *http.Request) answer {
	s.mu.Lock()
	defer s.mu.Unlock()
	t := s.ticket(r)
	if t == nil {
		return notFound()
	}
	return page(r, "audits", t.audits)
}
