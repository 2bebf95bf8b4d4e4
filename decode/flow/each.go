package flow

// Each calls f with every connection that has not ended, in no fixed order. f
// must change nothing. What passed of a calm connection since it became calm
// is not counted in it yet (see Quick).
func (t *Tracker) Each(f func(*Conn)) {
	for _, l := range [...]*connList{&t.opening, &t.open, &t.closing} {
		for c := l.oldest; c != nil; c = c.newer {
			f(c)
		}
	}
}
