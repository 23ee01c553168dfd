/** A field as Prisma Client knows it at run time; `type` is the model if `kind` is `object`. */
interface Field {
  readonly name: string
  readonly kind: string
  readonly type: string
}

interface RuntimeModel {
  readonly fields: readonly Field[]
}

/** The models and fields that occur in a client's arguments. */
export interface DataModel {
  /** The field of a model; undefined if there is none with that name, as for `AND` and `contains`. */
  field(model: string, name: string): Field | undefined
  /** Models with a relation to this one, in either direction. */
  related(model: string): readonly string[]
}

/**
 * The models of a client, from an internal property that all versions from 5 to 7 have. Without it, no field is known.
 */
export function dataModelOf(client: unknown): DataModel {
  const { _runtimeDataModel: found } = client as {
    _runtimeDataModel?: { readonly models: Readonly<Record<string, RuntimeModel>> }
  }
  const models = new Map(
    Object.entries(found?.models ?? {}).map(([name, { fields }]) => [
      name,
      new Map(fields.map((field) => [field.name, field])),
    ]),
  )
  return {
    field: (model, name) => models.get(model)?.get(name),
    related: (model) => {
      const fields = [...(models.get(model)?.values() ?? [])]
      return [...new Set(fields.filter(({ kind }) => kind === 'object').map(({ type }) => type))]
    },
  }
}
