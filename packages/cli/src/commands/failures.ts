import type { Command } from 'commander'
import { addFailuresAct } from './failures/act.ts'
import { addFailuresBlocked } from './failures/blocked.ts'
import { addFailuresEdit } from './failures/edit.ts'
import { addFailuresList } from './failures/list.ts'
import { addFailuresShow } from './failures/show.ts'

export function addFailures(failures: Command): void {
  addFailuresList(failures)
  addFailuresShow(failures)
  addFailuresBlocked(failures)
  addFailuresAct(failures, 'retry')
  addFailuresEdit(failures)
  addFailuresAct(failures, 'release')
  addFailuresAct(failures, 'discard')
}
