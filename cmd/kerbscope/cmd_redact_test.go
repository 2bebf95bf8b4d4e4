package main

import (
	"bytes"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"maps"
	"net"
	"net/netip"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"runtime"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"kerbscope/capture"
	"kerbscope/decode/flow"
)

// shape is what a report says without names: rules, severities, confidences,
// counts, etypes, kvnos, codes, outcomes, and where in time the frames stand.
func shape(t *testing.T, dir string) []string {
	t.Helper()
	r := reportOf(t, dir)
	times := map[stepKey]string{} // a frame by its capture's number and its time
	for i, path := range capturesIn(t, dir) {
		for n, p := range load(t, []string{path})[0].packets {
			times[stepKey{r.Captures[i].Name, uint64(n + 1)}] = fmt.Sprintf("%d@%d", i, p.time)
		}
	}
	at := func(capture string, frame uint64) string { return times[stepKey{capture, frame}] }
	var lines []string
	for _, f := range r.Findings {
		var cited []string
		for _, e := range f.Evidence {
			value := ""
			if _, name := e.Value.(string); !name {
				value = fmt.Sprint(e.Value)
			}
			cited = append(cited, at(e.Capture, e.Frame)+" "+e.Field+" "+value)
		}
		slices.Sort(cited)
		lines = append(lines, fmt.Sprintf("finding %s %s %s ×%d because=%v because %s: %s", f.Rule, f.Severity, f.Confidence, f.Count, f.BecauseOf != "", strings.Split(f.BecauseOf, "/")[0], strings.Join(cited, "; ")))
	}
	for _, x := range r.Exchanges {
		var frames []string
		for _, s := range x.Frames {
			frames = append(frames, at(s.Capture, s.Frame)+" "+s.Step)
		}
		lines = append(lines, fmt.Sprintf("exchange %s %v %s %s %v %s %v %s %s %s %v named %v %v: %s", x.Kind, x.Carrier, x.Outcome, x.ErrorCodeName, x.RequestedEtypes, x.TicketEtypeName,
			kvno(x.TicketKVNO), x.ReplyEtypeName, x.SessionEtypeName, x.PreauthEtypeName, x.Refusal != nil, x.Client != "", x.Service != "", strings.Join(frames, "; ")))
	}
	for _, b := range r.BlindSpots {
		lines = append(lines, fmt.Sprintf("blind %s ×%d %v", b.Kind, b.Count, b.Rules))
	}
	for _, q := range r.RC4 {
		lines = append(lines, fmt.Sprintf("rc4 %s %v %v %s ×%d", q.Role, q.Uses, q.Etypes, q.Breaks, q.Count))
	}
	for _, e := range r.Etypes {
		lines = append(lines, fmt.Sprintf("etypes %v %s %s %s %s %v ×%d", e.Requested, e.PreauthName, e.TicketName, e.ReplyName, e.SessionName, kvno(e.KVNO), e.Count))
	}
	for _, h := range r.Hosts {
		lines = append(lines, fmt.Sprintf("host %d addresses, named %v, %v", len(h.Addresses), len(h.Names) > 0, h.Roles))
	}
	slices.Sort(lines)
	return lines
}

func kvno(n *uint32) string {
	if n == nil {
		return "-"
	}
	return fmt.Sprint(*n)
}

func redacted(t *testing.T, args ...string) {
	t.Helper()
	_, errs, status := execute(t, append([]string{"redact", "--seed", "test"}, args...)...)
	require.Equal(t, exitOK, status, errs)
}

// notLike lists what redacted cases do not show as the cases do, and why.
var notLike = []struct{ dir, line, why string }{
	{"format-netmon", "blind local-times", "the format tells that its times are local; pcapng does not"},
}

