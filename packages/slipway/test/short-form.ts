/** Whether all cases run: in `npm run test:full`. */
const FULL = process.env['FULL'] === '1'

/** Every fourth case, the first included: what `npm test` runs of cases that are slow and many. All of them in the long form. */
export function shortForm<Case>(cases: readonly Case[]): readonly Case[] {
  return FULL ? cases : cases.filter((_, index) => index % 4 === 0)
}
