package main

import (
	"bytes"
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"testing"

	"github.com/klauspost/compress/gzip"
	"github.com/klauspost/compress/zstd"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"kerbscope/capture"
)

// cutFiles are captures of every format that is read.
func cutFiles(t *testing.T) map[string][]byte {
	files := map[string][]byte{}
	for name, path := range map[string]string{
		"good.pcapng": goodCapture, "netmon.cap": corpusRoot + "/format-netmon/mailbox.cap",
		"netsh.etl": corpusRoot + "/format-etl-netsh/mailbox.etl", "pktmon.etl": corpusRoot + "/format-etl-pktmon/mailbox.etl",
	} {
		b, err := os.ReadFile(path)
		require.NoError(t, err)
		files[name] = b
	}
	files["classic.pcap"] = asPcap(t, goodCapture)
	var gz, zst bytes.Buffer
	g := gzip.NewWriter(&gz)
	g.Write(files["good.pcapng"])
	g.Close()
	z, err := zstd.NewWriter(&zst)
	require.NoError(t, err)
	z.Write(files["classic.pcap"])
	z.Close()
	files["good.pcapng.gz"], files["classic.pcap.zst"] = gz.Bytes(), zst.Bytes()
	return files
}

// asPcap is the packets of a file as classic pcap.
func asPcap(t *testing.T, path string) []byte {
	src, err := capture.Open(path)
	require.NoError(t, err)
	defer src.Close()
	b := []byte("\xd4\xc3\xb2\xa1\x02\x00\x04\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x04\x00\x01\x00\x00\x00")
	var batch capture.Batch
	for src.Next(&batch) == nil {
		for i := range batch.Records {
			p := batch.Packet(i)
			for _, v := range [...]int64{p.Time / 1e9, p.Time % 1e9 / 1e3, int64(len(p.Data)), int64(p.Wire)} {
				b = append(b, byte(v), byte(v>>8), byte(v>>16), byte(v>>24))
			}
			b = append(b, p.Data...)
		}
	}
	return b
}

var (
	saysByte  = regexp.MustCompile(`\bbyte (\d+)`)
	saysFrame = regexp.MustCompile(`\bframe (\d+)`)
)

// TestCuts: wherever a capture of any format ends too early, the message says
// in which file, at which byte, and after which frame when there was one.
func TestCuts(t *testing.T) {
	dir := t.TempDir()
	step := 7
	for name, whole := range cutFiles(t) {
		t.Run(name, func(t *testing.T) {
			path := filepath.Join(dir, name)
			told := 0
			for n := 1; n < len(whole); n += step {
				if n > 600 { // further on, the places of the cuts alone go by sevenths
					n += step * (len(whole) / step / 150)
				}
				if n >= len(whole) {
					break
				}
				require.NoError(t, os.WriteFile(path, whole[:n], 0o644))
				out, errs, status := execute(t, "decode", "--format", "ndjson", path)
				if status == exitOK {
					continue // between two records
				}
				require.Equal(t, exitPartial, status)
				told++
				where := fmt.Sprintf("%s cut to %d of %d: %s", name, n, len(whole), errs)
				require.True(t, strings.HasPrefix(errs, "kerbscope: error: "), where)
				require.Contains(t, errs, name, where)
				at := saysByte.FindStringSubmatch(errs)
				require.NotNil(t, at, where)
				if !strings.HasSuffix(name, "z") && !strings.HasSuffix(name, "zst") { // those count what comes out
					offset, err := strconv.Atoi(at[1])
					require.NoError(t, err)
					require.LessOrEqual(t, offset, n, where)
				}
				if out != "" {
					require.Regexp(t, saysFrame, errs, where)
				}
			}
			assert.Greater(t, told, 100)
		})
	}
}
