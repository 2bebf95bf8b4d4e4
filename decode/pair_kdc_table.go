package decode

// touch makes o the most recently active exchange.
func (p *kdcPairs) touch(o *openKDC, now int64) {
	p.unlink(o)
	o.last = now
	o.prev = p.tail
	if p.tail != nil {
		p.tail.next = o
	} else {
		p.head = o
	}
	p.tail = o
}

func (p *kdcPairs) unlink(o *openKDC) {
	if o.prev == nil && o.next == nil && p.head != o {
		return
	}
	if o.prev != nil {
		o.prev.next = o.next
	} else {
		p.head = o.next
	}
	if o.next != nil {
		o.next.prev = o.prev
	} else {
		p.tail = o.prev
	}
	o.prev, o.next = nil, nil
}

// finish hands an exchange over; e is its ending, 0 when no answer came.
func (p *kdcPairs) finish(o *openKDC, e Ending) {
	p.unlink(o)
	p.n--
	p.kept -= o.kept
	switch {
	case p.names[o.question] != o:
	case o.leg != nil:
		p.names[o.question] = o.leg
	default:
		delete(p.names, o.question)
	}
	if o.leg != nil {
		o.leg.leg = nil
	}
	for _, fk := range o.flows {
		w := p.flows[fk]
		for i := range w.len() {
			if w.at(i) == o {
				p.unwait(fk, w, i)
				if e != 0 {
					p.remember(fk, o.last, o.x.Kind) // sent this way too: another copy of the answer
				}
				break
			}
		}
	}
	o.x = p.ended(o, e)
	o.leg, o.flows = nil, nil
	p.d.sink.Exchange(&o.x)
}

// ended is the exchange of o as it stands; e is its ending, 0 when no answer came.
func (p *kdcPairs) ended(o *openKDC, e Ending) Exchange {
	x := o.x
	if !x.BothWays {
		x.BothWays = p.d.views.from(x.Server.Addr(), x.Client.Addr())
	}
	x.ClientHears = x.BothWays || p.d.views.to(x.Client.Addr())
	switch {
	case e != 0:
		x.Ending = e
	case !o.waiting:
		// The client never took the step: the error stands, and is read for
		// what it is.
		x.Ending = Failed
	default:
		x.Reply = nil
		x.Ending = p.d.silence(&x, o.firstAt)
	}
	return x
}

// shed hands over what was quiet longest until the rest is within its bounds.
func (p *kdcPairs) shed() {
	for p.n > p.d.most.openExchanges || p.kept > p.d.most.exchanges {
		p.d.limit("exchanges under way")
		p.finish(p.head, 0)
	}
}

// expire hands over what waited too long at capture time now.
func (p *kdcPairs) expire(now int64) {
	for o := p.head; o != nil; o = p.head {
		wait := int64(waitReply)
		if !o.waiting {
			wait = waitStep
		}
		if now-o.last < wait {
			// Exchanges between two steps may stand before older ones; they
			// are few, and their turn comes.
			return
		}
		p.finish(o, 0)
	}
}

// flush hands over everything, oldest first.
func (p *kdcPairs) flush() {
	for p.head != nil {
		p.finish(p.head, 0)
	}
}
