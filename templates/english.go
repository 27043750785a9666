package templates

import "time"

func english() *words {
	return &words{
		Lang: "en", Dir: "ltr",
		Date:      func(t time.Time) string { return t.Format("Monday, 2 January 2006") },
		ShortDate: func(t time.Time) string { return t.Format("2 January 2006") },
		Clock:     func(t time.Time) string { return t.Format("15:04") },

		Customer: voice{
			User:              role{Nameless: "You", Role: "you"},
			Agent:             role{Nameless: "Support", Role: "support"},
			Assistant:         role{Nameless: "Assistant", Role: "assistant"},
			System:            role{Nameless: "System", Role: "system"},
			TransferredFromTo: "You are now talking with {to}.",
			TransferredTo:     "You are now talking with {to}.",
			TransferredFrom:   "Your chat was passed on to a colleague.",
			Transferred:       "Your chat was passed on to a colleague.",
			Joined:            "{name} joined the chat.",
			Left:              "{name} left the chat.",
			Other:             "The chat was updated.",
			OtherFromTo:       "The chat was updated.",
			OtherFrom:         "The chat was updated.",
			OtherTo:           "The chat was updated.",
		},
		Internal: voice{
			User:              role{Nameless: "Visitor", Role: "visitor"},
			Agent:             role{Nameless: "Agent", Role: "agent"},
			Assistant:         role{Nameless: "Assistant", Role: "assistant"},
			System:            role{Nameless: "System", Role: "system"},
			TransferredFromTo: "Transferred from {from} to {to}.",
			TransferredTo:     "Transferred to {to}.",
			TransferredFrom:   "Transferred from {from}.",
			Transferred:       "Transferred.",
			Joined:            "{name} joined the chat.",
			Left:              "{name} left the chat.",
			Other:             "Event: {type}.",
			OtherFromTo:       "Event: {type}, from {from} to {to}.",
			OtherFrom:         "Event: {type}, from {from}.",
			OtherTo:           "Event: {type}, to {to}.",
		},

		ChatWith: "Chat with {name}", ChatWithAbout: "Chat with {name}: {about}", AVisitor: "a visitor",
		YourChat: "Your chat", YourChatWith: "Your chat with {organization}", About: "{subject}: {about}",
		Transcript: "Transcript: {name}", TranscriptAbout: "Transcript: {name}, {about}",
		ResumeSubject: "Continue your chat", ResumeSubjectFrom: "Continue your chat with {organization}",
		InviteSubject: "An invitation to chat", InviteSubjectFrom: "{organization} invites you to chat",
		ResumeLead: "You can go on with your chat where you left it:", InviteLead: "You are invited to a chat with us:",
		LinkButton: "Open the chat", LinkPlain: "Or copy this address into your browser:",
		LinkUntilShort: "(until {until})", LinkUntil: "The link works until {until}.", LinkIgnore: "If you did not expect this message, you can ignore it.",
		Greeting: "Hello,", GreetingNamed: "Hello {name},", ThankYou: "Here is your copy of our chat.",
		InternalOnly: "For internal use: do not forward to the customer.",
		Notes:        "Notes of this chat", LateNote: "A note written after the chat had ended", ContactGiven: "Contact details given after the chat",
		Answers: "Answers", Flags: "Flags", Conversation: "Conversation", Empty: "(empty message)",

		Number: "Chat number", Episode: "Episode", Ticket: "Ticket", Product: "Product", When: "When", TalkedWith: "You talked with",
		Visitor: "Visitor", Email: "Email", Phone: "Phone", VisitorID: "Visitor ID", ExternalID: "ID in {system}",
		Language: "Language", Timezone: "Visitor's time zone", Name: "Name",
		Agents: "Agents", Assigned: "Assigned to", Channel: "Channel", Group: "Group", Outcome: "Outcome", EndedBy: "Ended by",
		Verified: "{email} (verified)", FromTo: "{from} – {to}", NoAnswer: "(no answer)",
		SetBy: "set by {source}", Evidence: "matched: {evidence}",
		Outcomes: map[string]string{"resolved": "resolved", "unresolved": "unresolved", "follow_up": "follow-up needed"},
		Enders:   map[string]string{"agent": "agent", "user": "visitor", "timeout": "timeout"},

		File: "File", Unlinked: "its link is not a web address",
		Units: [4]string{"{n} B", "{n} KB", "{n} MB", "{n} GB"},

		Page: pageWords{
			Open: "Your chat is waiting", OpenLead: "Press the button to open it.", OpenButton: "Open the chat",
			Expired: "This link has expired", ExpiredLead: "Links to a chat work for a limited time. You can start a new chat, and we will help you from there.",
			Revoked: "This link is no longer valid", RevokedLead: "It was withdrawn. You can start a new chat, and we will help you from there.",
			Unknown: "This link does not work", UnknownLead: "Please check that the address is complete, or start a new chat.",
			NewChat: "Start a new chat",
		},
		Pane: paneWords{
			Title: "Chat {number}", Prior: "Earlier tickets", NoTickets: "No earlier tickets.", Notes: "Notes", Deliveries: "Deliveries",
			Links: "Links", None: "None.", Stale: "being refreshed", Pending: "Being fetched.",
			Unavailable: "Not available: {error}", Updated: "updated {when}", MatchedBy: "found by {what}",
			Expires: "until {when}", Held: "waits: {why}",
			States: map[string]string{
				"pending": "pending", "calling": "being sent", "delivered": "delivered", "failed": "failed", "unknown": "not certain",
				"suppressed": "suppressed", "cancelled": "cancelled",
			},
			Actions: map[string]string{
				"file_ticket": "Ticket", "attach_notes": "Notes on the ticket", "amend_ticket": "Contact details on the ticket",
				"email_transcript": "Transcript", "send_link": "Link",
			},
			Holds: map[string]string{
				"dependency": "its ticket comes first", "settle": "the chat has just ended", "contact": "contact details may still come",
				"rate_limit": "the other side's limit", "account_paused": "the account is paused", "not_configured": "the account is not configured",
			},
			Purposes: map[string]string{"resume": "resume the chat", "invite": "invitation"},
		},
	}
}
