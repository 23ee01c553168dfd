/** The meaning of exit code 2 for most commands. */
export const COULD_NOT = 'could not run: usage, configuration or connection error'
