/** What exit code 2 means of most commands. */
export const COULD_NOT = 'it could not begin: usage, configuration, connection'
