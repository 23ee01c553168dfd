import { runEngineProgram } from './stdio.ts'

const { argv, env, stdin, stdout, stderr } = process

process.exitCode = await runEngineProgram({ argv: argv.slice(2), env, stdin, stdout, stderr })
