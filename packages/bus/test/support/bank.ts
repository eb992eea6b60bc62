import { z } from 'zod'
import { catalog, entity } from '../../src/index.ts'

const account = z.object({ account: z.string(), step: z.number().default(0) })

/** Accounts are ordered, notices are not. */
export const bank = catalog(
  entity('account', {
    identity: 'account',
    ordered: true,
    events: { 'life.onOpened': account, 'money.onMoved': account, 'life.onClosed': account },
  }),
  entity('notice', { identity: 'notice', events: { 'post.onSent': z.object({ notice: z.string() }) } }),
)

export const opened = 'account.life.onOpened'
export const moved = 'account.money.onMoved'
export const closed = 'account.life.onClosed'