// TestRedact: what is found in a redacted case is what is found in the case;
// nothing in it names anybody.
func TestRedact(t *testing.T) {
	for _, dir := range corpusCases(t, corpusRoot) {
		t.Run(filepath.Base(dir), func(t *testing.T) {
			t.Parallel()
			out := t.TempDir()
			redacted(t, dir, out)
			want := shape(t, dir)
			for _, row := range notLike {
				if row.dir == filepath.Base(dir) {
					want = slices.DeleteFunc(want, func(l string) bool { return strings.HasPrefix(l, row.line) })
				}
			}
			require.Equal(t, want, shape(t, out))
			secrets := secretsOf(t, dir)
			written := bytesOf(t, capturesIn(t, out))
			for _, b := range [][]byte{written, base64Of(written)} {
				low := bytes.ToLower(b)
				for _, secret := range secrets {
					require.False(t, secret.in(b, low), "%q is in the redacted captures", secret.what)
				}
			}
			if strings.HasPrefix(filepath.Base(dir), "format-etl") {
				return // whose packets lie in pieces
			}
			before := bytesOf(t, capturesIn(t, dir))
			low := bytes.ToLower(before)
			require.True(t, slices.ContainsFunc(secrets, func(s secret) bool { return s.in(before, low) }), "nothing to hide")
		})
	}
}

func bytesOf(t *testing.T, paths []string) (all []byte) {
	t.Helper()
	for _, path := range paths {
		b, err := os.ReadFile(path)
		require.NoError(t, err)
		all = append(all, b...)
	}
	return all
}

// A secret is what must not be found, in the forms that it takes.
type secret struct {
	what   string
	exact  [][]byte
	folded [][]byte // in lower case
	word   bool     // folded[0] is so short that it comes about by chance within others
}

// in looks into b, and into b in lower case.
func (s secret) in(b, low []byte) bool {
	for _, f := range s.exact {
		if bytes.Contains(b, f) {
			return true
		}
	}
	for i, f := range s.folded {
		for rest := low; ; {
			at := bytes.Index(rest, f)
			if at < 0 {
				break
			}
			end := at + len(f)
			if !s.word || i > 0 || (at == 0 || !alphanumeric(rest[at-1])) && (end == len(rest) || !alphanumeric(rest[end])) {
				return true
			}
			rest = rest[at+1:]
		}
	}
	return false
}

func alphanumeric(c byte) bool {
	return c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z' || c >= '0' && c <= '9' || c == '+' || c == '/' || c == '='
}

var labels = regexp.MustCompile(`[A-Za-z0-9_-]+`)

// public are labels of names that stay: of services, of domains' ends, of the
// protocol. What a host is called that has one of them as its name stays, too.
var public = strings.Fields("krbtgt kadmin changepw admin wellknown anonymous smtp http host ldap imap imap4 pop pop3 cifs nfs dns amqp xmpp sieve mssqlsvc " +
	"com org net local test example _ldap _kerberos _tcp _udp _msdcs _sites _kerberos-master _kpasswd dc domains arpa in-addr 1433 ftp " +
	"mail orgwellknownanonymous") // a verb of SMTP, which stays where it is one; a salt

