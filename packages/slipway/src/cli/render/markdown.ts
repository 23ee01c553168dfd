import { assertNever } from '../../kernel/index.ts'
import type { TypedAction } from '../next-actions.ts'
import type { Block, Column, Mark } from '../view.ts'
import { clean } from './style.ts'

const SIGNS: Readonly<Record<Mark, string>> = {
  done: '✓',
  failed: '✗',
  warning: '!',
  pending: '○',
  note: '·',
}

/** Blocks as GitHub-flavoured markdown: for comments on pull requests and job summaries. */
export function renderMarkdown(blocks: readonly Block[]): string {
  return blocks.map((block) => `${draw(block)}\n`).join('\n')
}

function draw(block: Block): string {
  switch (block.kind) {
    case 'heading':
      return `## ${words(block.text)}`
    case 'paragraph':
      return words(block.text)
    case 'fields':
      return block.fields
        .map(
          ({ label, value, note }) =>
            `- **${words(label)}:** ${words(value)}${note ? ` (${words(note)})` : ''}`,
        )
        .join('\n')
    case 'table':
      return drawTable(block.columns, block.rows)
    case 'list':
      return block.items.map((item) => `- ${words(item)}`).join('\n')
    case 'code':
      return fence(block.language, block.text)
    case 'diff':
      return fence('diff', block.text)
    case 'status':
      return `${SIGNS[block.mark]} ${words(block.text)}${block.note ? ` — ${words(block.note)}` : ''}`
    case 'actions':
      return [`**${words(block.title)}**`, '', ...block.actions.map(drawAction)].join('\n')
    case 'plain':
      return fence('text', block.text)
    default:
      return assertNever(block)
  }
}

function drawTable(columns: readonly Column[], rows: readonly (readonly string[])[]): string {
  const line = (cells: readonly string[]) => `| ${cells.join(' | ')} |`
  const rule = columns.map((column) => (column.align === 'right' ? '---:' : '---'))
  const cell = (text: string) =>
    words(text)
      .replaceAll('|', String.raw`\|`)
      .replaceAll('\n', ' ')
  return [
    line(columns.map((column) => cell(column.title))),
    line(rule),
    ...rows.map((row) => line(columns.map((_, index) => cell(row[index] ?? '')))),
  ].join('\n')
}

function drawAction(action: TypedAction): string {
  switch (action.kind) {
    case 'command':
      return `- \`${clean(action.command)}\` — ${words(action.label)}`
    case 'edit':
      return `- edit \`${clean(action.path)}\` — ${words(action.label)}`
    case 'advice':
      return `- ${words(action.label)}`
    default:
      return assertNever(action)
  }
}

/** Text that Markdown shows unchanged; text between backticks stays code. */
function words(text: string): string {
  return clean(text)
    .split(/(`[^`\n]*`)/)
    .map((part, index) =>
      index % 2 === 1 ? part : part.replaceAll(/[\\*<>[\]#~]/g, String.raw`\$&`),
    )
    .join('')
}

/** A code block whose fence is longer than any row of backticks in it. */
function fence(language: string, text: string): string {
  const content = clean(text).trimEnd()
  const longest = Math.max(2, ...(content.match(/`+/g) ?? []).map((ticks) => ticks.length))
  const ticks = '`'.repeat(longest + 1)
  return `${ticks}${language}\n${content}\n${ticks}`
}
