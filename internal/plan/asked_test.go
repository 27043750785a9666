package plan_test

import (
	"strings"
	"testing"

	"github.com/afterchat/afterchat/internal/chat"
	"github.com/afterchat/afterchat/internal/config"
	"github.com/afterchat/afterchat/internal/fault"
	"github.com/afterchat/afterchat/internal/plan"
)

func TestATranscriptThatIsAskedForIsOneMoreThanThoseOfTheRules(t *testing.T) {
	t.Parallel()
	o := acme()
	o.Mail = &config.Mail{}
	keys := map[chat.Key]bool{}
	for _, d := range plan.For(followUp(), o) {
		keys[d.ID] = true
	}
	rules := len(keys)
	for _, ask := range []plan.Ask{
		{ID: "t_1", To: plan.ToUser, Audience: chat.Customer}, {ID: "t_2", To: plan.ToUser, Audience: chat.Customer, Cover: " Hello "},
		{ID: "t_3", To: "qa@acme.example", Audience: chat.Internal},
	} {
		d, err := plan.Asked(followUp(), o, ask, []string{"ann@example.com"})
		if err != nil {
			t.Fatal(err)
		}
		keys[d.ID] = true
		if d.State != chat.Pending || d.Target != chat.AccountMail || !d.Params.Asked || d.Params.Audience != ask.Audience || d.Params.Rule == "" {
			t.Errorf("%+v", d)
		}
		if ask.ID == "t_2" && (d.Params.Cover != "Hello" || d.Params.To != "") || ask.ID == "t_3" && d.Params.To != "qa@acme.example" {
			t.Errorf("%+v", d.Params)
		}
	}
	if len(keys) != rules+3 {
		t.Errorf("%d keys, want %d", len(keys), rules+3)
	}
}

func TestNoAddressThatTheUserIsKnownByGetsWhatIsInternal(t *testing.T) {
	t.Parallel()
	o := acme()
	o.Mail = &config.Mail{}
	for to, code := range map[string]string{
		plan.ToUser: "internal_to_user", "ann@example.com": "internal_to_user", "ANN+x@work.example": "internal_to_user", "boss@example.com": "",
	} {
		ask := plan.Ask{ID: "t_1", To: to, Audience: chat.Internal}
		if _, err := plan.Asked(followUp(), o, ask, []string{"ann@example.com", "ann@work.example"}); fault.CodeOf(err) != code {
			t.Errorf("to %q: %v", to, err)
		}
	}
}

func TestACoveringNoteHasFourThousandCharactersAtMost(t *testing.T) {
	t.Parallel()
	o := acme()
	o.Mail = &config.Mail{}
	for n, code := range map[int]string{plan.MaxCover: "", plan.MaxCover + 1: "invalid_field"} {
		ask := plan.Ask{ID: "t_1", To: plan.ToUser, Audience: chat.Customer, Cover: strings.Repeat("é", n)}
		if _, err := plan.Asked(followUp(), o, ask, nil); fault.CodeOf(err) != code {
			t.Errorf("%d characters: %v", n, err)
		}
	}
}

func TestWhoIsSomebodyElseThanTheUserIsDecidedWithThePlan(t *testing.T) {
	t.Parallel()
	o := acme()
	o.Mail = &config.Mail{}
	for to, other := range map[string]bool{
		plan.ToUser: false, "ann@example.com": false, "ANN+chat@example.com": false, "ann@work.example": false, "boss@example.com": true,
	} {
		ask := plan.Ask{ID: "t_1", To: to, Audience: chat.Customer}
		if d, err := plan.Asked(followUp(), o, ask, []string{"ann@example.com", "ann@work.example"}); err != nil || d.Params.ToOther != other {
			t.Errorf("asked for to %q: %+v, %v", to, d.Params, err)
		}
	}
	for to, other := range map[string]bool{plan.ToUser: false, followUp().Snapshot.User.Email: false, "boss@example.com": true} {
		o.Transcripts = []config.TranscriptRule{{To: to, Audience: chat.Customer}}
		found := 0
		for _, d := range plan.For(followUp(), o) {
			if d.Action == chat.EmailTranscript {
				found++
				if d.Params.ToOther != other {
					t.Errorf("by a rule to %q: %+v", to, d.Params)
				}
			}
		}
		if found != 1 {
			t.Errorf("by a rule to %q: %d planned", to, found)
		}
	}
}

func TestTwoAddressesThatMayLeadToOneMailboxAreTheSame(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		a, b string
		same bool
	}{
		{"ann@example.com", " ANN@Example.COM ", true},
		{"ann@example.com", "ann+qa@example.com", true},
		{"ann@example.com", `"ann"@example.com`, true},
		{"ann@example.com", `"a\nn"@example.com`, true},
		{"ann@example.com", "ann@example.com.", true},
		{"ann@bücher.example", "ann@xn--bcher-kva.example", true},
		{"ann.lee@gmail.com", "annlee@gmail.com", true},
		{"ann.lee@gmail.com", "a.n.n.lee+q@googlemail.com", true},
		{"ann.lee@gmail.com", `"ann..lee"@gmail.com`, true},
		{"ann.lee@example.com", "annlee@example.com", false},
		{"ann@gmail.com", "ann@gmail.com.example", false},
		{"ann@example.com", "bo@example.com", false},
		{"ann@example.com", "ann@example.org", false},
		{"+ann@example.com", "+bo@example.com", false},
		{"ann@example.com", "", false},
	} {
		if plan.SameMailbox(c.a, c.b) != c.same || plan.SameMailbox(c.b, c.a) != c.same {
			t.Errorf("%q and %q: want %t", c.a, c.b, c.same)
		}
	}
}
