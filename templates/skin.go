package templates

// skin holds what stands around each part of a conversation. Mail needs inline styles, a
// page under a content policy can have classes alone.
type skin struct {
	table, tableEnd    string
	day, dayEnd        string
	event, eventEnd    string
	user, agent, other side
	headEnd, bubbleEnd string
	// photo and image are tags that lack their address, "" where pictures are not shown;
	// link lacks its address too.
	photo, file, image, link string
}

// side is where somebody's words stand: a row up to the line above the bubble, a row
// without that line, the bubble.
type side struct{ headed, further, bubble string }

// longest is about how many bytes the skin puts around a message, with who wrote and when,
// so that a conversation is written without being moved.
func (s *skin) longest() int {
	const who = 100
	longest := 0
	for _, side := range [...]side{s.user, s.agent, s.other} {
		longest = max(longest, len(side.headed)+len(side.bubble))
	}
	return longest + len(s.headEnd) + len(s.bubbleEnd) + who
}

// layoutTable begins a table that readers for the blind take for no table.
const layoutTable = `<table role="presentation" cellpadding="0" cellspacing="0" border="0"`

// mailSkin is a conversation in a mail: bubbles, the customer's on the far side in the
// brand's tint. It repeats for every message, so it is kept short, for Gmail clips what is
// longer than about 100 KB, and every byte is encoded: what can be inherited stands on the
// table, and what a reader can do without, as round corners, in the style sheet. Outlook
// does not know max-width, so that a bubble keeps its distance from the other side by the
// padding of its row.
func (w *words) mailSkin(b Brand) skin {
	near, far := "left", "right"
	userGap, otherGap, photoGap := " 0 0 48px", " 48px 0 0", "0 5px 0 0"
	if w.Dir == "rtl" {
		near, far = far, near
		userGap, otherGap, photoGap = otherGap, userGap, "0 0 0 5px"
	}
	place := func(class, align, gap, ground string) side {
		return side{
			headed:  `<tr><td style="padding:10px` + gap + `"><div align="` + align + `"><small>`,
			further: `<tr><td style="padding:4px` + gap + `">`,
			bubble:  `<table align="` + align + `"><tr><td class="` + class + `" dir="auto" style="padding:10px 14px;` + ground + `">`,
		}
	}
	return skin{
		table: layoutTable + ` class="chat ink" width="100%" style="table-layout:fixed;font-size:15px;line-height:1.5;color:#111827">` + "\n", tableEnd: "</table>",
		day:    `<tr><td align="center" style="padding:26px 0 6px"><span class="chip" style="padding:4px 12px;font-size:12px;color:#4b5563;background-color:#eef0f3;border-radius:11px">`,
		dayEnd: "</span></td></tr>\n",
		event:  `<tr><td align="center" class="mute" style="padding:16px 8px 8px;font-size:13px;color:#5b6470">`, eventEnd: "</td></tr>\n",
		user:    place("user", far, userGap, "background:"+b.Tint()),
		agent:   place("them", near, otherGap, "background:#f1f3f5"),
		other:   place("side", near, otherGap, "border:1px solid #dde1e6"),
		headEnd: "</small></div>", bubbleEnd: "</td></tr></table></td></tr>\n",
		photo: `<img width="20" height="20" style="margin:` + photoGap + `;border-radius:10px;vertical-align:middle"`,
		file:  `<div dir="auto" style="margin:6px 0 0;font-size:14px">`,
		image: `<img width="320" style="width:auto;max-width:100%;height:auto;max-height:320px;border-radius:8px"`,
		link:  `<a class="plain" style="color:#1d4ed8" href="`,
	}
}

// noteSkin is that of notes in a mail: nobody's side, on paper of their own.
func (w *words) noteSkin(b Brand) skin {
	s := w.mailSkin(b)
	s.agent.headed = `<tr><td style="padding:10px 0 0"><div><small>`
	s.agent.further = `<tr><td style="padding:4px 0 0">`
	s.agent.bubble = `<table width="100%"><tr><td class="note" dir="auto" style="padding:10px 14px;border-radius:8px;background-color:#fff8e1">`
	return s
}

// pageSkin is that of the pages, whose style sheet knows the classes.
func pageSkin() skin {
	bubble := func(class string) side {
		return side{`<tr><td><div class="head">`, "<tr><td>", `<div class="` + class + `" dir="auto">`}
	}
	return skin{
		table: `<table class="chat">` + "\n", tableEnd: "</table>",
		day: `<tr><td class="day">`, dayEnd: "</td></tr>\n", event: `<tr><td class="event">`, eventEnd: "</td></tr>\n",
		user: bubble("user"), agent: bubble("them"), other: bubble("them"), headEnd: "</div>", bubbleEnd: "</div></td></tr>\n",
		file: `<div class="file" dir="auto">`, link: `<a href="`,
	}
}
