import type { Command } from 'commander'
import { addFailuresAct } from './failures/act.ts'
import { addFailuresList } from './failures/list.ts'
import { addFailuresShow } from './failures/show.ts'

export function addFailures(program: Command): void {
  const failures = program.command('failures').description('Messages whose handlers failed: retrying or parked.')
  addFailuresList(failures)
  addFailuresShow(failures)
  addFailuresAct(failures, 'retry')
  addFailuresAct(failures, 'discard')
}
