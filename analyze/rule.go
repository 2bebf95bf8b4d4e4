package analyze

// Severity of a finding, diagnosis of outcome: error: something a user or
// service wanted failed and stayed failed in what was captured; warning: it
// works, but weaker than both ends could, or only by fallback, delay or luck;
// note: a step, a fact, or a fault that healed.
type Severity string

// The severities, gravest first.
const (
	Error   Severity = "error"
	Warning Severity = "warning"
	Note    Severity = "note"
)

// Confidence of a finding: certain means that no other explanation is left.
type Confidence string

// The confidences, surest first.
const (
	Certain  Confidence = "certain"
	Likely   Confidence = "likely"
	Possible Confidence = "possible"
)

// A Rule is one thing that can go wrong: its documentation, which explain,
// README and reports print, and the check that finds it.
type Rule struct {
	ID    string // "key-mismatch"
	Title string // one line, no full stop
	// Doc says what the rule means and how it is proved, in paragraphs.
	Doc string
	// Rivals are other causes of the same picture, each with how it is told
	// apart, or why it cannot be.
	Rivals []string
	// Fix and Undo are steps, commands first for Windows, then MIT and Samba.
	// %-free: reports print them as they stand unless the finding brings its own.
	Fix  []string
	Undo []string
	// Events are event-log entries worth looking up next to the finding.
	Events []Event
	// Refs are the sources: RFC and [MS-…] sections, KB numbers.
	Refs []string
	// Since is the kerbscope version that brought the rule.
	Since string
	// Severity is the usual one; a finding may carry another (see Severity).
	Severity Severity
	// Check reads the case and returns its findings, evidence and subject
	// filled in. It changes nothing and reads no other rule's findings.
	Check func(*Case) []Finding
}

// A Subject says what a finding is about, for matching causes with effects
// and for its id. Zero fields are unknown.
type Subject struct {
	Client   string // principal with realm
	Service  string // sname with realm
	Realm    string
	ClientIP string
	KDC      string   // KDC address
	Server   string   // acceptor endpoint, address:port
	Tickets  []string // ticket hashes
}
