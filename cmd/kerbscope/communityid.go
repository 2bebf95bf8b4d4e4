package main

import (
	"crypto/sha1"
	"encoding/base64"
	"encoding/binary"
	"net/netip"

	"kerbscope/decode"
)

// communityID is the flow's Community ID, version 1, seed 0
// (github.com/corelight/community-id-spec): the same in both directions.
func communityID(a, b netip.AddrPort, t decode.Transport) string {
	x, y := a.Addr().Unmap(), b.Addr().Unmap()
	if c := x.Compare(y); c > 0 || c == 0 && a.Port() > b.Port() {
		a, b, x, y = b, a, y, x
	}
	buf := make([]byte, 0, 2+16+16+2+4)
	buf = append(buf, 0, 0)
	buf = append(buf, x.AsSlice()...)
	buf = append(buf, y.AsSlice()...)
	buf = append(buf, byte(t), 0)
	buf = binary.BigEndian.AppendUint16(buf, a.Port())
	buf = binary.BigEndian.AppendUint16(buf, b.Port())
	sum := sha1.Sum(buf)
	return "1:" + base64.StdEncoding.EncodeToString(sum[:])
}
