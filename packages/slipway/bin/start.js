// Separate from slipway.js, because an old Node.js cannot parse the import().
'use strict'

const { existsSync } = require('node:fs')
const { enableCompileCache } = require('node:module')
const path = require('node:path')
const { pathToFileURL } = require('node:url')

enableCompileCache()
const source = path.join(__dirname, '../src/bin.ts')
void import(existsSync(source) ? pathToFileURL(source).href : '../bin.js')
