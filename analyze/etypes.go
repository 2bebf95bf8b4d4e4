package analyze

import (
	"net/netip"

	"kerbscope/decode"
)

// etypeRows is the etype table: who asked for what, what came of it, and who
// decided, as far as the wire tells.
func (c *Case) etypeRows() []EtypeRow {
	type id struct {
		client, service                       string
		kdc                                   netip.Addr
		asked, shape                          string
		preauth, ticket, reply, session, kvno int64
	}
	list := []EtypeRow{}
	at := map[id]int{}
	for _, w := range c.joined.rows {
		r := w.Record()
		row := EtypeRow{Client: r.Client, Service: r.Service, Requested: r.Req.Etypes, RequestedNames: etypeNames(r.Req.Etypes), Count: w.Count}
		shape := listMaker(r)
		row.ListShape, row.ListShapeConfidence = shape.Name, shape.Confidence
		var kdc netip.Addr
		t := r.Issued
		switch {
		case (r.Kind == decode.AS || r.Kind == decode.TGS) && t != nil && r.Reply != nil:
			kdc = r.To.Addr()
			row.KDC = &Endpoint{Address: kdc.String()}
			row.Reply, row.ReplyName = namedEtype(r.Reply.Etype)
			row.Preauth, row.PreauthName = namedEtype(r.Req.PreauthEtype)
			row.DecidedBy = c.decidedBy(r)
		case r.Kind == decode.AP && r.Presented != nil:
			t = r.Presented
			if life := c.TicketOf(t.Hash); life != nil && life.Issued != nil {
				continue // stands in the row of its issue
			}
			row.DecidedBy = "unknown"
		default:
			continue
		}
		e := t.Etype
		row.Ticket, row.TicketName = namedEtype(&e)
		row.KVNO = t.KVNO
		row.Session, row.SessionName = namedEtype(r.SessionEtype)
		k := id{lower(row.Client), lower(row.Service), kdc, listKey(row.Requested), row.ListShape, num(row.Preauth), num(row.Ticket), num(row.Reply), num(row.Session), num(row.KVNO)}
		if i, ok := at[k]; ok {
			list[i].Count += row.Count
			continue
		}
		at[k] = len(list)
		list = append(list, row)
	}
	return list
}

// decidedBy says who chose: for AS the reply key, for TGS the ticket key.
// "unknown" where two could have.
func (c *Case) decidedBy(r *Record) string {
	k := c.KDC(r.To.Addr())
	noAES := k != nil && c.noAES(k)
	if r.Kind == decode.AS {
		if r.Reply.Etype == nil || len(r.Req.Etypes) == 0 {
			return "unknown"
		}
		e := *r.Reply.Etype
		switch {
		case !hasAES(r.Req.Etypes):
			return "client list"
		case isAES(e):
			if r.Req.Etypes[0] == e {
				return "client list"
			}
			return "unknown"
		case noAES:
			return "KDC"
		case r.Hint != nil && r.Hint.Info2 != nil && !infoHasAES(r.Hint.Info2):
			return "client account"
		case r.Hint != nil && infoHasAES(r.Hint.Info2):
			return "client"
		}
		return "unknown"
	}
	t := r.Issued
	switch {
	case isReferral(t.Principal()):
		return "trust"
	case len(r.Req.Etypes) == 0:
		return "unknown"
	case noAES && !isAES(t.Etype):
		return "KDC"
	case !hasEtype(r.Req.Etypes, t.Etype):
		return "service account" // the list does not hold it
	case hasAES(r.Req.Etypes) && !isAES(t.Etype) && k != nil && issuesAES(k):
		return "service account" // this KDC issues AES to others
	}
	return "unknown"
}

func infoHasAES(keys []KeyInfo) bool {
	for _, k := range keys {
		if isAES(k.Etype) {
			return true
		}
	}
	return false
}

// noAES tells a KDC that was asked for AES and never had any to give.
func (c *Case) noAES(k *KDCFacts) bool {
	return k.AskedAES > 0 && !issuesAES(k) && !anyAES(k.Offered) && !anyAES(k.Replies)
}

func issuesAES(k *KDCFacts) bool { return anyAES(k.Tickets) }

func anyAES(counts map[int32]uint64) bool {
	for e, n := range counts {
		if n > 0 && isAES(e) {
			return true
		}
	}
	return false
}
