import { quoteLiteral } from '../database/index.ts'
import type { Statement } from '../statements/index.ts'
import type { KeepOptions } from './keep-hooks.ts'
import { call, literals, quoted } from './postgres/sql-text.ts'

/** Calls before a statement that drops types, so that no kept table prevents the drop. */
export function releaseCalls(
  { actions }: Statement,
  home: Pick<KeepOptions, 'history' | 'ledger'>,
): string[] {
  const dropped = (of: 'type' | 'schema' | 'extension') =>
    actions.flatMap((action) => (action.kind === 'drop' && action.of === of ? [action.object] : []))
  const [types, schemas, extensions] = [dropped('type'), dropped('schema'), dropped('extension')]
  const namesOf = (objects: typeof types) => literals(objects.map(({ name }) => name))
  const unreadable = actions.some(
    (action) => action.kind === 'opaque' && action.words?.includes('DROP'),
  )
  return [
    ...(types.length > 0 ? [call(home, 'release_types', literals(types.map(quoted)))] : []),
    ...(schemas.length > 0 ? [call(home, 'release_schemas', namesOf(schemas))] : []),
    ...(extensions.length > 0 ? [call(home, 'release_extensions', namesOf(extensions))] : []),
    ...(unreadable ? [call(home, 'release_all', quoteLiteral(home.history))] : []),
  ]
}
