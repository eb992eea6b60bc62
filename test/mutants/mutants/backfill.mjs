/** @type {readonly import('../mutant.mjs').Mutant[]} */
export const mutants = [
  {
    name: 'a backfill keeps no cursor',
    file: 'packages/bus/src/store/reconciliation/backfill.ts',
    search: 'set cursor_id = $3, sent = sent + $4',
    replace: 'set cursor_id = case when $3 is null then $3 end, sent = sent + $4',
    tests: ['packages/bus/test/store/sqlite.test.ts'],
    only: 'the cursor moves',
  },
]
