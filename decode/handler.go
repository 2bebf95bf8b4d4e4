package decode

import "kerbscope/decode/flow"

// handler takes what the TCP tracker tells.
type handler struct{ d *Decoder }

func (h handler) New(c *flow.Conn) {
	c.User = newStream(h.d, c)
}

func (h handler) Data(c *flow.Conn, fd flow.Dir) {
	s := c.User.(*stream)
	// The end of the stream is told in a call without new bytes: no answer.
	if dir(fd) == toClient {
		half := c.Half(fd)
		passed, _ := half.Passed()
		if n := half.PayloadBytes - passed; n > s.downBytes {
			s.lastDown, s.downBytes = h.d.now, n
		}
	}
	if !s.seen[fd] {
		s.seen[fd] = true
		h.d.sees(c, dir(fd))
	}
	if _, gap := c.Half(fd).Gap(); gap {
		h.d.stat.Gaps++
		if portClasses[c.Server.Port()] == portOther && portClasses[c.Client.Port()] == portOther {
			h.d.stat.OtherGaps++
		}
	}
	s.run(dir(fd))
}

// sees notes that bytes of direction fd of c are in the capture.
func (d *Decoder) sees(c *flow.Conn, of dir) {
	client, server := c.Client.Addr(), c.Server.Addr()
	switch {
	case of == toClient && !c.SYNACK.Ok():
		d.views.add(flow.IPFrom(server), flow.IPFrom(client))
	case of == toServer && c.SYNCount == 0:
		d.views.add(flow.IPFrom(client), flow.IPFrom(server))
	}
	if of == toServer && c.ServerUnseen() {
		d.views.miss(server, client)
	}
}

func (h handler) End(c *flow.Conn, why flow.EndReason) {
	s := c.User.(*stream)
	s.end(why)
	h.d.connEnded(c)
	s.c = nil // the tracker's again
	h.d.reuse(s)
}
