package filter

import (
	"slices"
	"strconv"
)

// Parse reads a filter. The error is an *Error. A text of blanks keeps
// everything.
func Parse(text string) (*Expr, error) {
	if len(text) > maxText {
		return nil, &Error{Text: text[:32] + "...", At: 0, What: "the filter is longer than 65536 bytes"}
	}
	tokens, e := lex(text)
	if e != nil {
		return nil, e
	}
	if len(tokens) == 1 {
		return &Expr{text: text, root: always(true)}, nil
	}
	p := &parser{text: text, tokens: tokens}
	root, _ := p.expr(0)
	if p.err == nil && p.peek() != "" {
		p.unexpected()
	}
	if p.err != nil {
		return nil, p.err
	}
	return &Expr{text: text, root: root, vlans: p.vlans}, nil
}

type parser struct {
	text   string
	tokens []token
	pos    int
	vlans  int // keywords vlan so far
	err    *Error
}

// A head is the words in front of an address or a number: what follows "and"
// or "or" without them has those of the term before.
type head struct {
	ok    bool
	what  what
	proto uint32
	dir   dir
	isNet bool
}

func (p *parser) peek() string { return p.tokens[p.pos].text }

func (p *parser) peekAt(n int) string {
	return p.tokens[min(p.pos+n, len(p.tokens)-1)].text
}

func (p *parser) take() token {
	t := p.tokens[p.pos]
	if t.text != "" {
		p.pos++
	}
	return t
}

// skip takes the next token if it is one of these.
func (p *parser) skip(words ...string) bool {
	if p.err == nil && p.peek() != "" && slices.Contains(words, p.peek()) {
		p.pos++
		return true
	}
	return false
}

// fail notes the first error, at a token.
func (p *parser) fail(t token, what, hint string) node {
	if p.err == nil {
		p.err = &Error{Text: p.text, At: t.at, What: what, Hint: hint}
	}
	return always(false)
}

// expr reads terms up to the end or a closing parenthesis. The head that it
// returns is that of its last term.
func (p *parser) expr(depth int) (node, head) {
	left, h := p.term(depth)
	for p.err == nil {
		var and bool
		switch {
		case p.skip("and", "&&"):
			and = true
		case p.skip("or", "||"):
		default:
			return left, h
		}
		var right node
		if p.beginsMore() {
			if !h.ok {
				return p.fail(p.tokens[p.pos], "an address or a number without a word that says of what", "write the word again: port 88 or port 464"), h
			}
			right = p.more(h, depth)
		} else {
			right, h = p.term(depth)
		}
		if and {
			left = all{left, right}
		} else {
			left = some{left, right}
		}
	}
	return left, h
}

// beginsMore tells whether a bare address or number comes, or some of them in
// parentheses or negated.
func (p *parser) beginsMore() bool {
	n := 0
	for ; ; n++ {
		switch p.peekAt(n) {
		case "not", "!", "(":
			continue
		}
		break
	}
	w := p.peekAt(n)
	return w != "" && !isKeyword(w) && !isMark(w)
}

func isMark(w string) bool {
	return slices.Contains([]string{"(", ")", "!", "/", "&&", "||", "and", "or", "not"}, w)
}

// more reads what has the words of h in front of it.
func (p *parser) more(h head, depth int) node {
	if depth > maxDepth {
		return p.fail(p.tokens[p.pos], "nested too deeply", "")
	}
	switch {
	case p.skip("not", "!"):
		return not{p.more(h, depth+1)}
	case p.skip("("):
		return p.group(h, depth)
	}
	return p.value(h)
}

// group reads the rest of a parenthesis of addresses or numbers.
func (p *parser) group(h head, depth int) node {
	left := p.more(h, depth+1)
	for p.err == nil {
		switch {
		case p.skip("and", "&&"):
			left = all{left, p.more(h, depth+1)}
		case p.skip("or", "||"):
			left = some{left, p.more(h, depth+1)}
		case p.skip(")"):
			return left
		default:
			return p.unexpected()
		}
	}
	return left
}

func (p *parser) term(depth int) (node, head) {
	if depth > maxDepth {
		return p.fail(p.tokens[p.pos], "nested too deeply", ""), head{}
	}
	switch {
	case p.skip("not", "!"):
		n, h := p.term(depth + 1)
		return not{n}, h
	case p.skip("("):
		n, _ := p.expr(depth + 1)
		if p.err == nil && !p.skip(")") {
			p.unexpected()
		}
		return n, head{}
	}
	return p.rterm(depth)
}

// unexpected says what is wrong with the next token.
func (p *parser) unexpected() node {
	t := p.tokens[p.pos]
	switch w := t.text; {
	case w == "":
		return p.fail(t, "something is missing", otherHint)
	case w == ")":
		return p.fail(t, "a closing parenthesis without an opening one", "")
	case refused[w] != "":
		return p.fail(t, "not understood: "+refused[w], libpcapHint)
	case isMark(w), isKeyword(w):
		return p.fail(t, "does not fit here", otherHint)
	}
	return p.fail(t, "not understood here", otherHint)
}

// number reads one up to most: decimal, or hexadecimal with 0x.
func (p *parser) number(most uint64, of string) uint32 {
	t := p.take()
	v, err := parseNumber(t.text)
	switch {
	case t.text == "":
		p.fail(t, of+": a number is missing", "")
	case err != nil:
		p.fail(t, of+": not a number", "names are not looked up: write the number")
	case v > most:
		p.fail(t, of+": at most "+strconv.FormatUint(most, 10), "")
	}
	return uint32(v)
}

// parseNumber takes no leading zero: libpcap would read octal.
func parseNumber(s string) (uint64, error) {
	if len(s) > 1 && s[0] == '0' && s[1] != 'x' && s[1] != 'X' {
		return 0, strconv.ErrSyntax
	}
	if len(s) > 2 && s[0] == '0' {
		return strconv.ParseUint(s[2:], 16, 32)
	}
	return strconv.ParseUint(s, 10, 32)
}
