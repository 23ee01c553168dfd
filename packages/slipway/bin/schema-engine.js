#!/usr/bin/env node
// Answers for Prisma's native schema engine: `slipway engine` prints the path of this file.
import { existsSync } from 'node:fs'
import * as module from 'node:module'

module.enableCompileCache?.()
const source = new URL('../src/engine/bin.ts', import.meta.url)
await import(existsSync(source) ? source.href : '../schema-engine.js')
