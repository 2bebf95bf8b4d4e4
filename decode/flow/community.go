package flow

import (
	"crypto/sha1"
	"encoding/base64"
	"encoding/binary"
	"net/netip"
)

// CommunityID returns the Community ID of a flow, version 1 with seed 0
// (https://github.com/corelight/community-id-spec): the same for both
// directions. It is meant for protocols with ports: TCP, UDP, SCTP.
func CommunityID(src, dst netip.AddrPort, proto uint8) string {
	a, b := src.Addr().Unmap(), dst.Addr().Unmap()
	ap, bp := src.Port(), dst.Port()
	if c := a.Compare(b); c > 0 || c == 0 && ap > bp {
		a, b, ap, bp = b, a, bp, ap
	}
	buf := make([]byte, 0, 40)
	buf = append(buf, 0, 0) // seed
	buf = append(buf, a.AsSlice()...)
	buf = append(buf, b.AsSlice()...)
	buf = append(buf, proto, 0)
	buf = binary.BigEndian.AppendUint16(buf, ap)
	buf = binary.BigEndian.AppendUint16(buf, bp)
	sum := sha1.Sum(buf)
	return "1:" + base64.StdEncoding.EncodeToString(sum[:])
}
