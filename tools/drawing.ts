import { readFileSync, writeFileSync } from 'node:fs'
import path from 'node:path'
import { modules } from './modules.ts'

/**
 * `npm run drawing`: draws the import table of tools/modules.ts as a Mermaid graph, and writes it to
 * ARCHITECTURE.md. An arrow leads from a module to one that imports it. Arrows that follow from other
 * arrows are left out.
 */
export function drawModules(): string {
  const arrows = Object.keys(modules).flatMap((module) =>
    directImports(module).map((imported) => `  ${imported} --> ${module}`),
  )
  return ['flowchart TD', ...arrows].join('\n')
}

/** The imports of a module that none of its other imports implies. */
function directImports(module: string): string[] {
  const all = importsOf(module)
  return all.filter((one) => !all.some((other) => other !== one && reaches(other, one)))
}

function reaches(from: string, to: string): boolean {
  return importsOf(from).some((one) => one === to || reaches(one, to))
}

function importsOf(module: string): string[] {
  return (modules[module] ?? []).map((one) => one.replace(' (types)', ''))
}

/** The document with the current drawing in its Mermaid block. */
function redraw(document: string): string {
  return document.replace(/(?<=```mermaid\n)[^`]*(?=\n```)/, drawModules())
}

if (process.argv[1] === import.meta.filename) {
  const file = path.join(import.meta.dirname, '../ARCHITECTURE.md')
  writeFileSync(file, redraw(readFileSync(file, 'utf8')))
}
