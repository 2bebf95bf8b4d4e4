package capture

import (
	"bytes"
	"encoding/binary"

	"kerbscope/capture/etl"
)

// A format is one row of the table: how a file of it begins, and its reader.
type format struct {
	name    string
	match   func(head []byte) bool // false also when head is still too short to tell
	open    func(*stream) (Source, error)
	capture bool   // holds packets (a folder counts such a file even if it is not read)
	what    string // for a row without open: the file, in words
	hint    string // and what to do about it
}

// formats is the table of everything that is told by its first bytes, in the
// order in which it is tried. A row without open is recognised so that the
// message can say what the file is.
var formats = []format{
	{name: "pcap", match: isPcap, open: openPcap, capture: true},
	{name: "pcapng", match: isPcapng, open: openPcapng, capture: true},
	{name: "gzip", match: magic("\x1f\x8b\x08"), open: openGzip},
	{name: "zstd", match: isZstd, open: openZstd},

	{name: "netmon", match: isNetmon, open: openNetmon, capture: true},
	{name: "etl", match: etl.Is, open: openETL, capture: true},
	wiresharks("netmon1", magic("RTSS"), "a Microsoft Network Monitor 1 capture"),
	wiresharks("snoop", magic("snoop\x00\x00\x00"), "a snoop capture"),
	wiresharks("sniffer", magic("TRSNIFF data    \x1a"), "a Network General Sniffer capture"),
	wiresharks("netxray", magic("XCP\x00"), "a NetXRay or Windows Sniffer capture"),
	wiresharks("omnipeek", magic("\x7fver"), "an OmniPeek capture"),
	wiresharks("peek", isPeek, "an EtherPeek or AiroPeek capture"),
	wiresharks("iptrace", magic("iptrace "), "an AIX iptrace capture"),
	wiresharks("nettl", magic("TR\x00d\x00"), "an HP-UX nettl capture"),
	wiresharks("visual", magic("\x05VNF"), "a Visual Networks capture"),
	wiresharks("observer", magic("ObserverPktBuffe"), "a Network Instruments Observer capture"),
	wiresharks("nstrace", isNetScaler, "a NetScaler trace"),
	{name: "capsa", match: magic("cpse"), capture: true,
		what: "a Colasoft Capsa capture, which is not read", hint: "save it as pcap in Capsa"},
	{name: "btsnoop", match: magic("btsnoop\x00"), what: "a Bluetooth capture, which holds no network packets"},
	{name: "lz4", match: magic("\x04\x22\x4d\x18"),
		what: "an lz4 file; only gzip and zstd are read as they are", hint: "unpack it first: lz4 -d FILE"},
	{name: "xz", match: magic("\xfd7zXZ\x00"),
		what: "an xz file; only gzip and zstd are read as they are", hint: "unpack it first: xz -d FILE"},
	{name: "bzip2", match: isBzip2,
		what: "a bzip2 file; only gzip and zstd are read as they are", hint: "unpack it first: bzip2 -d FILE"},
	{name: "zip", match: magic("PK\x03\x04"),
		what: "a zip archive", hint: "unpack it and name the captures (.etl, .pcapng, .cap) in it"},
	{name: "7z", match: magic("7z\xbc\xaf\x27\x1c"),
		what: "a 7-Zip archive", hint: "unpack it and name the captures in it"},
	{name: "cab", match: magic("MSCF\x00\x00\x00\x00"),
		what: "a cabinet file",
		hint: "netsh trace writes the packets into the .etl next to it: name that; or unpack it: expand -F:* FILE.cab FOLDER"},
	{name: "evtx", match: magic("ElfFile\x00"),
		what: "a Windows event log, which holds no packets"},
	{name: "mangled pcapng", match: magic("\r\n\r\r\n"),
		what: "a pcapng capture that a text-mode transfer has damaged", hint: "copy it again in binary mode"},
	{name: "keytab", match: isKeytab,
		what: "a keytab, not a capture file", hint: "name it with --keytab"},
	wiresharks("erf", isERF, "an Endace ERF capture"),
}

// wiresharks is the row of a format that Wireshark's editcap converts.
func wiresharks(name string, match func([]byte) bool, what string) format {
	return format{
		name: name, match: match, capture: true, what: what + ", which is not read",
		hint: "convert it with Wireshark: editcap IN OUT.pcapng",
	}
}

func magic(m string) func([]byte) bool {
	return func(head []byte) bool { return len(head) >= len(m) && string(head[:len(m)]) == m }
}

func isBzip2(h []byte) bool {
	return len(h) >= 10 && string(h[:3]) == "BZh" && h[3] >= '1' && h[3] <= '9' && string(h[4:10]) == "1AY&SY"
}

// isZstd knows the frame magic and the skippable frames that may come before
// it (RFC 8878 §3.1).
func isZstd(h []byte) bool {
	if len(h) < 4 {
		return false
	}
	m := binary.LittleEndian.Uint32(h)
	return m == 0xfd2fb528 || m&0xfffffff0 == 0x184d2a50
}

// isKeytab: version 5.2 or 5.1 and a first entry of a believable length.
func isKeytab(h []byte) bool {
	if len(h) < 6 || h[0] != 5 || (h[1] != 1 && h[1] != 2) {
		return false
	}
	n := int32(binary.BigEndian.Uint32(h[2:]))
	if h[1] == 1 {
		n = int32(binary.LittleEndian.Uint32(h[2:]))
	}
	return n > 8 && n < 4096
}

// isPeek: version 5 to 7, no status, a file length, a number of packets and
// media types that there are.
func isPeek(h []byte) bool {
	if len(h) < 30 || h[0] < 5 || h[0] > 7 || h[1] != 0 {
		return false
	}
	be := binary.BigEndian
	length, packets := be.Uint32(h[2:]), be.Uint32(h[6:])
	return packets > 0 && uint64(length) >= 16*uint64(packets) && be.Uint32(h[22:]) <= 1 && be.Uint32(h[26:]) <= 1
}

// isNetScaler: the first record of the first page tells the product.
func isNetScaler(h []byte) bool {
	const reach = 256
	_, rest, ok := bytes.Cut(h[:min(len(h), reach)], []byte("NetScaler "))
	return ok && bytes.Contains(rest[:min(len(rest), 32)], []byte("Performance Data"))
}

// isERF: no magic either; three records in a row whose lengths and types agree.
func isERF(h []byte) bool {
	at, n := 0, 0
	for ; n < 3 && at+16 <= len(h); n++ {
		typ := h[at+8] & 0x7f
		rlen := int(binary.BigEndian.Uint16(h[at+10:]))
		wlen := int(binary.BigEndian.Uint16(h[at+14:]))
		sec := binary.LittleEndian.Uint32(h[at+4:])
		if typ == 0 || typ > 48 || rlen < 16 || rlen > 16<<10 || wlen == 0 || wlen > 16<<10 || sec < 1e9/2 {
			return false
		}
		at += rlen
	}
	return n == 3
}
