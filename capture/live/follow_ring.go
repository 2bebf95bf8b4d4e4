package live

import (
	"os"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"time"

	"kerbscope/capture"
)

// ringNames are how programs name the files of a ring, so that captures which
// merely lie side by side (eth0.pcap, eth1.pcap) are not taken for one:
// dumpcap -b counts and adds the time, tcpdump -C counts behind the extension,
// tcpdump -G writes the time by a pattern of its user's.
var ringNames = []*regexp.Regexp{
	regexp.MustCompile(`^(.*)_[0-9]{5,}_[0-9]{14}(\.[a-z]+)?$`),
	regexp.MustCompile(`^(.*\.p?cap(?:ng)?)([0-9]*)$`),
	regexp.MustCompile(`^([^0-9]*).*(?:19|20)[0-9]{2}[-_.]?[01][0-9].*[0-9](\.[a-z]+)?$`),
}

// ringName returns what the names of a ring's files have in common; "" when
// this is no name of such a file.
func ringName(path string) string {
	base := filepath.Base(path)
	for i, r := range ringNames {
		m := r.FindStringSubmatch(base)
		if m == nil {
			continue
		}
		switch i {
		case 1: // behind the extension a number, which the first file may lack
			if m[2] == "" && ringNames[2].MatchString(base) {
				continue
			}
			return m[1]
		default:
			return m[1] + "#" + strconv.Itoa(i) + m[2]
		}
	}
	return ""
}

// ringNext returns the file of the same ring that goes on where path ended,
// which was last written at after and whose last packet came at last: of those
// written since then, the one written first. "" if there is none.
func ringNext(path string, after time.Time, last int64, done map[string]time.Time) string {
	name := ringName(path)
	if name == "" {
		return ""
	}
	dir := filepath.Dir(path)
	entries, err := os.ReadDir(dir)
	if err != nil {
		return ""
	}
	var best string
	var bestAt time.Time
	for _, e := range entries {
		if e.Name() == filepath.Base(path) || !strings.HasPrefix(e.Name(), name[:min(len(name), strings.IndexByte(name+"#", '#'))]) || ringName(e.Name()) != name {
			continue
		}
		st, err := e.Info()
		if err != nil || !st.Mode().IsRegular() {
			continue
		}
		p, at := filepath.Join(dir, e.Name()), st.ModTime()
		if was, ok := done[p]; at.Before(after) || ok && !at.After(was) || best != "" && !at.Before(bestAt) {
			continue
		}
		if first := firstTime(p); first == capture.NoTime || first < last-int64(time.Second) {
			continue // nothing in it yet, or it runs beside this one
		}
		best, bestAt = p, at
	}
	return best
}

// firstTime is the time of a file's first packets.
func firstTime(path string) int64 {
	src, err := capture.Open(path, capture.BlockSize(4096))
	if err != nil {
		return capture.NoTime
	}
	defer src.Close()
	var b capture.Batch
	src.Next(&b)
	return src.Info().First
}
