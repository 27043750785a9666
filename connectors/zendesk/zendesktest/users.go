package zendesktest

import (
	"encoding/json"
	"net/http"
	"slices"
	"strings"
)

func (s *Server) showSelf(*http.Request) answer {
	s.mu.Lock()
	defer s.mu.Unlock()
	return success(http.StatusOK, map[string]any{"user": s.store.self})
}

func (s *Server) listGroups(r *http.Request) answer {
	s.mu.Lock()
	defer s.mu.Unlock()
	return page(r, "groups", s.store.groups)
}

// searchUsers finds by external_id exactly, and by query as a search index does: every
// user whose address holds all the words that were asked for, and possibly more.
func (s *Server) searchUsers(r *http.Request) answer {
	s.mu.Lock()
	defer s.mu.Unlock()
	query := r.URL.Query()
	found := []*user{}
	if id := query.Get("external_id"); id != "" {
		if u := s.store.byUserID[strings.ToLower(id)]; u != nil {
			found = append(found, u)
		}
		return page(r, "users", found)
	}
	wanted := words(strings.TrimPrefix(query.Get("query"), "email:"))
	if len(wanted) == 0 {
		return page(r, "users", found)
	}
	rarest := slices.MinFunc(wanted, func(a, b string) int {
		return len(s.store.byWord[a]) - len(s.store.byWord[b])
	})
	for _, u := range s.store.byWord[rarest] {
		has := words(u.Email)
		if !slices.ContainsFunc(wanted, func(word string) bool { return !slices.Contains(has, word) }) {
			found = append(found, u)
		}
	}
	return page(r, "users", found)
}

// createOrUpdateUser matches by email or external_id and changes what it is given. Somebody
// new is mailed to verify the address unless the request says not to.
func (s *Server) createOrUpdateUser(r *http.Request) answer {
	var body struct {
		User *struct {
			user
			SkipVerifyEmail bool `json:"skip_verify_email"`
		} `json:"user"`
	}
	if err := json.NewDecoder(r.Body).Decode(&body); err != nil || body.User == nil {
		return failure(http.StatusUnprocessableEntity, "UnprocessableEntity", "user is missing")
	}
	given := body.User.user
	s.mu.Lock()
	defer s.mu.Unlock()
	matched := s.store.byEmail[strings.ToLower(given.Email)]
	if byID := s.store.byUserID[strings.ToLower(given.ExternalID)]; byID != nil {
		if matched != nil && matched != byID {
			return invalid("email", "DuplicateValue", "Email: is already being used by another user")
		}
		matched = byID
	}
	if matched == nil {
		if refused := checkUser(given); refused.status != 0 {
			return refused
		}
		if given.Email != "" && !body.User.SkipVerifyEmail {
			s.store.verifying++
		}
		given.Role, given.Verified = "", false
		return success(http.StatusCreated, map[string]any{"user": s.store.addUser(given, s.options.Now())})
	}
	for _, field := range []struct {
		to   *string
		from string
	}{{&matched.Name, given.Name}, {&matched.Phone, given.Phone}, {&matched.Email, given.Email}, {&matched.ExternalID, given.ExternalID}} {
		if field.from != "" {
			*field.to = field.from
		}
	}
	s.store.index(matched)
	return success(http.StatusOK, map[string]any{"user": matched})
}

// checkUser returns a refusal for a user that cannot be made.
func checkUser(u user) answer {
	if strings.TrimSpace(u.Name) == "" {
		return invalid("name", "BlankValue", "Name: cannot be blank")
	}
	if at := strings.LastIndexByte(u.Email, '@'); u.Email != "" && (at < 1 || !strings.Contains(u.Email[at:], ".") || strings.ContainsAny(u.Email, " \r\n\t,;<>")) {
		return invalid("email", "InvalidValue", "Email: is not properly formatted")
	}
	return answer{}
}
