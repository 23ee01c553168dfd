import { expect, test } from 'vitest'
import { checksum, squashedIn, squashHead, withoutSquashHead } from './index.ts'

const file = (name: string, sql: string) => ({ name, sql })

test('the header of a squash names the replaced migrations, with checksums for both line endings', () => {
  const head = squashHead([file('1_a', 'SELECT 1;\n'), file('2_b copy "x"\\', 'SELECT 2;\r\n')])
  expect(squashedIn(`${head}\nSELECT 1;`)).toEqual([
    { name: '1_a', checksums: [checksum('SELECT 1;\n'), checksum('SELECT 1;\r\n')] },
    { name: '2_b copy "x"\\', checksums: [checksum('SELECT 2;\r\n'), checksum('SELECT 2;\n')] },
  ])
  expect(squashedIn(`${head}\nSELECT 1;`.replaceAll('\n', '\r\n'))).toHaveLength(2)
  expect(squashedIn(`\uFEFF${head}\nSELECT 1;`)).toHaveLength(2)
  expect(withoutSquashHead(`${head}SELECT 1;\n`)).toBe('SELECT 1;\n')
})

test('a squash of squashes names the migrations that each of them replaced', () => {
  const first = `${squashHead([file('1_a', 'a'), file('2_b', 'b')])}SELECT 1;`
  const second = `${squashHead([file('2_squashed', first), file('3_c', 'c')])}SELECT 1;`
  const names = (sql: string) => squashedIn(sql).map(({ name, within }) => [name, within])
  expect(names(second)).toEqual([
    ['2_squashed', undefined],
    ['1_a', '2_squashed'],
    ['2_b', '2_squashed'],
    ['3_c', undefined],
  ])
  expect(names(squashHead([file('3_squashed', second)]))).toEqual([
    ['3_squashed', undefined],
    ['2_squashed', '3_squashed'],
    ['1_a', '2_squashed'],
    ['2_b', '2_squashed'],
    ['3_c', '3_squashed'],
  ])
})

test.each(['', 'SELECT 1;', '-- slipway: no-transaction\n', 'SELECT 1;\n-- slipway: squashes 1_a'])(
  'an ordinary migration replaces nothing: %j',
  (sql) => {
    expect(squashedIn(sql)).toEqual([])
  },
)
