const reconcile = 'packages/bus/src/reconcile'
const simulation = `${reconcile}/simulation.test.ts`
const onBroker = 'packages/bus/test/reconcile/reconcile.test.ts'

/** @type {readonly import('../mutant.mjs').Mutant[]} */
export const mutants = [
  {
    name: 'a barrier is answered before what came ahead of it is settled',
    file: 'packages/bus/src/inbox/in-hand.ts',
    search: 'if (!this.#hasOpenBefore(before)) return Promise.resolve(true)',
    replace: 'if (before > 0) return Promise.resolve(true)',
    tests: ['packages/bus/src/inbox/in-hand.test.ts'],
  },
  {
    name: 'digests are compared without the routing key',
    file: `${reconcile}/compare.ts`,
    search: 'const counterparts = new Map(received.map((digest) => [digest.name, digest]))',
    replace:
      'const [any] = received\n  const counterparts = new Map(sent.map((digest) => [digest.name, { ...digest, ...any }]))',
    tests: [`${reconcile}/compare.test.ts`],
  },
  {
    name: 'a missing event is resent through the topic exchange',
    file: 'packages/bus/src/outbox/resend.ts',
    search: 'const message = encodeEvent(event, names.directExchange)',
    replace:
      "const exchange = names.eventExchange(event.name.split('.')[0] ?? '')\n  const message = encodeEvent(event, exchange)\n  queue = event.name",
    tests: [onBroker],
    only: 'to that subscription alone',
  },
  {
    name: 'an event is missing after one barrier',
    file: 'packages/bus/src/store/reconciliation/proof.ts',
    search: "[subscription, id, name, 'suspect', answer.barrierId, now, now]",
    replace: "[subscription, id, name, 'missing', answer.barrierId, now, now]",
    tests: ['packages/bus/test/store/sqlite.test.ts'],
    only: 'is missing',
  },
  {
    name: 'a late commit does not open its minute again',
    file: 'packages/bus/src/store/sqlite/outbox.ts',
    search: 'if (id < bound)',
    replace: "if (id < '')",
    tests: ['packages/bus/test/store/sqlite.test.ts'],
    only: 'opens its minute again',
  },
  {
    name: 'the budget of resends is ignored',
    file: `${reconcile}/token-bucket.ts`,
    search: 'const taken = Math.min(wanted, Math.floor(this.#tokens))',
    replace: 'const taken = wanted',
    tests: [`${reconcile}/budget.test.ts`],
  },
  {
    name: 'a barrier does not wait for confirms that are under way',
    file: 'packages/bus/src/store/reconciliation/proof.ts',
    search: 'await this.#dialect.holdConfirms(sql)',
    replace: '',
    tests: ['packages/bus/test/store/postgres-transactions.test.ts'],
    only: 'a barrier and a confirm',
  },
  {
    name: 'an open breaker tries with all that is missing',
    file: `${reconcile}/compensation.ts`,
    search: 'const TRIAL_SIZE = 10',
    replace: 'const TRIAL_SIZE = 1_000',
    tests: ['packages/bus/test/reconcile/breaker.test.ts'],
  },
  {
    name: 'what a subscription began with in the middle of a minute counts as compared',
    file: `${reconcile}/round.ts`,
    search: 'pieces.every(({ isEmpty }) => isEmpty)',
    replace: 'pieces[0]?.isEmpty === true',
    tests: [`${reconcile}/round.test.ts`],
  },
  {
    name: 'an event near a change of patterns is expected',
    file: `${reconcile}/expectation.ts`,
    search: 'periodsSince(periods, start - toleranceMs)',
    replace: 'periodsSince(periods, start)',
    tests: [`${reconcile}/expectation.test.ts`, simulation],
  },
  {
    name: 'patterns that stood in between and were not heard of are forgotten',
    file: `${reconcile}/registry.ts`,
    search: 'closeMs: isNext ? fromMs : fromMs - 1',
    replace: 'closeMs: fromMs',
    tests: [`${reconcile}/registry.test.ts`],
  },
  {
    name: 'answers are taken that another reconciler asked for',
    file: `${reconcile}/memory.ts`,
    search: 'const isAsked = memory.asked.includes(barrierId)',
    replace: 'const isAsked = memory.asked.length === 0 || memory.asked.includes(barrierId)',
    tests: [`${reconcile}/memory.test.ts`],
  },
  {
    name: 'an event that comes late between the parts of a minute does not keep it open',
    file: `${reconcile}/round.ts`,
    search: 'readMs: detail.readMs',
    replace: 'readMs',
    tests: [`${reconcile}/round.test.ts`],
  },
  {
    name: 'a store that was set back hides it behind a later answer',
    file: `${reconcile}/responder.ts`,
    search: 'const isNew = isLater && !unheardIds.includes(previousId)',
    replace: 'const isNew = isLater && (known === null || known.barrierId < previousId)',
    tests: [`${reconcile}/responder.test.ts`],
  },
]
