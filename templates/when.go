package templates

import (
	"strings"
	"time"
)

// zone returns the short name of t's zone, as "CET" or, where it has none, "UTC+05:30".
func zone(t time.Time) string {
	name, _ := t.Zone()
	if name == "" || name[0] != '+' && name[0] != '-' {
		return name
	}
	if len(name) > 3 && !strings.Contains(name, ":") {
		name = name[:3] + ":" + name[3:]
	}
	return "UTC" + name
}

// zoneInFull adds the place to the short name, as "CET, Europe/Stockholm".
func zoneInFull(t time.Time) string {
	name, place := zone(t), t.Location().String()
	if place == "" || place == "Local" || place == name {
		return name
	}
	return name + "," + noBreak + place
}

// noBreak is a space at which no line breaks.
const noBreak = "\u00a0"

// inZone names a zone in full, in brackets. It reads from left to right whatever is around
// it: broken over two lines from right to left, its brackets would go astray.
func (w *words) inZone(t time.Time) string { return w.isolate("(" + zoneInFull(t) + ")") }

// moment returns a date, a time of day and the zone's name.
func (w *words) moment(t time.Time, l *time.Location) string {
	t = t.In(location(l))
	return w.at(t) + " " + w.inZone(t)
}

// stamp returns the same for where there is little room.
func (w *words) stamp(t time.Time, l *time.Location) string {
	t = t.In(location(l))
	return w.ShortDate(t) + " " + w.Clock(t) + " " + zone(t)
}

// period returns from when to when a chat went, and in which zone: both where a chat goes
// over a change of the clocks. The end may be unknown.
func (w *words) period(from, to time.Time, l *time.Location) string {
	if to.IsZero() || to.Before(from) {
		return w.moment(from, l)
	}
	from, to = from.In(location(l)), to.In(location(l))
	start, end := w.at(from), w.clockHeld(to)
	first, last := dayOf(from), dayOf(to)
	if first.zone != last.zone {
		start += " (" + zone(from) + ")"
		first.zone = last.zone
	}
	if first != last {
		end = w.at(to)
	}
	return fill(w.FromTo, "{from}", start, "{to}", end) + " " + w.inZone(to)
}

// at returns a date and a time of day.
func (w *words) at(t time.Time) string {
	return fill(w.At, "{date}", w.Date(t), "{time}", w.clockHeld(t))
}

// clockHeld is a time of day whose parts stay on one line.
func (w *words) clockHeld(t time.Time) string { return strings.ReplaceAll(w.Clock(t), " ", noBreak) }

// day is a date in a zone: where either changes, a transcript gets a new heading.
type day struct {
	year  int
	month time.Month
	day   int
	zone  string
}

func dayOf(t time.Time) day {
	d := day{}
	d.year, d.month, d.day = t.Date()
	d.zone, _ = t.Zone()
	return d
}

// heading is the line above the messages of a day.
func (w *words) heading(t time.Time) string { return w.Date(t) + " (" + zone(t) + ")" }
