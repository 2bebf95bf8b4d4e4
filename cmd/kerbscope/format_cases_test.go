package main

import (
	"bytes"
	"encoding/binary"
	"encoding/json"
	"io"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"kerbscope/capture"
	"kerbscope/capture/netmontest"
)

// formatSource is the case whose captures the cases here hold in another form.
const formatSource = corpusRoot + "/key-mismatch"

// formatCases are the cases that are made from formatSource, by file.
var formatCases = map[string]map[string]func(*testing.T) []byte{
	"format-netmon": {
		// What Network Monitor 3.4 writes: UTC in every frame.
		"dc1.cap": func(t *testing.T) []byte {
			f := netmonOf(t, "dc1.pcap", 3)
			f.Comment = [2]string{"Kerberos", `{\rtf1\ansi the logon of MAILBOX-1$\par}`}
			f.Processes = []netmontest.Process{{Path: `C:\Windows\System32\lsass.exe`, PID: 612}}
			f.Frames[0].Process = 1
			return f.Bytes()
		},
		// Earlier versions: local times, frames in any order and with holes.
		"hub.cap": func(t *testing.T) []byte {
			f := netmonOf(t, "hub.pcap", 2)
			f.Backward, f.Pad, f.Zone = true, 56, -8*time.Hour
			return f.Bytes()
		},
		"mailbox.cap": func(t *testing.T) []byte {
			f := netmonOf(t, "mailbox.pcapng", 1)
			f.Zone = 5*time.Hour + 30*time.Minute
			return f.Bytes()
		},
	},
	"format-tunnels": {
		"dc1.pcapng":     func(t *testing.T) []byte { return wrapped(t, "dc1.pcap", capture.LinkEthernet, erspan2) },
		"hub.pcapng":     func(t *testing.T) []byte { return wrapped(t, "hub.pcap", capture.LinkEthernet, vxlan) },
		"mailbox.pcapng": func(t *testing.T) []byte { return wrapped(t, "mailbox.pcapng", capture.LinkRadiotap, radiotap) },
	},
}

// TestFormatCases: the captures of these cases are those of formatSource in
// another form, and what is found in them is the same, frame by frame.
func TestFormatCases(t *testing.T) {
	for name, files := range formatCases {
		t.Run(name, func(t *testing.T) {
			dir := filepath.Join(corpusRoot, name)
			for file, build := range files {
				path, made := filepath.Join(dir, file), build(t)
				if *update {
					require.NoError(t, os.WriteFile(path, made, 0o644))
				}
				have, err := os.ReadFile(path)
				require.NoError(t, err)
				require.True(t, bytes.Equal(made, have), "%s is not what is built here from %s", path, formatSource)
			}
			assert.Equal(t, findingsOf(t, formatSource), findingsOf(t, dir))
		})
	}
}

// findingsOf returns what is found in a case: rules, words, confidence and the
// frames that prove it.
func findingsOf(t *testing.T, dir string) (list []any) {
	var report struct {
		Findings []struct {
			Rule, Severity, Confidence, Summary string
			Evidence                            []struct {
				Frame uint64
				Field string
			}
		}
	}
	require.NoError(t, json.Unmarshal(analyzeCase(t, dir, "json", nil), &report))
	require.NotEmpty(t, report.Findings)
	for _, f := range report.Findings {
		require.NotZero(t, f.Evidence[0].Frame)
		list = append(list, f)
	}
	return list
}

func formatPackets(t *testing.T, file string, take func(p capture.Packet)) {
	src, err := capture.Open(filepath.Join(formatSource, file))
	require.NoError(t, err)
	defer src.Close()
	var b capture.Batch
	for {
		err := src.Next(&b)
		if err == io.EOF {
			return
		}
		require.NoError(t, err)
		for i := range b.Records {
			take(b.Packet(i))
		}
	}
}

