package analyze

// A Row is the exchanges that are alike: same kind, principals, client
// address, KDC or acceptor endpoint, lists and etypes, kvno, ending and code,
// healed or not. All exemplars have these in common, so a rule may read them
// off Record().
type Row struct {
	Count     uint64 // exchanges, each counted once over all captures
	First     int64  // ns, reference clock
	Last      int64
	Exemplars []*Record // up to the first four and the last four, in time order

	key  rowKey
	seen keySet
	tail int
}

// Record is the first exemplar.
func (r *Row) Record() *Record { return r.Exemplars[0] }
