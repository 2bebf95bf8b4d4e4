package main

const usageMain = `Usage: kerbscope [analyze] [flags] CAPTURE...
       kerbscope decode [flags] CAPTURE...
       kerbscope capture [flags] -i INTERFACE
       kerbscope convert [flags] IN... OUT.pcapng
       kerbscope redact [flags] IN... OUT.pcapng
       kerbscope explain [RULE | GUIDE]
       kerbscope schema message | report | finding
       kerbscope wireshark-profile FOLDER
       kerbscope completion bash | fish | powershell | zsh
       kerbscope man
       kerbscope service install | start | stop | status | uninstall | unit
       kerbscope version

Finds out from packet captures why Kerberos fails, and what to do about it.
CAPTURE is a file (pcap, pcapng, also gzip or zstd), a folder, a glob, or - for
standard input; hub=trace.pcapng gives it the name "hub". Captures of the same
time from client, service and domain controller together tell most; their
clocks need not agree.

  analyze   says what went wrong and how that is known; runs when no command is named
  decode    lists every Kerberos message
  capture   captures live and says what is wrong as it happens
  convert   writes captures of any kind as one pcapng file, in time order
  redact    takes names, addresses and secrets out of captures, to give them away
  explain   what a rule means, how it is proved and how to fix it
  schema    the JSON Schema of what --format json and ndjson print
  wireshark-profile   columns, colours and filters of Kerberos for Wireshark
  service   runs capture as a service of the system, for weeks
  completion, man     completes command lines in a shell; the manual page
  version   version, commit and Go version

Example:
  $ kerbscope mailbox.pcapng hub.pcapng dc1.pcapng
  $ kerbscope explain key-mismatch

How to record captures that tell something: kerbscope explain capturing
Flags of a command: kerbscope COMMAND -h
`

const usageAnalyze = `Usage: kerbscope [analyze] [flags] CAPTURE...

Says what went wrong, where, how that is known and what to do about it. All
CAPTUREs are one investigation: they may come from hosts with different clocks.

Input:
  -r, --read FILE        the same as naming FILE as a CAPTURE; repeatable
  -k, --keytab FILE      keys to open what is encrypted; repeatable; never printed
      --key-file FILE    the same as text: PRINCIPAL ETYPE [KVNO] HEXKEY on a line
      --password-file FILE   passwords: PRINCIPAL PASSWORD on a line, up to its end
      --ask PRINCIPAL    asks for the password of NAME@REALM on the terminal
      --role ROLE=ADDR   ROLE is mailbox, hub, kdc, dc, client or service; ADDR an
                         IP address or a name in the capture; otherwise inferred

Rules:
      --rule ID          only this rule; repeatable; the list: kerbscope explain
      --no-rule ID       all but this rule; repeatable

Output:
      --format FORMAT    text (default), json, ndjson (one line a finding, then the
                         report without findings) or html (one file, to read and
                         to print; it loads nothing)
  -o, --output FILE      write there; FILE appears when it is complete
      --brief            text: one screen
      --max-exchanges N  exchanges listed one by one (default 10000)
      --max-flows N      TCP connections followed at a time (default 32768); each costs
                         up to some kB of memory
      --max-memory SIZE  100MB for a small server, 2GB for thousands of clients: all
                         limits are made smaller or larger (default: for 200MB)
      --color WHEN       auto (default), always or never; NO_COLOR is honoured
      --fail-on SEV      exit status 1 when there is a finding of that severity or
                         a graver one: error, warning or note
      --quiet, --no-progress   no progress on standard error

Exit status: 0 done, 1 by --fail-on, 2 bad usage, 3 some input could not be read
in full (the report is still printed), 5 the result could not be written.

Example:
  $ kerbscope --role hub=10.77.0.20 --format json -o report.json mailbox.pcapng hub.pcapng
  $ kerbscope --format html -o report.html pcaps/seed-story
`

