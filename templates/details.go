package templates

import "slices"

// sectionRoom is how many bytes the heading and the frame of a list take.
const sectionRoom = 600

// lineLimit is how many characters one line among the facts of a mail has that is too long.
const lineLimit = 1000

// within returns the view with as much of what stands around the messages as room bytes
// hold in either form, and whether that is less than all: long lines are shortened, and
// lists cut between two of their items.
func (v CustomerView) within(w *words, room int) (CustomerView, bool) {
	d := details{words: w, room: room, parts: 2}
	d.lines(&v.Number, &v.Ticket, &v.Product, &v.Name)
	d.part(func(room int) int {
		n, size := upTo(room, len(v.Agents), func(i int) int { return inList(v.Agents[i]) })
		v.Agents, d.less = v.Agents[:n], d.less || n < len(v.Agents)
		return size
	})
	v.Form = d.facts(v.Form, w.answers(v.Form))
	return v, d.less
}

// within is that of CustomerView.
func (v InternalView) within(w *words, room int) (InternalView, bool) {
	d := details{words: w, room: room, parts: 6}
	d.lines(&v.Number, &v.Ticket, &v.TicketURL, &v.Product, &v.Channel, &v.Group, &v.EndedBy, &v.Outcome, &v.Assigned,
		&v.User.ID, &v.User.Name, &v.User.Email, &v.User.Phone, &v.User.Locale, &v.User.Timezone)
	d.part(func(room int) int {
		n, size := upTo(room, len(v.Agents), func(i int) int { return inList(w.agentList(v.Agents[i : i+1])) })
		v.Agents, d.less = v.Agents[:n], d.less || n < len(v.Agents)
		return size
	})
	v.User.ExternalIDs = d.facts(v.User.ExternalIDs, v.User.ExternalIDs)
	v.Form = d.facts(v.Form, w.answers(v.Form))
	d.part(func(room int) int {
		n, size := d.fit(w.flagFacts(v.Flags), room)
		v.Flags, d.less = v.Flags[:n], d.less || n < len(v.Flags)
		return size
	})
	d.part(func(room int) int {
		n, size := d.fit(w.deliveryFacts(v.Deliveries, v.Location), room)
		v.Deliveries, d.less = v.Deliveries[:n], d.less || n < len(v.Deliveries)
		return size
	})
	notes := conversation{v.Notes, &w.Internal, w, location(v.Location)}
	d.part(func(room int) int {
		_, inHTML := notes.html(w.noteSkin(v.Brand), max(room, 1))
		_, inText := notes.textUpTo(max(room, 1))
		n := min(inHTML, inText)
		v.Notes, d.less = v.Notes[:n], d.less || n < len(v.Notes)
		return room
	})
	return v, d.less
}

// inList is how long a name is at most as one of a list, isolated and escaped.
func inList(name string) int { return len(multilineHTML(name)) + 16 }

// details gives each list an even share of the room that those before it have left.
type details struct {
	words       *words
	room, parts int
	less        bool
}

// lines shortens what is one line each. How long they all are together is bounded, and so
// takes no room.
func (d *details) lines(lines ...*string) {
	for _, l := range lines {
		whole := *l
		*l = short(whole, lineLimit)
		d.less = d.less || len(*l) < len(whole)
	}
}

func (d *details) part(take func(room int) int) {
	if size := take(max(d.room/d.parts-sectionRoom, 0)); size > 0 {
		d.room -= size + sectionRoom
	}
	d.parts--
}

// facts cuts a list to what fits of it as it is shown.
func (d *details) facts(list, shown []Fact) (some []Fact) {
	d.part(func(room int) int {
		n, size := d.fit(shown, room)
		some, d.less = list[:n], d.less || n < len(list)
		return size
	})
	return slices.Clip(some)
}

// fit is how many of the facts fit into so many bytes, and how many bytes those take.
func (d *details) fit(facts []Fact, room int) (n, size int) {
	table := 2*len(d.words.factTable(make([]Fact, 1))) - len(d.words.factTable(make([]Fact, 2))) // without its rows
	return upTo(room, len(facts), func(i int) int {
		one := facts[i : i+1]
		return max(len(d.words.factTable(one))-table, len(d.words.factLines(one))+1)
	})
}

// upTo is how many of the first items fit into so many bytes, and how many bytes those take.
func upTo(room, items int, size func(i int) int) (n, total int) {
	for ; n < items; n++ {
		more := size(n)
		if total+more > room {
			break
		}
		total += more
	}
	return n, total
}
