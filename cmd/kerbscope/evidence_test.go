package main

import (
	"bytes"
	"crypto/sha256"
	"encoding/base64"
	"encoding/binary"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"sync/atomic"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"kerbscope/analyze"
	"kerbscope/decode/flow"
)

// TestEvidence: what a finding cites stands in the frame that it names. Where
// Wireshark has the field, tshark finds it there; for the rest the value is
// found in the bytes of that frame's packet, or of those that it completes.
func TestEvidence(t *testing.T) {
	needTool(t, "tshark")
	var byTshark, byBytes atomic.Int64
	t.Run("cases", func(t *testing.T) {
		for _, dir := range corpusCases(t, corpusRoot) {
			t.Run(filepath.Base(dir), func(t *testing.T) {
				t.Parallel()
				cited := map[string]map[int][]analyze.Evidence{} // by capture and frame
				for _, args := range withKeytabs(t, dir) {
					for _, f := range reportOf(t, args...).Findings {
						require.NotEmpty(t, f.Evidence, f.ID)
						for _, e := range f.Evidence {
							if cited[e.Capture] == nil {
								cited[e.Capture] = map[int][]analyze.Evidence{}
							}
							cited[e.Capture][int(e.Frame)] = append(cited[e.Capture][int(e.Frame)], e)
						}
					}
				}
				for name, frames := range cited {
					path := filepath.Join(dir, name)
					byTshark.Add(int64(foundByTshark(t, path, frames)))
					byBytes.Add(int64(foundInBytes(t, path, frames)))
				}
			})
		}
	})
	t.Logf("found by tshark: %d items of evidence; in the bytes: %d", byTshark.Load(), byBytes.Load())
}

// foundByTshark checks the Wireshark filters of evidence, all at once and one
// by one where that fails.
func foundByTshark(t *testing.T, path string, frames map[int][]analyze.Evidence) (n int) {
	var all []string
	var wanted []int
	for frame, list := range frames {
		terms := []string{fmt.Sprintf("frame.number == %d", frame)}
		for _, e := range list {
			if e.Wireshark != "" {
				if term := "(" + e.Wireshark + ")"; !slices.Contains(terms, term) {
					terms = append(terms, term)
				}
				n++
			}
		}
		if len(terms) > 1 {
			all = append(all, "("+strings.Join(terms, " && ")+")")
			wanted = append(wanted, frame)
		}
	}
	slices.Sort(wanted)
	if len(wanted) == 0 || slices.Equal(wanted, tsharkFrames(t, path, strings.Join(all, " || "))) {
		return n
	}
	for frame, list := range frames {
		for _, e := range list {
			if e.Wireshark != "" && len(tsharkFrames(t, path, fmt.Sprintf("frame.number == %d && (%s)", frame, e.Wireshark))) == 0 {
				assert.Fail(t, "tshark does not find it", "%s frame %d: %s = %v: %s", filepath.Base(path), frame, e.Field, e.Value, e.Wireshark)
			}
		}
	}
	return n
}

func tsharkFrames(t *testing.T, path, filter string) (frames []int) {
	t.Helper()
	out, err := exec.Command("tshark", "-r", forTshark(t, path), "-Y", filter, "-T", "fields", "-e", "frame.number").Output()
	require.NoError(t, err, filter)
	for _, line := range strings.Fields(string(out)) {
		n, err := strconv.Atoi(line)
		require.NoError(t, err)
		frames = append(frames, n)
	}
	return frames
}

// foundInBytes looks for the values of evidence without a Wireshark field.
func foundInBytes(t *testing.T, path string, frames map[int][]analyze.Evidence) (n int) {
	var packets []recorded
	rows := map[int][]int{} // frame: the frames that hold the message completed there
	for frame, list := range frames {
		for _, e := range list {
			if e.Wireshark != "" {
				continue
			}
			if packets == nil {
				packets = load(t, []string{path})[0].packets
				rows = framesOfMessages(t, path)
			}
			n++
			var b []byte
			for _, f := range append(rows[frame], frame) {
				b = append(b, payload(packets[f-1])...)
			}
			found := slices.ContainsFunc(readings(b), func(b []byte) bool { return holds(b, e) })
			assert.True(t, found, "%s frame %d: %s = %v is not in its bytes", filepath.Base(path), frame, e.Field, e.Value)
		}
	}
	return n
}

// framesOfMessages are the frames of each message before the completing one.
func framesOfMessages(t *testing.T, path string) map[int][]int {
	frames := map[int][]int{}
	for _, line := range strings.Split(strings.TrimSpace(runOK(t, "decode", "--format", "ndjson", path)), "\n") {
		var r struct {
			Frame  int   `json:"frame"`
			Frames []int `json:"frames"`
		}
		require.NoError(t, json.Unmarshal([]byte(line), &r))
		for _, f := range r.Frames {
			if f != r.Frame && !slices.Contains(frames[r.Frame], f) {
				frames[r.Frame] = append(frames[r.Frame], f)
			}
		}
	}
	return frames
}

