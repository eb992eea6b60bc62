import type { Command } from 'commander'
import { addWatchesAdd } from './watches/add.ts'
import { addWatchesList } from './watches/list.ts'
import { addWatchesRemove } from './watches/remove.ts'
import { addWatchesShow } from './watches/show.ts'

export function addWatches(watches: Command): void {
  addWatchesList(watches)
  addWatchesShow(watches)
  addWatchesAdd(watches)
  addWatchesRemove(watches)
}
