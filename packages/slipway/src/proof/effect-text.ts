import type { SeenEffect } from './seen-effect.ts'

/** What happened to a table's data, without the table's name: `3 deleted`, `email dropped`. */
export function effectText({ what, rows, column }: SeenEffect): string {
  switch (what) {
    case 'emptied':
    case 'dropped':
      return what
    case 'column-dropped':
      return `${column} dropped`
    default:
      return `${rows} ${what}`
  }
}
