package main

import "kerbscope/capture"

// tellLoss writes the counts of an interface before a loss and after it, so that
// it is known when it was, and brings count up to date.
func tellLoss(w *capture.Writer, iface uint32, count *capture.Statistics, l capture.Loss) error {
	if err := w.WriteStatistics(iface, l.From, *count); err != nil {
		return err
	}
	if l.What == capture.DroppedByInterface {
		count.DroppedByCards += l.N
	} else {
		count.Dropped += l.N
	}
	return w.WriteStatistics(iface, l.To, *count)
}

// lossesOf is what a capture's recorder did not keep: what is known by its time,
// and the rest between the first packet and the last.
func lossesOf(info capture.Info) []capture.Loss {
	var list []capture.Loss
	for _, what := range []string{capture.DroppedByKernel, capture.DroppedByInterface} {
		var rest uint64
		for _, n := range info.Lost {
			if n.Name == what {
				rest = n.N
			}
		}
		for _, l := range info.Losses {
			if l.What == what {
				rest -= min(rest, l.N)
			}
		}
		if rest > 0 && info.First != capture.NoTime {
			list = append(list, capture.Loss{From: info.First, To: info.Last, N: rest, What: what})
		}
	}
	for _, l := range info.Losses {
		if l.From != capture.NoTime && l.To != capture.NoTime {
			list = append(list, l)
		}
	}
	return list
}
