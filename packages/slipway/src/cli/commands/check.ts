import { checkMigrations, storeProof } from '../../check/index.ts'
import { must } from '../../kernel/index.ts'
import { checkedBlocks, checkedFindings, checkedResult } from '../checked.ts'
import { type Handler, report } from '../command.ts'
import { exitCodeOfFindings } from '../threshold.ts'
import { readWork, scratchOptions } from '../work.ts'

export const check: Handler = async (context, { args, flags }) => {
  const work = await readWork(context, { waysBack: true, withoutTarget: true })
  const { migrations } = work
  const checked = await checkMigrations({
    migrations,
    names: flags.on('all') ? migrations.map(({ name }) => name) : args,
    scratch: scratchOptions(work),
    facts: { serverVersion: 180_000, defaultSchema: work.target.schemas[0] ?? 'public' },
    withoutRehearsal: flags.on('static'),
    emit: context.emit,
  })
  if (flags.on('save')) {
    for (const { name, proof } of checked) {
      const migration = must(
        migrations.find((one) => one.name === name),
        name,
      )
      if (proof) storeProof(migration, proof)
    }
  }
  const findings = checkedFindings(checked, { saved: flags.on('save') })
  return report(checkedResult(checked), checkedBlocks(checked, findings), {
    findings,
    findingsInView: true,
    exitCode: exitCodeOfFindings(findings, flags),
  })
}
