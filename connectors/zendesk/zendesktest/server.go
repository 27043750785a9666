// Package zendesktest is a stand-in for Zendesk Support that behaves: it keeps users,
// tickets, audits, groups and uploads in memory and treats requests as Zendesk's
// documentation says, down to its error shapes and its habits. An external_id is not
// unique, an idempotency key is known for a while and only with the same body, a closed
// ticket takes nothing more, and user search finds more than was asked for.
//
// Tests, the demo and the benchmark run the connector against it, so it is safe for use
// by many at once and finds everything by map. What it does not know answers 404.
package zendesktest

import (
	"crypto/subtle"
	"encoding/base64"
	"html/template"
	"math"
	"net/http"
	"strconv"
	"sync"
	"time"

	"golang.org/x/time/rate"

	"github.com/afterchat/afterchat/connectors"
)

// Options describe the account that the stand-in is.
type Options struct {
	// Email and Token are the one credential that it takes.
	Email, Token string
	// Groups are the names of the agents' groups; their ids are 501, 502 and so on.
	Groups []string
	// Fields are the ids of the account's custom ticket fields, and RetiredFields of those
	// that are not active any more.
	Fields, RetiredFields []int64
	// Rate is what the account is allowed, over all requests; zero means no limit.
	Rate connectors.Rate
	// IdempotencyWindow is how long a key is known; two hours if zero.
	IdempotencyWindow time.Duration
	// UploadLife is how long an upload's token is good; three days if zero.
	UploadLife time.Duration
	// Now is the clock; time.Now if nil.
	Now func() time.Time
}

// Server is the stand-in; it is an http.Handler. Build it with New.
type Server struct {
	options       Options
	authorization []byte
	limiter       *rate.Limiter
	mux           *http.ServeMux
	page          *template.Template

	mu    sync.Mutex
	store store
}

// New returns an empty account with its one agent and its groups.
func New(o Options) *Server {
	if o.IdempotencyWindow == 0 {
		o.IdempotencyWindow = 2 * time.Hour
	}
	if o.UploadLife == 0 {
		o.UploadLife = 72 * time.Hour
	}
	if o.Now == nil {
		o.Now = time.Now
	}
	credential := base64.StdEncoding.EncodeToString([]byte(o.Email + "/token:" + o.Token))
	s := &Server{
		options:       o,
		authorization: []byte("Basic " + credential),
		mux:           http.NewServeMux(),
		page:          template.Must(template.New("ticket").Parse(agentPage)),
		store:         newStore(o),
	}
	if o.Rate.PerSecond > 0 {
		s.limiter = rate.NewLimiter(rate.Limit(o.Rate.PerSecond), max(o.Rate.Burst, 1))
	}
	s.routes()
	return s
}

func (s *Server) routes() {
	for pattern, handle := range map[string]func(*http.Request) answer{
		"POST /api/v2/tickets":                     s.createTicket,
		"GET /api/v2/tickets":                      s.listTickets,
		"GET /api/v2/tickets/{id}":                 s.showTicket,
		"PUT /api/v2/tickets/{id}":                 s.updateTicket,
		"GET /api/v2/tickets/{id}/audits":          s.listAudits,
		"GET /api/v2/users/{id}/tickets/requested": s.listRequested,
		"GET /api/v2/users/me":                     s.showSelf,
		"GET /api/v2/users/search":                 s.searchUsers,
		"POST /api/v2/users/create_or_update":      s.createOrUpdateUser,
		"GET /api/v2/groups":                       s.listGroups,
		"GET /api/v2/ticket_fields":                s.listFields,
		"POST /api/v2/uploads":                     s.upload,
		"/api/":                                    func(*http.Request) answer { return notFound() },
	} {
		s.mux.HandleFunc(pattern, func(w http.ResponseWriter, r *http.Request) {
			if refused := s.admit(r); refused.status != 0 {
				refused.write(w)
				return
			}
			handle(r).write(w)
		})
	}
	s.mux.HandleFunc("GET /agent/tickets/{id}", s.agentTicket)
}

// ServeHTTP answers one request.
func (s *Server) ServeHTTP(w http.ResponseWriter, r *http.Request) { s.mux.ServeHTTP(w, r) }

// admit returns a refusal, or the zero answer for a request that may go on.
func (s *Server) admit(r *http.Request) answer {
	given := []byte(r.Header.Get("Authorization"))
	if subtle.ConstantTimeCompare(given, s.authorization) != 1 {
		return failure(http.StatusUnauthorized, "Couldn't authenticate you", "")
	}
	if s.limiter == nil {
		return answer{}
	}
	slot := s.limiter.Reserve()
	wait := slot.Delay()
	if wait == 0 {
		return answer{}
	}
	slot.Cancel()
	refused := failure(http.StatusTooManyRequests, "APIRateLimitExceeded", "Number of allowed API requests per minute exceeded")
	refused.header = http.Header{"Retry-After": {strconv.Itoa(int(math.Ceil(wait.Seconds())))}}
	return refused
}
