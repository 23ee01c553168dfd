/**
 * A map that shares its entries with the one that it was made from. A fold over the statements of a large
 * schema would otherwise copy thousands of entries for each of them. Its order is that of a copy: a changed
 * entry keeps its place.
 */
class LayeredMap<K, V> implements ReadonlyMap<K, V> {
  readonly #base: ReadonlyMap<K, V>
  /** New values for keys of the base. */
  readonly #changed: ReadonlyMap<K, V>
  /** Keys of the base that were removed, including those that were added again later. */
  readonly #gone: ReadonlySet<K>
  readonly #added: ReadonlyMap<K, V>

  constructor(
    base: ReadonlyMap<K, V>,
    changed: ReadonlyMap<K, V> = new Map(),
    gone: ReadonlySet<K> = new Set(),
    added: ReadonlyMap<K, V> = new Map(),
  ) {
    this.#base = base
    this.#changed = changed
    this.#gone = gone
    this.#added = added
  }

  get size(): number {
    return this.#base.size - this.#gone.size + this.#added.size
  }

  /** Whether a copy of the whole costs less than the layers above the base. */
  get hasTooManyLayers(): boolean {
    const layers = this.#changed.size + this.#gone.size + this.#added.size
    return layers * layers > 1000 + this.#base.size
  }

  get(key: K): V | undefined {
    if (this.#added.has(key)) return this.#added.get(key)
    if (this.#gone.has(key)) return undefined
    return this.#changed.has(key) ? this.#changed.get(key) : this.#base.get(key)
  }

  has(key: K): boolean {
    return this.#added.has(key) || (this.#base.has(key) && !this.#gone.has(key))
  }

  with(key: K, value: V): LayeredMap<K, V> {
    return this.#base.has(key) && !this.#gone.has(key)
      ? new LayeredMap(this.#base, copyOf(this.#changed).set(key, value), this.#gone, this.#added)
      : new LayeredMap(this.#base, this.#changed, this.#gone, copyOf(this.#added).set(key, value))
  }

  without(keys: readonly K[]): LayeredMap<K, V> {
    const [gone, added] = [new Set(this.#gone), copyOf(this.#added)]
    for (const key of keys) {
      added.delete(key)
      if (this.#base.has(key)) gone.add(key)
    }
    return new LayeredMap(this.#base, this.#changed, gone, added)
  }

  *entries(): MapIterator<[K, V]> {
    for (const [key, value] of this.#base) {
      if (this.#gone.has(key)) continue
      yield [key, this.#changed.has(key) ? (this.#changed.get(key) as V) : value]
    }
    yield* this.#added
  }

  *keys(): MapIterator<K> {
    for (const [key] of this.entries()) yield key
  }

  *values(): MapIterator<V> {
    for (const [, value] of this.entries()) yield value
  }

  [Symbol.iterator](): MapIterator<[K, V]> {
    return this.entries()
  }

  forEach(visit: (value: V, key: K, map: ReadonlyMap<K, V>) => void): void {
    for (const [key, value] of this.entries()) visit(value, key, this)
  }
}

function copyOf<K, V>(map: ReadonlyMap<K, V>): Map<K, V> {
  return new Map(map)
}

/** The layers of a map, which must not change later. */
function layered<K, V>(map: ReadonlyMap<K, V>): LayeredMap<K, V> {
  if (!(map instanceof LayeredMap)) return new LayeredMap(map)
  return map.hasTooManyLayers ? new LayeredMap(copyOf(map)) : map
}

/** The map with a new value for a key. The given map is not changed, and must not change later. */
export function withEntry<K, V>(map: ReadonlyMap<K, V>, key: K, value: V): ReadonlyMap<K, V> {
  return layered(map).with(key, value)
}

/** The map without some keys. The given map is not changed, and must not change later. */
export function without<K, V>(map: ReadonlyMap<K, V>, keys: readonly K[]): ReadonlyMap<K, V> {
  return keys.some((key) => map.has(key)) ? layered(map).without(keys) : map
}
