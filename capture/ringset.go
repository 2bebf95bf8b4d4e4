package capture

import (
	"io"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"sort"
	"strings"
)

// Files of a ring buffer (dumpcap -b, tcpdump -C and -G) go on where the one
// before stopped.

const (
	ringOverlap = 1e9      // ns by which the times of two files of a set may overlap
	ringWalk    = 64 << 20 // bytes up to which a file is read whole to learn its times
	ringTail    = 4 << 20  // bytes of the end of a longer one that are read
)

// MarkRings finds the ring sets among inputs and numbers them in Input.Set, by
// the first input of each: files of one folder whose names differ only in
// numbers (a counter, a time stamp), whose link types agree and whose times do
// not overlap by more than a second. Inputs with a label of their own are left
// alone, as they are said to be captures of their own; those from a labelled
// folder or glob are not. The files of a set are put behind its first one, in
// the order of their times; else the order of the inputs stays.
func MarkRings(ins []Input) {
	place := make([][2]int, len(ins)) // where an input goes: the first of its set, its place in it
	for i := range place {
		place[i] = [2]int{i, 0}
	}
	groups := map[string][]int{}
	var keys []string
	for i, in := range ins {
		if in.Err != nil || in.Path == StandardInput || in.labelled && !strings.HasSuffix(in.Label, "/"+filepath.Base(in.Path)) {
			continue
		}
		key := ringKey(in.Path)
		if len(groups[key]) == 0 {
			keys = append(keys, key)
		}
		groups[key] = append(groups[key], i)
	}
	set := 0
	for _, key := range keys {
		members := groups[key]
		if len(members) < 2 {
			continue
		}
		var spans []span
		for _, i := range members {
			if s, ok := spanOf(ins[i].Path); ok {
				s.input = i
				spans = append(spans, s)
			}
		}
		sort.SliceStable(spans, func(i, j int) bool { return spans[i].first < spans[j].first })
		if len(spans) < 2 || !follow(spans) {
			continue
		}
		set++
		for n, s := range spans {
			ins[s.input].Set = set
			place[s.input] = [2]int{members[0], n + 1}
		}
	}
	order := make([]int, len(ins))
	for i := range order {
		order[i] = i
	}
	slices.SortStableFunc(order, func(a, b int) int { return slices.Compare(place[a][:], place[b][:]) })
	sorted := make([]Input, len(ins))
	for to, from := range order {
		sorted[to] = ins[from]
	}
	copy(ins, sorted)
}

var (
	digitRuns   = regexp.MustCompile(`[0-9]+`)
	tcpdumpRing = regexp.MustCompile(`(\.p?cap(ng)?)#$`)
)

// ringKey is what the paths of a ring set have in common. tcpdump -C counts
// behind the extension and gives the first file no number.
func ringKey(path string) string {
	base := digitRuns.ReplaceAllString(filepath.Base(path), "#")
	return filepath.Join(filepath.Dir(path), tcpdumpRing.ReplaceAllString(base, "$1"))
}

// A span is when a file begins and ends, and what it is of.
type span struct {
	input       int
	first, last int64
	links       []LinkType
}

// follow tells whether each span goes on after the one before. Two that lie
// beside each other for most of their time do not, however short they are.
func follow(spans []span) bool {
	before := spans[0]
	for _, s := range spans[1:] {
		overlap := before.last - s.first
		if !slices.Equal(s.links, before.links) || overlap > ringOverlap || overlap > 0 && overlap*2 > min(before.last-before.first, s.last-s.first) {
			return false
		}
		if s.last > before.last {
			before = s
		}
	}
	return true
}

// spanOf reads the times of a file; of a long one only its beginning and end.
func spanOf(path string) (s span, ok bool) {
	st, err := os.Stat(path)
	if err != nil || !st.Mode().IsRegular() {
		return s, false // a pipe can be read once
	}
	src, err := Open(path)
	if err != nil {
		return s, false
	}
	defer src.Close()
	s.last = NoTime
	var b Batch
	for n := 0; err == nil; n++ {
		if err = src.Next(&b); n == 0 && st.Size() > ringWalk {
			if tail := tailOf(src, path, st.Size()); tail != nil {
				s.last = lastTime(tail)
				tail.Close()
				if s.last != NoTime {
					break
				}
			}
		}
	}
	info := src.Info()
	if info.First == NoTime {
		return s, false
	}
	s.first, s.last = info.First, max(s.last, info.Last)
	for _, i := range info.Interfaces {
		if !slices.Contains(s.links, i.Link) {
			s.links = append(s.links, i.Link)
		}
	}
	slices.Sort(s.links)
	return s, true
}

// tailOf returns a source of the end of a plain file whose beginning src has
// read, as after damage: it goes on at the first believable record.
func tailOf(src Source, path string, size int64) Source {
	f, err := os.Open(path)
	if err != nil {
		return nil
	}
	in := &stream{name: path, r: io.NewSectionReader(f, size-ringTail, ringTail), size: -1, close: f.Close, cfg: config{block: DefaultBlock}}
	switch p := src.(type) {
	case *pcapSource:
		if p.packed {
			break
		}
		t := *p
		t.blocks, t.lost, t.skip, t.variants = newBlocks(in, "tail"), true, 0, nil
		t.least = searchReach
		return &t
	case *pcapngSource:
		if p.packed {
			break
		}
		t := *p
		t.blocks, t.lost, t.kinds = newBlocks(in, "tail"), true, map[string]uint32{}
		t.ifaces = slices.Clone(p.ifaces)
		t.least = 2 * maxFoundBlock
		return &t
	}
	f.Close()
	return nil
}

func lastTime(src Source) int64 {
	var b Batch
	for src.Next(&b) == nil {
	}
	return src.Info().Last
}
