package analyze

import "kerbscope/decode"

// Restart is for when the clock that stamps packets was set: what is under way
// ends as at the end of a capture, for its times cannot be compared with those
// of packets to come. What was found stays.
func (l *Live) Restart() {
	l.dec.Close()
	l.past = l.past.Plus(l.dec.Stats(0))
	l.dec = l.decoder()
	l.restarts++
}

func (l *Live) decoder() *decode.Decoder {
	return decode.New(decode.Options{Keys: l.o.Keys, Share: l.o.Share}, liveSink{l})
}

func (l *Live) stats() decode.Stats { return l.past.Plus(l.dec.Stats(0)) }
