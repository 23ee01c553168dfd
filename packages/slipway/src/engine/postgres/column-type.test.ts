import { expect, test } from 'vitest'
import { columnOf, parseArray } from './column-type.ts'

test('reads the text forms of the types that the catalog queries return', () => {
  expect(columnOf(16).read('t')).toBe(true)
  expect(columnOf(16).read('f')).toBe(false)
  expect(columnOf(23).read('-7')).toBe(-7)
  expect(columnOf(20).read('9007199254740993')).toBe('9007199254740993')
  expect(columnOf(17).read('\\x00ff')).toEqual([0, 255])
  expect(columnOf(25).read(null)).toBeNull()
})

test('a "char" is a character to the engine, and an unknown type is text', () => {
  expect(columnOf(18)).toMatchObject({ type: 6 })
  expect(columnOf(987_654)).toMatchObject({ type: 7 })
  expect(columnOf(1002)).toMatchObject({ type: 70 })
})

test('timestamps become RFC 3339, whatever the time zone of the session', () => {
  const read = (text: string) => columnOf(1184).read(text)
  expect(read('2026-01-02 03:04:05.678+00')).toBe('2026-01-02T03:04:05.678+00:00')
  expect(read('2026-01-02 03:04:05-05:30')).toBe('2026-01-02T03:04:05-05:30')
  expect(columnOf(1114).read('2026-01-02 03:04:05')).toBe('2026-01-02T03:04:05Z')
})

test('reads arrays with quotes, escapes and nulls', () => {
  expect(parseArray('{}')).toEqual([])
  expect(parseArray('{a,NULL,"NULL","b, c","d\\"e\\\\f",""}')).toEqual([
    'a',
    null,
    'NULL',
    'b, c',
    'd"e\\f',
    '',
  ])
  expect(columnOf(1007).read('{1,2}')).toEqual([1, 2])
})
