import { readAttempts } from './attempts.ts'
import type { FailureTable } from './bulk-actions.ts'
import type { FailureAction } from './contract/bulk.ts'
import { Conditions } from './conditions.ts'
import { editFailure } from './edit-failure.ts'
import { FailureGroups } from './failure-groups.ts'
import { readTrends } from './failure-trend.ts'
import type { BlockedEntity, BlockedFilter } from './contract/order.ts'
import { readBlocked } from './order/blocked.ts'
import { releaseFailures } from './order/give-up.ts'
import type { TimeRange } from './contract/reconciliation.ts'
import type { Dialect } from './reconciliation/dialect.ts'
import { failureGroupOf, failureOf } from './rows.ts'
import type { FailureRow, GroupRow } from './rows.ts'
import type {
  EditOutcome,
  FailedAttempt,
  Failure,
  FailureFilter,
  FailureGroup,
  FailureReads,
  FailureTrends,
  MessageFilter,
  Sql,
} from './store.ts'

export type FailurePage = FailureFilter & Pick<MessageFilter, 'before' | 'downTo' | 'limit'>

/** What the databases do each in a way of their own. Conditions are on the failure `f`. */
export interface FailureStatements {
  /** As `last_failed_at` has it. */
  time(date: Date): unknown
  list(page: FailurePage, where: Conditions): Promise<readonly FailureRow[]>
  /** Counted to the last one. */
  groups(where: Conditions): Promise<readonly GroupRow[]>
  /** Write the action log; return for how many it is done. */
  retry(sql: Sql, where: Conditions, actor: string): Promise<number>
  discard(sql: Sql, where: Conditions, actor: string): Promise<number>
}

/** Failures on any dialect. */
export class Failures implements FailureReads, FailureTable {
  readonly #dialect: Dialect
  readonly #statements: FailureStatements
  readonly #groups: FailureGroups

  constructor(dialect: Dialect, statements: FailureStatements) {
    this.#dialect = dialect
    this.#statements = statements
    this.#groups = new FailureGroups(dialect)
  }

  async list(page: FailurePage): Promise<readonly Failure[]> {
    return (await this.#statements.list(page, this.conditionsOf(page))).map(failureOf)
  }

  async groups(filter: FailureFilter, countUpTo?: number): Promise<readonly FailureGroup[]> {
    if (countUpTo !== undefined) return this.#groups.read(filter, countUpTo)
    return (await this.#statements.groups(this.conditionsOf(filter))).map(failureGroupOf)
  }

  trends(range: TimeRange, buckets: number, most: number): Promise<FailureTrends> {
    return readTrends(this.#dialect, range, buckets, most)
  }

  attempts(messageId: string): Promise<readonly FailedAttempt[]> {
    return readAttempts(this.#dialect, messageId)
  }

  blocked(filter: BlockedFilter): Promise<readonly BlockedEntity[]> {
    return readBlocked(this.#dialect, filter)
  }

  edit(
    failure: Pick<Failure, 'subscription' | 'messageId'>,
    payloads: { readonly original: string; readonly edited: string },
    actor: string,
  ): Promise<EditOutcome> {
    return editFailure(this.#dialect, failure, payloads, actor)
  }

  retry(filter: FailureFilter, actor: string): Promise<number> {
    return this.#actAtOnce('retry', filter, actor)
  }

  release(filter: FailureFilter, actor: string): Promise<number> {
    return this.#actAtOnce('release', filter, actor)
  }

  discard(filter: FailureFilter, actor: string): Promise<number> {
    return this.#actAtOnce('discard', filter, actor)
  }

  conditionsOf(filter: FailureFilter): Conditions {
    const time = (date: Date | undefined): unknown => date && this.#statements.time(date)
    return new Conditions()
      .add('f.subscription = @', filter.subscription)
      .add('f.message_id = @', filter.messageId)
      .add('f.name = @', filter.name)
      .add('f.entity_id = @', filter.entityId)
      .add('f.fingerprint = @', filter.fingerprint)
      .add('f.state = @', filter.state)
      .add('f.last_failed_at >= @', time(filter.since))
      .add('f.last_failed_at < @', time(filter.until))
  }

  act(sql: Sql, action: FailureAction, where: Conditions, actor: string): Promise<number> {
    if (action === 'release') return releaseFailures(this.#dialect, sql, where, actor)
    return this.#statements[action](sql, where, actor)
  }

  #actAtOnce(action: FailureAction, filter: FailureFilter, actor: string): Promise<number> {
    return this.#dialect.write((sql) => this.act(sql, action, this.conditionsOf(filter), actor))
  }
}
