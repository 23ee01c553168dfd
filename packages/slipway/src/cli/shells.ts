/** The shells for which a completion script is available. */
export const SHELLS = ['bash', 'zsh', 'fish'] as const
