package zendesktest

import (
	"fmt"
	"net/http"
)

type field struct {
	ID        int64  `json:"id"`
	Type      string `json:"type"`
	Title     string `json:"title"`
	Active    bool   `json:"active"`
	Removable bool   `json:"removable"`
}

// listFields lists custom fields after the account's own, which are all that a new account
// has and cannot be removed.
func (s *Server) listFields(r *http.Request) answer {
	all := []field{
		{ID: 101, Type: "subject", Title: "Subject", Active: true},
		{ID: 102, Type: "description", Title: "Description", Active: true},
		{ID: 103, Type: "status", Title: "Status", Active: true},
	}
	for _, id := range s.options.Fields {
		all = append(all, field{ID: id, Type: "text", Title: fmt.Sprint("Field ", id), Active: true, Removable: true})
	}
	for _, id := range s.options.RetiredFields {
		all = append(all, field{ID: id, Type: "text", Title: fmt.Sprint("Field ", id), Removable: true})
	}
	return page(r, "ticket_fields", all)
}
