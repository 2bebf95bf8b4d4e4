package capture

// A pcap file has no marks to find a record by. After a damaged length the
// next place is taken where three headers in a row are believable.

const (
	searchChain = 3
	searchReach = searchChain*(maxPcapRec+32) + maxPcapRec // bytes to hold, so that most places can be judged at once
	searchAhead = 7 * 24 * 3600e9                          // how far times may jump over the damage
	searchBack  = 3600e9
	year1990    = 631152000 // seconds: no earlier times where no record was read yet
)

// search returns the next place where records go on. If there is none in data,
// found is false and all before at can be dropped.
func (p *pcapSource) search(data []byte, pos int) (at int, found bool) {
	for ; pos+p.header <= len(data); pos++ {
		if !p.believable(data[pos:]) {
			continue
		}
		next, n := pos, 0
		for ; n < searchChain && next+p.header <= len(data) && p.believable(data[next:]); n++ {
			next += p.header + int(p.fields(data[next:]).incl)
		}
		switch {
		case n == searchChain && next <= len(data):
			return pos, true
		case next+p.header <= len(data): // and what stands there is no header
		case p.end == nil:
			return pos, false // more is to be seen of it
		case next == len(data), n > 1:
			return pos, true
		}
	}
	return pos, false
}

func (p *pcapSource) believable(h []byte) bool {
	f := p.fields(h)
	if f.incl == 0 || f.incl > maxPcapRec || f.incl > f.orig || f.orig > maxPcapRec || int64(f.frac)*p.fracNS >= 1e9 {
		return false
	}
	if p.last == NoTime {
		return f.sec >= year1990
	}
	// The last record before the damage may be part of it.
	t := int64(f.sec) * 1e9
	return t >= p.last-searchBack && t <= p.last+searchAhead || t >= p.first-searchBack && t <= p.first+searchAhead
}
