// Package analyze tells what went wrong: a Case folds the exchanges, sessions
// and sightings that decode yields for each capture into rows, tickets and
// facts of bounded size; Join relates the captures' clocks and makes one of
// what several captures saw; Findings runs the rules over it and links causes
// with effects; Report puts everything together for printing.
//
// A rule is one value in one rule_<id>.go, listed in rules.go in the order in
// which an explanation goes. Rules read rows, records, tickets, sessions,
// sightings, hosts and clocks of the joined Case; never packets, and never
// other findings. Which finding explains which is the one table in cause.go.
package analyze
