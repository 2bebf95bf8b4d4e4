package flow

import "kerbscope/capture"

// A retransmitted SYN differs from the first one by its IPv4 identification or
// its TCP time stamp (RFC 7323 §3); a capture twin by nothing. Where the sender
// uses neither, only one that follows sooner than any retransmission timeout is
// taken for a twin.
const twinTime = second / 5

// noteSYN notes a SYN of c: the first, a retransmit or a twin.
func (c *Conn) noteSYN(p *Packet, at Seen) {
	fp := fingerprint(p)
	for i, old := range c.synFPs {
		if old != fp {
			continue
		}
		near := at.Time != capture.NoTime && at.Time-c.SYNs[i].Time < twinTime && c.SYNs[i].Time-at.Time < twinTime
		if near || !p.V6 && p.IPID != 0 || timeStamped(p.tcpHeader) {
			c.Twins++
			return
		}
	}
	if c.SYNs == nil {
		c.SYNs, c.synFPs = c.syn0[:0], c.fp0[:0]
	}
	if c.SYNCount++; len(c.SYNs) < MaxSYNs {
		c.SYNs = append(c.SYNs, at)
		c.synFPs = append(c.synFPs, fp)
	}
}

// fingerprint hashes (FNV-1a) what tells one SYN from its retransmit. The
// checksum is left out: the card may compute it after one capture point.
func fingerprint(p *Packet) uint64 {
	h := uint64(14695981039346656037) ^ uint64(p.IPID)
	for i, b := range p.tcpHeader {
		if i != 16 && i != 17 {
			h = (h ^ uint64(b)) * 1099511628211
		}
	}
	return (h ^ uint64(p.Seq)) * 1099511628211
}

// timeStamped tells whether the options of a TCP header hold a time stamp.
func timeStamped(header []byte) bool {
	for i := 20; i < len(header); {
		switch header[i] {
		case 0: // end of options
			return false
		case 1: // no-operation
			i++
		case 8:
			return true
		default:
			if i+1 >= len(header) || header[i+1] < 2 {
				return false
			}
			i += int(header[i+1])
		}
	}
	return false
}
