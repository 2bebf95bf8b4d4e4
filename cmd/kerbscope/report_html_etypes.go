package main

import (
	"fmt"
	"html/template"
	"slices"
	"strings"

	"kerbscope/analyze"
)

// A matrixView shows for each client, service and KDC which encryption types
// were asked for, which were used for what, and who decided.
type matrixView struct {
	Columns []etypeColumn
	Rows    []matrixRow
	Legend  []string // short name = registered name
	Shapes  []string
	More    int
}

type etypeColumn struct {
	Short, Full string
	Weak        bool
}

type matrixRow struct {
	Client, Service, KDC string
	Cells                []matrixCell
	KVNO, By             string
	Count                uint64
}

type matrixCell struct {
	Column string
	Asked  int // place in the client's list; 0: not in it
	Uses   []string
}

// etypeRank is the order of columns, strong to weak; others stand behind.
var etypeRank = []int32{20, 19, 18, 17, 26, 25, 16, 23, 24, 3, 2, 1}

// matrixColumns is the most encryption types that get a column.
const matrixColumns = 9

func (h *htmlReport) matrix(v *htmlView) *matrixView {
	if len(h.r.Etypes) == 0 {
		return nil
	}
	m := &matrixView{}
	rows := h.r.Etypes
	if len(rows) > htmlRows {
		m.More = len(rows) - htmlRows
		rows = rows[:htmlRows]
	}
	count := map[int32]int{}
	names := map[int32]string{}
	see := func(e *int32, name string) {
		if e != nil {
			count[*e] += 100 // what was used comes before what was only asked for
			if name != "" {
				names[*e] = name
			}
		}
	}
	for _, r := range rows {
		for i, e := range r.Requested {
			count[e]++
			if i < len(r.RequestedNames) && r.RequestedNames[i] != "" {
				names[e] = r.RequestedNames[i]
			}
		}
		see(r.Preauth, r.PreauthName)
		see(r.Ticket, r.TicketName)
		see(r.Reply, r.ReplyName)
		see(r.Session, r.SessionName)
	}
	var columns []int32
	for e := range count {
		columns = append(columns, e)
	}
	rank := func(e int32) int {
		if i := slices.Index(etypeRank, e); i >= 0 {
			return i
		}
		return len(etypeRank)
	}
	slices.SortFunc(columns, func(a, b int32) int { return (count[b]-count[a])*4 + sign(int64(a)-int64(b)) })
	if len(columns) > matrixColumns {
		m.Legend = append(m.Legend, fmt.Sprintf("%d more encryption types were asked for and have no column", len(columns)-matrixColumns))
		columns = columns[:matrixColumns]
	}
	slices.SortFunc(columns, func(a, b int32) int {
		if d := rank(a) - rank(b); d != 0 {
			return d
		}
		return sign(int64(a) - int64(b))
	})
	for _, e := range columns {
		full := fmt.Sprintf("etype %d", e)
		if names[e] != "" {
			full = fmt.Sprintf("%s (%d)", names[e], e)
		}
		m.Columns = append(m.Columns, etypeColumn{shortEtype(e), full, rank(e) >= 6 && rank(e) < len(etypeRank)})
		m.Legend = append(m.Legend, shortEtype(e)+" is "+full)
	}
	for _, r := range rows {
		m.Rows = append(m.Rows, h.matrixRow(&r, columns))
		if r.ListShapeConfidence != "" {
			s := fmt.Sprintf("The list %s looks like %s (%s).", etypeList(r.Requested, 12), escape(r.ListShape), r.ListShapeConfidence)
			if !slices.Contains(m.Shapes, s) && len(m.Shapes) < 12 {
				m.Shapes = append(m.Shapes, s)
			}
		}
	}
	return m
}

func (h *htmlReport) matrixRow(r *analyze.EtypeRow, columns []int32) matrixRow {
	w := matrixRow{Client: orDash(escape(withoutRealm(r.Client))), Service: orDash(escape(withoutRealm(r.Service))), KVNO: "-", Count: r.Count}
	if r.KDC != nil {
		w.KDC = escape(h.names.host(r.KDC.Address))
		w.By = decidedWords(r.DecidedBy)
	}
	if r.KVNO != nil {
		w.KVNO = fmt.Sprint(*r.KVNO)
	}
	for _, e := range columns {
		c := matrixCell{Column: shortEtype(e), Asked: slices.Index(r.Requested, e) + 1}
		for _, u := range []struct {
			e    *int32
			word string
		}{{r.Preauth, "logon"}, {r.Ticket, "ticket"}, {r.Reply, "reply"}, {r.Session, "session"}} {
			if u.e != nil && *u.e == e {
				c.Uses = append(c.Uses, u.word)
			}
		}
		w.Cells = append(w.Cells, c)
	}
	return w
}

// decidedWords says who decided, as in the legend of the text report.
func decidedWords(by string) string {
	word := deciders[by]
	for _, d := range decidersMean {
		if d.word == word {
			return d.means
		}
	}
	return ""
}

func sign(n int64) int {
	switch {
	case n < 0:
		return -1
	case n > 0:
		return 1
	}
	return 0
}

// A versionView is the history of one service's key version at one KDC.
type versionView struct {
	Service, KDC string
	Versions     []keyVersion
	Differ       bool // the KDCs do not agree, or it changed
}

type keyVersion struct {
	KVNO        uint32
	First, Last string
	Count       int
	Chip        template.HTML // of the first ticket
}

// versions are the key versions that each KDC used for each service, in order
// of time; those that changed or differ come first.
func (h *htmlReport) versions(v *htmlView) []versionView {
	type key struct{ service, kdc string }
	at := map[key]int{}
	var list []versionView
	seen := map[string]map[uint32]bool{}
	for _, i := range h.byTime {
		x := &h.r.Exchanges[i]
		if x.Kind != "AS" && x.Kind != "TGS" || x.TicketKVNO == nil || x.KDC == nil {
			continue
		}
		service, ticket := withoutRealm(x.Service), -1
		if k, ok := h.ticketAt[x.TicketHash]; ok && x.TicketHash != "" {
			service, ticket = h.r.Tickets[k].SName, k
		}
		if service == "" {
			continue
		}
		k := key{service, h.names.host(x.KDC.Address)}
		j, ok := at[k]
		if !ok {
			j = len(list)
			at[k] = j
			list = append(list, versionView{Service: escape(service), KDC: escape(k.kdc)})
		}
		w := &list[j]
		if seen[service] == nil {
			seen[service] = map[uint32]bool{}
		}
		seen[service][*x.TicketKVNO] = true
		n := len(w.Versions)
		if n > 0 && w.Versions[n-1].KVNO == *x.TicketKVNO {
			w.Versions[n-1].Count++
			w.Versions[n-1].Last = clock(x.Started)
			continue
		}
		kv := keyVersion{KVNO: *x.TicketKVNO, First: clock(x.Started), Count: 1}
		if ticket >= 0 {
			kv.Chip = h.chipHTML(ticket)
		}
		if n < 24 {
			w.Versions = append(w.Versions, kv)
		}
	}
	for k, i := range at {
		list[i].Differ = len(seen[k.service]) > 1
	}
	slices.SortStableFunc(list, func(a, b versionView) int {
		if a.Differ != b.Differ {
			if a.Differ {
				return -1
			}
			return 1
		}
		return strings.Compare(a.Service, b.Service)
	})
	if len(list) > htmlRows {
		v.Omitted["kvno"] = len(list) - htmlRows
		list = list[:htmlRows]
	}
	return list
}
