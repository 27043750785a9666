package rt_test

import (
	"net/http/httptest"
	"slices"
	"strings"
	"testing"

	"github.com/afterchat/afterchat/connectors"
	"github.com/afterchat/afterchat/connectors/connectortest"
	"github.com/afterchat/afterchat/connectors/rt"
	"github.com/afterchat/afterchat/connectors/rt/rttest"
)

const password = "correct horse battery staple"

func TestTheStandInPassesTheSuite(t *testing.T) {
	t.Parallel()
	connectortest.Run(t, func(t *testing.T) *connectortest.Harness {
		d, breaker := standIn(t)
		h := d.harness(t)
		h.Break = func(_ *testing.T, how connectortest.Breakage) { breaker.Break(how) }
		h.Secrets = []string{password}
		return h
	})
}

func TestTheStandInDoesWhatOnlyRTDoes(t *testing.T) {
	t.Parallel()
	d, _ := standIn(t)
	testSpecifics(t, d)
}

// standIn returns a stand-in that listens for as long as the test runs.
func standIn(t *testing.T) (desk, *connectortest.Breaker) {
	t.Helper()
	server := rttest.New(rttest.Options{
		Password: password, Token: "1-14-abc",
		Queues: []string{"General", otherQueue}, BareQueues: []string{bareQueue}, Fields: []string{tagsField},
	})
	breaker := &connectortest.Breaker{Next: server}
	listener := httptest.NewServer(breaker)
	t.Cleanup(listener.Close)
	return desk{
		client: func(t *testing.T, change func(*rt.Settings)) *rt.Client {
			return newClient(t, listener.URL, password, change)
		},
		tickets:   func(*testing.T) []ticket { return standInTickets(server) },
		seenBy:    func(_ *testing.T, _, id string) string { return standInSeen(server, id) },
		mailed:    func(_ *testing.T, email, id string) string { return standInMailed(server, email, id) },
		setStatus: func(_ *testing.T, id, status string) { server.SetStatus(id, status) },
	}, breaker
}

func newClient(t *testing.T, url, password string, change func(*rt.Settings)) *rt.Client {
	t.Helper()
	settings := &rt.Settings{User: "afterchat", Password: connectors.Secret(password), Queue: "General"}
	settings.BaseURL = url
	if change != nil {
		change(settings)
	}
	client, err := rt.New(settings)
	if err != nil {
		t.Fatal(err)
	}
	return client
}

func standInTickets(server *rttest.Server) []ticket {
	var all []ticket
	for _, from := range server.Tickets() {
		one := ticket{
			id: from.ID, queue: from.Queue, subject: from.Subject, priority: from.Priority,
			fields: from.Fields, refersTo: from.RefersTo,
		}
		for _, p := range from.Requesters {
			one.requesters = append(one.requesters, connectors.Person{Name: p.Name, Email: p.Email})
		}
		for _, x := range from.Texts {
			one.texts = append(one.texts, text{x.Kind, x.Body, x.Files})
		}
		all = append(all, one)
	}
	return all
}

func standInMailed(server *rttest.Server, email, id string) string {
	for _, t := range server.Tickets() {
		if t.ID == id && slices.ContainsFunc(t.Greeted, func(p rttest.Person) bool { return p.Email == email }) {
			return t.Texts[0].Body
		}
	}
	return ""
}

func standInSeen(server *rttest.Server, id string) string {
	var all strings.Builder
	for _, one := range server.Tickets() {
		if one.ID != id {
			continue
		}
		for _, x := range one.SeenByRequesters() {
			all.WriteString(x.Body + strings.Join(x.Files, " "))
		}
	}
	return all.String()
}
