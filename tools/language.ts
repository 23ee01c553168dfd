/**
 * Words and phrases that Slipway's code and documents do not use, each with what to write instead. Clear
 * English is the rule; this list contains the most frequent violations.
 */

interface Discouraged {
  readonly pattern: RegExp
  readonly instead: string
}

/** Phrases of comments, messages, help and documents. */
const phrases: readonly (readonly [string, string])[] = [
  [
    'way(?:s)? back|way(?:s)? (?:there|forth)',
    'down migration; the SQL from one schema to the other',
  ],
  ['(?:take|takes|took|taken|taking) (?:\\w+ )?back', 'roll back'],
  ['(?:put|puts|putting) (?:it |them |rows |values )?back', 'restore'],
  ['(?:come|comes|came|coming) back', 'is restored, returns'],
  ['(?:bring|brings|brought) (?:\\w+ )?back', 'restore'],
  ['scratch', 'shadow database'],
  ['the books', 'the history'],
  ['rooms?', 'module, space'],
  ['(?:ask|asks|asked|asking) the rows|rows (?:are|were) asked', 'run the pre-checks'],
  ['(?:stand|stands|stood|standing)(?!-|alone)', 'is, exists, remains, means'],
  ['told', 'reported, named, given'],
  ['all the same', 'anyway'],
  ['at once', 'immediately; at the same time; in one step'],
  ['anew', 'again'],
  ['(?:go|goes|went|going) on', 'continue'],
  ['what (?:is|was|are|were) there', 'what exists'],
  ['that (?:is|was|are|were) there', 'existing'],
  ['made-up|made up|mak(?:e|es|ing) up', 'generated'],
  ['in the way', 'blocking; that violate'],
  ['(?:is|are|was) not had', 'is not available'],
  ['(?:is|are|was|were) (?:not )?said', 'the report says'],
  ['ours', "Slipway's"],
  ['be it', 'even if'],
  ['lest', 'so that … not'],
  ['[,:;] for (?:it|they|he|she|there|nobody|nothing|what|each of|no)', 'because'],
  ['where absent', 'if absent'],
  ['(?:nothing|absent) where', 'nothing if; absent if'],
  ['(?:it|that|this|which) (?:is|are) no (?!longer|more)\\w+', 'is not a'],
  ['whoever|for who|by who', 'the person, role or session that'],
  ['(?:can|could|to) be had', 'is available'],
  ['(?:tell|tells|told) of', 'reports, describes'],
  ['for good', 'permanently'],
  ['nobody knows', 'is unknown'],
]

/** Names that cannot be understood without their comment, and names with replaced words. */
const names: readonly (readonly [string, string])[] = [
  ['\\w*[wW]ayBack\\w*|wayAcross|waySql', 'down migration; the SQL between two schemas'],
  ['\\w*[sS]cratch\\w*|(?<!slipway\\.)\\b\\w*[rR]ehears\\w*', 'shadow database; proof, test run'],
  ['(?:took|take|taken)Back\\w*|\\w*TakeBack', 'rollBack, rolledBack'],
  [
    '(?:type|interface|class|const|function) (?:Half|Course|Manner|Withheld|Light|Stop|Told|Way|weighing|companions)',
    'a noun of the domain',
  ],
]

/** White space, including a line break and the mark of a comment or quotation on the next line. */
const gap = '(?:[ \\t]+|[ \\t]*\\n[ \\t]*(?:\\*(?!/)|//|#|>)?[ \\t]*)'

const discouraged: readonly Discouraged[] = [
  ...phrases.map(([words, instead]) => ({
    pattern: new RegExp(`(?<![\\w/-])(?:${words.replaceAll(' ', gap)})(?![\\w/])`, 'gi'),
    instead,
  })),
  ...names.map(([words, instead]) => ({ pattern: new RegExp(`\\b(?:${words})\\b`, 'g'), instead })),
]

/** A discouraged word or phrase of a text. */
export interface Usage {
  /** From 1. */
  readonly line: number
  readonly words: string
  readonly instead: string
}

/** Finds discouraged words, even across the lines of a comment or a paragraph, in order of lines. */
export function findDiscouragedWords(text: string): Usage[] {
  return discouraged
    .flatMap(({ pattern, instead }) =>
      [...text.matchAll(pattern)].map((match) => ({
        line: text.slice(0, match.index).split('\n').length,
        words: match[0].replaceAll(/\s+(?:\*|\/\/|#|>)?\s*/g, ' '),
        instead,
      })),
    )
    .toSorted((a, b) => a.line - b.line)
}
