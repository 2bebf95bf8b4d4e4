package main

const usageCompletion = `Usage: kerbscope completion bash | fish | powershell | zsh

Prints a script that completes commands, flags, rules and file names in a shell.

Example:
  $ kerbscope completion bash > ~/.local/share/bash-completion/completions/kerbscope
  $ kerbscope completion zsh > ~/.zfunc/_kerbscope
  $ kerbscope completion fish > ~/.config/fish/completions/kerbscope.fish
  PS> kerbscope completion powershell | Out-String | Invoke-Expression
`

const usageMan = `Usage: kerbscope man

Prints the manual page.

Example:
  $ kerbscope man | man -l -
`

const usageWiresharkProfile = `Usage: kerbscope wireshark-profile FOLDER

Writes a configuration profile for Wireshark: columns of Kerberos messages, names,
etypes, kvnos and errors, colours for errors, weak etypes and the frames that
convert --annotate commented, and buttons for the usual filters. It is there, under
the FOLDER's name, when Wireshark starts anew; or: tshark -C NAME -r FILE

FOLDER is one of Wireshark's profiles: ~/.config/wireshark/profiles/NAME; on Windows
%APPDATA%\Wireshark\profiles\NAME.

Example:
  $ kerbscope wireshark-profile ~/.config/wireshark/profiles/Kerberos
`
