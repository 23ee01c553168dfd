import { assertNever } from '../../kernel/index.ts'
import type { TypedAction } from '../next-actions.ts'
import type { Block, Column, Mark } from '../view.ts'
import { clean, type Look, oneLine, type Style } from './style.ts'

/** The output for which the text is drawn. */
export interface Canvas {
  readonly style: Style
  /** The column at which paragraphs wrap. If absent, they stay on one line, for `grep` and log readers. */
  readonly width?: number
}

const SIGNS: Readonly<Record<Mark, readonly [sign: string, look: Look]>> = {
  done: ['✓', 'green'],
  failed: ['✗', 'red'],
  warning: ['!', 'yellow'],
  pending: ['○', 'cyan'],
  note: ['·', 'dim'],
}

/** Blocks as text for people. Ends with a line break, unless it is empty. */
export function renderHuman(blocks: readonly Block[], canvas: Canvas): string {
  let text = ''
  for (const [index, block] of blocks.entries()) {
    const previous = blocks[index - 1]
    const together = previous?.kind === 'status' && block.kind === 'status'
    if (previous && previous.kind !== 'heading' && !together) text += '\n'
    text += `${draw(block, canvas)}\n`
  }
  return text
}

function draw(block: Block, canvas: Canvas): string {
  const { style } = canvas
  switch (block.kind) {
    case 'heading':
      return style('bold', oneLine(block.text))
    case 'paragraph':
      return wrap(clean(block.text), canvas.width)
    case 'fields':
      return drawFields(block.fields, style)
    case 'table':
      return drawTable(block.columns, block.rows, style)
    case 'list':
      return block.items.map((item) => `- ${oneLine(item)}`).join('\n')
    case 'code':
      return indent(clean(block.text).trimEnd())
    case 'diff':
      return clean(block.text)
        .trimEnd()
        .split('\n')
        .map((line) => drawDiffLine(line, style))
        .join('\n')
    case 'status':
      return drawStatus(block, style)
    case 'actions':
      return [
        style('bold', clean(block.title)),
        ...block.actions.map((one) => drawAction(one, style)),
      ].join('\n')
    case 'plain':
      return clean(block.text).trimEnd()
    default:
      return assertNever(block)
  }
}

function drawStatus(block: Extract<Block, { kind: 'status' }>, style: Style): string {
  const [sign, look] = SIGNS[block.mark]
  const note = block.note ? `  ${style('dim', oneLine(block.note))}` : ''
  const text = oneLine(block.text)
  return `${style(look, sign)} ${block.mark === 'failed' ? style('bold', text) : text}${note}`
}

function drawFields(fields: Extract<Block, { kind: 'fields' }>['fields'], style: Style): string {
  const labels = fields.map((field) => clean(field.label))
  const width = Math.max(0, ...labels.map((label) => label.length))
  return fields
    .map((field, index) => {
      const label = style('dim', (labels[index] ?? '').padEnd(width))
      const note = field.note ? `  ${style('dim', `(${clean(field.note)})`)}` : ''
      const value = clean(field.value).replaceAll('\n', `\n${' '.repeat(width + 4)}`)
      return `  ${label}  ${value}${note}`.trimEnd()
    })
    .join('\n')
}

function drawTable(
  columns: readonly Column[],
  rows: readonly (readonly string[])[],
  style: Style,
): string {
  const cells = rows.map((row) =>
    columns.map((_, index) => clean(row[index] ?? '').replaceAll('\n', ' ')),
  )
  const titles = columns.map((column) => clean(column.title))
  const widths = titles.map((title, index) =>
    Math.max(title.length, ...cells.map((row) => (row[index] ?? '').length)),
  )
  const drawRow = (row: readonly string[]) =>
    columns
      .map((column, index) => {
        const width = widths[index] ?? 0
        const cell = row[index] ?? ''
        return column.align === 'right' ? cell.padStart(width) : cell.padEnd(width)
      })
      .join('  ')
      .trimEnd()
  return [`  ${style('dim', drawRow(titles))}`, ...cells.map((row) => `  ${drawRow(row)}`)].join(
    '\n',
  )
}

function drawDiffLine(line: string, style: Style): string {
  if (line.startsWith('+')) return `  ${style('green', line)}`
  if (line.startsWith('-')) return `  ${style('red', line)}`
  return `  ${line}`.trimEnd()
}

function drawAction(action: TypedAction, style: Style): string {
  const label = oneLine(action.label)
  switch (action.kind) {
    case 'command':
      return `  ${style('cyan', clean(action.command))}  ${style('dim', label)}`
    case 'edit':
      return `  edit ${style('cyan', clean(action.path))}  ${style('dim', label)}`
    case 'advice':
      return `  ${label}`
    default:
      return assertNever(action)
  }
}

function indent(text: string): string {
  return text
    .split('\n')
    .map((line) => (line === '' ? '' : `  ${line}`))
    .join('\n')
}

function wrap(text: string, width: number | undefined): string {
  if (width === undefined) return text
  return text
    .split('\n')
    .map((line) => wrapLine(line, Math.max(width, 20)))
    .join('\n')
}

function wrapLine(line: string, width: number): string {
  const lines: string[] = []
  let current = ''
  for (const word of line.split(' ')) {
    if (current !== '' && current.length + 1 + word.length > width) {
      lines.push(current)
      current = word
    } else {
      current = current === '' ? word : `${current} ${word}`
    }
  }
  return [...lines, current].join('\n')
}
