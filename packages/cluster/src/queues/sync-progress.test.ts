import { expect, test } from 'vitest'
import { judge, startWatch, type SyncSight } from './sync-progress.ts'

const TIMEOUT_MS = 1000

/** What is said of the last of several sights, one every 400 ms. */
function lastVerdict(...sights: readonly Partial<SyncSight>[]) {
  let watch = startWatch(['n2', 'n3'], 0)
  let verdict
  for (const [index, sight] of sights.entries()) {
    const seen = { mirrors: ['n2', 'n3'], synchronised: ['n2'], isSyncing: false, copied: undefined, ...sight }
    const judged = judge(watch, { ...seen, atMs: (index + 1) * 400 }, TIMEOUT_MS)
    watch = judged.watch
    verdict = judged.verdict
  }
  return verdict
}
const syncing = (copied: number) => ({ isSyncing: true, copied })

test.each([
  ['every mirror has caught up', [{ synchronised: ['n3', 'n2'] }], { kind: 'synchronised' }],
  ['the request was taken and nothing is seen of it yet', [{}, {}], { kind: 'waiting' }],
  ['a new mirror came meanwhile', [{ mirrors: ['n2', 'n3', 'n4'], synchronised: ['n2', 'n3'] }], { kind: 'waiting' }],
  ['all was copied, and the mirror is not listed yet', [syncing(5), {}, {}], { kind: 'waiting' }],
  ['it ended, and the mirror is never listed', [syncing(5), {}, {}, {}, {}], { kind: 'stopped', nodes: ['n3'] }],
  ['more and more is copied', [1, 2, 3, 4, 5, 6].map(syncing), { kind: 'waiting' }],
  ['the copying stands still', [1, 1, 1, 1].map(syncing), { kind: 'stalled', nodes: ['n3'] }],
  ['nothing ever happens', [{}, {}, {}, {}], { kind: 'stalled', nodes: ['n3'] }],
  [
    'statistics are not answered, which is no progress',
    [syncing(1), { isSyncing: undefined }, { isSyncing: undefined }, { isSyncing: undefined }],
    { kind: 'stalled', nodes: ['n3'] },
  ],
  ['the mirror that was behind is gone', [{ mirrors: ['n2'] }], { kind: 'mirror-lost', nodes: ['n3'] }],
])('%s', (_, sights, expected) => {
  expect(lastVerdict(...sights)).toEqual(expected)
})
