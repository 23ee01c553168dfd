import { fixMigrations, writeFix } from '../../check/index.ts'
import { must } from '../../kernel/index.ts'
import { type Handler, report } from '../command.ts'
import { fixedBlocks, fixedFindings, fixedNext, fixedResult } from '../fixed.ts'
import { readWork, shadowOptions } from '../work.ts'

export const fix: Handler = async (context, { args, flags }) => {
  const work = await readWork(context, { downMigrations: true, withoutTarget: true })
  const { migrations } = work
  const all = await fixMigrations({
    migrations,
    names: flags.on('all') ? migrations.map(({ name }) => name) : args,
    shadow: shadowOptions(work),
    facts: { serverVersion: 180_000, defaultSchema: work.target.schemas[0] ?? 'public' },
    emit: context.emit,
  })
  const shown = all.map((fixed) => {
    const migration = must(
      migrations.find(({ name }) => name === fixed.name),
      fixed.name,
    )
    const written = flags.on('write') && fixed.edits.length > 0 && !fixed.refusal
    if (written) writeFix(migration, fixed)
    return { fixed, before: migration.sql, written }
  })
  const open = shown.some(({ fixed, written }) => fixed.edits.length > 0 && !written)
  return report(fixedResult(shown), fixedBlocks(shown), {
    findings: fixedFindings(shown),
    findingsInView: true,
    next: fixedNext(shown),
    exitCode: open ? 4 : 0,
  })
}