// payload is what a frame carries over TCP or UDP, out of whatever tunnels;
// the frame as it is where it carries neither.
func payload(r recorded) []byte {
	var p flow.Packet
	switch flow.Peek(r.link, r.data, r.wire, &p) {
	case flow.TCP, flow.UDP:
		return p.Payload
	}
	return r.data
}

// forTshark is a capture as tshark can read it: an event trace as convert
// writes it, whose frame numbers are ours.
func forTshark(t *testing.T, path string) string {
	t.Helper()
	if filepath.Ext(path) != ".etl" {
		return path
	}
	out := filepath.Join(t.TempDir(), filepath.Base(path)+".pcapng")
	_, errs, status := execute(t, "convert", "--quiet", path, out)
	require.Equal(t, exitOK, status, errs)
	return out
}

var base64Run = regexp.MustCompile(`[A-Za-z0-9+/]{16,}={0,2}`)

// readings are bytes as they stand, and what base64 in them stands for.
func readings(b []byte) [][]byte {
	list := [][]byte{b}
	for _, run := range base64Run.FindAll(b, -1) {
		run = bytes.TrimRight(run, "=")
		for len(run)%4 == 1 {
			run = run[:len(run)-1]
		}
		if d, err := base64.RawStdEncoding.DecodeString(string(run)); err == nil {
			list = append(list, d)
		}
	}
	return list
}

// holds tells whether bytes hold the value of a field in the form that its
// specification gives it.
func holds(b []byte, e analyze.Evidence) bool {
	text := fmt.Sprint(e.Value)
	value, _ := strconv.ParseFloat(text, 64) // as JSON has it
	number := int64(value)
	tagged := func(tag byte) bool {
		der := big(number)
		return bytes.Contains(b, append([]byte{0xa0 | tag, byte(len(der) + 2), 2, byte(len(der))}, der...))
	}
	switch e.Field {
	case "ticket.etype", "authenticator_etype", "enc_part.etype":
		return tagged(0)
	case "ticket.kvno":
		return tagged(1)
	case "error_code":
		return tagged(6)
	case "ticket.sname":
		return !slices.ContainsFunc(strings.Split(text, "/"), func(c string) bool { return !bytes.Contains(b, []byte(c)) })
	case "ticket.hash":
		return holdsHashOf(b, text)
	case "stime":
		return bytes.Contains(b, []byte(strings.NewReplacer("-", "", ":", "", "T", "").Replace(text[:19])+"Z"))
	case "msg_type":
		types := map[string]byte{"AP-REQ": 0x6e, "AP-REP": 0x6f, "KRB-ERROR": 0x7e, "AS-REQ": 0x6a, "AS-REP": 0x6b, "TGS-REQ": 0x6c, "TGS-REP": 0x6d}
		return bytes.IndexByte(b, types[text]) >= 0 && types[text] != 0
	case "ntlm":
		return bytes.Contains(b, []byte("NTLMSSP\x00"))
	case "carrier_result.code_name":
		word, _, _ := strings.Cut(text, " ")
		return bytes.Contains(b, []byte(word))
	case "carrier_result.code", "e_data.method_data.ntstatus":
		// As text, as an NTSTATUS, in XDR, as ENUMERATED, as the reason in a bind_nak.
		little := binary.LittleEndian.AppendUint32(nil, uint32(number))
		xdr := binary.BigEndian.AppendUint32(nil, uint32(number))
		return bytes.Contains(b, []byte(text)) || bytes.Contains(b, little) || bytes.Contains(b, xdr) || number < 256 && bytes.Contains(b, []byte{0x0a, 1, byte(number)}) ||
			number < 1<<16 && len(b) > 18 && b[0] == 5 && b[2] == 13 && bytes.Equal(b[16:18], little[:2])
	case "opened.key", "opened.why_not", "opened.own_why_not":
		return true // what a keytab says of the ticket, which the bytes do not
	case "anomalies":
		return true // states that bytes are missing
	}
	return false
}

// big is a number as DER's INTEGER has it.
func big(n int64) []byte {
	b := []byte{byte(n)}
	for n > 127 || n < -128 {
		n >>= 8
		b = append([]byte{byte(n)}, b...)
	}
	return b
}

// holdsHashOf tells whether an OCTET STRING in b has that SHA-256.
func holdsHashOf(b []byte, hash string) bool {
	for i := range b {
		if b[i] != 4 || len(b)-i < 4 {
			continue
		}
		n, at := int(b[i+1]), i+2
		switch n {
		case 0x81:
			n, at = int(b[i+2]), i+3
		case 0x82:
			n, at = int(b[i+2])<<8|int(b[i+3]), i+4
		}
		if n <= len(b)-at && n > 16 {
			if h := sha256.Sum256(b[at : at+n]); hex.EncodeToString(h[:]) == hash {
				return true
			}
		}
	}
	return false
}
