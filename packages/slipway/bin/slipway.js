#!/usr/bin/env node
// Kept in syntax that old versions of Node parse, so that they can say why they are refused.
import { existsSync } from 'node:fs'
import * as module from 'node:module'

const oldest = [22, 18]
const [major, minor] = process.versions.node.split('.').map(Number)

if (major < oldest[0] || (major === oldest[0] && minor < oldest[1])) {
  process.stderr.write(
    `Slipway needs Node.js ${oldest.join('.')} or later, and this is ${process.versions.node}.\n`,
  )
  process.exitCode = 2
} else {
  module.enableCompileCache()
  const source = new URL('../src/bin.ts', import.meta.url)
  await import(existsSync(source) ? source.href : '../bin.js')
}
