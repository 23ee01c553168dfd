import fc from 'fast-check'
import { expect, test } from 'vitest'
import { without, withEntry } from './layered-map.ts'

const key = fc.integer({ min: 0, max: 60 })
const step = fc.oneof(
  { weight: 3, arbitrary: key.map((one) => ({ set: one })) },
  { weight: 1, arbitrary: fc.array(key, { maxLength: 3 }).map((keys) => ({ remove: keys })) },
)

test('it equals a changed copy, in the same order, and does not change the original', () => {
  fc.assert(
    fc.property(fc.array(key), fc.array(step, { maxLength: 200 }), (first, steps) => {
      let copy = new Map(first.map((one) => [one, -1]))
      let map: ReadonlyMap<number, number> = new Map(copy)
      for (const [at, one] of steps.entries()) {
        const [mapBefore, entries] = [map, [...map]]
        copy = new Map(copy)
        if ('set' in one) {
          copy.set(one.set, at)
          map = withEntry(map, one.set, at)
        } else {
          for (const gone of one.remove) copy.delete(gone)
          map = without(map, one.remove)
        }
        expect([...mapBefore]).toEqual(entries)
        expect([...map]).toEqual([...copy])
        expect([map.size, [...map.keys()], [...map.values()]]).toEqual([
          copy.size,
          [...copy.keys()],
          [...copy.values()],
        ])
        const probe = 'set' in one ? one.set : (one.remove[0] ?? 0)
        expect([map.get(probe), map.has(probe)]).toEqual([copy.get(probe), copy.has(probe)])
      }
    }),
  )
})