func netmonOf(t *testing.T, file string, minor int) *netmontest.File {
	f := &netmontest.File{Minor: minor, Media: 1}
	formatPackets(t, file, func(p capture.Packet) {
		if len(f.Frames) == 0 {
			f.Start = p.Time
		}
		f.Frames = append(f.Frames, netmontest.Frame{Time: p.Time, Data: bytes.Clone(p.Data), Wire: int(p.Wire), Media: 1})
	})
	return f
}

func wrapped(t *testing.T, file string, link capture.LinkType, wrap func(n uint32, frame []byte) []byte) []byte {
	var out bytes.Buffer
	w := capture.NewWriter(&out, capture.Section{})
	_, err := w.AddInterface(capture.Interface{Link: link, TicksPS: 1e9})
	require.NoError(t, err)
	formatPackets(t, file, func(p capture.Packet) {
		frame := wrap(uint32(p.Frame), p.Data)
		require.NoError(t, w.WritePacket(capture.Record{Time: p.Time, Wire: uint32(len(frame)) + p.Wire - p.Len}, frame, capture.PacketOptions{}))
	})
	require.NoError(t, w.Flush())
	return out.Bytes()
}

// mirrored is a frame from the switch that mirrors to the host that captures.
func mirrored(proto byte, n uint32, body []byte) []byte {
	f := []byte("\x02\x00\x00\x00\x99\x01\x02\x00\x00\x00\x99\x02\x08\x00\x45\x00\x00\x00\x00\x00\x40\x00\x40\x00\x00\x00\xc6\x33\x64\x01\xc6\x33\x64\x02")
	ip := f[14:]
	be := binary.BigEndian
	be.PutUint16(ip[2:], uint16(len(ip)+len(body)))
	be.PutUint16(ip[4:], uint16(n))
	ip[9] = proto
	sum := uint32(0)
	for i := 0; i < len(ip); i += 2 {
		sum += uint32(be.Uint16(ip[i:]))
	}
	for sum > 0xffff {
		sum = sum>>16 + sum&0xffff
	}
	be.PutUint16(ip[10:], ^uint16(sum))
	return append(f, body...)
}

// erspan2 is a frame in GRE as ERSPAN type II: sequence number, then version 1,
// VLAN 20, session 7.
func erspan2(n uint32, frame []byte) []byte {
	h := []byte{0x10, 0x00, 0x88, 0xbe}
	h = binary.BigEndian.AppendUint32(h, n)
	h = append(h, 0x10, 0x14, 0x00, 0x07, 0, 0, 0, 0)
	return mirrored(47, n, append(h, frame...))
}

// vxlan is a frame in VXLAN, network 7, in UDP without a checksum.
func vxlan(n uint32, frame []byte) []byte {
	h := binary.BigEndian.AppendUint16(nil, uint16(49152+n%1000))
	h = binary.BigEndian.AppendUint16(h, 4789)
	h = binary.BigEndian.AppendUint16(h, uint16(16+len(frame)))
	h = append(h, 0, 0, 8, 0, 0, 0, 0, 0, 7, 0)
	return mirrored(17, n, append(h, frame...))
}

// radiotap is a frame as a card in monitor mode gives it: 802.11 QoS data of an
// open network, LLC and SNAP instead of the Ethernet header, a (wrong) FCS; every
// fourth in an A-MSDU, decrypted by the driver.
func radiotap(n uint32, frame []byte) []byte {
	h := []byte{0, 0, 9, 0, 2, 0, 0, 0, 0x10}
	h = append(h, 0x88, 0x01, 0, 0)
	h = append(h, "\x02\x00\x00\x00\xaa\x01"...) // the access point
	h = append(h, frame[6:12]...)
	h = append(h, frame[:6]...)
	h = binary.LittleEndian.AppendUint16(h, uint16(n<<4))
	llc := append([]byte("\xaa\xaa\x03\x00\x00\x00"), frame[12:]...)
	if n%4 == 0 {
		h = append(h, 0x80, 0)
		h = append(h, frame[:12]...)
		h = binary.BigEndian.AppendUint16(h, uint16(len(llc)))
	} else {
		h = append(h, 0, 0)
	}
	return append(append(h, llc...), "\xde\xad\xbe\xef"...)
}
