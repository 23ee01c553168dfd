#!/usr/bin/env node
// Replaces Prisma's native schema engine: `slipway engine` prints the path of this file.
'use strict'

const { existsSync } = require('node:fs')
const { enableCompileCache } = require('node:module')
const path = require('node:path')
const { pathToFileURL } = require('node:url')

enableCompileCache?.()
const source = path.join(__dirname, '../src/engine/bin.ts')
void import(existsSync(source) ? pathToFileURL(source).href : '../schema-engine.js')
