package templates

import (
	"slices"
	"strings"
	"testing"

	"github.com/afterchat/afterchat/internal/chat"
)

func TestAFirstNameIsTheFirstWordThatIsNoTitle(t *testing.T) {
	t.Parallel()
	for name, want := range map[string]string{
		"Bo Ek": "Bo", "Bo": "Bo", "": "", "Ann-Marie Lee": "Ann-Marie", "Bo (Acme)": "Bo",
		"Dr. Ann Lee": "Dr. Ann", "Prof. Dr. Ann Lee": "Prof. Dr. Ann", "Mr Bo Ek": "Mr Bo", "Dr. Ann": "Dr. Ann", "Dr.": "Dr.",
		"J. Smith": "J.", "Lee, Ann": "Ann", "Lee, Dr. Ann Mary": "Dr. Ann", "Ann Lee, PhD": "Ann", "Ann, Support": "Support",
		"王小明": "王小明", "山田 太郎": "山田", "김민수": "김민수", "Анна Петрова": "Анна", "علي حسن": "علي",
	} {
		if got := firstName(name); got != want {
			t.Errorf("of %q the first name is %q, want %q", name, got, want)
		}
	}
}

// agentsOf renders what a customer reads of a chat with three agents: one with a photo,
// one without a display name, one whose photo is not safe.
func agentsOf(t *testing.T, p AgentPolicy) (CustomerView, map[string]string) {
	t.Helper()
	say := func(id string) chat.Message {
		return chat.Message{Author: chat.Author{Kind: chat.AuthorAgent, ID: id}, Text: "Hello"}
	}
	s := chat.Snapshot{
		ID: "c_1", User: chat.User{Name: "Ann Lee"},
		Agents: []chat.Agent{
			{ID: "a_1", Name: "Bo Ekholm", DisplayName: "Dr. Bo Berg", Email: "bo@acme.example", PhotoURL: "https://cdn.acme.example/bo.jpg"},
			{ID: "a_2", Name: "Cyd Ray", Email: "cyd@acme.example"},
			{ID: "a_3", Name: "Dan Dahl", DisplayName: "Dan Dee", PhotoURL: "http://cdn.acme.example/dan.jpg"},
		},
		Messages: []chat.Message{
			say("a_1"), say("a_2"), say("a_3"),
			{Author: chat.Author{Kind: chat.AuthorSystem}, Event: &chat.Event{Type: "transferred", From: "a_2", To: "a_1"}},
		},
	}
	r, v := renderer(t), ForCustomer(s, Options{Agents: p})
	mail, err := r.TranscriptForCustomer(v)
	if err != nil {
		t.Fatal(err)
	}
	_, ticket, err := r.TicketForCustomer(v)
	if err != nil {
		t.Fatal(err)
	}
	return v, map[string]string{"text": mail.Text, "HTML": mail.HTML, "ticket": ticket}
}

func TestAPhotoIsShownOverHTTPSAloneHoweverThatIsSpelled(t *testing.T) {
	t.Parallel()
	for address, want := range map[string]string{
		"HTTPS://cdn.acme.example/bo.jpg": "HTTPS://cdn.acme.example/bo.jpg", "\thttps://cdn.acme.example/bo.jpg\n": "https://cdn.acme.example/bo.jpg",
		"http://cdn.acme.example/bo.jpg": "", "HTTP://cdn.acme.example/https://": "", "data:image/png;base64,AA==": "", "": "",
	} {
		if got := (AgentPolicy{Photos: true}).photo(address); got != want {
			t.Errorf("of %q it is %q", address, got)
		}
	}
}

func TestTwoAgentsOfOneNameAreNamedOnce(t *testing.T) {
	t.Parallel()
	s := chat.Snapshot{ID: "c_1", Agents: []chat.Agent{{ID: "a_1", DisplayName: "Bo Berg"}, {ID: "a_2", DisplayName: "Bo Dahl"}, {ID: "a_3", DisplayName: "Bo Ray"}}}
	for _, a := range s.Agents[:2] { // the third said nothing
		s.Messages = append(s.Messages, chat.Message{Author: chat.Author{Kind: chat.AuthorAgent, ID: a.ID}, Text: "Hello"})
	}
	for names, want := range map[string][]string{NamesFirst: {"Bo"}, NamesFull: {"Bo Berg", "Bo Dahl"}} {
		if v := ForCustomer(s, Options{Agents: AgentPolicy{Names: names}}); !slices.Equal(v.Agents, want) || v.Unnamed {
			t.Errorf("%s: talked with %q", names, v.Agents)
		}
	}
}

func TestAgentsAreKnownAsTheOrganizationAllows(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		policy     AgentPolicy
		agents     []string
		shows, not []string
		photo      bool
	}{
		"full display names and photos":  {AgentPolicy{NamesFull, true}, []string{"Dr. Bo Berg", "Dan Dee"}, []string{"You are now talking with Dr. Bo Berg."}, nil, true},
		"nothing said: full, no photos":  {AgentPolicy{}, []string{"Dr. Bo Berg", "Dan Dee"}, []string{"Dr. Bo Berg"}, nil, false},
		"first names":                    {AgentPolicy{NamesFirst, true}, []string{"Dr. Bo", "Dan"}, []string{"You are now talking with Dr. Bo."}, []string{"Berg", "Dee"}, true},
		"first names without photos":     {AgentPolicy{NamesFirst, false}, []string{"Dr. Bo", "Dan"}, nil, []string{"Berg", "Dee"}, false},
		"the support as a whole":         {AgentPolicy{NamesSupport, true}, nil, []string{"You are now talking with Support."}, []string{"Bo", "Berg", "Dan"}, false},
		"an unknown policy shows nobody": {AgentPolicy{"nobody", false}, nil, []string{"You are now talking with Support."}, []string{"Bo", "Berg", "Dan"}, false},
	} {
		v, forms := agentsOf(t, c.policy)
		if !slices.Equal(v.Agents, c.agents) || !v.Unnamed {
			t.Errorf("%s: talked with %q, and unnamed agents: %t", name, v.Agents, v.Unnamed)
		}
		for form, out := range forms {
			for _, word := range append([]string{"Support"}, c.shows...) {
				if !strings.Contains(out, word) {
					t.Errorf("%s: the %s lacks %q", name, form, word)
				}
			}
			for _, word := range append([]string{"Ekholm", "Cyd", "Dahl", "acme.example/dan", "bo@acme", "cyd@acme"}, c.not...) {
				if strings.Contains(out, word) {
					t.Errorf("%s: the %s shows %q", name, form, word)
				}
			}
		}
		if got := strings.Contains(forms["HTML"], `src="https://cdn.acme.example/bo.jpg"`); got != c.photo {
			t.Errorf("%s: the photo is there: %t", name, got)
		}
	}
}