const usageDecode = `Usage: kerbscope decode [flags] CAPTURE...

Lists every Kerberos message, one a line, wherever it stood: to a KDC, or inside
SMTP, HTTP, LDAP, SMB and DCE/RPC; and each carrier's own word on an authentication.

  -r, --read FILE      the same as naming FILE as a CAPTURE; repeatable
  -k, --keytab FILE    keys to open what is encrypted; repeatable; never printed
      --key-file FILE  the same as text: PRINCIPAL ETYPE [KVNO] HEXKEY on a line
      --password-file FILE   passwords: PRINCIPAL PASSWORD on a line, up to its end
      --ask PRINCIPAL  asks for the password of NAME@REALM on the terminal
      --format FORMAT  text (default), ndjson (one object a line) or json (the same
                       objects in one array)
  -V, --verbose        text: every field of every message, one below the other
      --max-flows N    TCP connections followed at a time (default 32768)
      --max-memory SIZE   as in: kerbscope analyze -h
  -t, --time FORMAT    text: u (default) time of day in UTC, ud with the date, r seconds
                       since the first frame, dd since the line before, e since 1970
      --filter TERM    only rows of which TERM is true; repeatable: all must be. TERM is
                       KEY=VALUE or KEY!=VALUE; several VALUEs with commas between
  -o, --output FILE    write there; FILE appears when it is complete
      --color WHEN     auto (default), always or never; NO_COLOR is honoured
      --quiet, --no-progress   no progress on standard error

Keys: type=AS-REQ,NTLM,carrier  principal=alice*@CONTOSO.COM  cname=  sname=smtp/*
      error=41 or MODIFIED or STATUS_LOGON_FAILURE or *  etype=23 or rc4-hmac or RC4
      host=10.77.0.20 or 10.77.0.0/24  port=88  carrier=smtp  outcome=refused
      ticket=HASH (its beginning)  capture=hub  frame=100-200

Exit status: 0 done, 2 bad usage, 3 some input could not be read in full, 5 the
result could not be written.

Example:
  $ kerbscope decode --filter type=KRB-ERROR --filter error!=PREAUTH_REQUIRED dc1.pcapng
  $ kerbscope decode --format ndjson dc1.pcapng | jq 'select(.error_code == 14) | .etypes_names'
`

const usageCapture = `Usage: kerbscope capture [flags] -i INTERFACE
       kerbscope capture [flags] -r FILE --follow
       tcpdump -U -w - ... | kerbscope capture [flags] -

Captures live and says what is wrong with Kerberos as it happens, in bounded
memory, for as long as it runs. Ctrl-C, SIGTERM or -a end it; then the report is
written. On a terminal a view of rates and findings is shown (r: report, q: end).

What to capture:
  -i, --interface IF     repeatable; any: all of them
  -D, --list-interfaces  lists them
  -f, --filter FILTER    in the language of tcpdump; without it what may carry
                         Kerberos: its ports, those of carriers, DCE/RPC binds and
                         messages anywhere
      --all-ports        everything, without a filter
  -s, --snapshot-length N   bytes kept of a packet (262144)
  -p, --no-promiscuous-mode   only what is meant for this host
  -r, --read FILE --follow   a pcap or pcapng file that grows, and its successors
  -a, --autostop duration:S | packets:N   end by itself; repeatable
  -c, --count N          as -a packets:N

What to keep:
  -w, --write FILE       the packets, as pcapng
  -b, --ring-buffer filesize:KB | duration:S | files:N   a ring of such files;
                         repeatable
      --evidence DIR     the packets around each finding as a small pcapng file of its
                         own, with comments on what they show
      --evidence-age T, --evidence-memory MB   how far back (120s, 64)

What to find and how to say it:
  -k, --keytab FILE, --key-file FILE, --password-file FILE, --ask PRINCIPAL,
      --role ROLE=ADDR, --rule ID, --no-rule ID, --max-exchanges N, --brief,
      --color WHEN, --fail-on SEV      as in: kerbscope analyze -h
      --format FORMAT    text (default), json, ndjson (a line for each finding when it
                         is made, changes or is withdrawn, then the report) or html
  -o, --output FILE      write there; on Unix SIGUSR1 writes the report as of now
      --window T         forget what was last seen so long ago (10h)
      --max-memory SIZE  100MB, 2GB: all limits, but for the files of -w, are made smaller
                         or larger (default: for 250MB, and --evidence-memory)
      --interval T       on standard error, if it is no terminal, a line so often (60s)
      --quiet, --no-progress   neither that line nor the view

To run for weeks:
      --config FILE      settings: TOML, the long flags above as keys, without dashes;
                         the command line wins
      --log WHERE        findings as log entries: syslog, eventlog (Windows), or a file
                         of JSON lines, opened again when it was rotated; repeatable
      --metrics ADDR     for Prometheus, on http://ADDR/metrics; /healthz says whether
                         the capture goes on. 127.0.0.1:9464, for example
  As a service: kerbscope service -h

Exit status: 0 ended, 1 by --fail-on, 2 bad usage, 4 capturing could not start or
broke off (the report is still written), 5 the result, or a file of -w or
--evidence, could not be written.

Example:
  $ sudo kerbscope capture -i eth0 -w hub.pcapng -b filesize:100000 -b files:20
  $ sudo kerbscope capture -i any --format ndjson --quiet | jq -r 'select(.state).summary'
`

