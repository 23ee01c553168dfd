import type { TypedAction } from './next-actions.ts'

/** The state of something, shown as a sign and a colour, so that no meaning depends on the colour alone. */
export type Mark = 'done' | 'failed' | 'warning' | 'pending' | 'note'

/** A column of a table. Numbers align right. */
export interface Column {
  readonly title: string
  readonly align?: 'left' | 'right'
}

/**
 * A part of a command's output, independent of the format: renderers draw blocks for a terminal and
 * as markdown. Texts are raw; the renderer masks secrets and escapes.
 */
export type Block =
  | { readonly kind: 'heading'; readonly text: string }
  | { readonly kind: 'paragraph'; readonly text: string }
  | {
      readonly kind: 'fields'
      readonly fields: readonly {
        readonly label: string
        readonly value: string
        readonly note?: string
      }[]
    }
  | {
      readonly kind: 'table'
      readonly columns: readonly Column[]
      readonly rows: readonly (readonly string[])[]
    }
  | { readonly kind: 'list'; readonly items: readonly string[] }
  | { readonly kind: 'code'; readonly language: 'sql' | 'text'; readonly text: string }
  /** Lines that begin with `+`, `-` or a space. */
  | { readonly kind: 'diff'; readonly text: string }
  | { readonly kind: 'status'; readonly mark: Mark; readonly text: string; readonly note?: string }
  | { readonly kind: 'actions'; readonly title: string; readonly actions: readonly TypedAction[] }
  /** Text for programs, or text with its own layout: never wrapped, never decorated. */
  | { readonly kind: 'plain'; readonly text: string }

export function heading(text: string): Block {
  return { kind: 'heading', text }
}

export function paragraph(text: string): Block {
  return { kind: 'paragraph', text }
}

/** One line with its sign: `✓ Deployed 3 migrations`. The note follows in a paler colour. */
export function status(mark: Mark, text: string, note?: string): Block {
  return { kind: 'status', mark, text, ...(note === undefined ? {} : { note }) }
}

export function sql(text: string): Block {
  return { kind: 'code', language: 'sql', text }
}
