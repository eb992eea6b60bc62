import type { Command } from 'commander'
import { addFailuresAct } from './failures/act.ts'
import { addFailuresList } from './failures/list.ts'
import { addFailuresShow } from './failures/show.ts'

export function addFailures(failures: Command): void {
  addFailuresList(failures)
  addFailuresShow(failures)
  addFailuresAct(failures, 'retry')
  addFailuresAct(failures, 'discard')
}
