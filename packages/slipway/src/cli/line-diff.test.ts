import { expect, test } from 'vitest'
import { lineDiff } from './line-diff.ts'

const TEXT = 'one\ntwo\nthree\nfour\nfive\nsix\nseven\neight\n'

/** The diff of a text in which words are replaced. */
function diff(text: string, changes: Readonly<Record<string, string>>): string {
  const edits = Object.entries(changes).map(([word, instead]) => {
    const start = text.indexOf(word)
    return { start, end: start + word.length, text: instead }
  })
  return lineDiff(text, edits)
}

test.each<[string, string, Readonly<Record<string, string>>, string]>([
  ['a line', TEXT, { four: 'a\nb' }, ' two\n three\n-four\n+a\n+b\n five\n six'],
  ['lines prepended', 'one\ntwo\n', { '': 'a\n\n' }, '+a\n+\n one\n two'],
  [
    'lines prepended and the first line changed',
    'one\ntwo\n',
    { '': 'a\n', one: 'b' },
    '-one\n+a\n+b\n two',
  ],
  ['twice on a line', 'a b c\n', { a: 'x', c: 'y' }, '-a b c\n+x b y'],
  [
    'far apart',
    TEXT,
    { one: 'a', eight: 'b' },
    '-one\n+a\n two\n three\n …\n six\n seven\n-eight\n+b',
  ],
  [
    'near each other',
    TEXT,
    { one: 'a', four: 'b' },
    '-one\n+a\n two\n three\n-four\n+b\n five\n six',
  ],
  ['no end of line', 'one', { one: 'a' }, '-one\n+a'],
  ['Windows', 'one\r\ntwo\r\n', { two: 'a' }, ' one\n-two\n+a'],
])('%s', (_, text, changes, expected) => {
  expect(diff(text, changes)).toBe(expected)
})
