import { describe, expect, it } from 'vitest'
import { Sessions } from './sessions.ts'
import type { Identity } from './sessions.ts'

const anna: Identity = { actor: 'rabbitmq:anna', name: 'anna', role: 'viewer' }

function atTime(): { sessions: Sessions; clock: { nowMs: number } } {
  const clock = { nowMs: 0 }
  return { clock, sessions: new Sessions({ idleMs: 100, maxAgeMs: 250 }, () => clock.nowMs) }
}

describe('a session', () => {
  it('is found by its secret alone', () => {
    const { sessions } = atTime()
    const { secret, session } = sessions.create(anna)
    expect(sessions.use(secret)).toMatchObject({ ...anna, csrfToken: session.csrfToken })
    expect(sessions.use(`${secret}x`)).toBeNull()
    expect(sessions.create(anna).secret).not.toBe(secret)
  })

  it('ends when nobody uses it, and at its age in any case', () => {
    const { sessions, clock } = atTime()
    const { secret } = sessions.create(anna)
    clock.nowMs = 100
    expect(sessions.use(secret)).not.toBeNull()
    clock.nowMs = 200
    expect(sessions.use(secret)).not.toBeNull()
    clock.nowMs = 251
    expect(sessions.use(secret)).toBeNull()
    const idle = sessions.create(anna).secret
    clock.nowMs += 101
    expect(sessions.use(idle)).toBeNull()
  })

  it('ends at once when it is revoked, and no other does', () => {
    const { sessions } = atTime()
    const [first, second] = [sessions.create(anna).secret, sessions.create(anna).secret]
    sessions.revoke(first)
    expect([sessions.use(first), sessions.use(second)]).toEqual([null, expect.anything()])
  })
})