const usageConvert = `Usage: kerbscope convert [flags] IN... OUT.pcapng

Writes any readable captures as one pcapng file, in time order, each capture's
own order kept. Every frame that Wireshark numbers is there, with its bytes, time,
direction and comments; interfaces are named CAPTURE/INTERFACE when there are
several captures. IN is what CAPTURE is elsewhere: a file, a folder, a glob, - or
LABEL=FILE. OUT is replaced if it exists, when the new one is complete; - is
standard output. TLS keys and host names that a pcapng file holds are not copied.

  -r, --read FILE      an IN before the others; repeatable
  -o, --output OUT     OUT; all names are then INs
      --align          put all times on the first capture's clock: what packets in
                       several captures, or times in Kerberos messages, tell of the
                       clocks is subtracted. Without it times stay as recorded
      --kerberos       only flows with Kerberos in them: whole, from the handshake on,
                       with fragments and ICMP errors about them; and all of ports 88, 464
      --annotate       what analyze finds as comments on the frames that prove it, and
                       the verdict as the file's comment; comments that there are stay.
                       Wireshark takes what two captures hold for retransmissions: to
                       read along in it, use --evidence, or one IN at a time
      --evidence       the same, and only the conversations that findings cite, from the
                       captures in which they do: with the ticket's issue, its use and
                       the refusal
      --all-copies     keep every copy of a packet, and dropped ones (Windows traces)
  -k, --keytab FILE, --key-file FILE, --password-file FILE, --ask PRINCIPAL,
      --role ROLE=ADDR, --rule ID, --no-rule ID
                       for --annotate and --evidence, as in: kerbscope analyze -h
      --quiet, --no-progress   no progress on standard error

Exit status: 0 done, 2 bad usage (also: OUT is an IN), 3 some input could not be
read in full (OUT holds the rest), 5 OUT could not be written.

Example:
  $ kerbscope convert --align mailbox.pcapng hub.pcap all.pcapng
  $ kerbscope convert --evidence --no-rule rc4-in-use mailbox.pcapng hub.pcap case.pcapng
`

const usageRedact = `Usage: kerbscope redact [flags] IN... OUT.pcapng
       kerbscope redact [flags] IN... FOLDER

Writes captures that can be given away: the flows that kerbscope reads, with
frames, times, lengths, etypes, kvnos, codes and order as they were, so that it
finds in them what it finds in the originals without keys.

Names, realms, addresses, MACs and salts become others of the same length and
shape, the same everywhere: realm, domain and host still belong together. What is
encrypted, signed or random becomes other bytes, equal ones equal: a ticket stays
one ticket, and no key opens it. Whatever is not understood is wiped: other flows
are left out, of TLS only the record headers stay, of mail, files and web pages
the length, of RPC the headers. Comments, interface names and the names of the
captures are left out. In a FOLDER, which is there or ends in /, every capture gets
a file of its own, which several captures of the same traffic need; OUT.pcapng
holds all of them.

  -r, --read FILE      an IN before the others; repeatable
  -o, --output OUT     OUT; all names are then INs
      --align          put all times on the first capture's clock
      --shift-times T  add T to all times, in packets too: -100h, 90m; whole seconds
      --seed TEXT      the same pseudonyms in every run with this TEXT; who knows it can
                       test guesses of names: keep it secret
      --map FILE       writes what stands for what, readable by you alone
      --quiet, --no-progress   no progress on standard error

Look before you give it away: kerbscope decode -V OUT.pcapng
What stays: times, sizes, ports, VLANs, the order of things, which names are equal,
how many digits the numbers of an address have, names of services (HTTP, cifs) and
domains' ends (com, local), and in text the words that protocols and servers use.

Exit status: as of convert.

Example:
  $ kerbscope redact mailbox.pcapng hub.pcap dc1.pcapng to-vendor/
`

const usageExplain = `Usage: kerbscope explain [RULE]
       kerbscope explain capturing | triage | hub | regression

Says what a rule means, how it is proved, what else could look the same, how to
fix it and how to undo the fix. Without RULE: the list of rules. The guides:

  capturing    where and how to record, so that the captures tell something
  triage       somebody sent a trace: from the files to the answer
  hub          watch live on the server where it fails, for minutes or for weeks
  regression   your own captures as a test, in CI

      --color WHEN     auto (default), always or never; NO_COLOR is honoured

Example:
  $ kerbscope explain key-mismatch
`

const usageSchema = `Usage: kerbscope schema message | report | finding

Prints the JSON Schema (2020-12) of a row of decode, of the report of analyze, or
of a finding on a line of its own. Within a version (/1) fields are only added.

Example:
  $ kerbscope schema report > report.schema.json
`

const usageVersion = `Usage: kerbscope version

Prints the version, the commit it was built from, and the Go version.
`
