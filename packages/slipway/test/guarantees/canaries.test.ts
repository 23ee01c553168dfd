import { expect, test } from 'vitest'
import { withSession } from '../../src/database/index.ts'
import { ConnectionString, failureOf } from '../../src/kernel/index.ts'
import { FAILING, failingOn, SETTING_UP } from '../failing-statements.ts'
import { startPolyglot } from '../locales.ts'
import { startCluster } from '../postgres.ts'

// Guarantee 10, for servers in other languages: no error or notice contains a value of a row.

const LANGUAGES = { english: 'C', german: 'de_DE.UTF-8', japanese: 'ja_JP.UTF-8' } as const
/** With FULL=1, 100,000 values in all statements and languages; otherwise a few for each statement. */
const VALUES = process.env.FULL ? Math.ceil(100_000 / (3 * FAILING.length)) : 4
const MARKER = 'qzkw'
const DIGITS = '917'

/** Typical values of rows: words, sentences, quotation marks of three languages, other scripts, long texts. */
const SHAPES: readonly string[] = [
  `'${MARKER}' || n`,
  `'${MARKER}' || n || ' of ' || '${MARKER}'`,
  `'"${MARKER}' || n || '" and "${MARKER}"'`,
  `'a "' || '${MARKER}' || n`,
  `'»${MARKER}«' || n`,
  `'${MARKER}' || n || '(x)=(${MARKER})'`,
  `'é日本${MARKER}' || n || E'\\n${MARKER}: x'`,
  `repeat('${MARKER}', 20) || n`,
  `'${MARKER}.' || n || '.${MARKER}'`,
  `'{"${MARKER}": ' || n || ', ${MARKER}}'`,
  `upper('${MARKER}') || n`,
  `'<${MARKER}>' || n || '</b>'`,
]

const FILL = `INSERT INTO canary SELECT n, CASE n % ${SHAPES.length}
  ${SHAPES.map((shape, index) => `WHEN ${index} THEN ${shape}`).join('\n  ')} END,
  (${DIGITS} * 10 ^ 9)::bigint + n FROM generate_series(1, ${VALUES * FAILING.length}) AS n;
GRANT ALL ON ALL TABLES IN SCHEMA public TO PUBLIC; GRANT ALL ON ALL SEQUENCES IN SCHEMA public TO PUBLIC;
GRANT ALL ON SCHEMA public TO PUBLIC;`

test(`no message in any language contains a value of a row: ${VALUES} values in each of ${FAILING.length} statements`, async (context) => {
  const polyglot = await startPolyglot()
  const cluster = polyglot ?? (await startCluster())
  try {
    const languages = polyglot ? LANGUAGES : { english: LANGUAGES.english }
    await as(cluster.url, (session) => session.execute(SETTING_UP + FILL))
    const leaks: string[] = []
    const silent = new Set(FAILING)
    for (const [role, locale] of Object.entries(languages)) {
      await as(cluster.url, (session) =>
        session.execute(
          `CREATE ROLE ${role} LOGIN PASSWORD 'x'; ALTER ROLE ${role} SET lc_messages = '${locale}'`,
        ),
      )
      const url = new URL(cluster.url)
      url.username = role
      url.password = 'x'
      await collectMessages(url.href, (statement, said) => {
        if (said === '') return
        silent.delete(statement)
        if (new RegExp(`${MARKER}|${DIGITS}0000`, 'i').test(said))
          leaks.push(`${role}: ${statement}\n  ${said}`)
      })
    }
    expect(leaks.slice(0, 20)).toEqual([])
    expect([...silent]).toEqual([])
    if (!polyglot)
      await context.annotate('This server has no messages in German and Japanese: English only.')
  } finally {
    await cluster.stop()
  }
}, 1_200_000)

/** Runs each statement on separate rows, and passes on all output about it. */
async function collectMessages(
  url: string,
  onMessage: (statement: string, said: string) => void,
): Promise<void> {
  const notices: string[] = []
  await as(
    url,
    async (session) => {
      let n = 0
      for (const statement of FAILING) {
        for (let count = 0; count < VALUES; count++) {
          n++
          const script = `BEGIN; ${failingOn(statement, n)}; ROLLBACK`
          const failure = await session.execute(script).then(() => undefined, failureOf)
          if (failure) await session.execute('ROLLBACK')
          onMessage(statement, [JSON.stringify(failure), ...notices.splice(0)].join('\n').trim())
        }
      }
    },
    (notice) => notices.push(notice),
  )
}

async function as(
  url: string,
  work: Parameters<typeof withSession<void>>[2],
  onNotice: (notice: string) => void = () => {},
): Promise<void> {
  await withSession({ kind: 'postgres', url: new ConnectionString(url) }, { onNotice }, work)
}
