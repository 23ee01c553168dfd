import { execFileSync, spawn } from 'node:child_process'
import path from 'node:path'
import { startReplica } from '../../../packages/runtime/test/replication.ts'
import { startCluster } from '../../../packages/slipway/test/cluster.ts'

/**
 * Starts the built application with a separate PostgreSQL server that has the development seeds, and runs until it is
 * terminated. Reads go to a replica that shows each write three seconds late.
 */

const folder = path.join(import.meta.dirname, '..')
const next = path.join(folder, '../../node_modules/next/dist/bin/next')
const slipway = path.join(folder, '../../packages/slipway/bin/slipway.js')

const cluster = await startCluster()
const env: NodeJS.ProcessEnv = { ...process.env, DATABASE_URL: cluster.url }
const run = (...args: string[]) =>
  execFileSync(process.execPath, args, { cwd: folder, env, stdio: ['ignore', 'ignore', 'inherit'] })

run(slipway, 'deploy', '--env', 'development', '--no-interactive')
run(slipway, 'seed', 'run', '--env', 'development')
const replica = await startReplica(cluster, 'recovery_min_apply_delay=3s')
env['REPLICA_URLS'] = replica.url
const flags = ['start', '--hostname', '127.0.0.1', '--port', process.env['PORT'] ?? '4319']
const server = spawn(process.execPath, [next, ...flags], { cwd: folder, env, stdio: 'inherit' })
for (const signal of ['SIGTERM', 'SIGINT'] as const) process.on(signal, () => server.kill(signal))
server.once('exit', () => void replica.remove().then(cluster.stop))
