import type { Command } from '../command.ts'
import { SHELLS } from '../shells.ts'

/** Commands about the command line. */
export const HELP: readonly Command[] = [
  {
    name: 'completion',
    group: 'help',
    summary: 'print a completion script for a shell',
    details: 'Prints a script that completes commands, flags and their values in the shell.',
    positionals: [{ name: 'shell', summary: SHELLS.join(', '), required: true, choices: SHELLS }],
    flags: {},
    examples: [
      { command: 'source <(slipway completion bash)', what: 'in ~/.bashrc' },
      { command: 'source <(slipway completion zsh)', what: 'in ~/.zshrc, after compinit' },
      { command: 'slipway completion fish | source', what: 'in config.fish' },
    ],
    exitCodes: { 0: 'printed', 2: 'there is no script for this shell' },
    load: async () => (await import('../commands/completion.ts')).completion,
  },
  {
    name: 'help',
    group: 'help',
    summary: 'show flags, examples and exit codes of a command',
    details: 'Shows all commands on one screen, or one command in full.',
    positionals: [{ name: 'command', summary: 'name of a command', repeated: true }],
    flags: {},
    examples: [{ command: 'slipway help deploy', what: 'the same as slipway deploy --help' }],
    exitCodes: { 0: 'shown', 2: 'there is no such command' },
    load: async () => (await import('../commands/help.ts')).helpCommand,
  },
]
