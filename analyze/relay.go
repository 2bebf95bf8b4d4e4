package analyze

import "kerbscope/decode"

// A relay is the decode.Sink that hands what a Decoder yields to a Case in a
// goroutine of its own, in the same order, so that decoding and folding overlap.
type relay struct {
	list  []any // not handed on yet
	bytes int   // of the messages in it
	ready chan []any
	spare chan []any
	done  chan struct{}
}

// relayed is how many lists are under way at most.
const relayed = 4

func newRelay(to *Case) *relay {
	r := &relay{ready: make(chan []any, relayed), spare: make(chan []any, relayed), done: make(chan struct{})}
	go func() {
		defer close(r.done)
		for list := range r.ready {
			for i, v := range list {
				switch v := v.(type) {
				case *decode.Message:
					to.Message(v)
				case *decode.Exchange:
					to.Exchange(v)
				case *decode.Session:
					to.Session(v)
				case *decode.Sighting:
					to.Sighting(v)
				}
				list[i] = nil
			}
			select {
			case r.spare <- list[:0]:
			default:
			}
		}
	}()
	return r
}

func (r *relay) Message(m *decode.Message) {
	r.list = append(r.list, m)
	if m.Krb != nil {
		r.bytes += len(m.Krb.Raw)
	}
}
func (r *relay) Exchange(x *decode.Exchange) { r.list = append(r.list, x) }
func (r *relay) Session(s *decode.Session) {
	r.list = append(r.list, s)
	r.flush(relayMost) // at the end of a capture all that are open come at once
}
func (r *relay) Sighting(s *decode.Sighting) { r.list = append(r.list, s) }

// flush hands on what there is, if it is worth it: of so many things, or of
// large ones.
func (r *relay) flush(least int) {
	if len(r.list) == 0 || len(r.list) < least && r.bytes < relayBytes {
		return
	}
	r.ready <- r.list
	r.list, r.bytes = nil, 0
	select {
	case r.list = <-r.spare:
	default:
	}
}

// close hands the rest on and waits until the Case has all.
func (r *relay) close() {
	r.flush(1)
	close(r.ready)
	<-r.done
}

// relayList is how many things, and relayBytes how many bytes of messages, are
// worth waking the other goroutine for. relayMost are not waited beyond.
const (
	relayList  = 256
	relayMost  = 4 * relayList
	relayBytes = 1 << 20
)
