package main

import (
	"fmt"
	"html/template"
	"slices"
	"strings"

	"kerbscope/analyze"
)

// Ends of an exchange whose address does not show.
const unseenClient, unseenServer = "client, not seen", "not seen"

// A lane is one host of a diagram, with a lifeline for each port that tickets
// are shown to.
type lane struct {
	name, role string
	ports      []uint16
	carriers   []string
	x          []float64 // of each lifeline
	asks       bool      // is a client
	kdc        bool      // is asked as a KDC
	accepts    bool      // tickets are shown to it
}

// A look is what a diagram is drawn for: a wide screen and paper, or a phone.
type look struct {
	narrow   bool
	width    float64
	left     float64 // where the lifelines begin, right of the times
	font     float64
	lineStep float64
}

// A sequence draws steps as SVG.
type sequence struct {
	h     *htmlReport
	steps []*seqStep
	fault []analyze.Fault // where the finding puts it
	lanes []*lane
	at    map[string]*lane
	look
	back, front strings.Builder
	y           float64
}

// sequenceSVG draws the steps; id makes the ids in it unique.
func (h *htmlReport) sequenceSVG(steps []*seqStep, fault []analyze.Fault, id, title, desc string, narrow bool) template.HTML {
	q := &sequence{h: h, steps: steps, fault: fault, at: map[string]*lane{}}
	if narrow {
		q.look = look{narrow: true, width: 328, left: 8, font: 12, lineStep: 16}
	} else {
		q.look = look{left: 104, font: 13, lineStep: 18}
	}
	q.findLanes()
	q.place()
	q.heads()
	top := q.y
	for _, s := range q.steps {
		q.step(s)
	}
	var lines strings.Builder
	for _, l := range q.lanes {
		for _, x := range l.x {
			fmt.Fprintf(&lines, `<path class="life" d="M%.0f %.0fV%.0f"/>`, x, top, q.y)
		}
	}
	class := "seq wide"
	if narrow {
		class = "seq narrow"
	}
	q.y += 6
	return template.HTML(fmt.Sprintf(`<svg class="%s" role="img" aria-labelledby="%s-t %s-d" viewBox="0 0 %.0f %.0f" width="%.0f" height="%.0f"><title id="%s-t">%s</title><desc id="%s-d">%s</desc>`,
		class, id, id, q.width, q.y, q.width, q.y, id, template.HTMLEscapeString(title), id, template.HTMLEscapeString(desc)) +
		q.back.String() + lines.String() + q.front.String() + "</svg>")
}

// place sorts clients, then KDCs, then acceptors.
func (l *lane) place() int {
	switch {
	case l.accepts:
		return 2
	case l.kdc:
		return 1
	}
	return 0
}

// findLanes lists the hosts: of each kind in the order in which they speak.
func (q *sequence) findLanes() {
	for _, s := range q.steps {
		q.lane(s.from, unseenClient).asks = true
	}
	for _, kind := range []bool{false, true} {
		for _, s := range q.steps {
			if s.atAcceptor() != kind {
				continue
			}
			l := q.lane(s.to, unseenServer)
			l.kdc, l.accepts = l.kdc || !kind, l.accepts || kind
			if p := q.h.port(s); p != 0 && !slices.Contains(l.ports, p) {
				l.ports = append(l.ports, p)
				word := ""
				if len(s.x.Carrier) > 0 {
					word = carrierWords[s.x.Carrier[0]]
				}
				l.carriers = append(l.carriers, word)
			}
		}
	}
	for _, l := range q.lanes {
		if len(l.ports) > drawnPorts || q.narrow {
			l.ports = nil
		}
		if (l.kdc || l.asks) && len(l.ports) > 0 { // what it does beside accepting needs a lifeline of its own
			l.ports = append([]uint16{0}, l.ports...)
			l.carriers = append([]string{""}, l.carriers...)
		}
		l.x = make([]float64, max(1, len(l.ports)))
	}
	slices.SortStableFunc(q.lanes, func(a, b *lane) int { return a.place() - b.place() })
}

func (q *sequence) lane(address, unseen string) *lane {
	key := q.h.hostKey(address)
	if l := q.at[key]; l != nil {
		return l
	}
	l := &lane{name: unseen}
	if address != "" {
		l.name = escape(q.h.names.host(address))
	}
	if i, ok := q.h.hostAt[address]; ok {
		l.role = rolesWords(q.h.r.Hosts[i].Roles)
	}
	q.at[key] = l
	q.lanes = append(q.lanes, l)
	return l
}

