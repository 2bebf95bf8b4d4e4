package decode

// Limits of one connection.
const (
	maxSMBPipes = 64 // named pipes that are followed
	maxSMBAsked = 64 // reads and transactions without their answer
	maxSMBTrees = 64
)

// An smbFile is a FileId of SMB2 ([MS-SMB2] §2.2.14.1) or a FID of SMB1.
type smbFile [2]uint64

// An smbPipe is a named pipe with DCE/RPC in it ([MS-RPCE] §2.1.1.2). It is
// known by its contents, so that one opened before the capture began, or
// between two authentications, is read as well.
type smbPipe struct {
	file smbFile
	rpc  *rpcInner
}

// smbPipes are the named pipes of a connection.
type smbPipes struct {
	s     wire
	list  []*smbPipe
	count uint64     // of all there were
	asked []smbAsked // oldest first
	trees []smbTree
}

// An smbAsked is a request whose answer holds what a pipe says.
type smbAsked struct {
	message uint64
	pipe    *smbPipe
}

// An smbTree is a share that a client is connected to.
type smbTree struct {
	session uint64
	id      uint32
	pipes   bool // IPC$
}

// tree notes what a share is.
func (p *smbPipes) tree(session uint64, id uint32, pipes bool) {
	t := smbTree{session, id, pipes}
	for i := range p.trees {
		if o := &p.trees[i]; o.session == session && o.id == id {
			*o = t
			return
		}
	}
	if len(p.trees) >= maxSMBTrees {
		p.trees = append(p.trees[:0], p.trees[1:]...)
	}
	p.trees = append(p.trees, t)
}

// files tells whether a tree is known to hold files, not pipes.
func (p *smbPipes) files(session uint64, id uint32) bool {
	for i := range p.trees {
		if t := &p.trees[i]; t.session == session && t.id == id {
			return !t.pipes
		}
	}
	return false
}

// of is the pipe of that file, nil if none is followed.
func (p *smbPipes) of(f smbFile) *smbPipe {
	for _, q := range p.list {
		if q.file == f {
			return q
		}
	}
	return nil
}

// close forgets a pipe: the file's number may be given to another.
func (p *smbPipes) close(f smbFile) {
	for i, q := range p.list {
		if q.file == f {
			q.rpc.drop()
			p.list = append(p.list[:i], p.list[i+1:]...)
			return
		}
	}
}

// wants tells whether what is written to a file, which begins with b, is of
// interest.
func (p *smbPipes) wants(f smbFile, b []byte) bool {
	q := p.of(f)
	return q != nil && !q.rpc.quiet || startsAuth(b)
}

// wrote takes what the client wrote to a file. b stands at off in the stream;
// with cut it is not all.
func (p *smbPipes) wrote(f smbFile, b []byte, off int, cut bool) {
	q := p.of(f)
	if q == nil {
		if !startsAuth(b) {
			return
		}
		if len(p.list) >= maxSMBPipes {
			p.list[0].rpc.drop()
			p.list = append(p.list[:0], p.list[1:]...)
		}
		p.count++
		q = &smbPipe{f, newRPCInner(p.s, p.count<<32)}
		p.list = append(p.list, q)
	}
	q.rpc.push(toServer, b, off, cut)
}

// asks notes a request whose answer holds what the pipe of that file says.
func (p *smbPipes) asks(f smbFile, message uint64) {
	q := p.of(f)
	if q == nil || q.rpc.quiet {
		return
	}
	if len(p.asked) >= maxSMBAsked {
		p.asked = append(p.asked[:0], p.asked[1:]...)
	}
	p.asked = append(p.asked, smbAsked{message, q})
}

// awaits tells whether an answer holds what a pipe says.
func (p *smbPipes) awaits(message uint64) bool {
	for i := range p.asked {
		if p.asked[i].message == message {
			return true
		}
	}
	return false
}

// read takes the answer to a request, whose contents b stand at off in the
// stream.
func (p *smbPipes) read(message uint64, b []byte, off int, cut bool) {
	for i := range p.asked {
		if a := p.asked[i]; a.message == message {
			p.asked = append(p.asked[:i], p.asked[i+1:]...)
			a.pipe.rpc.push(toClient, b, off, cut)
			return
		}
	}
}

// missed says that bytes of direction d were not captured.
func (p *smbPipes) missed(d dir) {
	for _, q := range p.list {
		q.rpc.missed(d)
	}
}

// open tells whether an authentication is under way in a pipe.
func (p *smbPipes) open() bool {
	for _, q := range p.list {
		if !q.rpc.quiet && q.rpc.p.open() {
			return true
		}
	}
	return false
}