// secretsOf lists the names that decode and analyze tell of a case, every
// address of its packets as text and in bytes, and every MAC.
func secretsOf(t *testing.T, dir string) (list []secret) {
	t.Helper()
	names := map[string]bool{}
	add := func(name string) {
		for _, l := range labels.FindAllString(name, -1) {
			if l = strings.ToLower(l); len(l) > 2 && !slices.Contains(public, l) {
				names[l] = true
			}
		}
	}
	for line := range strings.Lines(runOK(t, "decode", "--format", "ndjson", dir)) {
		var row any
		require.NoError(t, json.Unmarshal([]byte(line), &row))
		namesIn(row, add)
	}
	for _, h := range reportOf(t, dir).Hosts {
		for _, n := range h.Names {
			add(n.Name)
		}
	}
	for _, n := range slices.Sorted(maps.Keys(names)) {
		var wide []byte
		for _, c := range []byte(n) {
			wide = append(wide, c, 0)
		}
		list = append(list, secret{what: n, folded: [][]byte{[]byte(n), wide}, word: len(n) < 5})
	}
	seen := map[string]bool{}
	binary := func(what string, b []byte) {
		back := slices.Clone(b)
		slices.Reverse(back)
		if !seen[what] {
			seen[what] = true
			list = append(list, secret{what: what, exact: [][]byte{b, back, []byte(what)}})
		}
	}
	for _, rec := range load(t, capturesIn(t, dir)) {
		for _, p := range rec.packets {
			var q flow.Packet
			for v := flow.Peek(p.link, p.data, p.wire, &q); ; v = q.Next() {
				if v >= flow.TCP {
					for _, a := range []netip.Addr{q.Src.Addr(), q.Dst.Addr()} {
						if a.IsPrivate() || a.IsGlobalUnicast() {
							binary(a.String(), a.AsSlice())
						}
					}
				}
				if !q.More() {
					break
				}
			}
			if p.link == capture.LinkEthernet && len(p.data) > 14 {
				for _, mac := range [][]byte{p.data[:6], p.data[6:12]} {
					if mac[0]&1 == 0 && string(mac) != "\x00\x00\x00\x00\x00\x00" {
						binary(net.HardwareAddr(mac).String(), mac)
					}
				}
			}
		}
	}
	return list
}

// namesIn calls add with the values of the fields of a row that name somebody.
func namesIn(v any, add func(string)) {
	switch v := v.(type) {
	case []any:
		for _, e := range v {
			namesIn(e, add)
		}
	case map[string]any:
		for k, e := range v {
			if s, ok := e.(string); ok && slices.Contains([]string{"cname", "crealm", "sname", "realm", "srealm", "salt", "user", "domain", "workstation", "target", "name"}, k) {
				add(s)
				continue
			}
			namesIn(e, add)
		}
	}
}

var base64Runs = regexp.MustCompile(`[A-Za-z0-9+/]{16,}`)

// base64Of is what runs of base64 stand for, wherever they begin to count.
func base64Of(b []byte) (out []byte) {
	for _, run := range base64Runs.FindAll(b, -1) {
		for from := range 4 {
			r := run[from:]
			if d, err := base64.RawStdEncoding.DecodeString(string(r[:len(r)&^3])); err == nil {
				out = append(append(out, d...), 0)
			}
		}
	}
	return out
}

// Every run has pseudonyms of its own; with a seed they are the same.
func TestRedactSeed(t *testing.T) {
	dir := t.TempDir()
	out := func(name string, args ...string) string {
		path := filepath.Join(dir, name)
		_, errs, status := execute(t, append(append([]string{"redact"}, args...), goodCapture, path)...)
		require.Equal(t, exitOK, status, errs)
		b, err := os.ReadFile(path)
		require.NoError(t, err)
		return string(b)
	}
	require.NotEqual(t, out("a"), out("b"))
	require.Equal(t, out("c", "--seed", "x"), out("d", "--seed", "x"))
	require.NotEqual(t, out("c", "--seed", "x"), out("e", "--seed", "y"))
}

// The map tells what stands for what, to its owner alone.
func TestRedactMap(t *testing.T) {
	dir := t.TempDir()
	path, file := filepath.Join(dir, "map.json"), filepath.Join(dir, "out.pcapng")
	redacted(t, "--map", path, goodCapture, file)
	b, err := os.ReadFile(path)
	require.NoError(t, err)
	var m map[string]string
	require.NoError(t, json.Unmarshal(b, &m))
	var originals []string
	for _, v := range m {
		originals = append(originals, v)
	}
	require.Contains(t, originals, "contoso")
	if st, err := os.Stat(path); runtime.GOOS != "windows" {
		require.NoError(t, err)
		require.Equal(t, os.FileMode(0o600), st.Mode().Perm())
	}
	for is, of := range m { // and back: names of decode are those of the map
		if of == "contoso" {
			require.Contains(t, strings.ToLower(runOK(t, "decode", file)), is)
		}
	}
}

