import type { Layout } from './references.ts'
import type { SeedRow } from './set.ts'

/** The distinct sets of fields that rows have: an omitted field is not the same as NULL. */
export type Shapes = readonly ReadonlySet<string>[]

/** Assigns each row the number of its shape. A shape with new fields extends the layout. */
export class ShapeFinder {
  readonly shapes: Set<string>[] = []
  readonly #numbers = new Map<string, number>()
  /** The fields of the previous row, in its order. */
  #last: readonly string[] = []
  #number = -1

  /** The number of a row's shape; `isNew` if no earlier row had it. */
  of(row: SeedRow): { readonly number: number; readonly isNew: boolean } {
    let at = 0
    for (const field in row) {
      if (row[field] === undefined) continue
      if (this.#last[at] !== field) return this.#find(row)
      at++
    }
    if (at !== this.#last.length || this.#number < 0) return this.#find(row)
    return { number: this.#number, isNew: false }
  }

  #find(row: SeedRow): { readonly number: number; readonly isNew: boolean } {
    this.#last = Object.keys(row).filter((field) => row[field] !== undefined)
    const name = JSON.stringify(this.#last.toSorted())
    const known = this.#numbers.get(name)
    this.#number = known ?? this.shapes.length
    if (known === undefined) {
      this.#numbers.set(name, this.#number)
      this.shapes.push(new Set(this.#last))
    }
    return { number: this.#number, isNew: known === undefined }
  }
}

/** The problem with a row's combination of fields, as a sentence; undefined if there is none. */
export function shapeProblem(layout: Layout, shape: ReadonlySet<string>): string | undefined {
  for (const { column, plain, references } of layout.columns) {
    const given = plain.filter(({ field }) => shape.has(field)).map(({ field }) => field)
    for (const { fields } of references) {
      const own = fields.filter((field) => shape.has(field))
      if (own.length === 0) continue
      if (own.length < fields.length)
        return `It refers by ${own.join(', ')}, and other rows by ${fields.join(', ')}: all use one key.`
      given.push(own.join(', '))
    }
    if (given.length > 1) return `It gives ${column.name} twice: as ${given.join(' and as ')}.`
  }
  return undefined
}

/** The numbers of the shapes that have one of these fields; undefined if all do. */
export function shapesWith(
  shapes: Shapes,
  fields: readonly string[],
): readonly number[] | undefined {
  const numbers = shapes.flatMap((shape, number) =>
    fields.some((field) => shape.has(field)) ? [number] : [],
  )
  return numbers.length === shapes.length ? undefined : numbers
}
