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
