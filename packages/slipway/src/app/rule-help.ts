import { existsSync, readFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { MODULE_FAILURES } from './module-failures.ts'

/** The explanation of a hazard or a failure, for formats that explain each of them once. */
export interface RuleHelp {
  /** One line. */
  readonly title: string
  /** The page of the hazard, or the section of the failure in docs/errors.md. */
  readonly markdown?: string
  /** The documentation of PostgreSQL that the page cites. */
  readonly uri?: string
}

/** Explains hazards and failures, by their ids and codes. Other findings have no help. */
export async function readRuleHelp(ids: readonly string[]): Promise<ReadonlyMap<string, RuleHelp>> {
  const { rules, acceptanceHazards, observedHazards } = await import('../hazards/index.ts')
  const all = [...rules, ...acceptanceHazards, ...observedHazards]
  const hazards = new Map(all.map(({ id, title }) => [id, title]))
  const help = new Map<string, RuleHelp>()
  for (const id of ids) {
    const title = hazards.get(id) ?? (await failureTitle(id))
    if (title === undefined) continue
    const markdown = hazards.has(id) ? page(`hazards/${id}.md`) : sectionOf(page('errors.md'), id)
    const uri = /^## Source\s+\[[^\]]*\]\((https:[^)\s]+)\)/m.exec(markdown ?? '')?.[1]
    help.set(id, { title, ...(markdown ? { markdown } : {}), ...(uri ? { uri } : {}) })
  }
  return help
}

async function failureTitle(code: string): Promise<string | undefined> {
  return (await MODULE_FAILURES[code.split('.')[0] ?? '']?.())?.[code]?.title
}

/** Reads a page of the documentation, next to the bundle or in the repository. */
function page(name: string): string | undefined {
  const places = [`./docs/${name}`, `../../../../docs/${name}`]
  const file = places
    .map((place) => fileURLToPath(new URL(place, import.meta.url)))
    .find((place) => existsSync(place))
  // Comments contain the setup of the page's tests.
  return (
    file &&
    readFileSync(file, 'utf8')
      .replaceAll(/<!--[^]*?-->/g, '')
      .trim()
  )
}

function sectionOf(text: string | undefined, code: string): string | undefined {
  const [, section] = text?.split(`### ${code}\n`) ?? []
  return section?.split(/^##/m)[0]?.trim()
}
