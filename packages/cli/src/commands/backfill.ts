import type { Command } from 'commander'
import { addBackfillAct } from './backfill/act.ts'
import { addBackfillList } from './backfill/list.ts'
import { addBackfillShow } from './backfill/show.ts'
import { addBackfillStart } from './backfill/start.ts'

export function addBackfill(backfill: Command): void {
  addBackfillStart(backfill)
  addBackfillList(backfill)
  addBackfillShow(backfill)
  addBackfillAct(backfill, 'pause')
  addBackfillAct(backfill, 'resume')
  addBackfillAct(backfill, 'cancel')
}
