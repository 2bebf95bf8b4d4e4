package decode

// An rpcContext is a security context: an authentication under way.
type rpcContext struct {
	id     uint32 // auth_context_id
	call   uint32 // of the PDU that waits for its answer
	typ    byte   // auth_type
	legs   int    // of the client
	waits  bool   // bind or alter_context without its answer
	asks   bool   // the request of that call is the first under it
	judged bool   // the carrier gave its word
}

func (p *dcerpcParser) context(id uint32) *rpcContext {
	for i := range p.contexts {
		if p.contexts[i].id == id {
			return &p.contexts[i]
		}
	}
	return nil
}

func (p *dcerpcParser) newContext(id uint32, typ byte) *rpcContext {
	c := p.context(id)
	if c == nil {
		if len(p.contexts) >= maxRPCContexts {
			p.contexts = append(p.contexts[:0], p.contexts[1:]...)
		}
		p.contexts = append(p.contexts, rpcContext{})
		c = &p.contexts[len(p.contexts)-1]
	}
	*c = rpcContext{id: id, typ: typ}
	return c
}

// waiting is the context whose bind or alter_context of that call has no
// answer yet.
func (p *dcerpcParser) waiting(call uint32) *rpcContext {
	for i := range p.contexts {
		if c := &p.contexts[i]; c.waits && c.call == call {
			return c
		}
	}
	return nil
}

// unjudged is the context of a request of that call, else the latest one, with
// a leg that nothing was said about.
func (p *dcerpcParser) unjudged(call uint32) *rpcContext {
	var best *rpcContext
	for i := range p.contexts {
		c := &p.contexts[i]
		switch {
		case c.judged || c.legs == 0:
		case c.asks && c.call == call:
			return c
		case !c.asks || best == nil:
			best = c
		}
	}
	return best
}

// open tells whether there is a context that nothing was said about.
func (p *dcerpcParser) open() bool { return p.undecided() > 0 }

// several tells whether a request may be the first under one context or
// another.
func (p *dcerpcParser) several() bool { return p.undecided() > 1 }

func (p *dcerpcParser) undecided() (n int) {
	for i := range p.contexts {
		if c := &p.contexts[i]; c.waits || c.legs > 0 && !c.judged {
			n++
		}
	}
	return n
}

// asked notes the context that a request is sent under.
func (p *dcerpcParser) asked(h rpcHeader, b []byte) {
	t, ok := readRPCTrailer(h, b)
	if !ok {
		return
	}
	if c := p.context(t.id); c != nil && !c.judged && !c.waits && !c.asks {
		c.call, c.asks = h.call, true
	}
}
