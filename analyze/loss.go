package analyze

import (
	"fmt"
	"slices"
	"strings"

	"kerbscope/capture"
)

// A Loss is packets that were not captured between two times.
type Loss = capture.Loss

const (
	// nearBy is how close to a finding's occurrences a loss throws doubt on it.
	nearBy = int64(5e9)
	// vagueLoss is how long the time of a loss is at which it is no more known
	// when it was: that of a file's recorder may be the whole capture.
	vagueLoss = int64(60e9)
	// fewTimes are so few occurrences that losses somewhere may explain them.
	fewTimes = 4
)

// silent are the rules that argue from what was not seen.
var silent = slices.Concat(silenceRules, []string{"ap-refused", "ntlm-fallback", "udp-fragments-lost", "mutual-auth-missing", "kdc-failover", "kdc-slow"})

// lossesOf lists what a capture lost, by the reference clock: with times, or,
// where its recorder tells no more than numbers, over the whole of it.
func lossesOf(f *CaptureFacts, ref func(int64) int64) []Loss {
	list := slices.Clone(f.Losses)
	if list == nil {
		list = slices.Clone(f.Info.Losses)
	}
	for i := range list {
		list[i].From, list[i].To = ref(list[i].From), ref(list[i].To)
	}
	for _, c := range f.Info.Lost {
		timed := slices.ContainsFunc(list, func(l Loss) bool { return l.What == c.Name })
		if lossWords[c.Name] != "" && c.N > 0 && !timed && f.First != noTime {
			list = append(list, Loss{From: ref(f.First), To: ref(f.Last), N: c.N, What: c.Name})
		}
	}
	return list
}

// lossWords are what was lost, by its name in Info.Lost; what was merely not
// kept has none.
var lossWords = map[string]string{
	capture.DroppedByKernel:    "packet", // for want of buffer
	capture.DroppedByInterface: "packet",
	"events":                   "event",
	"buffers":                  "buffer",
	"partial_packets":          "packet",
	"damaged_events":           "event",
}

// lossAgents say who lost it.
var lossAgents = map[string]string{
	capture.DroppedByKernel:    "dropped by the kernel",
	capture.DroppedByInterface: "dropped by the network interface",
	"events":                   "lost by the trace session",
	"buffers":                  "lost by the trace session",
	"partial_packets":          "traced only in part",
	"damaged_events":           "damaged",
}

// lost writes losses of one capture: "3 packets", "4 events and 2 buffers".
func lost(list []Loss) string {
	sums := map[string]uint64{}
	var order []string
	for _, l := range list {
		w := lossWords[l.What]
		if w == "" {
			w = "packet"
		}
		order = addOnce(order, w)
		sums[w] += l.N
	}
	for i, w := range order {
		if order[i] = plural(sums[w], w); sums[w] == 1 && w == "packet" {
			order[i] = "a packet"
		}
	}
	return strings.Join(order, " and ")
}

// nearLoss says so where packets were lost close to what f rests on: with them
// what contradicts it may be gone. Rules that argue from silence are less sure
// then: when all of it was close, or it is so little that it may all have been.
func (c *Case) nearLoss(f *Finding) {
	doubt := false
	for i := range c.joined.captures {
		k := &c.joined.captures[i]
		var close, vague []Loss
		for _, l := range k.Losses {
			near := func(t int64) bool { return t >= l.From-nearBy && t <= l.To+nearBy }
			few := f.Count <= fewTimes
			if !near(f.first) && !near(f.last) && !(few && l.From >= f.first && l.To <= f.last) {
				continue
			}
			if l.To-l.From > vagueLoss {
				vague = append(vague, l)
				doubt = doubt || few
			} else {
				close = append(close, l)
				doubt = doubt || few || near(f.first) && near(f.last)
			}
		}
		switch {
		case len(close) > 0:
			f.Cause += fmt.Sprintf(" Close to it %s lost %s: what was in them is unknown.", k.Name, lost(close))
		case len(vague) > 0:
			f.Cause += fmt.Sprintf(" %s lost %s, it is not known when: what was in them is unknown.", k.Name, lost(vague))
		}
	}
	if doubt && slices.Contains(silent, f.Rule) {
		switch f.Confidence {
		case Certain:
			f.Confidence = Likely
		case Likely:
			f.Confidence = Possible
		}
	}
}