// place gives each lifeline its x.
func (q *sequence) place() {
	n := 0
	for _, l := range q.lanes {
		n += len(l.x)
	}
	margin := 62.0
	if q.narrow {
		margin = min(56, (q.width-q.left)/float64(2*max(n, 1)))
	} else {
		q.width = min(max(760, q.left+2*margin+150*float64(n-1)), 960)
		if n > 6 {
			q.width = q.left + 2*margin + 128*float64(n-1)
		}
	}
	gap := 0.0
	if n > 1 {
		gap = (q.width - q.left - 2*margin) / float64(n-1)
	}
	if n <= 3 && !q.narrow {
		gap = min(gap, 330)
	}
	i := 0
	for _, l := range q.lanes {
		for k := range l.x {
			l.x[k] = q.left + margin + gap*float64(i)
			i++
		}
	}
}

// heads draws the names of the hosts and their ports.
func (q *sequence) heads() {
	ports := false
	n := 0
	for _, l := range q.lanes {
		ports = ports || len(l.ports) > 0
		n += len(l.x)
	}
	half := 56.0
	if q.narrow {
		half = min(52, (q.width-q.left)/float64(2*max(n, 1))-4)
	}
	height := 46.0
	for _, l := range q.lanes {
		x0, x1 := l.x[0]-half, l.x[len(l.x)-1]+half
		mid := (x0 + x1) / 2
		class := "host"
		if q.faulty(l, 0) {
			class += " faulty"
		}
		fmt.Fprintf(&q.front, `<rect class="%s" x="%.0f" y="1" width="%.0f" height="%.0f" rx="6"/>`, class, x0, x1-x0, height)
		y := 20.0
		if l.role == "" {
			y = 28
		}
		q.centred(mid, y, "hostname", 13, x1-x0-10, l.name)
		if l.role != "" {
			q.centred(mid, 36, "faint", 11, x1-x0-10, l.role)
		}
		for i, p := range l.ports {
			name := "as client"
			if p != 0 {
				name = fmt.Sprintf("port %d", p)
			} else if l.kdc {
				name = "as KDC"
			}
			if p != 0 && q.faulty(l, p) {
				fmt.Fprintf(&q.front, `<rect class="faulty" x="%.0f" y="%.0f" width="%.0f" height="36" rx="6"/>`, l.x[i]-half, height+4, 2*half)
			}
			q.centred(l.x[i], height+18, "port", 12, 124, name)
			if l.carriers[i] != "" {
				q.centred(l.x[i], height+33, "faint", 11, 124, l.carriers[i])
			}
		}
	}
	q.y = height + 1
	if ports {
		q.y += 40
	}
}

// faulty tells the host, or its port, where the finding puts the fault.
func (q *sequence) faulty(l *lane, port uint16) bool {
	return slices.ContainsFunc(q.fault, func(f analyze.Fault) bool {
		if f.Endpoint == nil {
			return false
		}
		at := q.at[q.h.hostKey(f.Endpoint.Address)]
		return at == l && (len(l.ports) == 0 || f.Endpoint.Port == port)
	})
}

// step draws one exchange: what is sent, then what comes back.
func (q *sequence) step(s *seqStep) {
	top := q.y
	mood := map[string]string{"ok": "ok", "error": "no", "refused": "no", "unanswered": "mute"}[s.x.Outcome]
	if mood == "" {
		mood = "dim"
	}
	from := q.lane(s.from, unseenClient)
	to := q.lane(s.to, unseenServer)
	x1, x2 := from.x[0], to.x[0]
	if i := slices.Index(to.ports, q.h.port(s)); i >= 0 {
		x2 = to.x[i]
	}
	if x1 == x2 {
		x2 += 46 // a host that asks itself
	}
	q.y += 10
	if q.narrow {
		q.y += 14
		q.text(q.left, q.y, "time", 11, clock(s.x.Started))
		q.y += 2
	}
	hot := s.failed() && s.cited // the one that the finding is about
	ask := q.h.askWords(s)
	q.label(x1, x2, ask, "", "", hot)
	if !q.narrow {
		q.text(8, top+10+13, "time", 12, clock(s.x.Started))
	}
	q.y += 13
	q.arrow(x1, x2, q.y, s)
	if s.presents >= 0 {
		q.chip(x1, x2, s.presents)
	}
	stress, rest := q.h.answer(s)
	switch s.x.Outcome {
	case "unanswered":
		q.y += 18
		q.label(x1, x2, rest, stress, "no", hot)
	case "not-captured", "unknown":
		q.y += 14
		q.label(x1, x2, rest, "", "dim", hot)
	default:
		q.y += 14
		q.label(x1, x2, rest, stress, mood, hot)
		q.y += 15
		q.arrowBack(x1, x2, mood)
		if s.issues >= 0 {
			q.chip(x2, x1, s.issues)
		}
		q.mark(x2, q.y, mood)
	}
	q.y += 20
	if hot {
		fmt.Fprintf(&q.back, `<rect class="band" x="0" y="%.0f" width="%.0f" height="%.0f" rx="4"/><rect class="edge" x="0" y="%.0f" width="4" height="%.0f"/>`, top+2, q.width, q.y-top-4, top+2, q.y-top-4)
	}
}

