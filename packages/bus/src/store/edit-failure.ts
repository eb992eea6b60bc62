import { Conditions } from './conditions.ts'
import { lockFailed } from './order/give-up.ts'
import type { Dialect } from './reconciliation/dialect.ts'
import type { EditOutcome, Failure } from './store.ts'

/** Another payload for a failure, on any dialect: see FailureReads.edit(). */
export async function editFailure(
  dialect: Dialect,
  { subscription, messageId }: Pick<Failure, 'subscription' | 'messageId'>,
  { original, edited }: { readonly original: string; readonly edited: string },
  actor: string,
): Promise<EditOutcome> {
  const key = [subscription, messageId]
  try {
    return await dialect.write(async (sql) => {
      const where = new Conditions().add('f.subscription = @', subscription).add('f.message_id = @', messageId)
      await lockFailed(dialect, sql, where)
      // The inbox row before the failure, as everywhere: who settles it meanwhile has finished then.
      const entry = await sql.query(
        `update warren.inbox set status = 'retrying', settled_at = null
         where subscription = $1 and message_id = $2 and status in ('retrying', 'parked') returning 1`,
        key,
      )
      if (entry.rows.length === 0) return 'unknown'
      const { rows } = await sql.query<{ encoding: string; error_message: string; state: string; attempts: number }>(
        'select encoding, error_message, state, attempts from warren.inbox_failure where subscription = $1 and message_id = $2',
        key,
      )
      const changed = await sql.query(
        `update warren.inbox_failure set payload = $4, encoding = 'utf8', state = 'retrying', attempts = 0,
           due_at = ${dialect.dueIn('0')}, edits = edits + 1
         where subscription = $1 and message_id = $2 and payload = $3 returning 1`,
        [...key, original, edited],
      )
      const [before] = rows
      if (changed.rows.length === 0 || before === undefined) throw new Changed()
      const { encoding, state, attempts, error_message: error } = before
      const details = { original, encoding, edited, state, attempts, error }
      await dialect.logAction(sql, { actor, action: 'edit', subscription, messageId, details })
      return 'edited'
    })
  } catch (error) {
    if (error instanceof Changed) return 'changed'
    throw error
  }
}

/** Rolls the transaction back. */
class Changed extends Error {}
