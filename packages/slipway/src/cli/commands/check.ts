import path from 'node:path'
import { checkMigrations, htmlReport, storeProof } from '../../check/index.ts'
import { command, must } from '../../kernel/index.ts'
import { checkedBlocks, checkedFindings, checkedResult } from '../checked.ts'
import { type Handler, report } from '../command.ts'
import { loadRequest, refuseWithoutLoad } from '../load.ts'
import { exitCodeOfFindings } from '../threshold.ts'
import { ownRules, readWork, shadowOptions } from '../work.ts'

export const check: Handler = async (context, { args, flags }) => {
  refuseWithoutLoad(flags)
  const work = await readWork(context, { downMigrations: true, withoutTarget: true })
  const { migrations } = work
  const checked = await checkMigrations({
    migrations,
    names: flags.on('all') ? migrations.map(({ name }) => name) : args,
    shadow: shadowOptions(work),
    facts: { serverVersion: 180_000, defaultSchema: work.target.schemas[0] ?? 'public' },
    rules: await ownRules(work),
    withoutTestRun: flags.on('static'),
    ...(flags.on('load') ? { load: await loadRequest(context, flags, work) } : {}),
    emit: context.emit,
  })
  const named = (name: string) =>
    must(
      migrations.find((one) => one.name === name),
      name,
    )
  if (flags.on('save')) {
    for (const { name, proof } of checked) if (proof) storeProof(named(name), proof)
  }
  const html = flags.text('html')
  if (html !== undefined) {
    const reported = checked.map((one) => ({ ...one, sql: named(one.name).sql }))
    const text = htmlReport(path.basename(work.project.root), reported)
    await context.files.write(path.resolve(context.cwd, html), text)
  }
  const findings = checkedFindings(checked, { saved: flags.on('save') })
  const fixable = checked.some(({ hazards }) =>
    hazards.some(({ safeSql }) => safeSql !== undefined),
  )
  return report(checkedResult(checked), checkedBlocks(checked, findings), {
    findings,
    findingsInView: true,
    next: fixable ? [command(['fix', ...args], 'see the safe form')] : [],
    exitCode: exitCodeOfFindings(findings, flags),
  })
}
