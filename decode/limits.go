package decode

// maxUnderWay bounds the bytes of all that is under way: streams, sessions,
// exchanges, talks, fragments and the connections themselves. Each kind has a
// bound of its own; this is less than they add up to.
const maxUnderWay = 60 << 20

// connCost is about what a connection takes before anything is kept of it.
const connCost = 1700

// limits are the bounds of one Decoder, as its share of memory has them.
type limits struct {
	all, sessions, exchanges, raw, talks  int // bytes
	openExchanges, rawExchanges, allTalks int
}

func limitsOf(share float64) limits {
	return limits{
		all: Scaled(maxUnderWay, share), sessions: Scaled(maxKept, share), exchanges: Scaled(maxOpenBytes, share),
		raw: Scaled(maxRawBytes, share), talks: Scaled(maxTalkBytes, share),
		openExchanges: Scaled(maxOpenExchanges, share), rawExchanges: Scaled(maxRawUDP, share), allTalks: Scaled(maxTalks, share),
	}
}

// Scaled is a limit of n in a share of the usual memory: 0 stands for all of it.
func Scaled(n int, share float64) int {
	if share <= 0 {
		return n
	}
	return max(int(float64(n)*share), 64)
}

// underWay is about how many bytes all that is under way takes.
func (d *Decoder) underWay() int {
	return d.kept + d.kdc.kept + d.rawKept + d.talks.kept + d.tracker.Held() + d.frags.Held() + connCost*d.tracker.Known()
}

// shed hands over early what was quiet longest, until all is within its bounds.
// Of what is too much together, the kind that holds most gives way; one that
// holds little stays.
func (d *Decoder) shed() {
	for d.kept > d.most.sessions && d.tracker.Shed() {
		d.limit("bytes of sessions")
	}
	for d.underWay() > d.most.all {
		switch n := max(d.kept, d.kdc.kept, d.rawKept, d.talks.kept); {
		case n < d.most.all/8:
			if connCost*d.tracker.Known() < d.most.all/2 || !d.tracker.Evict() {
				return
			}
		case n == d.kept:
			if !d.tracker.Shed() {
				return
			}
			d.limit("bytes of sessions")
		case n == d.kdc.kept:
			d.limit("exchanges under way")
			d.kdc.finish(d.kdc.head, 0)
		case n == d.rawKept:
			d.shedRaw(d.most.rawExchanges, n/2)
		default:
			d.shedTalks(d.most.allTalks, n/2)
		}
	}
}
