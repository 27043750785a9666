package templates

import "strings"

// words is one language: every text that is not somebody's own, filled from the
// language's message file, and how its readers write dates and numbers. A pattern names
// its values in braces. A new text is one more field here and one more message in every
// file of languages/; loading them fails until that is so.
type words struct {
	// Lang is the language's BCP 47 tag, Dir "ltr" or "rtl", both as HTML wants them.
	Lang, Dir string `message:"-"`
	customs   `message:"-"`

	// At joins a date and a time; Colon stands between a label and its value, Comma
	// between the items of a list.
	At, FromTo, Colon, Comma string

	Customer, Internal voice

	// Subjects, and the sentences around what people wrote.
	ChatWith, ChatWithAbout, AVisitor   string
	YourChat, YourChatWith, About       string
	Transcript, TranscriptAbout         string
	ResumeSubject, ResumeSubjectFrom    string
	InviteSubject, InviteSubjectFrom    string
	ResumeLead, InviteLead, LinkButton  string
	LinkPlain, LinkUntil, LinkIgnore    string
	LinkUntilShort                      string
	Greeting, GreetingNamed             string
	ThankYou, CopyOfChat                string
	InternalOnly                        string
	Notes, LateNote, ContactGiven       string
	Answers, Flags, Conversation, Empty string
	Messages                            plural
	FirstPart, NoPart, LeftOut, WholeIn string
	CutShort, WholeLeftOut              string

	// Facts.
	Number, Episode, Ticket, Product, When, TalkedWith                     string
	Visitor, Email, Phone, VisitorID, ExternalID, Language, Timezone, Name string
	Agents, Assigned, Channel, Group, Outcome, EndedBy                     string
	Verified, NoAnswer, SetBy, Evidence                                    string
	Outcomes, Enders, Sources                                              map[string]string

	// Attachments.
	File, Unlinked, Attached, LinkExpired string
	Units                                 map[string]string

	// Unshown closes a document with characters that no font could show; NoPDF stands in a
	// mail whose document could not come along.
	Unshown, NoPDF string

	// TestBanner marks a transcript that nobody asked for.
	TestBanner string

	Page pageWords
	Pane paneWords
}

// voice is how the people of a chat are spoken of to one audience.
type voice struct {
	User, Agent, Assistant, System           role
	TransferredFromTo, TransferredFrom       string
	TransferredTo, Transferred, Joined, Left string
	Happened, HappenedFromTo                 string
	HappenedFrom, HappenedTo                 string
}

// role is a kind of author: Nameless stands for a name, Role after one.
type role struct{ Nameless, Role string }

// pageWords are the texts of the page behind a link.
type pageWords struct {
	Open, OpenLead, OpenButton string
	Expired, ExpiredLead       string
	Revoked, RevokedLead       string
	Unknown, UnknownLead       string
	NewChat                    string
}

// paneWords are the texts of the agent's details pane.
type paneWords struct {
	Title, Prior, NoTickets, Notes, Deliveries, Links, None string
	Stale, Pending, Unavailable, Updated, MatchedBy         string
	Expires, Held, Asked                                    string
	States, Actions, Audiences, Holds, Purposes             map[string]string

	// What an agent may do there, what came of it, and what was wrong.
	NoteNew, NoteText, NoteSave                           string
	TranscriptSend, TranscriptTo                          string
	TranscriptAudience, TranscriptCover, Send, OwnAddress string
	LinkMake, LinkPurpose, LinkChannel, LinkTo            string
	LinkShow, LinkOnce                                    string
	Settle, SettleLead, SettleRef, SettleURL              string
	SettleDelivered, SettleFailed                         string
	Reload, Refused                                       string
	Channels, Done, Errors                                map[string]string
}

// fill puts values into a pattern: fill("Chat with {name}", "{name}", "Ann"). What a
// value holds is never taken for a pattern.
func fill(pattern string, pairs ...string) string {
	var b strings.Builder
	for {
		start := strings.IndexByte(pattern, '{')
		if start < 0 {
			b.WriteString(pattern)
			return b.String()
		}
		b.WriteString(pattern[:start])
		pattern = pattern[start:]
		value, length := "{", 1
		for i := 0; i+1 < len(pairs); i += 2 {
			if strings.HasPrefix(pattern, pairs[i]) {
				value, length = pairs[i+1], len(pairs[i])
				break
			}
		}
		b.WriteString(value)
		pattern = pattern[length:]
	}
}

// known returns a word for a value of a closed list, and the value itself where the
// list does not have it.
func known(list map[string]string, value string) string {
	if word, ok := list[value]; ok {
		return word
	}
	return value
}

// GreetingLine greets by name where there is one.
func (w *words) GreetingLine(name string) string {
	if name == "" {
		return w.Greeting
	}
	return fill(w.GreetingNamed, "{name}", w.isolate(short(name, nameLimit)))
}
