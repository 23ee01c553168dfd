/** Whether all cases run: in `npm run test:full`. */
const FULL = process.env['FULL'] === '1'

/** Every fourth case, including the first, for numerous slow cases in `npm test`. The long form runs all. */
export function shortForm<Case>(cases: readonly Case[]): readonly Case[] {
  return FULL ? cases : cases.filter((_, index) => index % 4 === 0)
}
