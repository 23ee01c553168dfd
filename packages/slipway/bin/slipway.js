#!/usr/bin/env node
// In the syntax of 2009 (ES5), so that an old Node.js, or another runtime, can report why it is refused.
'use strict'

var oldest = [22, 18]
var versions = process.versions
var parts = versions.node.split('.')
var needed = 'Slipway needs Node.js ' + oldest.join('.') + ' or later, and this is '
var refusal

if (versions.bun) {
  refusal =
    needed + 'Bun ' + versions.bun + '. Without --bun, bunx runs it with Node.js: bunx slipway.'
} else if (versions.deno) {
  refusal = needed + 'Deno ' + versions.deno + '. Run it with Node.js: npx slipway.'
} else if (+parts[0] < oldest[0] || (+parts[0] === oldest[0] && +parts[1] < oldest[1])) {
  refusal = needed + versions.node + '.'
}

if (refusal) {
  process.stderr.write(refusal + '\n')
  process.exitCode = 2
} else {
  module.exports = require('./start.js')
}
