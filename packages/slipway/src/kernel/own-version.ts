import { existsSync, readFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { must } from './assert.ts'

/** The version of Slipway, from the package.json next to the published files, or above the sources. */
export function ownVersion(): string {
  const places = ['./package.json', '../../package.json']
  const paths = places.map((place) => fileURLToPath(new URL(place, import.meta.url)))
  const text = readFileSync(must(paths.find(existsSync), 'package.json of Slipway'), 'utf8')
  return (JSON.parse(text) as { version: string }).version
}
