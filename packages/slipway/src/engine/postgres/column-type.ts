/** Prisma's `ColumnType` numbers, as its driver adapters report them; an array type is 64 higher. */
const COLUMN_TYPE = {
  int32: 0,
  int64: 1,
  float: 2,
  double: 3,
  numeric: 4,
  boolean: 5,
  character: 6,
  text: 7,
  date: 8,
  time: 9,
  dateTime: 10,
  json: 11,
  bytes: 13,
  uuid: 15,
} as const

type Scalar = keyof typeof COLUMN_TYPE

const ARRAY_OFFSET = 64

/** PostgreSQL's fixed type OIDs (`pg_type.dat`): the scalar, then its array. The rest is text. */
const OIDS: readonly (readonly [oid: number, arrayOid: number, scalar: Scalar])[] = [
  [16, 1000, 'boolean'],
  [17, 1001, 'bytes'],
  [18, 1002, 'character'],
  [19, 1003, 'text'],
  [20, 1016, 'int64'],
  [21, 1005, 'int32'],
  [23, 1007, 'int32'],
  [25, 1009, 'text'],
  [26, 1028, 'int64'],
  [114, 199, 'json'],
  [700, 1021, 'float'],
  [701, 1022, 'double'],
  [1042, 1014, 'text'],
  [1043, 1015, 'text'],
  [1082, 1182, 'date'],
  [1083, 1183, 'time'],
  [1114, 1115, 'dateTime'],
  [1184, 1185, 'dateTime'],
  [1700, 1231, 'numeric'],
  [2950, 2951, 'uuid'],
  [3802, 3807, 'json'],
]

/** The engine's number for the column type, and how text values are converted for the engine. */
export interface Column {
  readonly type: number
  /** The value of a cell in the form that the engine deserialises. */
  read(text: string | null): unknown
}

const COLUMNS = new Map<number, Column>(
  OIDS.flatMap(([oid, arrayOid, scalar]): [number, Column][] => [
    [oid, { type: COLUMN_TYPE[scalar], read: nullable((text) => readScalar(scalar, text)) }],
    [arrayOid, arrayColumn(scalar)],
  ]),
)

const TEXT: Column = { type: COLUMN_TYPE.text, read: (text) => text }

/** The column for a type's OID. A type that Prisma does not know is passed as text. */
export function columnOf(oid: number): Column {
  return COLUMNS.get(oid) ?? TEXT
}

function arrayColumn(scalar: Scalar): Column {
  const element = nullable((text) => readScalar(scalar, text))
  return {
    type: COLUMN_TYPE[scalar] + ARRAY_OFFSET,
    read: nullable((text) => parseArray(text).map(element)),
  }
}

function nullable(read: (text: string) => unknown): (text: string | null) => unknown {
  return (text) => (text === null ? null : read(text))
}

function readScalar(scalar: Scalar, text: string): unknown {
  switch (scalar) {
    case 'boolean':
      return text === 't'
    case 'int32':
    case 'float':
    case 'double':
      return Number(text)
    case 'bytes':
      return [...Buffer.from(text.slice(2), 'hex')]
    case 'dateTime':
      return isoTimestamp(text)
    default:
      return text
  }
}

/** `2026-01-02 03:04:05+00` as RFC 3339; a timestamp without a zone is read as UTC, as in Prisma. */
function isoTimestamp(text: string): string {
  const [, zone] = /([+-]\d{2}(?::\d{2})*)$/.exec(text.slice(10)) ?? []
  if (zone === undefined) return `${text.replace(' ', 'T')}Z`
  const offset = zone.length === 3 ? `${zone}:00` : zone
  return text.slice(0, -zone.length).replace(' ', 'T') + offset
}

/**
 * Elements of a one-dimensional array in PostgreSQL's text form (`{a,"b c",NULL}`), as the
 * catalog queries of the engine return them.
 */
export function parseArray(text: string): (string | null)[] {
  const elements: (string | null)[] = []
  const pattern = /"((?:[^"\\]|\\.)*)"|([^{},]+)/gs
  for (const [, quoted, bare] of text.matchAll(pattern)) {
    if (quoted !== undefined) elements.push(quoted.replaceAll(/\\(.)/gs, '$1'))
    else elements.push(bare === undefined || bare === 'NULL' ? null : bare)
  }
  return elements
}
