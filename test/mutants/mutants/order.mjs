/** @type {readonly import('../mutant.mjs').Mutant[]} */
export const mutants = [
  {
    name: 'an ordered retry lets a successor pass',
    file: 'packages/bus/src/inbox/turn.ts',
    search: "if (isSettled(position, place.needs)) return { kind: 'now' }",
    replace: "if (place.needs >= 0) return { kind: 'now' }",
    tests: ['packages/bus/src/inbox/turn.test.ts'],
  },
]
