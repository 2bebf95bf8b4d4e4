package decode

// Bounds of the bytes that what is under way holds: of many connections or
// requests each might hold as much as the longest message.
const (
	// maxKept: Sessions of TCP connections.
	maxKept = 32 << 20
	// maxOpenBytes: exchanges with KDCs that wait for an answer.
	maxOpenBytes = 32 << 20
	// maxRawBytes: AP and password exchanges over UDP.
	maxRawBytes = 16 << 20
	// maxTalkBytes: talks over UDP.
	maxTalkBytes = 16 << 20
)

// legCost is about what an attempt, or a leg of one with the message read from
// its token, takes beside the token's bytes.
const legCost = 2048

// stepCost is about what a step takes beside its message: an entry in the list
// of steps, and a flow to be known by.
const stepCost = 256

// keep counts n bytes that s holds from now on until it ends, or until they are
// taken back with a negative n.
func (s *stream) keep(n int) {
	if s.ended {
		return // what still refers to it counts nowhere
	}
	s.hold(n)
}

func (s *stream) hold(n int) {
	s.kept += n
	if s.udp != nil {
		s.d.talks.kept += n
	} else {
		s.d.kept += n
	}
}

// held is about how many bytes of memory m takes.
func (m *Message) held() int {
	if m == nil {
		return 0
	}
	return 256 + 8*cap(m.Frames) + m.Krb.Held()
}

// held is about how many bytes of memory x and its messages take.
func (x *Exchange) held() int {
	n := 1024
	for i := range x.Steps {
		n += x.Steps[i].Msg.held()
	}
	if len(x.Steps) >= maxSteps { // these may stand in no step then
		for _, m := range [...]*Message{x.Request, x.Reply, x.Hint, x.TooBig, x.Unheard} {
			n += m.held()
		}
	}
	return n
}
