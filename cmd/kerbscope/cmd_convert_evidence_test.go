package main

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"kerbscope/analyze"
	"kerbscope/capture"
)

// A noted is a packet of a pcapng file with its comments.
type noted struct {
	time     int64
	data     string
	comments []string
}

func loadNoted(t *testing.T, path string) (list []noted) {
	t.Helper()
	src, err := capture.Open(path, capture.KeepNotes())
	require.NoError(t, err)
	defer src.Close()
	for {
		b := &capture.Batch{}
		err := src.Next(b)
		if errors.Is(err, io.EOF) {
			return list
		}
		require.NoError(t, err)
		base := len(list)
		for i := range b.Records {
			list = append(list, noted{b.Records[i].Time, string(b.Packet(i).Data), nil})
		}
		for _, n := range b.Notes {
			list[base+n.Record].comments = n.Comments
		}
	}
}

// place is the end of our comments: [capture frame N, id].
var place = regexp.MustCompile(`^kerbscope: .* \[(.+) frame (\d+), ([a-z0-9/-]+)\]$`)

// placed lists the frames that comments name, with where they stand now.
func placed(t *testing.T, packets []noted) map[stepKey]int {
	t.Helper()
	at := map[stepKey]int{}
	for i, p := range packets {
		for _, c := range p.comments {
			if !strings.HasPrefix(c, "kerbscope: ") {
				continue // a trace's own
			}
			m := place.FindStringSubmatch(c)
			require.NotNil(t, m, c)
			n, _ := strconv.ParseUint(m[2], 10, 64)
			at[stepKey{m[1], n}] = i + 1
		}
	}
	return at
}

func citations(r *analyze.Report) map[stepKey]map[string]bool {
	cited := map[stepKey]map[string]bool{}
	for _, f := range r.Findings {
		for _, e := range f.Evidence {
			k := stepKey{e.Capture, e.Frame}
			if cited[k] == nil {
				cited[k] = map[string]bool{}
			}
			cited[k][f.ID] = true
		}
	}
	return cited
}

// sampled are the cases that tests with other programs run through: all of
// them where those are wanted, else a few.
func sampled(t *testing.T) []string {
	var few []string
	for i, dir := range corpusCases(t, corpusRoot) {
		if name := filepath.Base(dir); os.Getenv("KERBSCOPE_CI") != "" || i%16 == 3 || name == "seed-story" || strings.HasPrefix(name, "format-") {
			few = append(few, dir)
		}
	}
	return few
}

// TestAnnotate: comments stand on the frames that findings cite and on no
// other, one for each finding; the packets are the same.
func TestAnnotate(t *testing.T) {
	for _, dir := range sampled(t) {
		t.Run(filepath.Base(dir), func(t *testing.T) {
			t.Parallel()
			tmp := t.TempDir()
			plain, with := filepath.Join(tmp, "plain.pcapng"), filepath.Join(tmp, "with.pcapng")
			runConvert(t, dir, plain)
			args := []string{"--annotate", dir, with}
			for _, k := range keytabsIn(t, dir) {
				args = append(args, "--keytab", k)
			}
			runConvert(t, args...)
			a, b := loadNoted(t, plain), loadNoted(t, with)
			require.Len(t, b, len(a))
			runs := withKeytabs(t, dir)
			cited := citations(reportOf(t, runs[len(runs)-1]...))
			n := 0
			for i := range b {
				require.Equal(t, a[i].time, b[i].time)
				require.Equal(t, a[i].data, b[i].data, "frame %d", i+1)
				require.GreaterOrEqual(t, len(b[i].comments), len(a[i].comments))
				require.True(t, slices.Equal(a[i].comments, b[i].comments[:len(a[i].comments)]))
				for _, c := range b[i].comments[len(a[i].comments):] {
					m := place.FindStringSubmatch(c)
					require.NotNil(t, m, c)
					frame, _ := strconv.ParseUint(m[2], 10, 64)
					require.True(t, cited[stepKey{m[1], frame}][m[3]], c)
					n++
				}
			}
			want := 0
			for _, ids := range cited {
				want += len(ids)
			}
			require.Equal(t, want, n)
		})
	}
}

// Comments that there are stay, before ours, and a converted file has them still.
func TestAnnotateKeepsComments(t *testing.T) {
	tmp := t.TempDir()
	in, once, again := filepath.Join(tmp, "in.pcapng"), filepath.Join(tmp, "once.pcapng"), filepath.Join(tmp, "again.pcapng")
	var file bytes.Buffer
	w := capture.NewWriter(&file, capture.Section{})
	for _, r := range load(t, []string{"../../pcaps/preauth-failed/" + filepath.Base(capturesIn(t, "../../pcaps/preauth-failed")[0])}) {
		for i, p := range r.packets {
			if i == 0 {
				_, err := w.AddInterface(capture.Interface{Link: p.link, TicksPS: 1e9})
				require.NoError(t, err)
			}
			require.NoError(t, w.WritePacket(capture.Record{Time: p.time, Wire: p.wire}, p.data, capture.PacketOptions{Comments: []string{"theirs", "second"}}))
		}
	}
	require.NoError(t, w.Flush())
	require.NoError(t, os.WriteFile(in, file.Bytes(), 0o644))
	runConvert(t, "--annotate", in, once)
	runConvert(t, once, again)
	packets, ours := loadNoted(t, once), 0
	for _, p := range packets {
		require.Equal(t, []string{"theirs", "second"}, p.comments[:2])
		ours += len(p.comments) - 2
	}
	require.Positive(t, ours)
	require.Equal(t, packets, loadNoted(t, again))
}