// label writes text above the arrow to come, where most room is.
func (q *sequence) label(x1, x2 float64, rest, stress, mood string, hot bool) {
	left := min(x1, x2) + 12
	if q.narrow {
		left = q.left
	}
	room := q.width - left - 10
	if room < 330 && !q.narrow {
		left = max(q.left, q.width-10-min(330, textWidth(stress+rest, q.font*boldWidth)))
		room = q.width - left - 10
	}
	class := "say"
	if mood == "dim" {
		class = "say faint"
	}
	if hot {
		class += " hot"
	}
	for _, l := range wrapWidth(stress, rest, room, q.font) {
		q.y += q.lineStep
		body := template.HTMLEscapeString(l.text[l.bold:])
		if l.bold > 0 {
			body = fmt.Sprintf(`<tspan class="stress %s">%s</tspan>%s`, mood, template.HTMLEscapeString(l.text[:l.bold]), body)
		}
		fmt.Fprintf(&q.front, `<text class="%s" x="%.0f" y="%.0f">%s</text>`, class, left, q.y-4, body)
	}
}

// arrow goes from the one who asks to the one who is asked; broken where no
// answer came.
func (q *sequence) arrow(x1, x2, y float64, s *seqStep) {
	d := 1.0
	if x2 < x1 {
		d = -1
	}
	if s.x.Outcome == "unanswered" {
		end := x1 + (x2-x1)*0.72
		fmt.Fprintf(&q.front, `<path class="line mute" d="M%.0f %.0fH%.0f"/><path class="badge mute" d="M%.0f %.0fm-9 0a9 9 0 1 0 18 0a9 9 0 1 0-18 0"/><path class="sign mute" d="M%.0f %.0fl10-10"/>`, x1, y, end, end+d*9, y, end+d*9-5, y+5)
		return
	}
	fmt.Fprintf(&q.front, `<path class="line" d="M%.0f %.0fH%.0f"/><path class="tip" d="M%.0f %.0fl%.0f-5v10z"/>`, x1, y, x2-d*2, x2, y, -d*9)
}

// arrowBack is the answer: dashed and thick for a refusal.
func (q *sequence) arrowBack(x1, x2 float64, mood string) {
	d := 1.0
	if x2 < x1 {
		d = -1
	}
	fmt.Fprintf(&q.front, `<path class="line back %s" d="M%.0f %.0fH%.0f"/><path class="tip %s" d="M%.0f %.0fl%.0f-5v10z"/>`, mood, x2, q.y, x1+d*2, mood, x1, q.y, d*9)
}

// mark stands on the lifeline of the one who decides: an octagon with a cross,
// or a disc with a tick.
func (q *sequence) mark(x, y float64, mood string) {
	q.front.WriteString(markAt(x, y, mood))
}

// chip is a ticket on its way, near the one who sends it.
func (q *sequence) chip(from, to float64, ticket int) {
	d := 30.0
	if to < from {
		d = -30
	}
	q.front.WriteString(chipAt(from+d, q.y, q.h.letter(ticket), q.h.hue(ticket)))
}

func (q *sequence) text(x, y float64, class string, size float64, s string) {
	fmt.Fprintf(&q.front, `<text class="%s" x="%.0f" y="%.0f">%s</text>`, class, x, y, template.HTMLEscapeString(s))
}

// centred writes text that is cut to the room it has; the whole is its tooltip.
func (q *sequence) centred(x, y float64, class string, size, room float64, s string) {
	if class == "hostname" || class == "port" {
		size *= boldWidth
	}
	short := clipWidth(s, room, size)
	title := ""
	if short != s {
		title = "<title>" + template.HTMLEscapeString(s) + "</title>"
	}
	fmt.Fprintf(&q.front, `<text class="%s mid" x="%.0f" y="%.0f">%s%s</text>`, class, x, y, template.HTMLEscapeString(short), title)
}
