package analyze

import "slices"

// rules is the one list of rules, in the order in which an explanation goes:
// transport, clock, the client's account, its etypes, finding the service, its
// etypes, the acceptor's key, its later checks, the carrier, and symptoms and
// facts last. Of findings alike in severity and confidence the earlier rule's
// comes first.
var rules = []*Rule{
	// Reaching a KDC.
	kdcUnreachable,
	tcp88Blocked,
	udpFragmentsLost,
	dcLocatorTrouble,
	kdcUDPUnanswered,
	kdcFailover,
	kdcSlow,

	// Clocks.
	clockSkew,
	clockSkewHidden,
	clockSkewRecovered,

	// The client's account.
	clientUnknown,
	clientRevoked,
	passwordExpired,
	preauthFailed,
	preauthFailedRecovered,
	pkinitFailed,
	fastFailed,
	wrongRealm,

	// Encryption types at logon, and of the KDC as a whole.
	etypeNosupp,
	etypeNosuppRecovered,
	kdcOffersNoAES,
	accountLacksAESKeys,
	clientOffersNoAES,
	clientPrefersRC4,
	preauthDowngrade,
	etypeListAltered,
	saltUnexpected,
	rc4EnforcementBreak,
	etypeInfoOld,

	// Finding the service.
	tgtUndecryptable,
	duplicateSPN,
	referralDeadEnd,
	spnUnknown,
	userToUserRequired,
	kdcsDisagree,

	// Encryption types of tickets.
	referralEtype,
	ticketDowngrade,
	sessionKeyDowngrade,
	forwardedTGTSingleEtype,

	// Policy and delegation.
	selectiveAuth,
	delegationRefused,
	checksumRefused,

	// The acceptor: can it decrypt?
	keyFaultOneIdentity,
	sameTicketTwoOutcomes,
	staleTicket,
	staleKeytab,
	spnOnWrongAccount,
	acceptorLacksEtypeKey,
	acceptorLacksKey,
	hostNameMismatch,
	ticketRefusedEverywhere,
	keyMismatch,

	// The acceptor: its later checks.
	addressBoundTicket,
	replay,
	ticketNotYetValid,
	ticketExpired,
	krbError,

	// The carrier's word, and silence.
	channelBinding,
	tokenTooBig,
	apRefused,
	apUnanswered,
	wrapFailsAfterAP,

	// Symptoms and facts.
	ntlmFallback,
	desInUse,
	rc4TicketAESSession,
	rc4InUse,
	etypeTimeline,
	unknownEtypeSeen,
	preauthNotRequired,
	passwordSpray,
	kerberoastPattern,
	tgtUnlikeOthers,
	rodcKVNO,
	mutualAuthMissing,
	delegationNotForwarded,
	passwordChange,
	truncatedCapture,
}

// Rules are all rules, in explanation order.
func Rules() []*Rule { return slices.Clone(rules) }

// RuleByID is the rule of that id, nil when there is none.
func RuleByID(id string) *Rule {
	for _, r := range rules {
		if r.ID == id {
			return r
		}
	}
	return nil
}