// The section's comment is the verdict; nothing found is told and no error.
func TestAnnotateVerdict(t *testing.T) {
	out := filepath.Join(t.TempDir(), "out.pcapng")
	_, errs, status := execute(t, "convert", "--evidence", "--rule", "clock-skew", "../../pcaps/preauth-failed", out)
	require.Equal(t, exitOK, status, errs)
	require.Contains(t, errs, "kerbscope: hint: no finding: ")
	require.Empty(t, loadNoted(t, out))
	runConvert(t, "--evidence", "--rule", "preauth-failed", "../../pcaps/preauth-failed", out)
	b, err := os.ReadFile(out)
	require.NoError(t, err)
	require.Contains(t, string(b), "kerbscope "+release+": preauth-failed, error, ")
}

func TestAnnotateUsage(t *testing.T) {
	for _, c := range []struct {
		args []string
		say  string
	}{
		{[]string{"--keytab", "x.keytab"}, "--keytab is for --annotate and --evidence"},
		{[]string{"--no-rule", "replay"}, "--no-rule is for --annotate and --evidence"},
		{[]string{"--evidence", "--kerberos"}, "--evidence keeps fewer flows than --kerberos"},
		{[]string{"--annotate", "--all-copies"}, "findings do not go with --all-copies"},
		{[]string{"--annotate", "--rule", "no-such"}, "no rule"},
		{[]string{"--annotate", "--role", "x"}, "--role"},
	} {
		out := filepath.Join(t.TempDir(), "out.pcapng")
		_, errs, status := execute(t, append(append([]string{"convert"}, c.args...), goodCapture, out)...)
		assert.Equal(t, exitUsage, status)
		assert.Contains(t, errs, c.say)
		assert.NoFileExists(t, out)
	}
	var errs bytes.Buffer
	status := run([]string{"convert", "--annotate", "-", filepath.Join(t.TempDir(), "x")}, strings.NewReader(""), io.Discard, &errs)
	assert.Equal(t, exitUsage, status)
	assert.Contains(t, errs.String(), "--annotate reads its inputs twice")
}

// TestEvidenceFile: the evidence file holds whole what findings cite; in tshark
// it opens without a word, every filter of the evidence is true in its frame,
// and nothing is malformed that was not before.
func TestEvidenceFile(t *testing.T) {
	needTool(t, "tshark")
	for _, dir := range sampled(t) {
		t.Run(filepath.Base(dir), func(t *testing.T) {
			t.Parallel()
			r := reportOf(t, dir)
			out := filepath.Join(t.TempDir(), "evidence.pcapng")
			_, errs, status := execute(t, "convert", "--align", "--evidence", dir, out)
			require.Equal(t, exitOK, status, errs)
			packets := loadNoted(t, out)
			at := placed(t, packets)
			filters := map[int][]string{}
			for k := range citations(r) {
				require.Contains(t, at, k)
			}
			for _, f := range r.Findings {
				for _, e := range f.Evidence {
					if e.Wireshark != "" {
						n := at[stepKey{e.Capture, e.Frame}]
						filters[n] = append(filters[n], "("+e.Wireshark+")")
					}
				}
			}
			var all []string
			for n, list := range filters {
				all = append(all, fmt.Sprintf("(frame.number == %d && %s)", n, strings.Join(list, " && ")))
			}
			slices.Sort(all)
			bad := map[string]bool{}
			seen := map[int]bool{}
			for _, row := range tsharkRows(t, out, strings.Join(append(all, "_ws.malformed"), " || ")) {
				n, err := strconv.Atoi(row[0])
				require.NoError(t, err)
				seen[n] = true
				if row[1] != "" {
					bad[packets[n-1].data] = true
				}
			}
			for n, list := range filters {
				assert.True(t, seen[n] || twice(packets, n-1), "frame %d: %s", n, strings.Join(list, " && "))
			}
			if len(bad) == 0 {
				return
			}
			plain := filepath.Join(t.TempDir(), "plain.pcapng")
			runConvert(t, dir, plain)
			before := loadNoted(t, plain)
			for _, row := range tsharkRows(t, plain, "_ws.malformed") {
				n, _ := strconv.Atoi(row[0])
				delete(bad, before[n-1].data)
			}
			assert.Empty(t, bad, "malformed frames that were not before")
		})
	}
}

// twice tells whether a packet stands before in the file, from another capture:
// tshark takes it for a retransmission.
func twice(packets []noted, i int) bool {
	end := packets[i].data[max(0, len(packets[i].data)-100):]
	return slices.ContainsFunc(packets[:i], func(p noted) bool { return strings.HasSuffix(p.data, end) })
}

// tsharkRows are the numbers of the frames that a filter selects, with what is
// malformed in them. tshark must not complain about the file.
func tsharkRows(t *testing.T, path, filter string) (rows [][2]string) {
	t.Helper()
	var errs bytes.Buffer
	cmd := exec.Command("tshark", "-r", path, "-Y", filter, "-T", "fields", "-e", "frame.number", "-e", "_ws.malformed")
	cmd.Stderr = &errs
	out, err := cmd.Output()
	require.NoError(t, err, errs.String())
	require.Empty(t, strings.TrimSpace(regexp.MustCompile(`(?m)^Running as user .*$`).ReplaceAllString(errs.String(), "")))
	for line := range strings.Lines(string(out)) {
		number, bad, _ := strings.Cut(strings.TrimRight(line, "\n"), "\t")
		rows = append(rows, [2]string{number, bad})
	}
	return rows
}