// With --shift-times every time moves, in packets and messages alike.
func TestRedactShift(t *testing.T) {
	dir := t.TempDir()
	plain, moved := filepath.Join(dir, "plain.pcapng"), filepath.Join(dir, "moved.pcapng")
	redacted(t, "../../pcaps/clock-skew", plain)
	redacted(t, "--shift-times", "-1000h", "../../pcaps/clock-skew", moved)
	a, b := load(t, []string{plain})[0].packets, load(t, []string{moved})[0].packets
	require.Len(t, b, len(a))
	for i := range a {
		require.Equal(t, a[i].time-1000*3600*1e9, b[i].time)
	}
	stimes := regexp.MustCompile(`"stime":"([^"]+)"`)
	x, y := stimes.FindAllStringSubmatch(runOK(t, "decode", "--format", "ndjson", plain), -1), stimes.FindAllStringSubmatch(runOK(t, "decode", "--format", "ndjson", moved), -1)
	require.NotEmpty(t, x)
	require.Len(t, y, len(x))
	for i := range x {
		p, err := time.Parse(time.RFC3339Nano, x[i][1])
		require.NoError(t, err)
		q, err := time.Parse(time.RFC3339Nano, y[i][1])
		require.NoError(t, err)
		require.Equal(t, -1000*time.Hour, q.Sub(p))
	}
}

func TestRedactUsage(t *testing.T) {
	out := filepath.Join(t.TempDir(), "out.pcapng")
	packets, err := os.ReadFile(goodCapture)
	require.NoError(t, err)
	copied := filepath.Join(t.TempDir(), "a.pcap")
	require.NoError(t, os.WriteFile(copied, packets, 0o600))
	for _, c := range []struct {
		args []string
		say  string
	}{
		{[]string{goodCapture}, "redact wants at least one IN, and OUT"},
		{[]string{"--shift-times", "1500ms", goodCapture, out}, "whole seconds"},
		{[]string{"--shift-times", "soon", goodCapture, out}, "--shift-times does not take"},
		{[]string{"-", out}, "redact reads its inputs twice"},
		{[]string{"--align", goodCapture, t.TempDir()}, "--align puts captures into one file"},
		{[]string{goodCapture, goodCapture}, "is also an input"},
		{[]string{"--map", goodCapture, goodCapture, out}, "is also an input"},
		{[]string{copied, filepath.Dir(copied)}, "holds the input"},
		{[]string{filepath.Dir(copied), filepath.Dir(copied) + "/"}, "holds the input"},
		{[]string{"--map", out, goodCapture, out}, "wants a file of its own"},
		{[]string{"--keytab", "k", goodCapture, out}, "no flag --keytab"},
	} {
		_, errs, status := execute(t, append([]string{"redact"}, c.args...)...)
		require.Equal(t, exitUsage, status, "%v: %s", c.args, errs)
		require.Contains(t, errs, c.say)
		require.NoFileExists(t, out)
	}
}

// In tshark redacted captures have no wrong checksum.
func TestRedactChecksums(t *testing.T) {
	needTool(t, "tshark")
	for _, dir := range sampled(t) {
		t.Run(filepath.Base(dir), func(t *testing.T) {
			t.Parallel()
			out := filepath.Join(t.TempDir(), "out.pcapng")
			redacted(t, dir, out)
			var errs bytes.Buffer
			cmd := exec.Command("tshark", "-r", out, "-o", "ip.check_checksum:TRUE", "-o", "tcp.check_checksum:TRUE", "-o", "udp.check_checksum:TRUE", "-Y",
				"ip.checksum.status == 0 || tcp.checksum.status == 0 || udp.checksum.status == 0 || icmp.checksum.status == 0 || icmpv6.checksum.status == 0")
			cmd.Stderr = &errs
			bad, err := cmd.Output()
			require.NoError(t, err, errs.String())
			require.Empty(t, string(bad))
		})
	}
}
